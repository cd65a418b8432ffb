"""Asking for a photo again, and giving up on one.

A retake is asked for at most once per visit and photo. It is fulfilled by a revision that does
not name the photo any more, or waived by headquarters, after which nobody waits for the photo.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.inspections import queries, queries_ground, queries_retakes
from app.inspections.rules import RetakeState
from app.inspections.tables import Retake, Visit
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.ids import new_id
from app.rounds.rules import RoundState


def open_retake(
    tx: Session, *, visit: Visit, photo_id: UUID, reason: str, by: UUID | None
) -> Retake | None:
    """Ask for a photo again; None where that was done before. The visit must be locked."""
    retake_id = new_id()
    row = {
        "id": retake_id,
        "visit_id": visit.id,
        "photo_id": photo_id,
        "state": RetakeState.OPEN,
        "reason": reason,
        "asked_by": by,
        "asked_at": business_time.now(tx),
    }
    if not insert_rows(tx, Retake, [row], skip_known=True):
        return None
    events.record(
        tx,
        "retake.asked",
        subject=("visit", visit.id),
        round_id=str(visit.round_id),
        photo_id=str(photo_id),
        reason=reason,
    )
    return queries_retakes.get_retake(tx, retake_id)


def ask_retake(tx: Session, *, visit: Visit, photo_id: UUID, reason: str, by: UUID) -> Retake:
    """Ask by hand for a photo that the present revision names; asking again changes nothing."""
    held = queries_ground.hold_visit(tx, visit)
    if held.round_state is RoundState.PUBLISHED:
        raise Conflict("visit.published")
    if all(photo.photo_id != photo_id for photo in queries.list_photos(tx, held.revision.id)):
        unknown = {"kind": "photo", "value": str(photo_id)}
        faults = (Fault("/photo_id", "field.unknown-reference", unknown),)
        raise Invalid("visit.invalid", faults=faults)
    opened = open_retake(tx, visit=held.visit, photo_id=photo_id, reason=reason, by=by)
    return opened or queries_retakes.retake_of(tx, visit_id=visit.id, photo_id=photo_id)


def waive_retake(tx: Session, *, retake_id: UUID, visit: Visit, reason: str, by: UUID) -> Retake:
    """Do without the photo; the visit is judged anew by the reaction."""
    held = queries_ground.hold_visit(tx, visit)
    retake = queries_retakes.get_retake(tx, retake_id)
    if retake.state is RetakeState.WAIVED:
        return retake
    if retake.state is not RetakeState.OPEN:
        raise Conflict("retake.decided")
    if held.round_state is RoundState.PUBLISHED:
        raise Conflict("visit.published")
    _decide(retake, RetakeState.WAIVED, by=by, at=business_time.now(tx), words=reason)
    tx.add(retake)
    events.record(
        tx,
        "retake.waived",
        subject=("visit", visit.id),
        round_id=str(visit.round_id),
        photo_id=str(retake.photo_id),
        reason=reason,
        before={"state": RetakeState.OPEN.value},
        after={"state": RetakeState.WAIVED.value},
    )
    tx.flush()
    return retake


def close_retakes(
    tx: Session,
    *,
    visit: Visit,
    named: Collection[UUID],
    by: UUID,
    at: datetime,
    new_photo_id: UUID | None,
) -> None:
    """A revision names these photos: what was asked for and is not among them is fulfilled."""
    for retake in queries_retakes.open_retakes(tx, visit.id):
        if retake.photo_id in named:
            continue
        _decide(retake, RetakeState.FULFILLED, by=by, at=at, words=None)
        retake.new_photo_id = new_photo_id
        tx.add(retake)
        events.record(
            tx,
            "retake.fulfilled",
            subject=("visit", visit.id),
            round_id=str(visit.round_id),
            photo_id=str(retake.photo_id),
            before={"state": RetakeState.OPEN.value},
            after={"state": RetakeState.FULFILLED.value},
        )


def _decide(
    retake: Retake, state: RetakeState, *, by: UUID, at: datetime, words: str | None
) -> None:
    retake.state, retake.decided_by, retake.decided_at = state, by, at
    retake.decision = words
