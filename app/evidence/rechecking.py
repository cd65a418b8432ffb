"""Reads kept bytes again, and restores from quarantine what the store has lost."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import structlog

from app.config import Settings
from app.evidence import custody
from app.evidence import queries_custody as queries
from app.evidence.custody import Loss
from app.evidence.queries_custody import Doubted
from app.evidence.rules import PhotoState, evidence_key, quarantine_key
from app.infra.blobs import Blobs, ObjectMissing, StoredObject
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
    elif _restore(blobs, one, source):
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


def _source(database: Database, blobs: Blobs, one: Doubted) -> bytes | None:
    """The same bytes, from an upload that still lies in quarantine."""
    with database.transaction() as tx:
        uploads = queries.uploads_of(tx, one.sha256, states=tuple(PhotoState))
    for photo_id in uploads:
        try:
            pieces: list[bytes] = []
            with blobs.open_quarantine(quarantine_key(photo_id)) as found:
                if _is_right(found, one, pieces.append):
                    return b"".join(pieces)
        except ObjectMissing:
            continue
    return None


def _restore(blobs: Blobs, one: Doubted, content: bytes) -> bool:
    """Writes the bytes into evidence once more; True where they can be read back."""
    blobs.put_evidence(evidence_key(one.sha256), content, content_type=one.content_type)
    return _loss(blobs, one) is None


def _is_right(
    found: StoredObject, one: Doubted, take: Callable[[bytes], None] = lambda _: None
) -> bool:
    """Reads an object to its end, hardly more than was kept, and compares it."""
    digest, seen = hashlib.sha256(), 0
    while seen <= one.size and (piece := found.body.read(_PIECE)):
        digest.update(piece)
        take(piece)
        seen += len(piece)
    return seen == one.size and digest.hexdigest() == one.sha256
