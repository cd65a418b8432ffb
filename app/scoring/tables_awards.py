"""Flags, award money with its payments, and budgets."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.rounds.rules import Period
from app.scoring.rules_awards import Ground
from app.scoring.rules_flags import Colour

_BASIS = "ground = 'discretion' OR (run_id IS NOT NULL AND entrant_id IS NOT NULL)"
_WHY = "ground = 'rule' OR reason IS NOT NULL"
_WITHDRAWN = "(withdrawn_at IS NULL) = (withdraw_reason IS NULL)"


class Flag(SQLModel, table=True):
    """A red or blue flag of an issuer: by rule, on a result, or at discretion.

    One at discretion may name a unit in no league. A flag is withdrawn, never changed.
    """

    __tablename__ = "flag"
    __table_args__ = (
        sa.CheckConstraint(_BASIS, name="basis"),
        sa.CheckConstraint(_WHY, name="why"),
        sa.CheckConstraint(_WITHDRAWN, name="withdrawn"),
        sa.Index("ix_flag_unit", "unit_id", "id"),
        sa.Index("ix_flag_run", "run_id"),
    )

    id: UUID = id_column()
    colour: Colour = Field(sa_type=enum_column(Colour))
    ground: Ground = Field(sa_type=enum_column(Ground))
    issuer_id: UUID = Field(foreign_key="unit.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    entrant_id: UUID | None = Field(foreign_key="entrant.id")
    run_id: UUID | None = Field(foreign_key="ranking_run.id")
    place: int | None
    reason: str | None = Field(max_length=2000)
    given_on: date
    given_by: UUID = Field(foreign_key="person.id")
    withdrawn_at: Instant | None = None
    withdraw_reason: str | None = Field(default=None, max_length=2000)


class Award(SQLModel, table=True):
    """Award money of an issuer in the award ledger (奖补台账): decided, then paid.

    It may be withdrawn; what was paid by then is to be claimed back.
    """

    __tablename__ = "award"
    __table_args__ = (
        sa.CheckConstraint("fen > 0", name="fen"),
        sa.CheckConstraint(_BASIS, name="basis"),
        sa.CheckConstraint(_WHY, name="why"),
        sa.CheckConstraint(_WITHDRAWN, name="withdrawn"),
        sa.CheckConstraint("(paid_on IS NULL) = (document IS NULL)", name="paid"),
        sa.Index("ix_award_issuer", "issuer_id", "decided_on"),
        sa.Index("ix_award_run", "run_id"),
    )

    id: UUID = id_column()
    ground: Ground = Field(sa_type=enum_column(Ground))
    name: str | None = Field(max_length=100)
    issuer_id: UUID = Field(foreign_key="unit.id")
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    entrant_id: UUID | None = Field(foreign_key="entrant.id")
    run_id: UUID | None = Field(foreign_key="ranking_run.id")
    campaign_id: UUID | None = Field(foreign_key="campaign.id")
    place: int | None
    fen: int = Field(sa_type=sa.BigInteger)
    reason: str | None = Field(max_length=2000)
    decided_on: date
    decided_by: UUID = Field(foreign_key="person.id")
    paid_on: date | None = None
    document: str | None = Field(default=None, max_length=200)
    paid_noted_by: UUID | None = Field(default=None, foreign_key="person.id")
    withdrawn_at: Instant | None = None
    withdraw_reason: str | None = Field(default=None, max_length=2000)


class AwardBudget(SQLModel, table=True):
    """At most so much award money of an issuer per period, from a day on."""

    __tablename__ = "award_budget"
    __table_args__ = (
        sa.UniqueConstraint("issuer_id", "period", "valid_from"),
        sa.CheckConstraint("fen >= 0", name="fen"),
    )

    id: UUID = id_column()
    issuer_id: UUID = Field(foreign_key="unit.id")
    period: Period = Field(sa_type=enum_column(Period))
    fen: int = Field(sa_type=sa.BigInteger)
    valid_from: date
    made_by: UUID = Field(foreign_key="person.id")
    made_at: Instant
