"""Units, lines, categories with their time limits, responsibilities, and the calendar."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.kit.geo import Crs
from app.kit.workdays import LimitUnit
from app.organisation.rules import CategoryKind, UnitKind

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
        sa.CheckConstraint(
            "successor_id IS NULL OR (successor_id <> id AND valid_to IS NOT NULL)",
            name="successor",
        ),
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


class CategoryLimit(SQLModel, table=True):
    """Within what time a problem of a category is to be put right, under a filing condition."""

    __tablename__ = "category_limit"
    __table_args__ = (sa.CheckConstraint("value > 0", name="value"),)

    category_id: UUID = Field(foreign_key="category.id", primary_key=True)
    condition: str = Field(max_length=40, primary_key=True)
    position: int = Field(sa_type=sa.SmallInteger)
    name_zh: str | None = Field(max_length=200)
    value: int
    unit: LimitUnit = Field(sa_type=enum_column(LimitUnit))


class CalendarYear(SQLModel, table=True):
    """A year whose days off and made-up working days are known, and by which notice."""

    __tablename__ = "calendar_year"

    year: int = Field(sa_column=sa.Column(sa.SmallInteger, primary_key=True, autoincrement=False))
    notice: str = Field(max_length=1000)
    loaded_at: Instant


class CalendarDay(SQLModel, table=True):
    """A day that differs from Monday to Friday, or that a notice names."""

    __tablename__ = "calendar_day"

    day: date = Field(primary_key=True)
    is_worked: bool
    name_zh: str = Field(max_length=40)


class WorkingHours(SQLModel, table=True):
    """Working hours from a day on; ``spans`` as in ``08:00-12:00 14:00-18:00``."""

    __tablename__ = "working_hours"

    valid_from: date = Field(primary_key=True)
    spans: str = Field(max_length=200)


class Responsibility(SQLModel, table=True):
    """(area, line) -> answerable unit and its people; the nearest area above a place wins.

    The periods of one (area, line) never overlap: the database says so.
    """

    __tablename__ = "responsibility"
    __table_args__ = (
        sa.UniqueConstraint("area_id", "line_id", "valid_from"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        ExcludeConstraint(
            (sa.column("area_id"), "="),
            (sa.column("line_id"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_responsibility_period",
            using="gist",
        ),
    )

    id: UUID = id_column()
    area_id: UUID = Field(foreign_key="unit.id")
    line_id: UUID = Field(foreign_key="line.id")
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    leader_id: UUID | None = Field(default=None, foreign_key="person.id")
    coordinator_id: UUID | None = Field(default=None, foreign_key="person.id")
    handler_id: UUID | None = Field(default=None, foreign_key="person.id")
    valid_from: date
    valid_to: date | None = None


class UnitBoundary(SQLModel, table=True):
    """The outline of a unit for a time, as it was given and as a valid shape in WGS-84.

    Only its end and its withdrawal are ever written later, so a shape may be kept in memory by id.
    A boundary that was replaced for days on which it already held is withdrawn.
    """

    __tablename__ = "unit_boundary"
    __table_args__ = (
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        sa.CheckConstraint("west <= east AND south <= north", name="box"),
        ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_unit_boundary_period",
            using="gist",
            where=sa.text("withdrawn_at IS NULL"),
        ),
        sa.Index("ix_unit_boundary_box", "west", "east", "south", "north"),
    )

    id: UUID = id_column()
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=300)
    synthetic: bool
    crs: Crs = Field(sa_type=enum_column(Crs))
    original: Json
    repaired: bool
    shape: bytes
    west: float
    south: float
    east: float
    north: float
    area_m2: float
    created_at: Instant
    withdrawn_at: Instant | None = None
