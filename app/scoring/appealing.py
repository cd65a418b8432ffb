"""Appeals (申诉): a unit contests a deduction, a second person decides.

An accepted appeal revises the visit: the answer gets its new value, all else stays. The standing
follows the visit, and the result is calculated anew when it is published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session

from app.checklists.rules import NOT_APPLICABLE, Value
from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.service import GrantTo, grant
from app.infra import business_time, events
from app.inspections import queries as inspections
from app.inspections import queries_visible, revising
from app.inspections.content import AnswerContent, RevisionContent, VisitContent
from app.inspections.restoring import content_of_revision
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.organisation.rules import codes_of
from app.rounds import queries as rounds
from app.scoring import queries_appeals, queries_runs
from app.scoring.queries_appeals import AppealView
from app.scoring.rules_appeals import AppealState, check_may_decide, check_may_file
from app.scoring.tables_results import Appeal
from app.web.principal import Principal


@dataclass(frozen=True)
class Contested:
    """What an appeal says; the id is made by who files it, so that he can repeat."""

    id: UUID
    visit_id: UUID
    item: str
    text: str
    photos: tuple[UUID, ...]


def file_appeal(tx: Session, *, contested: Contested, by: Principal) -> Appeal:
    """Contest a deduction in the caller's reach; the same again is the same appeal.

    Raises ``Conflict`` outside of the window, where nothing was lost, or while another appeal
    about the answer is open.
    """
    known = queries_appeals.find_appeal(tx, contested.id)
    if known is not None:
        return _replayed(tx, known, contested, by)
    view = queries_visible.get_visible_visit(tx, contested.visit_id, by)
    found = rounds.get_round(tx, view.visit.round_id).round
    window = queries_runs.appeal_window(tx, found.id)
    now = business_time.now(tx)
    check_may_file(found.state, window.closes_at if window else None, now)
    answer = _answer(tx, view, contested, by)
    if not answer.answer.earned < answer.answer.possible:
        raise Conflict("appeal.nothing-lost")
    if queries_appeals.is_contested(tx, view.visit.id, answer.item.id):
        raise Conflict("appeal.open")
    path = answer.answerable.path if answer.answerable else None
    _check_photos(tx, contested.photos, by)
    appeal = Appeal(
        id=contested.id,
        round_id=found.id,
        visit_id=view.visit.id,
        revision_id=view.revision.id,
        item_id=answer.item.id,
        unit_id=_unit_of(tx, by),
        area_path=answer.answer.area_path,
        line_id=answer.line.id,
        answerable_path=path,
        text=contested.text,
        photos=list(contested.photos),
        state=AppealState.OPEN,
        filed_by=by.user_id,
        filed_at=now,
    )
    tx.add(appeal)
    tx.flush()
    grant(tx, [GrantTo(one, appeal.area_path, appeal.line_id, path) for one in contested.photos])
    events.record(
        tx,
        "appeal.filed",
        subject=("appeal", appeal.id),
        round_id=str(found.id),
        visit_id=str(appeal.visit_id),
        item=contested.item,
    )
    return appeal


def _replayed(tx: Session, known: Appeal, contested: Contested, by: Principal) -> Appeal:
    item = queries_appeals.item_code(tx, known.item_id)
    same = (known.visit_id, item, known.text, tuple(known.photos), known.filed_by)
    given = (contested.visit_id, contested.item, contested.text, contested.photos, by.user_id)
    if same != given:
        raise Conflict("appeal.id-reused")
    return known


def _answer(
    tx: Session, view: queries_visible.VisitView, contested: Contested, by: Principal
) -> inspections.AnswerView:
    """The contested answer, if it is in the caller's reach; to him there is no other."""
    for one in inspections.list_answers(tx, view.revision.id, by):
        if one.item.code == contested.item:
            return one
    raise Invalid(
        "request.invalid", faults=(Fault("/item", "item.unknown", {"item": contested.item}),)
    )


