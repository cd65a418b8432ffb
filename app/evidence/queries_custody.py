"""Reads about what the store is trusted with: bytes in doubt, bytes that are lost, reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.rules import PhotoState, Size
from app.evidence.tables import Blob, Custody, Photo, Rendition, StoreReport, StoreState

_MOST_UPLOADS = 50


@dataclass(frozen=True)
class Doubted:
    """Bytes that are to be read again."""

    sha256: str
    size: int
    content_type: str


# Claimed by moving the next reading into the future: no store is asked inside a transaction, and a
# worker that dies leaves nothing behind.
_CLAIM = sa.text("""
WITH due AS (
  SELECT sha256 FROM blob_custody WHERE recheck_at <= :now
  ORDER BY recheck_at LIMIT :batch FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE blob_custody SET recheck_at = :until FROM due WHERE blob_custody.sha256 = due.sha256
  RETURNING due.sha256
)
SELECT blob.sha256, blob.size, blob.content_type FROM blob JOIN taken USING (sha256)
""")


def claim_doubted(tx: Session, *, now: datetime, until: datetime, batch: int) -> list[Doubted]:
    """Bytes that are due to be read again; nobody else gets them before ``until``."""
    parameters = {"now": now, "until": until, "batch": batch}
    return [Doubted(*row) for row in tx.connection().execute(_CLAIM, parameters)]


def lock_custody(tx: Session, sha256: str) -> Custody | None:
    """How some bytes fare, locked; None where they were deleted meanwhile."""
    return tx.exec(select(Custody).where(Custody.sha256 == sha256).with_for_update()).first()


def uploads_of(tx: Session, sha256: str, *, states: Sequence[PhotoState]) -> Sequence[UUID]:
    """Photos that announced these bytes, whose upload may still lie in quarantine; newest first."""
    rows = select(Photo.id).where(Photo.sha256 == sha256, col(Photo.state).in_(states))
    return tx.exec(rows.order_by(col(Photo.id).desc()).limit(_MOST_UPLOADS)).all()


def stored_photos_of(tx: Session, sha256: str) -> Sequence[UUID]:
    """All photos that are these bytes."""
    rows = select(Photo.id).where(Photo.sha256 == sha256, Photo.state == PhotoState.STORED)
    return tx.exec(rows.order_by(col(Photo.id))).all()


def lost_among(tx: Session, photos: Iterable[Photo]) -> set[str]:
    """Which bytes of these photos are lost; asks only where one of them is stored."""
    digests = {photo.blob_sha256 for photo in photos if photo.blob_sha256}
    if not digests:
        return set()
    lost = col(Custody.lost_at).is_not(None)
    rows = select(Custody.sha256).where(col(Custody.sha256).in_(digests), lost)
    return set(tx.exec(rows).all())


def unsettled_among(tx: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these photos are of bytes that are lost, or to be read again."""
    doubtful = sa.or_(col(Custody.lost_at).is_not(None), col(Custody.recheck_at).is_not(None))
    rows = select(Photo.id).join(Custody, col(Custody.sha256) == col(Photo.sha256))
    return set(tx.exec(rows.where(col(Photo.id).in_(ids), doubtful)).all())


def blobs_between(tx: Session, first: str, last: str) -> list[tuple[str, int, bool]]:
    """Digest, size and whether lost, of all bytes in a range of digests."""
    rows = (
        sa.select(col(Blob.sha256), col(Blob.size), col(Custody.lost_at).is_not(None))
        .outerjoin(Custody, col(Custody.sha256) == col(Blob.sha256))
        .where(col(Blob.sha256).between(first, last))
    )
    return [(row[0], row[1], row[2]) for row in tx.connection().execute(rows)]


def renditions_between(tx: Session, first: str, last: str) -> list[tuple[str, Size, str]]:
    """Digest of the original, size and type of all renditions noted in a range of digests."""
    rows = sa.select(
        col(Rendition.blob_sha256), col(Rendition.variant), col(Rendition.content_type)
    )
    found = tx.connection().execute(rows.where(col(Rendition.blob_sha256).between(first, last)))
    return [(row[0], row[1], row[2]) for row in found]


def known_digests(tx: Session, digests: Sequence[str]) -> set[str]:
    """Which of these digests are kept bytes."""
    return set(tx.exec(select(Blob.sha256).where(col(Blob.sha256).in_(digests))).all())


def count_blobs(tx: Session) -> int:
    """About how many byte strings are kept; from PostgreSQL's own statistics."""
    row = tx.connection().execute(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'blob'"))
    return max(0, int(row.scalar_one()))


@dataclass(frozen=True)
class Counts:
    """How the bytes in custody are: lost for good, and due for a reading, tried or not."""

    lost: int
    unread: int


def count_custody(tx: Session, *, due_by: datetime) -> Counts:
    """Two counts over partial indexes that are empty on a good day."""
    lost = sa.select(sa.func.count()).where(col(Custody.lost_at).is_not(None)).scalar_subquery()
    waits = col(Custody.recheck_at).is_not(None)  # as the index says
    due = sa.select(sa.func.count()).where(waits, col(Custody.due_at) <= due_by)
    unread = due.scalar_subquery()
    row = tx.connection().execute(sa.select(lost, unread)).one()
    return Counts(int(row[0]), int(row[1]))


def store_state(tx: Session) -> StoreState | None:
    """When a worker last had an answer from the store; None before the first."""
    return tx.exec(select(StoreState)).first()


def newest_report(tx: Session) -> StoreReport | None:
    """The newest comparison that was finished."""
    ended = select(StoreReport).where(col(StoreReport.ended_at).is_not(None))
    return tx.exec(ended.order_by(col(StoreReport.ended_at).desc()).limit(1)).first()


def lock_report(tx: Session, report_id: UUID) -> StoreReport:
    """A comparison under way, locked."""
    return tx.exec(select(StoreReport).where(StoreReport.id == report_id).with_for_update()).one()


def lock_night(tx: Session, night: date) -> StoreReport | None:
    """The comparison of a night, unless somebody else has it in hand just now."""
    row: Any = select(StoreReport).where(StoreReport.night == night)
    found: StoreReport | None = tx.exec(row.with_for_update(skip_locked=True)).first()
    return found
