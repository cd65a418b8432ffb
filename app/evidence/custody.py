"""What becomes of kept bytes: read again, in doubt, lost, found, restored.

``stored`` is what a verification saw; a store may lose it later. Bytes are read a second time a
while after they were kept, and again after every gap in which the store may have crashed. Until
the second reading the upload stays in quarantine, so that what a store lost can be had back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.config import Settings
from app.evidence import queries_custody as queries
from app.evidence import receipts
from app.evidence.rules import PhotoState
from app.evidence.tables import Custody, StoreState, StoreWatcher
from app.infra import events
from app.kit import clock

_AT_ONCE = 1000


class Loss(StrEnum):
    """How bytes are not what they were."""

    MISSING = "missing"
    DIFFERENT = "different"


def confirm(tx: Session, settings: Settings, sha256: str) -> Sequence[UUID]:
    """They were read and are right; returns the photos whose uploads are not needed any more.

    Their photos get receipts. Read again too soon after the reading before (a worker has started
    meanwhile), they are right so far, and the second reading is still to come.
    """
    kept = queries.lock_custody(tx, sha256)
    if kept is None:
        return ()
    was_lost, now = kept.lost_at is not None, clock.real_now()
    second = kept.read_at + timedelta(seconds=settings.second_read_s)
    is_second = was_lost or now >= second
    kept.due_at = kept.recheck_at = None if is_second else second
    kept.lost_at = None
    kept.read_at = now if is_second else kept.read_at
    tx.add(kept)
    if was_lost:
        events.record_many(tx, "photo.found", "photo", _of_each(tx, sha256))
    tx.flush()
    if not is_second:
        return ()
    receipts.issue(tx, settings, sha256)
    return queries.uploads_of(tx, sha256, states=[PhotoState.STORED])


def take(tx: Session, settings: Settings, sha256: str) -> None:
    """Photos of them are stored: they are read again in a while; were they lost, they are back.

    Where they were read twice before, the new photo gets its receipt at once.
    """
    now = clock.real_now()
    again = now + timedelta(seconds=settings.second_read_s)
    fresh = insert(Custody).values(sha256=sha256, read_at=now, due_at=again, recheck_at=again)
    made = fresh.on_conflict_do_nothing().returning(col(Custody.sha256))
    if tx.connection().execute(made).first() is not None:
        return
    known = queries.lock_custody(tx, sha256)
    if known is None:
        return
    if known.lost_at is not None:
        restored(tx, settings, sha256, source="phone")
    elif known.recheck_at is None:
        receipts.issue(tx, settings, sha256)


def restored(tx: Session, settings: Settings, sha256: str, *, source: str) -> None:
    """They were lost and are back from ``source``; they are read again in a while."""
    kept = queries.lock_custody(tx, sha256)
    if kept is None:
        return
    now = clock.real_now()
    kept.read_at, kept.lost_at = now, None
    kept.due_at = kept.recheck_at = now + timedelta(seconds=settings.second_read_s)
    tx.add(kept)
    events.record_many(tx, "photo.restored", "photo", _of_each(tx, sha256, source=source))
    tx.flush()


def lose(tx: Session, sha256: str, loss: Loss) -> None:
    """They are not there, and there is no copy. Told once; the photos stay what they were."""
    kept = queries.lock_custody(tx, sha256)
    if kept is None:
        return
    was_lost = kept.lost_at is not None
    kept.lost_at = kept.lost_at or clock.real_now()
    kept.due_at = kept.recheck_at = None
    tx.add(kept)
    if not was_lost:
        events.record_many(tx, "photo.lost", "photo", _of_each(tx, sha256, reason=loss.value))
    tx.flush()


def _of_each(tx: Session, sha256: str, **data: str) -> list[tuple[UUID, dict[str, str]]]:
    """Every photo that is these bytes, with what is said of it."""
    photos = queries.stored_photos_of(tx, sha256)
    return [(photo_id, {"sha256": sha256, **data}) for photo_id in photos]


def doubt(tx: Session, digests: Sequence[str]) -> None:
    """These bytes are to be read again at once."""
    now = clock.real_now()
    due = {"read_at": now, "due_at": now, "recheck_at": now}
    rows = [{"sha256": one, **due} for one in sorted(digests)]
    for first in range(0, len(rows), _AT_ONCE):
        fresh = insert(Custody).values(rows[first : first + _AT_ONCE])
        update = fresh.on_conflict_do_update(index_elements=["sha256"], set_=_due(now))
        tx.connection().execute(update)


def doubt_since(tx: Session, since: datetime) -> int:
    """All bytes that were last read at or after an instant are to be read again; how many."""
    recent = sa.update(Custody).where(col(Custody.read_at) >= since, col(Custody.lost_at).is_(None))
    return tx.exec(recent.values(_due(clock.real_now()))).rowcount


def _due(now: datetime) -> dict[str, Any]:
    """To be read at once; what was due before stays due since then."""
    return {"due_at": sa.func.least(col(Custody.due_at), now), "recheck_at": now}


def note_answer(tx: Session) -> datetime | None:
    """The store answers now; returns when it did before, None the first time."""
    known, now = queries.store_state(tx), clock.real_now()
    before = known.seen_at if known else None
    fresh = insert(StoreState).values(id=1, seen_at=now, broken=[])
    update = fresh.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now})
    tx.connection().execute(update)
    return before


def watch(tx: Session, watcher: UUID, *, silent_for: timedelta) -> datetime | None:
    """A worker has seen the store; returns when one that ended without a word last did.

    Such a one is forgotten thereby, so that its end is noticed once.
    """
    now = clock.real_now()
    fresh = insert(StoreWatcher).values(id=watcher, seen_at=now)
    update = fresh.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now})
    tx.connection().execute(update)
    silent = sa.delete(StoreWatcher).where(col(StoreWatcher.seen_at) < now - silent_for)
    found = tx.connection().execute(silent.returning(col(StoreWatcher.seen_at)))
    return min(found.scalars(), default=None)


def stop_watching(tx: Session, watcher: UUID) -> None:
    """A worker stops in order."""
    tx.exec(sa.delete(StoreWatcher).where(col(StoreWatcher.id) == watcher))


def note_broken(tx: Session, promises: Sequence[str]) -> None:
    """What a worker found that the store does not do, though the settings rely on it."""
    values = {"id": 1, "seen_at": clock.real_now(), "broken": list(promises)}
    fresh = insert(StoreState).values(values)
    update = fresh.on_conflict_do_update(
        index_elements=["id"], set_={"broken": fresh.excluded.broken}
    )
    tx.connection().execute(update)
