"""What becomes of contacts with time: sealed anew under a new key, and erased."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlmodel import Session

from app.citizens import keyfile, queries
from app.citizens.sealing import KeyRing, Sealed, Unopenable
from app.config import Settings
from app.infra import business_time, events
from app.infra.handlers import Runtime

_BATCH = 200
_log = structlog.get_logger("dudao.contacts")


def tend(runtime: Runtime) -> int:
    """One turn of the worker: erase what is due, then seal anew; returns how many were done."""
    with runtime.database.transaction() as tx:
        erased = erase_due(tx, runtime.settings)
    ring = keyfile.find_ring(runtime.settings)
    if ring is None:
        return erased
    sealed, after = 0, None
    while True:
        with runtime.database.transaction() as tx:
            count, after = seal_anew(tx, ring, after=after)
        sealed += count
        if after is None:
            return erased + sealed


def erase_due(tx: Session, settings: Settings) -> int:
    """Erase contacts of cases that have been over for long enough; each erasure is told."""
    before = business_time.now(tx) - timedelta(days=settings.contact_days)
    due = queries.contacts_over(tx, before=before, limit=_BATCH)
    if not due:
        return 0
    cases = queries.problems_of(tx, due)
    contacts = queries.lock_contacts(tx, due)
    for contact in contacts:
        tx.delete(contact)
    told = [(cases[one.report_id], {"days": settings.contact_days}) for one in contacts]
    events.record_many(tx, "contact.erased", "problem", told)
    tx.flush()
    return len(contacts)


def seal_anew(tx: Session, ring: KeyRing, *, after: UUID | None) -> tuple[int, UUID | None]:
    """Some contacts under the newest key, and where to go on; None at the end.

    What no key opens stays as it is: its key may come back.
    """
    found = queries.lock_sealed_otherwise(tx, key_id=ring.newest, after=after, limit=_BATCH)
    done = 0
    for contact in found:
        try:
            text = ring.open(Sealed(contact.key_id, contact.sealed), report_id=contact.report_id)
        except Unopenable:
            _log.error("contact_key_missing", key=contact.key_id)
            continue
        sealed = ring.seal(text, report_id=contact.report_id)
        contact.key_id, contact.sealed = sealed.key_id, sealed.content
        tx.add(contact)
        done += 1
    tx.flush()
    return done, found[-1].report_id if len(found) == _BATCH else None
