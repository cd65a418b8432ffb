"""Problems: one row per fault that somebody must put right."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.ledger.rules import ProblemSource, ProblemState

PROBLEM_SERIAL = sa.Sequence("problem_serial", metadata=SQLModel.metadata)


class Problem(SQLModel, table=True):
    """A ledger entry. A finding opens exactly one: the database says so."""

    __tablename__ = "problem"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("finding_id"),
        sa.CheckConstraint("source <> 'visit' OR finding_id IS NOT NULL", name="visit_finding"),
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
    round_id: UUID | None = Field(foreign_key="round.id")
    visit_id: UUID | None = Field(foreign_key="visit.id", index=True)
    finding_id: UUID | None = Field(foreign_key="finding.id")
    site_id: UUID | None = Field(foreign_key="site.id", index=True)
    category_id: UUID | None = Field(foreign_key="category.id", index=True)
    line_id: UUID = Field(foreign_key="line.id")
    area_id: UUID = Field(foreign_key="unit.id")
    area_path: str = Field(max_length=400)
    answerable_unit_id: UUID | None = Field(foreign_key="unit.id")
    answerable_path: str | None = Field(max_length=400)
    veto: bool
    note: str | None = Field(max_length=2000)
    found_at: Instant
    opened_at: Instant


class ProblemPhoto(SQLModel, table=True):
    """A photo of a problem."""

    __tablename__ = "problem_photo"

    problem_id: UUID = Field(foreign_key="problem.id", primary_key=True)
    photo_id: UUID = Field(primary_key=True)
    position: int = Field(sa_type=sa.SmallInteger)
