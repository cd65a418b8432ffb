"""What the database keeps beside the cases, whoever writes them: their words and their sums.

Triggers write these tables (migrations 0020 and 0021); the code reads them, and folds the sums.
"""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.ledger.summing import TALLIED


class ProblemWords(SQLModel, table=True):
    """The note of a case in small letters, every character twice (``queries_filters.doubled``)."""

    __tablename__ = "problem_words"
    __table_args__ = (
        sa.Index(
            "ix_problem_words_words",
            "words",
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        ),
    )

    problem_id: UUID = Field(
        sa_column=sa.Column(
            sa.Uuid, sa.ForeignKey("problem.id", ondelete="CASCADE"), primary_key=True
        )
    )
    words: str = Field(sa_type=sa.Text)


class KeptSummary(SQLModel, table=True):
    """A summary as it was sent, with the version of the feed and the day that it holds for."""

    __tablename__ = "kept_summary"

    key: str = Field(primary_key=True, max_length=64)
    version: int = Field(sa_type=sa.BigInteger)
    day: date
    body: str = Field(sa_type=sa.Text)


def _tally(name: str, *columns: sa.Column[int] | sa.Column[str]) -> sa.Table:
    """Sums by place, unit ("" for none) and line; not ``folded`` are differences to be added."""
    return sa.Table(
        name,
        SQLModel.metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("folded", sa.Boolean, nullable=False),
        sa.Column("area_path", sa.String(400), nullable=False),
        sa.Column("answerable_path", sa.String(400), nullable=False),
        sa.Column("line_id", sa.Uuid, sa.ForeignKey("line.id"), nullable=False),
        *columns,
        sa.Index(
            f"uq_{name}_folded",
            *("area_path", "answerable_path", "line_id"),
            *(column.name for column in columns if isinstance(column.type, sa.String)),
            unique=True,
            postgresql_where=sa.text("folded"),
        ),
        sa.Index(f"ix_{name}_fresh", "id", postgresql_where=sa.text("NOT folded")),
    )


PROBLEM_TALLY = _tally(
    "problem_tally", *(sa.Column(name, sa.Integer, nullable=False) for name in TALLIED)
)
WORK_TALLY = _tally(
    "work_tally",
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("unit", sa.String(20), nullable=False),
    sa.Column("quantity_milli", sa.BigInteger, nullable=False),
)
