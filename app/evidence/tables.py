"""Photos, the bytes behind them, who may look at them, and what is known of the store."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.evidence.rules import Audience, PhotoRole, PhotoState, Size
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


class Rendition(SQLModel, table=True):
    """A copy without any metadata that was made of a blob; ``size`` counts its bytes."""

    __tablename__ = "rendition"
    __table_args__ = (
        sa.CheckConstraint("variant <> 'original'", name="made"),
        sa.CheckConstraint(f"sha256 {_HEX64}", name="sha256"),
        sa.CheckConstraint("size > 0", name="bytes"),
    )

    blob_sha256: str = Field(foreign_key="blob.sha256", primary_key=True, max_length=64)
    variant: Size = Field(sa_type=enum_column(Size), primary_key=True)
    content_type: str = Field(primary_key=True, max_length=40)
    sha256: str = Field(max_length=64)
    size: int


class Custody(SQLModel, table=True):
    """How the bytes of a blob fare in the store, in real time; the blob itself never changes.

    ``read_at``: last read, and right; ``due_at``: since when they are to be read again, and
    ``recheck_at``: when that is tried next, which each try moves; ``lost_at``: found missing or
    different, and not restored.
    """

    __tablename__ = "blob_custody"
    __table_args__ = (
        sa.CheckConstraint("(due_at IS NULL) = (recheck_at IS NULL)", name="due"),
        sa.Index("ix_blob_custody_read_at", "read_at"),
        sa.Index(
            "ix_blob_custody_recheck_at",
            "recheck_at",
            postgresql_where=sa.text("recheck_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_blob_custody_lost_at", "lost_at", postgresql_where=sa.text("lost_at IS NOT NULL")
        ),
    )

    sha256: str = Field(primary_key=True, foreign_key="blob.sha256", max_length=64)
    read_at: Instant
    due_at: Instant | None = None
    recheck_at: Instant | None = None
    lost_at: Instant | None = None


class Receipt(SQLModel, table=True):
    """What the service signed about a photo, once; ``statement`` is the very text."""

    __tablename__ = "photo_receipt"

    photo_id: UUID = Field(primary_key=True, foreign_key="photo.id")
    key_id: str = Field(foreign_key="signing_key.key_id", max_length=16)
    issued_at: Instant
    statement: str = Field(max_length=1000)
    signature: str = Field(max_length=86)


class PhotoPass(SQLModel, table=True):
    """Lets so many photos of a stranger in until an instant (``passes.py``)."""

    __tablename__ = "photo_pass"
    __table_args__ = (
        sa.UniqueConstraint("digest"),
        sa.CheckConstraint("taken BETWEEN 0 AND most", name="taken"),
    )

    id: UUID = Field(primary_key=True)
    digest: str = Field(max_length=64)
    most: int = Field(sa_type=sa.SmallInteger)
    taken: int = Field(default=0, sa_type=sa.SmallInteger)
    expires_at: Instant


class Photo(SQLModel, table=True):
    """One photo that somebody took; its id is made by the phone, its digest never changes.

    It belongs to the person who announced it, or to the pass that let it in.
    A deleted one stays as a tombstone with its digest; the bytes are gone. ``form_at``: when a form
    to upload it was first given; a form binds no digest.
    """

    __tablename__ = "photo"
    __table_args__ = (
        sa.CheckConstraint(f"sha256 {_HEX64}", name="sha256"),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("num_nonnulls(owner_id, pass_id) = 1", name="whose"),
        sa.CheckConstraint(
            "(state IN ('stored', 'deleted')) = (stored_at IS NOT NULL)", name="stored_when"
        ),
        sa.CheckConstraint("(state = 'deleted') = (deleted_at IS NOT NULL)", name="deleted_when"),
        sa.CheckConstraint("(state = 'rejected') = (reject_code IS NOT NULL)", name="why_rejected"),
        sa.CheckConstraint("(state = 'stored') = (blob_sha256 IS NOT NULL)", name="stored_what"),
        sa.CheckConstraint("blob_sha256 = sha256", name="stored_as_announced"),
        sa.Index(
            "ix_photo_stored", "stored_at", "id", postgresql_where=sa.text("state = 'stored'")
        ),
        sa.Index("ix_photo_sweep", "sweep_at", postgresql_where=sa.text("state = 'announced'")),
        sa.Index(
            "ix_photo_open",
            "owner_id",
            postgresql_where=sa.text("state IN ('announced', 'verifying')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    owner_id: UUID | None = Field(default=None, foreign_key="person.id")
    pass_id: UUID | None = Field(default=None, foreign_key="photo_pass.id")
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
    blob_sha256: str | None = Field(
        default=None, foreign_key="blob.sha256", max_length=64, index=True
    )
    deleted_at: Instant | None = None
    form_at: Instant | None = None
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


class Hold(SQLModel, table=True):
    """Photos that nobody may delete until it is lifted; a cause has at most one open hold."""

    __tablename__ = "photo_hold"
    __table_args__ = (
        sa.Index(
            "uq_photo_hold_cause",
            "cause_kind",
            "cause_id",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL AND cause_id IS NOT NULL"),
        ),
        sa.CheckConstraint("(lifted_at IS NULL) = (lift_reason IS NULL)", name="why_lifted"),
    )

    id: UUID = id_column()
    cause_kind: str = Field(max_length=40)
    cause_id: UUID | None
    reason: str = Field(max_length=2000)
    set_by: UUID | None = Field(foreign_key="person.id")
    set_at: Instant
    lifted_by: UUID | None = Field(default=None, foreign_key="person.id")
    lifted_at: Instant | None = None
    lift_reason: str | None = Field(default=None, max_length=2000)


class HeldPhoto(SQLModel, table=True):
    """A photo under a hold; a trigger refuses to delete it."""

    __tablename__ = "held_photo"

    hold_id: UUID = Field(foreign_key="photo_hold.id", primary_key=True)
    photo_id: UUID = Field(foreign_key="photo.id", primary_key=True, index=True)


class StoreState(SQLModel, table=True):
    """At most one row: when the store last answered a worker, and which promises it breaks."""

    __tablename__ = "store_state"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single_row"),)

    id: int = Field(
        default=1, sa_column=sa.Column(sa.SmallInteger, primary_key=True, autoincrement=False)
    )
    seen_at: Instant
    broken: list[str] = Field(sa_type=JSONB)


class StoreWatcher(SQLModel, table=True):
    """A worker that watches the store, when it last saw it; one that stops in order is gone."""

    __tablename__ = "store_watcher"

    id: UUID = Field(primary_key=True)
    seen_at: Instant


class StoreReport(SQLModel, table=True):
    """One comparison of database and buckets, done slice by slice; ``night`` where it was due.

    ``slices`` ranges of digests and then quarantine; ``step`` counts those that are done.
    """

    __tablename__ = "store_report"
    __table_args__ = (
        sa.UniqueConstraint("night"),
        sa.CheckConstraint("step BETWEEN 0 AND slices + 1", name="step"),
        sa.CheckConstraint("(ended_at IS NOT NULL) = (step = slices + 1)", name="ended"),
        sa.Index("ix_store_report_ended_at", "ended_at"),
    )

    id: UUID = id_column()
    night: date | None
    slices: int
    step: int = 0
    started_at: Instant
    touched_at: Instant
    ended_at: Instant | None = None
    found: dict[str, Any] = Field(sa_type=JSONB)
