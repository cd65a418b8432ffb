"""Judging whether all photos of a visit are there.

Runs in reactions, after the commits that it judges, so that of two last steps at the same time at
least one sees both. A photo that was refused never comes: it is asked for again, once.
"""

from uuid import UUID

from sqlmodel import Session

from app.evidence import queries as evidence
from app.evidence.rules import PhotoState
from app.infra import business_time, events
from app.inspections import queries, queries_ground, retakes

REFUSED = "照片未通过校验 · the photo was refused"


def judge_visit(tx: Session, visit_id: UUID) -> bool:
    """Mark a visit complete once every photo that it names is there; True if it is now."""
    visit = queries_ground.lock_visit(tx, visit_id)
    if visit.completed_at is not None:
        return False
    missing = queries.missing_photos(tx, queries.revision_of(tx, visit.current_revision_id))
    if missing:
        states = evidence.states_of(tx, missing)
        for photo in missing:
            if photo in states and states[photo][0] is PhotoState.REJECTED:
                retakes.open_retake(tx, visit=visit, photo_id=photo, reason=REFUSED, by=None)
        return False
    visit.completed_at = business_time.now(tx)
    tx.add(visit)
    events.record(tx, "visit.completed", subject=("visit", visit.id), round_id=str(visit.round_id))
    tx.flush()
    return True


def judge_visits_of_photo(tx: Session, photo_id: UUID) -> None:
    """A photo has been stored or refused: judge every visit that names it."""
    for visit_id in queries.visits_of_photo(tx, photo_id):
        judge_visit(tx, visit_id)
