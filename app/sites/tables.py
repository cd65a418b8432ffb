"""Sites: the places that are inspected."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import enum_column, id_column
from app.kit.geo import Crs


class Site(SQLModel, table=True):
    """A place that is inspected (点位)."""

    __tablename__ = "site"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (crs IS NULL)", name="whole_location"
        ),
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
