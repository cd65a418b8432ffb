"""People and their postings."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.organisation.rules import Role


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
    """A role at a unit; areas and lines stand in tables of their own (no line means all)."""

    __tablename__ = "posting"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "role", "unit_id", "valid_from"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="person.id")
    role: Role = Field(sa_type=enum_column(Role))
    unit_id: UUID = Field(foreign_key="unit.id")
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
