"""Checklists, their versions (immutable once published) and items."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.checklists.rules import AnswerType, PhotoRule, VersionState
from app.infra.columns import Instant, Json, enum_column, id_column
from app.kit.workdays import LimitUnit


class Checklist(SQLModel, table=True):
    """One list for one category of sites, through all its versions."""

    __tablename__ = "checklist"
    __table_args__ = (sa.UniqueConstraint("code"),)

    id: UUID = id_column()
    code: str = Field(max_length=40)
    site_category: str = Field(max_length=40)


class ChecklistVersion(SQLModel, table=True):
    """A numbered edition; the digest is over its canonical JSON."""

    __tablename__ = "checklist_version"
    __table_args__ = (
        sa.UniqueConstraint("checklist_id", "number"),
        sa.CheckConstraint("number >= 1", name="number"),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name="published_when"
        ),
    )

    id: UUID = id_column()
    checklist_id: UUID = Field(foreign_key="checklist.id")
    number: int
    title_zh: str = Field(max_length=200)
    title_en: str | None = Field(max_length=200)
    state: VersionState = Field(sa_type=enum_column(VersionState))
    digest: str = Field(max_length=64)
    published_at: Instant | None


class Item(SQLModel, table=True):
    """One question of a version: weight in thousandths, type, line, category, photo rule.

    ``applies_if`` names an earlier item and the answers to it under which this one applies.
    """

    __tablename__ = "item"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "code"),
        sa.UniqueConstraint("version_id", "position"),
        sa.CheckConstraint("weight > 0", name="weight"),
        sa.CheckConstraint("photo_min >= 1", name="photo_min"),
        sa.CheckConstraint("photo_max >= photo_min", name="photo_max"),
        sa.CheckConstraint("limit_quantity > 0", name="limit_quantity"),
        sa.CheckConstraint("(limit_quantity IS NULL) = (limit_unit IS NULL)", name="limit_whole"),
    )

    id: UUID = id_column()
    version_id: UUID = Field(foreign_key="checklist_version.id")
    position: int
    code: str = Field(max_length=40)
    text_zh: str = Field(max_length=400)
    text_en: str | None = Field(max_length=400)
    weight: int
    answer_type: AnswerType = Field(sa_type=enum_column(AnswerType))
    params: Json
    line_id: UUID = Field(foreign_key="line.id")
    category_id: UUID | None = Field(foreign_key="category.id")
    veto: bool
    veto_class: str | None = Field(max_length=40)
    photo_rule: PhotoRule = Field(sa_type=enum_column(PhotoRule))
    photo_min: int = 1
    photo_max: int | None = None
    na_allowed: bool = True
    applies_if: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    exemption_zh: str | None = Field(default=None, max_length=400)
    exemption_en: str | None = Field(default=None, max_length=400)
    limit_quantity: int | None = None
    limit_unit: LimitUnit | None = Field(default=None, sa_type=enum_column(LimitUnit))
