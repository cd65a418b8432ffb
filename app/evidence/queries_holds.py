"""Reads of legal holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.tables import HeldPhoto, Hold, Photo
from app.kit.paging import Page, encode_cursor


@dataclass(frozen=True)
class HoldView:
    """A hold and how many photos are under it."""

    hold: Hold
    photos: int


def find_open_hold(tx: Session, cause_kind: str, cause_id: UUID) -> Hold | None:
    """What a cause holds just now, locked."""
    of_cause = select(Hold).where(Hold.cause_kind == cause_kind, Hold.cause_id == cause_id)
    return tx.exec(of_cause.where(col(Hold.lifted_at).is_(None)).with_for_update()).first()


def lock_hold(tx: Session, hold_id: UUID) -> Hold | None:
    """A hold, locked."""
    return tx.exec(select(Hold).where(Hold.id == hold_id).with_for_update()).first()


def is_held() -> Any:
    """For other queries over photos: a hold that was not lifted names it."""
    return sa.exists().where(
        col(HeldPhoto.photo_id) == col(Photo.id),
        col(Hold.id) == col(HeldPhoto.hold_id),
        col(Hold.lifted_at).is_(None),
    )


def list_holds(
    tx: Session, *, lifted: bool | None, before: UUID | None, limit: int
) -> Page[HoldView]:
    """Holds, the newest first."""
    counted = (
        sa.select(sa.func.count())
        .where(col(HeldPhoto.hold_id) == col(Hold.id))
        .correlate(Hold)
        .scalar_subquery()
    )
    query: Any = sa.select(Hold, counted).order_by(col(Hold.id).desc()).limit(limit + 1)
    if lifted is not None:
        query = query.where(col(Hold.lifted_at).is_not(None) == lifted)
    if before is not None:
        query = query.where(col(Hold.id) < before)
    rows = [HoldView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].hold.id)) if more else None)


def bytes_of_hold(tx: Session, hold_id: UUID) -> dict[str, bool]:
    """The digests of what a hold names and is stored; whether any hold is on them now."""
    other: Any = sa.orm.aliased(Photo)
    names: Any = sa.orm.aliased(HeldPhoto)
    held = sa.exists().where(
        other.blob_sha256 == col(Photo.blob_sha256),
        names.photo_id == other.id,
        col(Hold.id) == names.hold_id,
        col(Hold.lifted_at).is_(None),
    )
    rows = (
        sa.select(col(Photo.blob_sha256), held)
        .join(HeldPhoto, col(HeldPhoto.photo_id) == col(Photo.id))
        .where(col(HeldPhoto.hold_id) == hold_id, col(Photo.blob_sha256).is_not(None))
    )
    return {row[0]: row[1] for row in tx.connection().execute(rows) if row[0]}


def count_held(tx: Session, hold_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many photos are under each of these holds."""
    rows = (
        sa.select(col(HeldPhoto.hold_id), sa.func.count())
        .where(col(HeldPhoto.hold_id).in_(hold_ids))
        .group_by(col(HeldPhoto.hold_id))
    )
    return {row[0]: int(row[1]) for row in tx.connection().execute(rows)}
