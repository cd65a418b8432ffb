"""Revising a visit: a new whole content with a reason, on top of the present one.

Nothing is overwritten: each revision is stored beside the ones before it, and the head names the
present one. Where it was and who answers for an item stay as the first revision that answered it
froze them; an item that is new is attributed as of the day of the first submission.
"""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.config import Settings
from app.evidence import queries as evidence
from app.infra import business_time, events
from app.inspections import checking, queries, queries_ground, queries_visible, retakes, rules
from app.inspections.content import (
    RevisionContent,
    VisitContent,
    differences,
    parts_of_revision,
    with_photo,
)
from app.inspections.queries_visible import VisitView
from app.inspections.restoring import content_of_revision
from app.inspections.rules import RetakeState
from app.inspections.service import Submitted, answerable_on
from app.inspections.storing import Answerable, Attribution, Sheet, new_revision, store_revision
from app.inspections.tables import Retake, Visit, VisitRevision
from app.kit.errors import Conflict, Fault
from app.kit.ids import new_id
from app.web.principal import Principal

ANY_VISIT = "visit.revise-any"
RETAKE_REASON = "retake"


def revise_visit(
    tx: Session,
    settings: Settings,
    *,
    principal: Principal,
    view: VisitView,
    revision: RevisionContent,
    new_photo_id: UUID | None = None,
) -> Submitted:
    """Store a revision once per id.

    Raises ``Conflict`` for who was not there, and where the id is taken by other content, the
    round is over, or another revision came first; ``Invalid`` as for a visit.
    """
    held = queries_ground.hold_visit(tx, view.visit)
    parts = parts_of_revision(revision)
    known = queries_ground.find_revision(tx, revision.id)
    if known is not None:
        return _replay(tx, known, held.visit, principal, parts)
    _check_may_revise(held, view, principal)
    if revision.based_on != held.revision.number:
        present = held.revision.number
        faults = (Fault("/based_on", "field.stale", {"present": present}),)
        raise Conflict("visit.revision-stale", faults=faults, present=present)
    sheet = _checked_sheet(tx, settings, held, view, revision, parts, principal)
    return _store(tx, held, revision, sheet, principal, new_photo_id)


def _replay(
    tx: Session, known: VisitRevision, visit: Visit, principal: Principal, parts: dict[str, str]
) -> Submitted:
    if known.visit_id != visit.id or known.submitted_by != principal.user_id:
        raise Conflict("visit.revision-id-reused", faults=(Fault("/id", "field.differs"),))
    different = differences(known.content_parts, parts)
    if different:
        faults = tuple(Fault(pointer, "field.differs") for pointer in different)
        raise Conflict("visit.revision-id-reused", faults=faults)
    return Submitted(visit, known, queries.missing_photos(tx, known), replayed=True)


def _check_may_revise(held: queries_ground.Held, view: VisitView, principal: Principal) -> None:
    refusal = rules.may_revise(
        held.round_state,
        was_there=view.was_there(principal),
        is_headquarters=principal.has(ANY_VISIT),
    )
    if refusal is rules.NoRevision.PUBLISHED:
        raise Conflict("visit.published")
    if refusal is rules.NoRevision.ROUND_OVER:
        raise Conflict("visit.round-over")
    if refusal is rules.NoRevision.NOT_THERE:
        raise Conflict("visit.not-yours")


def _checked_sheet(
    tx: Session,
    settings: Settings,
    held: queries_ground.Held,
    view: VisitView,
    revision: RevisionContent,
    parts: dict[str, str],
    principal: Principal,
) -> Sheet:
    content = revision.content
    checked = checking.checked_content(
        tx,
        settings,
        content,
        version_id=held.revision.checklist_version_id,
        states=evidence.states_of(tx, sorted(content.all_photos())),
        by=principal.user_id,
        carried={photo.photo_id for photo in queries.list_photos(tx, held.revision.id)},
    )
    crew = set(checked.crew)
    if view.was_there(principal):
        crew.add(principal.user_id)
    frozen = queries_ground.frozen_answers(tx, held.visit.id)
    path = held.revision.area_path
    attribution = Attribution(
        path,
        answerable_on(tx, settings, area_path=path, at=held.visit.received_at),
        {item: Answerable(*unit) if unit else None for item, unit in frozen.items()},
    )
    return Sheet(content, parts, checked.marked, attribution, sorted(crew))


