"""What was ranked by what: frozen visits, periods, runs with their entries, appeals.

The database refuses to change any of it but an appeal, which is decided once.
"""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.rounds.rules import Period
from app.scoring.rules_appeals import AppealState
from app.scoring.rules_flags import Colour
from app.scoring.rules_freezing import FreezeCause
from app.scoring.rules_places import Status


class RoundFreeze(SQLModel, table=True):
    """The visits of a round that counted at a moment; ``digest`` is over all their answers."""

    __tablename__ = "round_freeze"
    __table_args__ = (sa.UniqueConstraint("round_id", "number"),)

    id: UUID = id_column()
    round_id: UUID = Field(foreign_key="round.id")
    number: int
    cause: FreezeCause = Field(sa_type=enum_column(FreezeCause))
    visits: int
    digest: str = Field(max_length=64)
    made_at: Instant


class FrozenVisit(SQLModel, table=True):
    """One counting visit at the revision that counted; ``digest`` is over its answers."""

    __tablename__ = "frozen_visit"
    __table_args__ = (
        sa.ForeignKeyConstraint(  # the freeze is written last, with the digest over its visits
            ["freeze_id"], ["round_freeze.id"], deferrable=True, initially="DEFERRED"
        ),
    )

    freeze_id: UUID = Field(primary_key=True)
    visit_id: UUID = Field(foreign_key="visit.id", primary_key=True)
    revision_id: UUID = Field(foreign_key="visit_revision.id")
    site: str = Field(max_length=64)
    category: str = Field(max_length=40)
    finished_on: date
    digest: str = Field(max_length=64)


class RevisionMarks(SQLModel, table=True):
    """What the answers of a revision that was ever frozen add up to in each line; see LineSums."""

    __tablename__ = "revision_marks"

    revision_id: UUID = Field(foreign_key="visit_revision.id", primary_key=True)
    lines: list[Any] = Field(sa_type=sa.JSON)


class StandingPeriod(SQLModel, table=True):
    """A stretch of days whose rounds are rolled up into one standing."""

    __tablename__ = "standing_period"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    period: Period = Field(sa_type=enum_column(Period))
    starts_on: date
    ends_on: date
    made_by: UUID = Field(foreign_key="person.id")
    made_at: Instant


class RankingRun(SQLModel, table=True):
    """A published result of a round or a period, and all that it follows from; never changed.

    A correction is the next number, with a reason. ``inputs``: leagues, entrants, closing rates
    and labels as they were; the answers stand in the freezes it rests on.
    """

    __tablename__ = "ranking_run"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "number"),
        sa.UniqueConstraint("period_id", "number"),
        sa.CheckConstraint("num_nonnulls(round_id, period_id) = 1", name="subject"),
        sa.CheckConstraint("number = 1 OR reason IS NOT NULL", name="why_corrected"),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id", index=True)
    round_id: UUID | None = Field(foreign_key="round.id")
    period_id: UUID | None = Field(foreign_key="standing_period.id")
    number: int
    rulebook_id: UUID = Field(foreign_key="rulebook.id")
    inputs: Json
    inputs_digest: str = Field(max_length=64)
    official: Json
    digest: str = Field(max_length=64)
    companion: dict[str, Any] | None = Field(sa_type=JSONB(none_as_null=True))
    reason: str | None = Field(max_length=2000)
    made_by: UUID = Field(foreign_key="person.id")
    made_at: Instant


class RunBasis(SQLModel, table=True):
    """A freeze that a run rests on: one for a round, one per round for a period."""

    __tablename__ = "run_basis"

    run_id: UUID = Field(foreign_key="ranking_run.id", primary_key=True)
    freeze_id: UUID = Field(foreign_key="round_freeze.id", primary_key=True, index=True)


class RankingEntry(SQLModel, table=True):
    """An entrant's place in a run; the history of an entrant is all of these."""

    __tablename__ = "ranking_entry"
    __table_args__ = (
        sa.CheckConstraint("(status = 'ranked') = (place IS NOT NULL)", name="place"),
    )

    run_id: UUID = Field(foreign_key="ranking_run.id", primary_key=True)
    entrant_id: UUID = Field(foreign_key="entrant.id", primary_key=True, index=True)
    league_id: UUID = Field(foreign_key="league.id")
    position: int
    status: Status = Field(sa_type=enum_column(Status))
    place: int | None
    hundredths: int | None
    sites: int
    flag: Colour | None = Field(sa_type=enum_column(Colour))
    award_fen: int = Field(sa_type=sa.BigInteger)
    award_held: bool


class AppealWindow(SQLModel, table=True):
    """Until when units may contest deductions of a round."""

    __tablename__ = "appeal_window"
    __table_args__ = (sa.CheckConstraint("closes_at >= opened_at", name="span"),)

    round_id: UUID = Field(foreign_key="round.id", primary_key=True)
    opened_at: Instant
    closes_at: Instant


class Appeal(SQLModel, table=True):
    """A unit contests a deduction; somebody else decides, once.

    An accepted one names the revision of the visit that came of it.
    """

    __tablename__ = "appeal"
    __table_args__ = (
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint("(state = 'accepted') = (new_revision_id IS NOT NULL)", name="outcome"),
        sa.CheckConstraint("decided_by <> filed_by", name="second_person"),
        sa.Index(
            "uq_appeal_open",
            "visit_id",
            "item_id",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_appeal_round", "round_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    round_id: UUID = Field(foreign_key="round.id")
    visit_id: UUID = Field(foreign_key="visit.id")
    revision_id: UUID = Field(foreign_key="visit_revision.id")
    item_id: UUID = Field(foreign_key="item.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    area_path: str = Field(max_length=400)
    line_id: UUID = Field(foreign_key="line.id")
    answerable_path: str | None = Field(max_length=400)
    text: str = Field(max_length=2000)
    photos: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid))
    state: AppealState = Field(sa_type=enum_column(AppealState))
    filed_by: UUID = Field(foreign_key="person.id")
    filed_at: Instant
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: Instant | None = None
    decision: str | None = Field(default=None, max_length=2000)
    new_revision_id: UUID | None = Field(default=None, foreign_key="visit_revision.id")
