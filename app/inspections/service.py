"""Submitting a visit, and judging whether all its photos are there.

A visit is stored once per client id: the same content again gets the same answer, other content
is refused by name of what differs. Everything that a later reorganisation could change is frozen
into the answers: area path, line, answerable unit, marks.
"""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.rules import PhotoState
from app.infra import business_time, events
from app.infra.db import violated_constraint
from app.inspections import checking, queries, rules
from app.inspections.content import VisitContent, differences, parts_of
from app.inspections.storing import Attribution, store
from app.inspections.tables import Visit, VisitRevision
from app.kit.errors import Conflict, Fault
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.rounds import queries_tasks as tasks
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
    found = queries.lock_ground(
        tx,
        round_id=content.round_id,
        site=content.site,
        checklist=content.checklist,
        number=content.version,
    )
    parts = parts_of(content)
    known = queries.find_visit(tx, content.id)
    if known is not None:
        return _replay(tx, known, principal, parts)
    ground = checking.checked_ground(tx, found, content, principal)
    if ground.round_state is RoundState.PLANNED:
        raise Conflict("round.not-open")
    states = evidence.states_of(tx, sorted(content.all_photos()))
    marked = checking.checked_answers(tx, ground, content, states, principal)
    visit, revision = _store(tx, settings, ground, content, parts, marked, principal)
    missing = [
        photo
        for photo in sorted(content.all_photos())
        if photo not in states or states[photo][0] is not PhotoState.STORED
    ]
    return Submitted(visit, revision, missing, replayed=False)


def _replay(
    tx: Session, known: queries.VisitView, principal: Principal, parts: dict[str, str]
) -> Submitted:
    if known.visit.submitted_by != principal.user_id:
        raise Conflict("visit.id-reused", faults=(Fault("/id", "field.differs"),))
    different = differences(known.revision.content_parts, parts)
    if different:
        faults = tuple(Fault(pointer, "field.differs") for pointer in different)
        raise Conflict("visit.id-reused", faults=faults)
    missing = queries.missing_photos(tx, known.revision)
    return Submitted(known.visit, known.revision, missing, replayed=True)


def _store(
    tx: Session,
    settings: Settings,
    ground: queries.Ground,
    content: VisitContent,
    parts: dict[str, str],
    marked: list[rules.Marked],
    principal: Principal,
) -> tuple[Visit, VisitRevision]:
    now = business_time.now(tx)
    late = rules.is_late(ground.round_state)
    blind = content.task_id is not None and tasks.is_blind(tx, content.task_id)
    counting = not (late or blind) and not queries.has_counting_visit(
        tx,
        round_id=content.round_id,
        site_id=ground.site.id,
        source=ground.source,
        checklist_id=ground.checklist_id,
    )
    answerable = organisation.answerable_units(
        tx,
        area_path=ground.area.path,
        on=now.astimezone(ZoneInfo(settings.timezone)).date(),
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
        counting=counting,
        late=late,
        received_at=now,
        completed_at=None,
    )
    attribution = Attribution(ground.area.path, ground.version_id, answerable)
    try:
        revision = store(tx, head, content, parts, marked, attribution)
    except IntegrityError as error:
        raise _clash(error) from error
    events.record(
        tx,
        "visit.submitted",
        subject=("visit", content.id),
        round_id=str(content.round_id),
        revision_id=str(revision.id),
        counting=counting,
        late=late,
    )
    tx.flush()
    return head, revision


def _clash(error: IntegrityError) -> Exception:
    """Two visits at different sites under one id, or a finding's id of another visit."""
    name = violated_constraint(error)
    if name == "pk_visit":
        return Conflict("visit.id-reused", faults=(Fault("/id", "field.differs"),))
    if name == "pk_finding":
        return Conflict("visit.id-reused", faults=(Fault("/answers", "field.differs"),))
    return error


def judge_visit(tx: Session, visit_id: UUID) -> bool:
    """Mark a visit complete once every photo that it names is stored; True if it is now.

    Runs only in reactions, after the commits that it judges, so that of two last steps at the
    same time at least one sees both.
    """
    visit = queries.lock_visit(tx, visit_id)
    if visit.completed_at is not None:
        return False
    if queries.missing_photos(tx, queries.revision_of(tx, visit.current_revision_id)):
        return False
    visit.completed_at = business_time.now(tx)
    tx.add(visit)
    events.record(tx, "visit.completed", subject=("visit", visit.id), round_id=str(visit.round_id))
    tx.flush()
    return True


def judge_visits_of_photo(tx: Session, photo_id: UUID) -> None:
    """A photo has been stored: judge every visit that names it."""
    for visit_id in queries.visits_of_photo(tx, photo_id):
        judge_visit(tx, visit_id)
