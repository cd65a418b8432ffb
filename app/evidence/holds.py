"""Legal holds: photos that nobody may delete, with the reason, until the hold is lifted.

Anything may hold photos: an appeal for as long as it is open, headquarters by hand. The database
refuses to delete a photo under a hold, whoever asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.evidence import queries, queries_holds
from app.evidence.rules import PhotoState
from app.evidence.tables import HeldPhoto, Hold
from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.errors import Conflict, NotFound

BY_HAND = "headquarters"


@dataclass(frozen=True)
class Cause:
    """What holds: a kind of thing and which one; an office by hand names none."""

    kind: str
    id: UUID | None = None


def hold(
    tx: Session, *, photos: Sequence[UUID], cause: Cause, reason: str, by: UUID | None
) -> Hold:
    """Holds photos; those of a cause that holds already join its hold.

    Raises ``Conflict`` where one of them is deleted already. The photos are locked, so that a
    deletion under way comes first or sees the hold.
    """
    locked = queries.lock_photos(tx, sorted(photos))
    if len(locked) < len(set(photos)):
        raise NotFound("photo.not-found")
    if any(photo.state is PhotoState.DELETED for photo in locked.values()):
        raise Conflict("photo.deleted")
    found = queries_holds.find_open_hold(tx, cause.kind, cause.id) if cause.id else None
    if found is None:
        found = Hold(
            cause_kind=cause.kind,
            cause_id=cause.id,
            reason=reason,
            set_by=by,
            set_at=business_time.now(tx),
        )
        tx.add(found)
        tx.flush()
    rows = [{"hold_id": found.id, "photo_id": photo_id} for photo_id in dict.fromkeys(photos)]
    new = insert_rows(tx, HeldPhoto, rows, skip_known=True)
    if new:
        events.record(
            tx,
            "photo-hold.set",
            subject=("photo-hold", found.id),
            reason=reason,
            cause=cause.kind,
            cause_id=str(cause.id) if cause.id else None,
            photos=new,
        )
    return found


def lift(tx: Session, *, hold_id: UUID, reason: str, by: UUID | None) -> Hold:
    """Ends a hold; its photos follow their retention class again. Repeating changes nothing."""
    found = queries_holds.lock_hold(tx, hold_id)
    if found is None:
        raise NotFound("photo-hold.not-found")
    if found.lifted_at is None:
        found.lifted_at, found.lifted_by = business_time.now(tx), by
        found.lift_reason = reason
        tx.add(found)
        events.record(tx, "photo-hold.lifted", subject=("photo-hold", found.id), reason=reason)
        tx.flush()
    return found


def lift_for(tx: Session, *, cause: Cause, reason: str, by: UUID | None) -> None:
    """Ends what a cause holds, if it holds anything."""
    found = queries_holds.find_open_hold(tx, cause.kind, cause.id) if cause.id else None
    if found is not None:
        lift(tx, hold_id=found.id, reason=reason, by=by)