@dataclass(frozen=True)
class _State:
    """What a revision can change about a visit, for the audit trail."""

    outcome: str
    earned: int
    possible: int
    counting: bool
    not_counting_reason: str | None
    complete: bool

    @classmethod
    def of(cls, visit: Visit, revision: VisitRevision) -> "_State":
        return cls(
            revision.outcome.value,
            revision.earned,
            revision.possible,
            visit.counting,
            visit.not_counting_reason.value if visit.not_counting_reason else None,
            visit.completed_at is not None,
        )


def _store(
    tx: Session,
    held: queries_ground.Held,
    revision: RevisionContent,
    sheet: Sheet,
    principal: Principal,
    new_photo_id: UUID | None,
) -> Submitted:
    visit, now = held.visit, business_time.now(tx)
    before = _State.of(visit, held.revision)
    row = new_revision(
        sheet,
        id_=revision.id,
        visit_id=visit.id,
        version_id=held.revision.checklist_version_id,
        submitted_by=principal.user_id,
        received_at=now,
        number=held.revision.number + 1,
        reason=revision.reason,
    )
    store_revision(tx, visit, row, sheet)
    visit.current_revision_id = row.id
    visit.not_counting_reason = rules.after_revision(
        visit.not_counting_reason, sheet.content.outcome, blind=held.blind, taken=held.taken
    )
    visit.counting = visit.not_counting_reason is None
    named = sheet.content.all_photos()
    retakes.close_retakes(
        tx, visit=visit, named=named, by=principal.user_id, at=now, new_photo_id=new_photo_id
    )
    missing = queries.missing_photos(tx, row)
    if missing:  # whether it is complete again is judged in the reaction, after the commit
        visit.completed_at = None
    tx.add(visit)
    _record(tx, visit, row, before, held.revision)
    tx.flush()
    return Submitted(visit, row, missing, replayed=False)


def _record(
    tx: Session,
    visit: Visit,
    row: VisitRevision,
    before: _State,
    replaced: VisitRevision,
) -> None:
    first, second = asdict(before), asdict(_State.of(visit, row))
    changed = [key for key in first if first[key] != second[key]]
    own = ("/based_on", "/reason")
    parts: list[dict[str, Any]] = [
        {key: value for key, value in revision.content_parts.items() if key not in own}
        for revision in (replaced, row)
    ]
    events.record(
        tx,
        "visit.revised",
        subject=("visit", visit.id),
        round_id=str(visit.round_id),
        revision_id=str(row.id),
        number=row.number,
        reason=row.reason,
        changed=list(differences(*parts)),
        before={key: first[key] for key in changed},
        after={key: second[key] for key in changed},
    )


def fulfil_retake(
    tx: Session, settings: Settings, *, principal: Principal, retake: Retake, photo_id: UUID
) -> Submitted:
    """Put another photo in the place of the one that was asked for again, as a revision.

    Repeating it with the same photo gives the same answer.
    """
    visit = queries_visible.get_visible_visit(tx, retake.visit_id, principal).visit
    queries_ground.hold_visit(tx, visit)
    view = queries_visible.get_visible_visit(tx, visit.id, principal)
    tx.refresh(retake)
    if retake.state is RetakeState.FULFILLED and retake.new_photo_id == photo_id:
        missing = queries.missing_photos(tx, view.revision)
        return Submitted(view.visit, view.revision, missing, replayed=True)
    if retake.state is not RetakeState.OPEN:
        raise Conflict("retake.decided")
    content = content_of_revision(tx, view, principal)
    exchanged = _exchanged(content, retake.photo_id, photo_id)
    revision = RevisionContent(new_id(), view.revision.number, RETAKE_REASON, exchanged)
    return revise_visit(
        tx,
        settings,
        principal=principal,
        view=view,
        revision=revision,
        new_photo_id=photo_id,
    )


def _exchanged(content: VisitContent, old: UUID, new: UUID) -> VisitContent:
    if new in content.all_photos():
        faults = (Fault("/photo_id", "field.duplicate", {"value": str(new)}),)
        raise Conflict("retake.same-photo", faults=faults)
    return with_photo(content, old, new)
