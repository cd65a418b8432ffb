"""Between rows of inspections and their wire shapes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.checklists.rules import written
from app.evidence.presenting import state_out as photo_state_out
from app.evidence.tables import Photo
from app.inspections import queries
from app.inspections.content import (
    AnswerContent,
    FindingContent,
    PlaceGiven,
    RevisionContent,
    VisitContent,
)
from app.inspections.queries_visible import VisitView
from app.inspections.schemas import (
    AnswerIn,
    AnswerOut,
    Content,
    FindingOut,
    RevisionIn,
    VisitDetailOut,
    VisitIn,
    VisitOut,
    VisitState,
)
from app.inspections.tables import Finding, Visit, VisitPhoto, VisitRevision
from app.kit.marks import score_of
from app.organisation.presenting import named
from app.people.tables import Person
from app.rounds.schemas import ChecklistRef
from app.web.language import Language, pick
from app.web.principal import Principal
from app.web.wire import Location, Named

READ_PEOPLE = "visit.read-people"


def content_of(body: VisitIn) -> VisitContent:
    """A visit on the wire as the service takes it."""
    return VisitContent(
        id=body.id,
        round_id=body.round_id,
        site=body.site,
        checklist=body.checklist.code,
        version=body.checklist.version,
        task_id=body.task_id,
        **_said(body),
    )


def revision_content_of(
    body: RevisionIn, view: VisitView, checklist: tuple[str, int]
) -> RevisionContent:
    """A revision on the wire as the service takes it; what it revises stays where it was."""
    visit = view.visit
    content = VisitContent(
        id=visit.id,
        round_id=visit.round_id,
        site=view.site.code,
        checklist=checklist[0],
        version=checklist[1],
        task_id=visit.task_id,
        **_said(body),
    )
    return RevisionContent(body.id, body.based_on, body.reason, content)


def _said(body: Content) -> dict[str, Any]:
    return {
        "outcome": body.outcome,
        "crew": tuple(dict.fromkeys(body.crew)),
        "started_at": body.started_at,
        "ended_at": body.ended_at,
        "place": _place(body.location),
        "note": body.note,
        "photos": tuple(body.photos),
        "answers": tuple(_answer(answer) for answer in body.answers),
    }


def _answer(answer: AnswerIn) -> AnswerContent:
    return AnswerContent(
        item=answer.item,
        value=answer.value,
        na_reason=answer.na_reason,
        photos=tuple(answer.photos),
        findings=tuple(
            FindingContent(
                finding.id, finding.note, _place(finding.location), tuple(finding.photos)
            )
            for finding in answer.findings
        ),
    )


def _place(location: Location | None) -> PlaceGiven | None:
    if location is None:
        return None
    return PlaceGiven(location.lat, location.lon, location.crs, location.accuracy_m)


def visit_out(visit: Visit, revision: VisitRevision, site: str, missing: list[UUID]) -> VisitOut:
    """What a phone is told about a visit that it sent."""
    return VisitOut(
        id=visit.id,
        revision=revision.number,
        round_id=visit.round_id,
        site=site,
        outcome=revision.outcome,
        earned=written(revision.earned),
        possible=written(revision.possible),
        score=score_of(revision.earned, revision.possible),
        counting=visit.counting,
        not_counting_reason=visit.not_counting_reason,
        late=visit.late,
        late_decision=visit.late_decision,
        received_at=visit.received_at,
        missing_photos=missing,
    )


def state_of(visit: Visit) -> VisitState:
    """Whether the visit waits for photos."""
    return "complete" if visit.completed_at else "waiting-for-photos"


def person_named(person: Person) -> Named:
    """Somebody, for those who may know who was there."""
    return Named(code=person.login, name=person.name)


def visit_detail_out(
    short: VisitOut,
    view: VisitView,
    checklist: tuple[str, int],
    answers: list[queries.AnswerView],
    photos: Sequence[VisitPhoto],
    rejected: Sequence[Photo],
    *,
    reader: Principal,
    language: Language,
) -> VisitDetailOut:
    """A visit with the answers that the caller may see."""
    revision, people = view.revision, [person_named(person) for person in view.people]
    knows = reader.has(READ_PEOPLE)
    return VisitDetailOut(
        **dict(short),
        checklist=ChecklistRef(code=checklist[0], version=checklist[1]),
        state=state_of(view.visit),
        note=revision.note,
        started_at=revision.started_at,
        ended_at=revision.ended_at,
        submitted_by=people[0] if knows else None,
        crew=people[1:] if knows else None,
        photos=[photo.photo_id for photo in photos if photo.item_id is None],
        rejected_photos=[photo_state_out(photo, language) for photo in rejected],
        answers=[_answer_out(answer, language) for answer in answers],
    )


def _answer_out(view: queries.AnswerView, language: Language) -> AnswerOut:
    answer, item = view.answer, view.item
    return AnswerOut(
        item=item.code,
        text=pick(language, item.text_zh, item.text_en),
        value=answer.value,
        na_reason=answer.na_reason,
        earned=written(answer.earned),
        possible=written(answer.possible),
        line=Named(code=view.line.code, name=pick(language, view.line.name_zh, view.line.name_en)),
        answerable_unit=named(view.answerable, language) if view.answerable else None,
        photos=[photo.photo_id for photo in view.photos if photo.finding_id is None],
        findings=[_finding_out(finding, view.photos) for finding in view.findings],
    )


def _location(finding: Finding) -> Location | None:
    if finding.lat is None or finding.lon is None or finding.crs is None:
        return None
    return Location(
        lat=finding.lat, lon=finding.lon, crs=finding.crs, accuracy_m=finding.accuracy_m
    )


def _finding_out(finding: Finding, photos: list[VisitPhoto]) -> FindingOut:
    return FindingOut(
        id=finding.id,
        note=finding.note,
        location=_location(finding),
        photos=[photo.photo_id for photo in photos if photo.finding_id == finding.id],
    )
