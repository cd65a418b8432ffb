"""Photos, the bytes behind them, and who may look at them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.evidence.rules import Audience, PhotoRole, PhotoState
from app.infra.columns import Instant, enum_column, id_column
from app.kit.geo import Crs

_HEX64 = "~ '^[0-9a-f]{64}$'"


class Blob(SQLModel, table=True):
    """One verified byte string in the evidence bucket; many photos may be the same bytes."""

    __tablename__ = "blob"
    __table_args__ = (
        sa.CheckConstraint(f"sha256 {_HEX64}", name="sha256"),
        sa.CheckConstraint("size > 0 AND width > 0 AND height > 0", name="sizes"),
    )

    sha256: str = Field(primary_key=True, max_length=64)
    size: int
    content_type: str = Field(max_length=40)
    width: int
    height: int
    exif: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    kept_at: Instant


class Photo(SQLModel, table=True):
    """One photo that somebody took; its id is made by the phone, its digest never changes."""

    __tablename__ = "photo"
    __table_args__ = (
        sa.CheckConstraint(f"sha256 {_HEX64}", name="sha256"),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("(state = 'stored') = (stored_at IS NOT NULL)", name="stored_when"),
        sa.CheckConstraint("(state = 'rejected') = (reject_code IS NOT NULL)", name="why_rejected"),
        sa.CheckConstraint("(state = 'stored') = (blob_sha256 IS NOT NULL)", name="stored_what"),
        sa.CheckConstraint("blob_sha256 = sha256", name="stored_as_announced"),
        sa.Index("ix_photo_sweep", "sweep_at", postgresql_where=sa.text("state = 'announced'")),
        sa.Index(
            "ix_photo_open",
            "owner_id",
            postgresql_where=sa.text("state IN ('announced', 'verifying')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    owner_id: UUID = Field(foreign_key="person.id")
    device_id: UUID | None
    state: PhotoState = Field(sa_type=enum_column(PhotoState))
    role: PhotoRole = Field(sa_type=enum_column(PhotoRole))
    sha256: str = Field(max_length=64, index=True)
    md5: str | None = Field(max_length=32)
    size: int
    content_type: str = Field(max_length=40)
    captured_at: Instant
    lat: float | None
    lon: float | None
    wgs84_lat: float | None
    wgs84_lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None
    announced_at: Instant
    sweep_at: Instant | None
    sweeps: int = 0
    stored_at: Instant | None = None
    blob_sha256: str | None = Field(default=None, foreign_key="blob.sha256", max_length=64)
    reject_code: str | None = Field(default=None, max_length=40)


class Grant(SQLModel, table=True):
    """Lets the units of an area, a line or an answerable unit look at a photo.

    Without a line the photo belongs to all lines together, and only who has all lines sees it.
    Written by whoever uses the photo, which may be before the photo itself is announced: the id
    is the phone's, so there is no foreign key.
    """

    __tablename__ = "photo_grant"
    __table_args__ = (
        sa.UniqueConstraint(
            "photo_id",
            "area_path",
            "line_id",
            "unit_path",
            "audience",
            name="uq_photo_grant_all",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: UUID = id_column()
    photo_id: UUID
    area_path: str = Field(max_length=400)
    line_id: UUID | None = Field(foreign_key="line.id")
    unit_path: str | None = Field(max_length=400)
    audience: Audience = Field(sa_type=enum_column(Audience))
