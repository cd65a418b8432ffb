"""Special groups with what they are for and who sits in them, and cells of the grid."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlmodel import Field, SQLModel

from app.duties.rules import GroupKind, MemberRole
from app.infra.columns import enum_column, id_column
from app.kit.geo import Crs

_VALIDITY = "valid_to IS NULL OR valid_to >= valid_from"


class SpecialGroup(SQLModel, table=True):
    """A special group (专项指挥部): the office, or a command below it."""

    __tablename__ = "special_group"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.CheckConstraint(_VALIDITY, name="validity"),
        sa.CheckConstraint("parent_id <> id", name="parent"),
    )

    id: UUID = id_column()
    code: str = Field(max_length=40)
    kind: GroupKind = Field(sa_type=enum_column(GroupKind))
    parent_id: UUID | None = Field(foreign_key="special_group.id")
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    valid_from: date
    valid_to: date | None = None


class SpecialGroupLine(SQLModel, table=True):
    __tablename__ = "special_group_line"

    group_id: UUID = Field(foreign_key="special_group.id", primary_key=True)
    line_id: UUID = Field(foreign_key="line.id", primary_key=True)


class SpecialGroupArea(SQLModel, table=True):
    __tablename__ = "special_group_area"

    group_id: UUID = Field(foreign_key="special_group.id", primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", primary_key=True)


class SpecialGroupSite(SQLModel, table=True):
    __tablename__ = "special_group_site"

    group_id: UUID = Field(foreign_key="special_group.id", primary_key=True)
    site_id: UUID = Field(foreign_key="site.id", primary_key=True)


class SpecialGroupMember(SQLModel, table=True):
    """A unit or a person in a group."""

    __tablename__ = "special_group_member"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(unit_id, person_id) = 1", name="one_of_two"),
        sa.UniqueConstraint(
            "group_id",
            "unit_id",
            "person_id",
            name="uq_special_group_member_once",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: UUID = id_column()
    group_id: UUID = Field(foreign_key="special_group.id")
    unit_id: UUID | None = Field(foreign_key="unit.id")
    person_id: UUID | None = Field(foreign_key="person.id")
    role: MemberRole = Field(sa_type=enum_column(MemberRole))


class GridCell(SQLModel, table=True):
    """A cell of the grid in a street or community, with who looks after it."""

    __tablename__ = "grid_cell"
    __table_args__ = (
        sa.CheckConstraint(_VALIDITY, name="validity"),
        sa.CheckConstraint("num_nonnulls(crs, source, original, shape) IN (0, 4)", name="outline"),
        ExcludeConstraint(
            (sa.column("scheme"), "="),
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_grid_cell_period",
            using="gist",
        ),
        sa.Index("ix_grid_cell_code", "scheme", "code", "valid_from"),
    )

    id: UUID = id_column()
    scheme: str = Field(max_length=20)
    code: str = Field(max_length=40)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    person_id: UUID | None = Field(foreign_key="person.id")
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    source: str | None = Field(max_length=300)
    original: dict[str, Any] | None = Field(sa_type=JSONB(none_as_null=True))
    shape: bytes | None
    valid_from: date
    valid_to: date | None = None
