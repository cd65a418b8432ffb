"""Problems: one row per fault that somebody must put right."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.kit.geo import Crs
from app.ledger.rules import ProblemSource, ProblemState

PROBLEM_SERIAL = sa.Sequence("problem_serial", metadata=SQLModel.metadata)


class Problem(SQLModel, table=True):
    """A ledger entry.

    A finding of a visit opens exactly one through all revisions, and so does a report: the
    database says so.
    ``revision_id`` is the newest revision that names the finding; ``withdrawn_at`` is set while
    the present one does not.
    """

    __tablename__ = "problem"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("visit_id", "finding_id"),
        sa.UniqueConstraint("report_id"),
        sa.ForeignKeyConstraint(
            ["revision_id", "finding_id"],
            ["finding.revision_id", "finding.id"],
            name="fk_problem_finding",
        ),
        sa.CheckConstraint(
            "source <> 'visit' OR (visit_id IS NOT NULL AND revision_id IS NOT NULL"
            " AND finding_id IS NOT NULL)",
            name="visit_finding",
        ),
        sa.CheckConstraint("withdrawn_at IS NULL OR state = 'cancelled'", name="withdrawn"),
        sa.Index("ix_problem_round", "round_id", "number"),
        sa.Index("ix_problem_area", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        sa.Index(
            "ix_problem_answerable",
            "answerable_path",
            postgresql_ops={"answerable_path": "text_pattern_ops"},
        ),
    )

    id: UUID = id_column()
    number: str = Field(max_length=20)
    source: ProblemSource = Field(sa_type=enum_column(ProblemSource))
    state: ProblemState = Field(sa_type=enum_column(ProblemState))
    round_id: UUID | None = Field(default=None, foreign_key="round.id")
    visit_id: UUID | None = Field(default=None, foreign_key="visit.id")
    revision_id: UUID | None = None
    finding_id: UUID | None = None
    report_id: UUID | None = None
    report_digest: str | None = Field(default=None, max_length=64)
    reported_by: UUID | None = Field(default=None, foreign_key="person.id")
    site_id: UUID | None = Field(foreign_key="site.id", index=True)
    category_id: UUID | None = Field(foreign_key="category.id", index=True)
    line_id: UUID = Field(foreign_key="line.id")
    area_id: UUID = Field(foreign_key="unit.id")
    area_path: str = Field(max_length=400)
    answerable_unit_id: UUID | None = Field(foreign_key="unit.id")
    answerable_path: str | None = Field(max_length=400)
    veto: bool
    note: str | None = Field(max_length=2000)
    lat: float | None
    lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None
    found_at: Instant
    opened_at: Instant
    withdrawn_at: Instant | None = None
    cancel_reason: str | None = Field(default=None, max_length=2000)


class ProblemPhoto(SQLModel, table=True):
    """A photo of a problem."""

    __tablename__ = "problem_photo"
    __table_args__ = (sa.Index("ix_problem_photo_photo_id", "photo_id"),)

    problem_id: UUID = Field(foreign_key="problem.id", primary_key=True)
    photo_id: UUID = Field(primary_key=True)
    position: int = Field(sa_type=sa.SmallInteger)
