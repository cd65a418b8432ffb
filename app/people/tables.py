"""People, their postings, and who deputises for whom."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.organisation.rules import Role

# A posting that was taken back on its first day has ended the day before it began.
_VALIDITY = "valid_to IS NULL OR valid_to >= valid_from - 1"


class Person(SQLModel, table=True):
    """A user of the service; what he may do follows from his postings."""

    __tablename__ = "person"
    __table_args__ = (sa.UniqueConstraint("login"),)

    id: UUID = id_column()
    login: str = Field(max_length=64)
    name: str = Field(max_length=100)
    disabled_at: Instant | None = None
    created_at: Instant


class PostingRow(SQLModel, table=True):
    """A role at a unit; areas and lines stand in tables of their own (no line means all).

    Only an administrator's posting may be without a unit: it holds for the whole city, also
    before any unit is there.
    """

    __tablename__ = "posting"
    __table_args__ = (
        sa.Index(
            "uq_posting_office",
            "person_id",
            "role",
            "unit_id",
            "valid_from",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL OR valid_to >= valid_from"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index("ix_posting_person_id", "person_id"),
        sa.Index("ix_posting_unit_id", "unit_id"),
        sa.CheckConstraint(_VALIDITY, name="validity"),
        sa.CheckConstraint("unit_id IS NOT NULL OR role = 'hq_admin'", name="unit"),
    )

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="person.id")
    role: Role = Field(sa_type=enum_column(Role))
    unit_id: UUID | None = Field(foreign_key="unit.id")
    valid_from: date
    valid_to: date | None = None


class PostingArea(SQLModel, table=True):
    __tablename__ = "posting_area"

    posting_id: UUID = Field(foreign_key="posting.id", primary_key=True, ondelete="CASCADE")
    unit_id: UUID = Field(foreign_key="unit.id", primary_key=True)


class PostingLine(SQLModel, table=True):
    __tablename__ = "posting_line"

    posting_id: UUID = Field(foreign_key="posting.id", primary_key=True, ondelete="CASCADE")
    line_id: UUID = Field(foreign_key="line.id", primary_key=True)


class Deputy(SQLModel, table=True):
    """Somebody who holds another's posting from a day to a day, both included."""

    __tablename__ = "deputy"
    __table_args__ = (sa.CheckConstraint(_VALIDITY, name="validity"),)

    id: UUID = id_column()
    posting_id: UUID = Field(foreign_key="posting.id", index=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    valid_from: date
    valid_to: date
    reason: str | None = Field(max_length=200)
    created_at: Instant
