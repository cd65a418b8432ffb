"""Sites: the places that are inspected, with their lines, their moves, and standards of roads."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, enum_column, id_column
from app.kit.geo import Crs
from app.sites.rules import MoveState, RoadClass, SiteState


class Site(SQLModel, table=True):
    """A place that is inspected (点位).

    ``content_digest`` is that of the request that made it in the field, so that a repeat is told
    from other content under the same id.
    """

    __tablename__ = "site"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (crs IS NULL)", name="whole_location"
        ),
        sa.CheckConstraint(
            "(lat IS NULL) = (wgs84_lat IS NULL) AND (lat IS NULL) = (wgs84_lon IS NULL)",
            name="whole_wgs84",
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        sa.CheckConstraint("state <> 'closed' OR valid_to IS NOT NULL", name="closed_when"),
        sa.Index("ix_site_place", "wgs84_lat", "wgs84_lon"),
        sa.Index("ix_site_category", "category", "code"),
    )

    id: UUID = id_column()
    code: str = Field(max_length=40)
    name: str = Field(max_length=100)
    category: str = Field(max_length=40)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    lat: float | None
    lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    wgs84_lat: float | None
    wgs84_lon: float | None
    road_class: RoadClass | None = Field(default=None, sa_type=enum_column(RoadClass))
    responsible_name: str | None = Field(default=None, max_length=100)
    responsible_unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    responsible_person_id: UUID | None = Field(default=None, foreign_key="person.id")
    state: SiteState = Field(sa_type=enum_column(SiteState))
    valid_from: date
    valid_to: date | None = None
    made_by: UUID | None = Field(default=None, foreign_key="person.id")
    content_digest: str | None = Field(default=None, max_length=64)


class SiteLine(SQLModel, table=True):
    """A line of work that a site is marked with."""

    __tablename__ = "site_line"

    site_id: UUID = Field(foreign_key="site.id", primary_key=True, ondelete="CASCADE")
    line_id: UUID = Field(foreign_key="line.id", primary_key=True, index=True)


class SiteMove(SQLModel, table=True):
    """A new location that somebody found in the field; at most one waits per site."""

    __tablename__ = "site_move"
    __table_args__ = (
        sa.Index(
            "uq_site_move_waiting",
            "site_id",
            unique=True,
            postgresql_where=sa.text("state = 'proposed'"),
        ),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (decided_at IS NOT NULL)", name="decided_when"
        ),
    )

    id: UUID = Field(primary_key=True)
    site_id: UUID = Field(foreign_key="site.id", index=True)
    state: MoveState = Field(sa_type=enum_column(MoveState))
    lat: float
    lon: float
    crs: Crs = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None
    note: str | None = Field(max_length=2000)
    proposed_by: UUID = Field(foreign_key="person.id")
    proposed_at: Instant
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: Instant | None = None


class RoadStandard(SQLModel, table=True):
    """To what standard roads of a class are kept (主干道严管、次干道严控、背街小巷规范)."""

    __tablename__ = "road_standard"

    road_class: RoadClass = Field(sa_type=enum_column(RoadClass), primary_key=True)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    text_zh: str = Field(max_length=2000)
    text_en: str | None = Field(max_length=2000)
