"""Verification: reads an upload once, checks and decodes it, keeps the original, adds renditions.

Neither the phone nor the store is believed. The object is read once, straight into the memory of a
confined child; length and SHA-256 are compared with the announcement, the image is decoded whole,
and the original is copied into evidence only if the store says that it is still the object that
was read. Where that is not sure, the checked bytes themselves are written. Each step may be
repeated: keys in evidence are made of the digest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.config import Settings
from app.evidence import decoding, queries, service
from app.evidence.rules import (
    RENDITION_TYPE,
    RENDITIONS,
    WEBP,
    PhotoState,
    Refusal,
    Unfit,
    evidence_key,
    quarantine_key,
    rendition_key,
    same_type,
)
from app.infra.blobs import Blobs, ObjectChanged, ObjectMissing, StoredObject
from app.infra.confined import Cell
from app.infra.db import Database
from app.infra.handlers import Runtime
from app.infra.store_profile import may_copy
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
    by_form: bool
    is_kept: bool
    is_settled: bool


def verify(runtime: Runtime, photo_id: UUID, *, attempt: int = 1) -> service.Verdict | None:
    """Looks at an upload, outside of any transaction; None where nothing is left to decide.

    ``attempt`` counts from 1; a photo on which children are lost again and again is refused at
    the last.
    """
    expected = _expected(runtime.database, photo_id)
    if expected is None:
        return None
    try:
        with runtime.decoders.cell() as cell:
            etag, reading = _read(runtime, expected, cell, attempt)
            made = _renditions(reading)
            if not expected.is_kept:
                _keep(runtime, expected, cell, etag, reading.content_type)
                _put_renditions(runtime.blobs, expected.sha256, made)
    except Unfit as unfit:
        return service.Refused(unfit.refusal)
    except ObjectMissing:
        return service.NotThere()
    return service.Kept(
        reading.content_type,
        reading.width,
        reading.height,
        reading.exif,
        is_settled=expected.is_settled,
        renditions=() if expected.is_kept else tuple(one for one, _ in made),
    )


def _expected(database: Database, photo_id: UUID) -> Expected | None:
    with database.transaction() as tx:
        found = queries.expected_bytes(tx, photo_id)
    return Expected(photo_id, *found) if found else None


def _read(
    runtime: Runtime, expected: Expected, cell: Cell, attempt: int
) -> tuple[str, decoding.Reading]:
    """The announced picture, and the tag of the object that it came from; or ``Unfit``."""
    with runtime.blobs.open_quarantine(quarantine_key(expected.photo_id)) as found:
        _check(found, expected, cell.write)
    settings = runtime.settings
    most, webp = settings.photo_max_pixels, settings.photo_webp
    reading = decoding.read_picture(cell, max_pixels=most, attempt=attempt, webp=webp)
    if not same_type(expected.content_type, reading.content_type):
        raise Unfit(Refusal.TYPE_MISMATCH, reading.content_type)
    return found.etag, reading


def _check(found: StoredObject, expected: Expected, take: Callable[[bytes], None]) -> None:
    """Passes the announced bytes on, never more of them; raises ``Unfit`` where they differ."""
    if not found.size:
        raise Unfit(Refusal.EMPTY, "an object without bytes")
    if found.size != expected.size:
        raise Unfit(Refusal.SIZE_MISMATCH, f"the store says {found.size}")
    digest, seen = hashlib.sha256(), 0
    while piece := found.body.read(_PIECE):
        seen += len(piece)
        if seen > expected.size:
            break
        digest.update(piece)
        take(piece)
    if seen != expected.size:
        raise Unfit(Refusal.SIZE_MISMATCH, f"{seen} bytes came")
    if digest.hexdigest() != expected.sha256:
        raise Unfit(Refusal.DIGEST_MISMATCH, digest.hexdigest())


def _keep(runtime: Runtime, expected: Expected, cell: Cell, etag: str, content_type: str) -> None:
    """The original: copied inside the store, or the bytes that were checked written once more."""
    if may_copy(runtime.blobs.profile, by_form=expected.by_form):
        _copy_unchanged(runtime, expected, etag, content_type)
    else:
        original = evidence_key(expected.sha256)
        runtime.blobs.put_evidence(original, cell.content(), content_type=content_type)


def _renditions(reading: decoding.Reading) -> list[tuple[service.Made, bytes]]:
    """What was made of the picture, and what is noted of each."""
    jpeg = zip(RENDITIONS, (reading.large, reading.thumb), strict=True)
    webp = zip(RENDITIONS, reading.webp, strict=False)  # none, unless it was asked for
    made = [(size, RENDITION_TYPE, content) for size, content in jpeg]
    made += [(size, WEBP, content) for size, content in webp]
    return [
        (service.Made(size, kind, hashlib.sha256(content).hexdigest(), len(content)), content)
        for size, kind, content in made
    ]


def _put_renditions(blobs: Blobs, sha256: str, made: list[tuple[service.Made, bytes]]) -> None:
    for one, content in made:
        key = rendition_key(sha256, one.variant, one.content_type)
        blobs.put_evidence(key, content, content_type=one.content_type)


def _copy_unchanged(runtime: Runtime, expected: Expected, etag: str, content_type: str) -> None:
    """The copy inside the store; an object that came after the check gets one second look."""
    try:
        _copy(runtime, expected, etag, content_type)
    except ObjectChanged:
        etag = _read_again(runtime.blobs, expected)
        try:
            _copy(runtime, expected, etag, content_type)
        except ObjectChanged as error:
            raise Unfit(Refusal.SWAPPED, "the object does not stay the same") from error


def _copy(runtime: Runtime, expected: Expected, etag: str, content_type: str) -> None:
    runtime.blobs.keep(
        evidence_key(expected.sha256),
        source_key=quarantine_key(expected.photo_id),
        etag=etag,
        content_type=content_type,
    )


def _read_again(blobs: Blobs, expected: Expected) -> str:
    """The tag of an object that came after the check: the same bytes once more, or ``Unfit``."""
    try:
        with blobs.open_quarantine(quarantine_key(expected.photo_id)) as found:
            _check(found, expected, lambda _: None)
    except Unfit as unfit:
        raise Unfit(Refusal.SWAPPED, "other bytes after the check") from unfit
    return found.etag


def clean_up(blobs: Blobs, photo_id: UUID, verdict: service.Verdict | None) -> None:
    """Removes the upload of a refused photo, and that of bytes which were kept long before.

    The upload of new bytes stays until they have been read a second time (``rechecking``); what is
    left after a crash, the expiry of quarantine takes.
    """
    is_settled = isinstance(verdict, service.Kept) and verdict.is_settled
    if is_settled or isinstance(verdict, service.Refused):
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
