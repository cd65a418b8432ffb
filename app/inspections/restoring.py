"""The content of a stored revision, as it was sent."""

from uuid import UUID

from sqlmodel import Session

from app.checklists.rules import NOT_APPLICABLE, AnswerType, Value
from app.inspections import queries, queries_visible
from app.inspections.content import AnswerContent, FindingContent, PlaceGiven, VisitContent
from app.inspections.tables import Answer, Finding, VisitRevision
from app.inspections.tables import VisitPhoto as Named
from app.web.principal import Principal

_NUMBERS = (AnswerType.COUNT_DEDUCT, AnswerType.NUMBER_MIN)


def content_of_revision(
    tx: Session, view: queries_visible.VisitView, principal: Principal
) -> VisitContent:
    """What a revision says, whole, whatever the reach of the caller."""
    visit, revision = view.visit, view.revision
    answers = queries.list_answers(tx, revision.id, principal, whole=True)
    photos = queries.list_photos(tx, revision.id)
    checklist, number = queries.checklist_of(tx, revision.checklist_version_id)
    return VisitContent(
        id=visit.id,
        round_id=visit.round_id,
        site=view.site.code,
        checklist=checklist,
        version=number,
        task_id=visit.task_id,
        started_at=revision.started_at,
        ended_at=revision.ended_at,
        place=_place(revision),
        note=revision.note,
        photos=tuple(photo.photo_id for photo in photos if photo.item_id is None),
        answers=tuple(_answer(one) for one in sorted(answers, key=lambda one: one.answer.position)),
        outcome=revision.outcome,
        crew=tuple(person.login for person in view.people if person.id != visit.submitted_by),
    )


def _place(row: VisitRevision | Finding) -> PlaceGiven | None:
    if row.lat is None or row.lon is None or row.crs is None:
        return None
    return PlaceGiven(row.lat, row.lon, row.crs, row.accuracy_m)


def _answer(view: queries.AnswerView) -> AnswerContent:
    return AnswerContent(
        item=view.item.code,
        value=_value(view.answer, view.item.answer_type),
        na_reason=view.answer.na_reason,
        photos=_photos(view.photos, None),
        findings=tuple(
            FindingContent(one.id, one.note, _place(one), _photos(view.photos, one))
            for one in view.findings
        ),
    )


def _value(answer: Answer, kind: AnswerType) -> Value:
    number = kind in _NUMBERS and answer.value != NOT_APPLICABLE
    return int(answer.value) if number else answer.value


def _photos(photos: list[Named], finding: Finding | None) -> tuple[UUID, ...]:
    wanted = finding.id if finding else None
    return tuple(photo.photo_id for photo in photos if photo.finding_id == wanted)
