"""Rulebooks, leagues, entrants and their membership per round."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.scoring.rules import RulebookState


class RulebookRow(SQLModel, table=True):
    """The rules of a campaign, by version; immutable once published. The newest of those counts.

    ``digest`` is over the rules as they are canonically written.
    """

    __tablename__ = "rulebook"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "number"),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name="published_when"
        ),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    number: int
    state: RulebookState = Field(sa_type=enum_column(RulebookState))
    rules: Json
    digest: str = Field(max_length=64)
    made_by: UUID | None = Field(foreign_key="person.id")
    made_at: Instant
    published_at: Instant | None


class League(SQLModel, table=True):
    """Entrants that are ranked against each other."""

    __tablename__ = "league"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "code"),)

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    position: int
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    red_quota: int
    blue_quota: int


class Entrant(SQLModel, table=True):
    """A stable (unit, lines, areas, label); its history hangs here, its league may change."""

    __tablename__ = "entrant"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "scope_key"),
        sa.CheckConstraint("cardinality(area_ids) > 0", name="areas"),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    label: str | None = Field(max_length=100)
    scope_key: str = Field(max_length=64)
    area_ids: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid))
    line_ids: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid))


class Membership(SQLModel, table=True):
    """An entrant in a league for one round; at most one league per round."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "entrant_id"),
        sa.Index("ix_membership_league", "round_id", "league_id", "position"),
    )

    id: UUID = id_column()
    round_id: UUID = Field(foreign_key="round.id")
    league_id: UUID = Field(foreign_key="league.id")
    entrant_id: UUID = Field(foreign_key="entrant.id", index=True)
    position: int
