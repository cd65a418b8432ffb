"""Submitting a visit.

A visit is stored once per client id: the same content again gets the same answer, other content
is refused by name of what differs. Everything that a later reorganisation could change is frozen
into the answers: area path, line, answerable unit, marks.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.rules import ARRIVED
from app.infra import business_time, events
from app.infra.db import conflicts
from app.inspections import checking, queries, queries_ground, rules
from app.inspections.content import VisitContent, differences, parts_of
from app.inspections.storing import Answerable, Attribution, Sheet, store_visit
from app.inspections.tables import Visit, VisitRevision
from app.kit.errors import Conflict, Fault
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.rounds.rules import RoundState
from app.web.principal import Principal


@dataclass(frozen=True)
class Submitted:
    """What the phone is told: the visit as stored, and the photos that are still to come."""

    visit: Visit
    revision: VisitRevision
    missing_photos: list[UUID]
    replayed: bool


def submit_visit(
    tx: Session, settings: Settings, *, principal: Principal, content: VisitContent
) -> Submitted:
    """Store a visit once.

    Raises ``Invalid`` with a pointer per fault, ``Conflict`` where the id means another visit or
    the round has not been opened.
    """
    found = queries_ground.lock_ground(tx, content, principal.user_id)
    parts = parts_of(content)
    if found.known:
        return _replay(tx, content.id, principal, parts)
    ground = checking.checked_ground(found, content, principal)
    if ground.round_state is RoundState.PLANNED:
        raise Conflict("round.not-open")
    photos = sorted(content.all_photos())
    states = evidence.states_of(tx, photos)
    checked = checking.checked_content(
        tx, settings, content, version_id=ground.version_id, states=states, by=principal.user_id
    )
    now = business_time.now(tx)
    by_line = answerable_on(tx, settings, area_path=ground.area.path, at=now)
    attribution = Attribution(ground.area.path, by_line)
    sheet = Sheet(content, parts, checked.marked, attribution, checked.crew)
    visit, revision = _store(tx, ground, sheet, principal, now)
    missing = [photo for photo in photos if photo not in states or states[photo][0] not in ARRIVED]
    return Submitted(visit, revision, missing, replayed=False)


def _replay(tx: Session, visit_id: UUID, principal: Principal, parts: dict[str, str]) -> Submitted:
    """A visit that is stored, answered as it is now, if this is what was sent first."""
    visit = queries_ground.find_visit(tx, visit_id)
    if visit is None or visit.submitted_by != principal.user_id:
        raise Conflict("visit.id-reused", faults=(Fault("/id", "field.differs"),))
    first = queries_ground.first_revision(tx, visit_id)
    different = differences(first.content_parts, parts)
    if different:
        faults = tuple(Fault(pointer, "field.differs") for pointer in different)
        raise Conflict("visit.id-reused", faults=faults)
    present = first
    if visit.current_revision_id != first.id:
        present = queries.revision_of(tx, visit.current_revision_id)
    return Submitted(visit, present, queries.missing_photos(tx, present), replayed=True)


def answerable_on(
    tx: Session, settings: Settings, *, area_path: str, at: datetime
) -> dict[UUID, Answerable]:
    """Per line, who answers at a place on the local day of an instant."""
    day = at.astimezone(ZoneInfo(settings.timezone)).date()
    found = organisation.answerable_units(tx, area_path=area_path, on=day)
    return {line: Answerable(one.unit_id, one.unit_path) for line, one in found.items()}


def _store(
    tx: Session,
    ground: queries_ground.Ground,
    sheet: Sheet,
    principal: Principal,
    now: datetime,
) -> tuple[Visit, VisitRevision]:
    content = sheet.content
    late = rules.is_late(ground.round_state)
    why_not = rules.why_not_counting(
        late=late, outcome=content.outcome, blind=ground.blind, taken=ground.taken
    )
    head = Visit(
        id=content.id,
        round_id=content.round_id,
        site_id=ground.site.id,
        task_id=content.task_id,
        checklist_id=ground.checklist_id,
        source=ground.source,
        submitted_by=principal.user_id,
        current_revision_id=new_id(),
        counting=why_not is None,
        not_counting_reason=why_not,
        late=late,
        received_at=now,
        completed_at=None,
    )
    reused = Conflict("visit.id-reused", faults=(Fault("/id", "field.differs"),))
    with conflicts(tx, {"pk_visit": reused}):  # at another site at the same time
        revision = store_visit(tx, head, ground.version_id, sheet)
    events.record(
        tx,
        "visit.submitted",
        subject=("visit", content.id),
        round_id=str(content.round_id),
        revision_id=str(revision.id),
        outcome=content.outcome.value,
        counting=why_not is None,
        not_counting_reason=why_not.value if why_not else None,
        late=late,
    )
    tx.flush()
    return head, revision
