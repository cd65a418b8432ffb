"""Deletion that is due: the row stays with its digest as a tombstone, the bytes go.

First the rows say so, in one transaction with the event ``photo.deleted``; then a job takes the
bytes from the store. Keys are made of digests, so somebody may send the same bytes anew between
the two: bytes that belong to a photo again are left alone, and what was taken just as they came
back is noticed by their second reading, while the upload still lies in quarantine.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.evidence import custody, queries, queries_deleting
from app.evidence.rules import (
    RENDITION_TYPE,
    RENDITIONS,
    WEBP,
    PhotoState,
    evidence_key,
    quarantine_key,
    rendition_key,
)
from app.evidence.tables import Blob, Custody, Photo, Rendition
from app.infra import business_time, events
from app.infra.handlers import Runtime
from app.kit.errors import Unavailable

_TYPES = (RENDITION_TYPE, WEBP)


def delete(tx: Session, because: Mapping[UUID, Mapping[str, Any]]) -> int:
    """Deletes photos, each with the reason that stands in its event; returns how many.

    What is not stored, or under a hold, is left alone.
    """
    locked = queries.lock_photos(tx, sorted(because))
    held = queries_deleting.held_among(tx, list(locked))
    due = [
        photo
        for photo in locked.values()
        if photo.state is PhotoState.STORED and photo.id not in held
    ]
    now = business_time.now(tx)
    for photo in due:
        photo.state, photo.deleted_at, photo.blob_sha256 = PhotoState.DELETED, now, None
        tx.add(photo)
    tx.flush()
    _forget_bytes(tx, {photo.sha256 for photo in due})
    told = [(photo.id, {"sha256": photo.sha256, **because[photo.id]}) for photo in due]
    events.record_many(tx, "photo.deleted", "photo", told)
    return len(due)


def _forget_bytes(tx: Session, digests: set[str]) -> None:
    """Bytes that no photo is any more have no rows; what their files said of themselves goes too.

    A verification that makes them somebody's meanwhile holds the row by its foreign key.
    """
    unused = queries_deleting.lock_unused(tx, sorted(digests))
    for table, key in (
        (Rendition, Rendition.blob_sha256),
        (Custody, Custody.sha256),
        (Blob, Blob.sha256),
    ):
        tx.exec(sa.delete(table).where(col(key).in_(unused)))


def erase(runtime: Runtime, photo_id: UUID) -> bool:
    """Takes the bytes of a deleted photo from the store, unless they are somebody's; True if so.

    Raises ``Unavailable`` while the same bytes are being verified for another photo.
    """
    with runtime.database.transaction() as tx:
        photo = queries.find_photos(tx, [photo_id])[photo_id]
        if queries.find_blob(tx, photo.sha256) is not None:
            return False
        if queries_deleting.is_being_verified(tx, photo.sha256):
            raise Unavailable("photo.not-stored")
    for variant in RENDITIONS:
        for kind in _TYPES:
            runtime.blobs.erase_evidence(rendition_key(photo.sha256, variant, kind))
    runtime.blobs.erase_evidence(evidence_key(photo.sha256))
    runtime.blobs.drop_quarantine(quarantine_key(photo_id))
    return True


def note_erased(tx: Session, photo_id: UUID, *, erased: bool) -> None:
    """Notes that the bytes are gone; where they came back meanwhile, they are read again."""
    photo: Photo = queries.find_photos(tx, [photo_id])[photo_id]
    if erased and queries.find_blob(tx, photo.sha256) is not None:
        custody.doubt(tx, [photo.sha256])
    elif erased:
        events.record(tx, "photo.erased", subject=("photo", photo_id), sha256=photo.sha256)
