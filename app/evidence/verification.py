"""Verification: reads an upload once, checks and decodes it, makes renditions, keeps the original.

Neither the phone nor the store is believed. The object is read once; length and SHA-256 are
compared with the announcement, the image is decoded whole, and the original is copied into
evidence only if the store says that it is still the object that was read. Each step may be
repeated: keys in evidence are made of the digest.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.config import Settings
from app.evidence import images, queries, service
from app.evidence.rules import RENDITION_TYPE, PhotoState, Size, evidence_key, rendition_key
from app.infra.blobs import Blobs, ObjectChanged, ObjectMissing, StoredObject
from app.infra.db import Database
from app.kit import clock

_PIECE = 1024 * 1024
_SWEEP_BATCH = 50


@dataclass(frozen=True)
class Expected:
    """What a photo's bytes must be."""

    photo_id: UUID
    sha256: str
    size: int
    content_type: str
    is_kept: bool


def quarantine_key(photo_id: UUID) -> str:
    """Where a phone uploads a photo."""
    return f"uploads/{photo_id}"


def verify(
    database: Database, blobs: Blobs, settings: Settings, photo_id: UUID
) -> service.Verdict | None:
    """Looks at an upload, outside of any transaction; None where nothing is left to decide."""
    expected = _expected(database, photo_id)
    if expected is None:
        return None
    try:
        with blobs.open_quarantine(quarantine_key(photo_id)) as found:
            content = _read(found, expected)
            if isinstance(content, service.Refused):
                return content
            return _keep(blobs, settings, expected, found.etag, content)
    except (ObjectMissing, ObjectChanged):
        return service.NotThere()


def _expected(database: Database, photo_id: UUID) -> Expected | None:
    with database.transaction() as tx:
        found = queries.expected_bytes(tx, photo_id)
    return Expected(photo_id, *found) if found else None


def _read(found: StoredObject, expected: Expected) -> bytes | service.Refused:
    """The announced bytes, or why they are not; never more than was announced is held."""
    if found.size != expected.size:
        return service.Refused("photo.size-mismatch")
    digest, pieces, seen = hashlib.sha256(), [], 0
    while seen <= expected.size and (piece := found.body.read(_PIECE)):
        digest.update(piece)
        pieces.append(piece)
        seen += len(piece)
    if seen != expected.size:
        return service.Refused("photo.size-mismatch")
    if digest.hexdigest() != expected.sha256:
        return service.Refused("photo.digest-mismatch")
    return b"".join(pieces)


def _keep(
    blobs: Blobs, settings: Settings, expected: Expected, etag: str, content: bytes
) -> service.Verdict:
    try:
        picture = images.read_picture(content, images.Limits(settings.photo_max_pixels))
    except images.TooManyPixels:
        return service.Refused("photo.too-many-pixels")
    except images.Undecodable:
        return service.Refused("photo.undecodable")
    if not images.same_type(expected.content_type, picture.content_type):
        return service.Refused("photo.type-mismatch")
    sha256 = expected.sha256
    if not expected.is_kept:
        for size, rendition in ((Size.LARGE, picture.large), (Size.THUMB, picture.thumb)):
            blobs.put_evidence(rendition_key(sha256, size), rendition, content_type=RENDITION_TYPE)
        blobs.keep(
            evidence_key(sha256),
            source_key=quarantine_key(expected.photo_id),
            etag=etag,
            content_type=picture.content_type,
        )
    return service.Kept(picture.content_type, picture.width, picture.height)


def clean_up(blobs: Blobs, photo_id: UUID, verdict: service.Verdict | None) -> None:
    """Removes the upload of a decided photo; what is left after a crash, the lifecycle takes."""
    if isinstance(verdict, service.Kept | service.Refused):
        blobs.drop_quarantine(quarantine_key(photo_id))


def sweep(database: Database, blobs: Blobs, settings: Settings) -> int:
    """Begins verification of uploads whose ``complete`` was lost; returns how many were looked at.

    Photos are claimed by moving their next look into the future, so that no store is asked while
    a transaction is open and two sweepers do not do the same work.
    """
    pause = timedelta(seconds=settings.sweep_after_s)
    with database.transaction() as tx:
        due = queries.due_for_sweep(tx, now=clock.real_now(), limit=_SWEEP_BATCH)
        for photo in due:
            photo.sweep_at = clock.real_now() + pause
            tx.add(photo)
        ids = [photo.id for photo in due]
    for photo_id in ids:
        arrived = blobs.in_quarantine(quarantine_key(photo_id))
        with database.transaction() as tx:
            photo = queries.lock_photos(tx, [photo_id])[photo_id]
            if photo.state is PhotoState.ANNOUNCED:
                service.swept(tx, photo, arrived=arrived, pause=pause)
    return len(ids)
