"""Reads kept bytes again, and restores from quarantine what the store has lost."""

import hashlib
from datetime import timedelta
from uuid import UUID

import structlog

from app.config import Settings
from app.evidence import custody
from app.evidence import queries_custody as queries
from app.evidence.custody import Loss
from app.evidence.queries_custody import Doubted
from app.evidence.rules import PhotoState, evidence_key, quarantine_key
from app.infra.blobs import Blobs, ObjectChanged, ObjectMissing, StoredObject
from app.infra.db import Database
from app.kit import clock
from app.kit.errors import Unavailable

_PIECE = 1024 * 1024
_BATCH = 20
_AGAIN = timedelta(seconds=30)  # phones wait for their receipts
_log = structlog.get_logger("dudao.evidence")


def recheck(database: Database, blobs: Blobs, settings: Settings) -> int:
    """Reads some bytes that are due; returns how many. What cannot be read now comes again."""
    now = clock.real_now()
    with database.transaction() as tx:
        due = queries.claim_doubted(tx, now=now, until=now + _AGAIN, batch=_BATCH)
    for one in due:
        try:
            _recheck(database, blobs, settings, one)
        except Unavailable as error:
            _log.warning("recheck_postponed", sha256=one.sha256, code=error.code)
    return len(due)


def _recheck(database: Database, blobs: Blobs, settings: Settings, one: Doubted) -> None:
    loss = _loss(blobs, one)
    if loss is None:
        with database.transaction() as tx:
            uploads = custody.confirm(tx, settings, one.sha256)
        for photo_id in uploads:
            blobs.drop_quarantine(quarantine_key(photo_id))
        return
    source = _source(database, blobs, one)
    if source is None:
        _log.error("evidence_lost", sha256=one.sha256, loss=loss.value)
        with database.transaction() as tx:
            custody.lose(tx, one.sha256, loss)
    elif _restore(blobs, one, *source):
        _log.warning("evidence_restored", sha256=one.sha256, loss=loss.value)
        with database.transaction() as tx:
            custody.restored(tx, settings, one.sha256, source="quarantine")
    else:  # the copy still lies in quarantine, and the next reading tries again
        _log.error("evidence_not_restored", sha256=one.sha256, loss=loss.value)


def _loss(blobs: Blobs, one: Doubted) -> Loss | None:
    """What is wrong with the bytes in evidence; None where they are right."""
    try:
        with blobs.open_evidence(evidence_key(one.sha256)) as found:
            return None if _is_right(found, one) else Loss.DIFFERENT
    except ObjectMissing:
        return Loss.MISSING


def _source(database: Database, blobs: Blobs, one: Doubted) -> tuple[UUID, str] | None:
    """An upload of the same bytes that still lies in quarantine, and its tag."""
    with database.transaction() as tx:
        uploads = queries.uploads_of(tx, one.sha256, states=tuple(PhotoState))
    for photo_id in uploads:
        try:
            with blobs.open_quarantine(quarantine_key(photo_id)) as found:
                if _is_right(found, one):
                    return photo_id, found.etag
        except ObjectMissing:
            continue
    return None


def _restore(blobs: Blobs, one: Doubted, photo_id: UUID, etag: str) -> bool:
    """Copies an upload into evidence once more; True where it can be read back."""
    try:
        blobs.keep(
            evidence_key(one.sha256),
            source_key=quarantine_key(photo_id),
            etag=etag,
            content_type=one.content_type,
        )
    except (ObjectMissing, ObjectChanged):
        return False
    return _loss(blobs, one) is None


def _is_right(found: StoredObject, one: Doubted) -> bool:
    """Reads an object to its end, never more than was kept, and compares it."""
    digest, seen = hashlib.sha256(), 0
    while seen <= one.size and (piece := found.body.read(_PIECE)):
        digest.update(piece)
        seen += len(piece)
    return seen == one.size and digest.hexdigest() == one.sha256