def _check_photos(tx: Session, photos: Sequence[UUID], by: Principal) -> None:
    states = evidence.states_of(tx, list(photos))
    faults = []
    for index, photo in enumerate(photos):
        if photo not in states:
            named = {"kind": "photo", "value": str(photo)}
            faults.append(Fault(f"/photos/{index}", "field.unknown-reference", named))
        elif states[photo][1] != by.user_id:
            faults.append(Fault(f"/photos/{index}", "photo.not-yours"))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))


def _unit_of(tx: Session, by: Principal) -> UUID:
    code = codes_of(by.postings[0].unit_path)[-1]
    return organisation.get_unit(tx, code).id


@dataclass(frozen=True)
class Ruling:
    """What was decided about an appeal; ``value`` is the answer that stands from now on."""

    decision: str
    value: Value | None = None
    na_reason: str | None = None


def accept_appeal(
    tx: Session, settings: Settings, *, appeal_id: UUID, ruling: Ruling, by: Principal
) -> AppealView:
    """Let the unit be right: the visit is revised, and the standing follows."""
    appeal = _to_decide(tx, appeal_id, by)
    view = queries_visible.get_visible_visit(tx, appeal.visit_id, by)
    content = content_of_revision(tx, view, by)
    item = queries_appeals.item_code(tx, appeal.item_id)
    revision = RevisionContent(
        new_id(), view.revision.number, ruling.decision, corrected(content, item, ruling)
    )
    done = revising.revise_visit(tx, settings, principal=by, view=view, revision=revision)
    _decide(tx, appeal, AppealState.ACCEPTED, ruling.decision, by, done.revision.id)
    return queries_appeals.get_appeal(tx, appeal_id, by)


def refuse_appeal(tx: Session, *, appeal_id: UUID, decision: str, by: Principal) -> AppealView:
    """Let the deduction stand."""
    appeal = _to_decide(tx, appeal_id, by)
    _decide(tx, appeal, AppealState.REFUSED, decision, by, None)
    return queries_appeals.get_appeal(tx, appeal_id, by)


def _to_decide(tx: Session, appeal_id: UUID, by: Principal) -> Appeal:
    queries_appeals.get_appeal(tx, appeal_id, by)
    appeal = queries_appeals.lock_appeal(tx, appeal_id)
    if appeal is None:
        raise NotFound("appeal.not-found")
    check_may_decide(appeal.state, filed_by=appeal.filed_by, by=by.user_id)
    return appeal


def _decide(
    tx: Session,
    appeal: Appeal,
    state: AppealState,
    decision: str,
    by: Principal,
    revision_id: UUID | None,
) -> None:
    appeal.state, appeal.decision = state, decision
    appeal.decided_by, appeal.decided_at = by.user_id, business_time.now(tx)
    appeal.new_revision_id = revision_id
    tx.add(appeal)
    tx.flush()
    events.record(
        tx,
        "appeal.decided",
        subject=("appeal", appeal.id),
        round_id=str(appeal.round_id),
        visit_id=str(appeal.visit_id),
        reason=decision,
        before={"state": AppealState.OPEN.value},
        after={"state": state.value},
    )


def corrected(content: VisitContent, item: str, ruling: Ruling) -> VisitContent:
    """The content of a visit with another answer to one item.

    As many findings stay as the answer still needs; the photos of the others stay under it.
    """
    answers = tuple(_corrected(one, ruling) if one.item == item else one for one in content.answers)
    return replace(content, answers=answers)


def _corrected(answer: AnswerContent, ruling: Ruling) -> AnswerContent:
    value = answer.value if ruling.value is None else ruling.value
    counted = isinstance(value, int) and isinstance(answer.value, int)
    keep = int(value) if counted else 0
    kept, dropped = answer.findings[:keep], answer.findings[keep:]
    moved = tuple(photo for finding in dropped for photo in finding.photos)
    return replace(
        answer,
        value=value,
        na_reason=ruling.na_reason if value == NOT_APPLICABLE else None,
        findings=kept,
        photos=tuple(dict.fromkeys(answer.photos + moved)),
    )
