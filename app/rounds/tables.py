"""Campaigns, rounds and their series, teams, and the tasks of a round with their members."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.organisation.rules import UnitKind
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
    ended_at: Instant | None = None


class JudgingRow(SQLModel, table=True):
    """Who may judge whom (谁可以考核谁); self-inspection needs no line here."""

    __tablename__ = "judging"

    source: Source = Field(sa_type=enum_column(Source), primary_key=True)
    judge: UnitKind = Field(sa_type=enum_column(UnitKind, named="judge"), primary_key=True)
    judged: UnitKind = Field(sa_type=enum_column(UnitKind, named="judged"), primary_key=True)


class RoundSeries(SQLModel, table=True):
    """Rounds that recur by a rule; each occurrence is planned exactly once.

    ``plan`` holds how the tasks of each round are drawn, or nothing.
    """

    __tablename__ = "round_series"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.CheckConstraint("lasts_minutes > 0", name="lasts"),
        sa.CheckConstraint("days_ahead BETWEEN 1 AND 92", name="ahead"),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    area_id: UUID = Field(foreign_key="unit.id")
    code: str = Field(max_length=24)
    name_zh: str = Field(max_length=80)
    name_en: str | None = Field(max_length=160)
    source: Source = Field(sa_type=enum_column(Source))
    period: Period = Field(sa_type=enum_column(Period))
    announced: bool
    rule: str = Field(max_length=200)
    first_at: Instant
    lasts_minutes: int
    days_ahead: int
    plan: dict[str, Any] | None = Field(sa_type=JSONB(none_as_null=True))
    made_by: UUID = Field(foreign_key="person.id")
    ended_at: Instant | None = None


class Round(SQLModel, table=True):
    """One turn of inspections: its state decides what may arrive and who may see the standing.

    ``unit_id`` is who judges, ``area_id`` where. ``timed`` rounds are opened and closed by the
    clock. A round of a series is known by the beginning that the rule gave it, wherever it was
    moved since. ``closes_at`` is when it is to close, ``closed_at`` when it did.
    """

    __tablename__ = "round"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.UniqueConstraint("series_id", "occurs_at"),
        sa.CheckConstraint("closes_at > opens_at", name="span"),
        sa.CheckConstraint("(series_id IS NULL) = (occurs_at IS NULL)", name="occurrence"),
        sa.Index(
            "ix_round_timed",
            "state",
            postgresql_where=sa.text("timed AND state IN ('planned', 'open')"),
        ),
    )

    id: UUID = id_column()
    campaign_id: UUID = Field(foreign_key="campaign.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    area_id: UUID = Field(foreign_key="unit.id")
    series_id: UUID | None = Field(default=None, foreign_key="round_series.id")
    occurs_at: Instant | None = None
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    source: Source = Field(sa_type=enum_column(Source))
    period: Period = Field(sa_type=enum_column(Period))
    announced: bool
    timed: bool = False
    state: RoundState = Field(sa_type=enum_column(RoundState))
    opens_at: Instant
    closes_at: Instant
    closed_at: Instant | None = None


class Team(SQLModel, table=True):
    """An inspection team (督导组) of a unit."""

    __tablename__ = "team"
    __table_args__ = (sa.UniqueConstraint("code"),)

    id: UUID = id_column()
    code: str = Field(max_length=40)
    name: str = Field(max_length=100)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    ended_at: Instant | None = None


class TeamMember(SQLModel, table=True):
    """Somebody in a team, from a day until, where given, the last one."""

    __tablename__ = "team_member"
    __table_args__ = (
        sa.UniqueConstraint("team_id", "person_id", "valid_from"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        sa.Index(
            "uq_team_member_present",
            "team_id",
            "person_id",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL"),
        ),
    )

    id: UUID = id_column()
    team_id: UUID = Field(foreign_key="team.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    leads: bool
    valid_from: date
    valid_to: date | None = None


class TaskDraw(SQLModel, table=True):
    """A double-random draw as it was made, so that anybody can repeat it."""

    __tablename__ = "task_draw"

    id: UUID = id_column()
    round_id: UUID = Field(foreign_key="round.id", index=True)
    seed: str = Field(max_length=64)
    rule: Json
    tasks: int
    made_by: UUID = Field(foreign_key="person.id")
    made_at: Instant


class Task(SQLModel, table=True):
    """A site that a team is to inspect in a round with a checklist version.

    The area is frozen when the task is planned. ``blind`` is the second, independent visit to the
    same site: at most one, and it does not count.
    """

    __tablename__ = "task"
    __table_args__ = (
        sa.Index(
            "uq_task_place",
            "round_id",
            "site_id",
            "checklist_version_id",
            "blind",
            unique=True,
            postgresql_where=sa.text("cancelled_at IS NULL"),
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancelled_why"
        ),
    )

    id: UUID = id_column()
    round_id: UUID = Field(foreign_key="round.id", index=True)
    site_id: UUID = Field(foreign_key="site.id", index=True)
    checklist_version_id: UUID = Field(foreign_key="checklist_version.id")
    team_id: UUID | None = Field(default=None, foreign_key="team.id", index=True)
    draw_id: UUID | None = Field(default=None, foreign_key="task_draw.id")
    blind: bool = False
    area_path: str = Field(max_length=400)
    cancelled_at: Instant | None = None
    cancel_reason: str | None = Field(default=None, max_length=2000)


class TaskMember(SQLModel, table=True):
    """Who a task is for.

    Who has handed it over stays recorded: a visit that his phone made before it knew is still his.
    """

    __tablename__ = "task_member"

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", primary_key=True, index=True)
    handed_over_at: Instant | None = None


class TaskHandOver(SQLModel, table=True):
    """A task that went to a colleague; the id is made by the phone, so that it can repeat."""

    __tablename__ = "task_hand_over"

    id: UUID = Field(primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", index=True)
    from_person_id: UUID = Field(foreign_key="person.id")
    to_person_id: UUID = Field(foreign_key="person.id")
    reason: str = Field(max_length=2000)
    handed_by: UUID = Field(foreign_key="person.id")
    handed_at: Instant
