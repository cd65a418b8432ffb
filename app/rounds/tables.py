"""Campaigns, rounds, and the tasks of a round with their members."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.rounds.rules import Period, RoundState, Source


class Campaign(SQLModel, table=True):
    """A campaign of the city, a district or a street."""

    __tablename__ = "campaign"
    __table_args__ = (sa.UniqueConstraint("code"),)

    id: UUID = id_column()
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    unit_id: UUID = Field(foreign_key="unit.id")


class Round(SQLModel, table=True):
    """One turn of inspections: its state decides what may arrive and who may see the standing."""

    __tablename__ = "round"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.CheckConstraint("closes_at > opens_at", name="span"),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    source: Source = Field(sa_type=enum_column(Source))
    period: Period = Field(sa_type=enum_column(Period))
    announced: bool
    state: RoundState = Field(sa_type=enum_column(RoundState))
    opens_at: Instant
    closes_at: Instant


class Task(SQLModel, table=True):
    """A site that a team is to inspect in a round with a checklist version."""

    __tablename__ = "task"
    __table_args__ = (sa.UniqueConstraint("round_id", "site_id", "checklist_version_id"),)

    id: UUID = id_column()
    round_id: UUID = Field(foreign_key="round.id")
    site_id: UUID = Field(foreign_key="site.id", index=True)
    checklist_version_id: UUID = Field(foreign_key="checklist_version.id")


class TaskMember(SQLModel, table=True):
    __tablename__ = "task_member"

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", primary_key=True, index=True)
