"""Units, lines, categories, responsibilities, people and their postings."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.organisation.rules import CategoryKind, Role, UnitKind

_CODE = r"^[0-9A-Za-z.-]{1,40}$"


class Unit(SQLModel, table=True):
    """A city, district, street, community, bureau, squad or firm, below its parent."""

    __tablename__ = "unit"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("path"),
        sa.CheckConstraint(f"code ~ '{_CODE}'", name="code_shape"),
        sa.CheckConstraint("right(path, length(code) + 2) = '/' || code || '/'", name="path_end"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        sa.Index("ix_unit_path_prefix", "path", postgresql_ops={"path": "text_pattern_ops"}),
    )

    id: UUID = id_column()
    code: str = Field(max_length=40)
    scheme: str = Field(max_length=20)
    kind: UnitKind = Field(sa_type=enum_column(UnitKind))
    parent_id: UUID | None = Field(foreign_key="unit.id", index=True)
    path: str = Field(max_length=400)
    name_zh: str = Field(max_length=100)
    full_name_zh: str | None = Field(max_length=200)
    name_en: str | None = Field(max_length=200)
    valid_from: date
    valid_to: date | None = None
    successor_id: UUID | None = Field(default=None, foreign_key="unit.id")


class Line(SQLModel, table=True):
    """A line of work (专项)."""

    __tablename__ = "line"
    __table_args__ = (sa.UniqueConstraint("code"),)

    id: UUID = id_column()
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)


class Category(SQLModel, table=True):
    """A problem category: scheme, code and version together, for codes differ between schemes."""

    __tablename__ = "category"
    __table_args__ = (sa.UniqueConstraint("scheme", "code", "version"),)

    id: UUID = id_column()
    scheme: str = Field(max_length=40)
    code: str = Field(max_length=20)
    version: str = Field(max_length=20)
    kind: CategoryKind = Field(sa_type=enum_column(CategoryKind))
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)


class Responsibility(SQLModel, table=True):
    """(area, line) -> answerable unit; the nearest area above a place wins."""

    __tablename__ = "responsibility"
    __table_args__ = (
        sa.UniqueConstraint("area_id", "line_id", "valid_from"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: UUID = id_column()
    area_id: UUID = Field(foreign_key="unit.id")
    line_id: UUID = Field(foreign_key="line.id")
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    valid_from: date
    valid_to: date | None = None


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
