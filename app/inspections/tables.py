"""Visits with their immutable revisions, answers and findings."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.inspections.rules import Outcome
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
        sa.CheckConstraint("NOT (counting AND late)", name="late_does_not_count"),
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
    late: bool
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
    area_path: str = Field(max_length=400)
    scored_lines: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid))
    earned: int
    possible: int


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
    """One fault that was seen; each opens a ledger entry of its own."""

    __tablename__ = "finding"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "item_id"], ["answer.revision_id", "answer.item_id"]
        ),
        sa.Index("ix_finding_revision_id", "revision_id"),
    )

    id: UUID = Field(primary_key=True)
    revision_id: UUID
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
        sa.Index("ix_visit_photo_photo_id", "photo_id"),
        sa.Index("ix_visit_photo_finding_id", "finding_id"),
    )

    id: UUID = id_column()
    revision_id: UUID = Field(foreign_key="visit_revision.id")
    photo_id: UUID
    item_id: UUID | None
    finding_id: UUID | None = Field(foreign_key="finding.id")
