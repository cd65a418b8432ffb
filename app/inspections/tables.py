"""Visits with their immutable revisions, answers and findings."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.inspections.rules import LateDecision, NotCounting, Outcome, RetakeState
from app.kit.geo import Crs
from app.rounds.rules import Source


class Visit(SQLModel, table=True):
    """The stable head of a visit; what was found stands in its revisions.

    At most one visit counts per (round, site, source, checklist): the database says so.
    """

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index(
            "uq_visit_counting",
            "round_id",
            "site_id",
            "source",
            "checklist_id",
            unique=True,
            postgresql_where=sa.text("counting"),
        ),
        sa.Index("ix_visit_of_site", "site_id", "received_at", "id"),
        sa.CheckConstraint(
            "counting = (not_counting_reason IS NULL)", name="why_it_does_not_count"
        ),
        sa.CheckConstraint(
            "NOT (counting AND late AND late_decision IS DISTINCT FROM 'accepted')",
            name="late_does_not_count",
        ),
        sa.CheckConstraint("late OR late_decision IS NULL", name="late_decided"),
        sa.Index("ix_visit_received", "received_at", "id"),
        sa.Index(
            "ix_visit_undecided",
            "round_id",
            postgresql_where=sa.text("late AND late_decision IS NULL"),
        ),
        sa.UniqueConstraint("current_revision_id"),
        sa.ForeignKeyConstraint(
            ["current_revision_id"],
            ["visit_revision.id"],
            use_alter=True,
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    id: UUID = Field(primary_key=True)
    round_id: UUID = Field(foreign_key="round.id", index=True)
    site_id: UUID = Field(foreign_key="site.id")
    task_id: UUID | None = Field(foreign_key="task.id", index=True)
    checklist_id: UUID = Field(foreign_key="checklist.id")
    source: Source = Field(sa_type=enum_column(Source))
    submitted_by: UUID = Field(foreign_key="person.id", index=True)
    current_revision_id: UUID
    counting: bool
    not_counting_reason: NotCounting | None = Field(sa_type=enum_column(NotCounting))
    late: bool
    late_decision: LateDecision | None = Field(default=None, sa_type=enum_column(LateDecision))
    received_at: Instant
    completed_at: Instant | None


class VisitRevision(SQLModel, table=True):
    """What was found, as sent; never changed.

    ``content_parts`` holds a digest per part of the body, so that a repeat is told from other
    content and what differs can be named.
    """

    __tablename__ = "visit_revision"
    __table_args__ = (
        sa.UniqueConstraint("visit_id", "number"),
        sa.CheckConstraint("ended_at >= started_at", name="span"),
        sa.CheckConstraint("earned >= 0 AND earned <= possible", name="marks"),
        sa.CheckConstraint("(number = 1) = (reason IS NULL)", name="why_revised"),
    )

    id: UUID = id_column()
    visit_id: UUID = Field(foreign_key="visit.id")
    number: int
    checklist_version_id: UUID = Field(foreign_key="checklist_version.id")
    outcome: Outcome = Field(sa_type=enum_column(Outcome))
    content_parts: Json
    submitted_by: UUID = Field(foreign_key="person.id")
    started_at: Instant
    ended_at: Instant
    received_at: Instant
    lat: float | None
    lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None
    note: str | None = Field(max_length=2000)
    reason: str | None = Field(max_length=2000)
    area_path: str = Field(max_length=400)
    scored_lines: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid))
    earned: int
    possible: int


class VisitCrew(SQLModel, table=True):
    """Who else was there; the one who submitted always was."""

    __tablename__ = "visit_crew"

    revision_id: UUID = Field(foreign_key="visit_revision.id", primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", primary_key=True, index=True)


class Answer(SQLModel, table=True):
    """One answer with its marks and the attribution that was true when it was given."""

    __tablename__ = "answer"
    __table_args__ = (
        sa.CheckConstraint("earned >= 0 AND earned <= possible", name="marks"),
        sa.Index("ix_answer_round_id", "round_id"),
    )

    revision_id: UUID = Field(foreign_key="visit_revision.id", primary_key=True)
    item_id: UUID = Field(foreign_key="item.id", primary_key=True)
    round_id: UUID = Field(foreign_key="round.id")
    position: int = Field(sa_type=sa.SmallInteger)
    value: str = Field(max_length=12)
    na_reason: str | None = Field(max_length=2000)
    earned: int
    possible: int
    area_path: str = Field(max_length=400)
    line_id: UUID = Field(foreign_key="line.id")
    answerable_unit_id: UUID | None = Field(foreign_key="unit.id")


class Finding(SQLModel, table=True):
    """One fault that was seen; the same id in a later revision is the same fault."""

    __tablename__ = "finding"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "item_id"], ["answer.revision_id", "answer.item_id"]
        ),
    )

    revision_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    item_id: UUID
    position: int = Field(sa_type=sa.SmallInteger)
    note: str | None = Field(max_length=2000)
    lat: float | None
    lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None


class VisitPhoto(SQLModel, table=True):
    """A photo that a revision names: of the site, of an answer, or of a finding.

    The photo may come later than the visit, so its id has no foreign key.
    """

    __tablename__ = "visit_photo"
    __table_args__ = (
        sa.UniqueConstraint(
            "revision_id",
            "photo_id",
            "item_id",
            "finding_id",
            name="uq_visit_photo_place",
            postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "finding_id"],
            ["finding.revision_id", "finding.id"],
            name="fk_visit_photo_finding",
        ),
        sa.Index("ix_visit_photo_photo_id", "photo_id"),
    )

    id: UUID = id_column()
    revision_id: UUID = Field(foreign_key="visit_revision.id")
    photo_id: UUID
    item_id: UUID | None
    finding_id: UUID | None


class Retake(SQLModel, table=True):
    """A photo of a visit that is to be taken again; asked for once per visit and photo."""

    __tablename__ = "retake"
    __table_args__ = (
        sa.UniqueConstraint("visit_id", "photo_id"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint("state = 'fulfilled' OR new_photo_id IS NULL", name="new_photo"),
    )

    id: UUID = id_column()
    visit_id: UUID = Field(foreign_key="visit.id")
    photo_id: UUID
    state: RetakeState = Field(sa_type=enum_column(RetakeState))
    reason: str = Field(max_length=2000)
    asked_by: UUID | None = Field(foreign_key="person.id")
    asked_at: Instant
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: Instant | None = None
    decision: str | None = Field(default=None, max_length=2000)
    new_photo_id: UUID | None = None
