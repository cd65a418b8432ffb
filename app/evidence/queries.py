"""Reads of photos, and who may look at them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.rules import PhotoState, Size
from app.evidence.tables import Blob, Grant, Photo, PhotoPass, Rendition
from app.organisation.queries import within_reach
from app.web.principal import Principal

OPEN_STATES = (PhotoState.ANNOUNCED, PhotoState.VERIFYING)


def lock_photos(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Photo]:
    """The photos with these ids, locked in the order of their ids."""
    rows = tx.exec(
        select(Photo).where(col(Photo.id).in_(ids)).order_by(col(Photo.id)).with_for_update()
    ).all()
    return {photo.id: photo for photo in rows}


def find_photos(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Photo]:
    """The photos with these ids, whoever they belong to."""
    rows = tx.exec(select(Photo).where(col(Photo.id).in_(ids))).all()
    return {photo.id: photo for photo in rows}


def lock_pass(tx: Session, pass_id: UUID) -> PhotoPass:
    """A pass, held."""
    return tx.exec(select(PhotoPass).where(PhotoPass.id == pass_id).with_for_update()).one()


def lock_pass_of(tx: Session, digest: str, *, now: datetime) -> PhotoPass | None:
    """The living pass of a token, held."""
    living = select(PhotoPass).where(PhotoPass.digest == digest, PhotoPass.expires_at > now)
    return tx.exec(living.with_for_update()).first()


def list_own(tx: Session, owner_id: UUID, ids: Sequence[UUID]) -> Sequence[Photo]:
    """Those of the photos that belong to their asker."""
    mine = select(Photo).where(col(Photo.id).in_(ids), Photo.owner_id == owner_id)
    return tx.exec(mine).all()


def list_rejected(tx: Session, ids: Sequence[UUID]) -> Sequence[Photo]:
    """Those of the photos that were refused, in the order of their ids."""
    refused = select(Photo).where(col(Photo.id).in_(ids), Photo.state == PhotoState.REJECTED)
    return tx.exec(refused.order_by(col(Photo.id))).all()


def count_open(tx: Session, owner_id: UUID, device_id: UUID | None) -> tuple[int, int]:
    """How many photos of a person are announced and not decided yet: in all, and on a device.

    What the sweeper has given up does not count: it would fill the limit of a lost phone for good.
    """
    everywhere = sa.func.count()
    on_device = everywhere.filter(col(Photo.device_id) == device_id)
    is_alive = sa.or_(col(Photo.state) == PhotoState.VERIFYING, col(Photo.sweep_at).is_not(None))
    found = tx.connection().execute(
        sa.select(everywhere, on_device)
        .select_from(Photo)
        .where(col(Photo.owner_id) == owner_id, col(Photo.state).in_(OPEN_STATES), is_alive)
    )
    row = found.one()
    return int(row[0]), int(row[1])


def visible_to(principal: Principal, *narrowing: Any) -> Any:
    """Photos that the caller took or was granted; of grants for which ``narrowing`` holds."""
    grant = [col(Grant.photo_id) == col(Photo.id), *narrowing]
    reached = within_reach(
        principal.postings,
        area=col(Grant.area_path),
        line=col(Grant.line_id),
        answerable=col(Grant.unit_path),
    )
    own = col(Photo.owner_id) == principal.user_id
    if narrowing:
        own = sa.and_(own, sa.exists().where(*grant))
    return sa.or_(own, sa.exists().where(*grant, reached))


def renditions_of(
    tx: Session, digests: Sequence[str], size: Size
) -> dict[tuple[str, str], Rendition]:
    """What was made of originals at a size, by (digest of the original, type)."""
    rows = select(Rendition).where(
        col(Rendition.blob_sha256).in_(digests), Rendition.variant == size
    )
    return {(row.blob_sha256, row.content_type): row for row in tx.exec(rows).all()}


# A photo whose bytes were lost may be sent again, though it is stored.
_EXPECTED = sa.text("""
SELECT p.sha256, p.size, p.content_type, p.form_at IS NOT NULL,
       b.sha256 IS NOT NULL AND c.lost_at IS NULL,
       b.sha256 IS NOT NULL AND c.lost_at IS NULL AND c.recheck_at IS NULL
FROM photo p LEFT JOIN blob b ON b.sha256 = p.sha256
LEFT JOIN blob_custody c ON c.sha256 = p.sha256
WHERE p.id = :photo_id
  AND (p.state = 'verifying' OR p.state = 'stored' AND c.lost_at IS NOT NULL)
""")


def expected_bytes(tx: Session, photo_id: UUID) -> tuple[str, int, str, bool, bool, bool] | None:
    """Digest, size and type of bytes to be verified; whether a form may have brought them.

    And whether they are kept, and beyond doubt.
    """
    row = tx.connection().execute(_EXPECTED, {"photo_id": photo_id}).first()
    return (row[0], row[1], row[2], row[3], row[4], row[5]) if row else None


def find_blob(tx: Session, sha256: str) -> Blob | None:
    """The kept bytes of a digest."""
    return tx.get(Blob, sha256)


def due_for_sweep(tx: Session, *, now: datetime, limit: int) -> Sequence[Photo]:
    """Announced photos whose upload may have arrived without a word; locked, others skipped."""
    due: Any = (
        select(Photo)
        .where(Photo.state == PhotoState.ANNOUNCED, col(Photo.sweep_at) <= now)
        .order_by(col(Photo.sweep_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(tx.exec(due).all())


def states_of(tx: Session, ids: Sequence[UUID]) -> dict[UUID, tuple[PhotoState, UUID | None]]:
    """State and owner of photos, for whoever refers to them."""
    rows = tx.exec(
        select(Photo.id, Photo.state, Photo.owner_id).where(col(Photo.id).in_(ids))
    ).all()
    return {row[0]: (PhotoState(row[1]), row[2]) for row in rows}
