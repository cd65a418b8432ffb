"""Between rows of inspections and their wire shapes."""

from uuid import UUID

from app.checklists.rules import written
from app.inspections import queries
from app.inspections.content import (
    AnswerContent,
    FindingContent,
    PlaceGiven,
    VisitContent,
)
from app.inspections.schemas import (
    AnswerIn,
    AnswerOut,
    ChecklistRef,
    FindingOut,
    RoundOut,
    RoundRef,
    SiteOut,
    TaskOut,
    VisitDetailOut,
    VisitIn,
    VisitOut,
)
from app.inspections.tables import Finding, Round, Site, Visit, VisitPhoto, VisitRevision
from app.organisation.tables import Unit
from app.web.language import Language, pick
from app.web.wire import Location, Named


def content_of(body: VisitIn) -> VisitContent:
    """A visit on the wire as the service takes it."""
    return VisitContent(
        id=body.id,
        round_id=body.round_id,
        site=body.site,
        checklist=body.checklist.code,
        version=body.checklist.version,
        task_id=body.task_id,
        started_at=body.started_at,
        ended_at=body.ended_at,
        place=_place(body.location),
        note=body.note,
        photos=tuple(body.photos),
        answers=tuple(_answer(answer) for answer in body.answers),
    )


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


def named(unit: Unit, language: Language) -> Named:
    """A unit as code and name."""
    return Named(code=unit.code, name=pick(language, unit.name_zh, unit.name_en))


def round_ref(row: Round, language: Language) -> RoundRef:
    """A round as others refer to it."""
    return RoundRef(
        id=row.id,
        code=row.code,
        name=pick(language, row.name_zh, row.name_en),
        state=row.state,
        source=row.source,
    )


def round_out(view: queries.RoundView, language: Language) -> RoundOut:
    """A round in full."""
    campaign = view.campaign
    return RoundOut(
        **dict(round_ref(view.round, language)),
        campaign=Named(code=campaign.code, name=pick(language, campaign.name_zh, campaign.name_en)),
        opens_at=view.round.opens_at,
        closes_at=view.round.closes_at,
        announced=view.round.announced,
    )


def site_out(site: Site, unit: Unit, language: Language) -> SiteOut:
    """A site with its unit."""
    return SiteOut(
        code=site.code,
        name=site.name,
        category=site.category,
        unit=named(unit, language),
        location=_location(site),
    )


def _location(row: Site | Finding) -> Location | None:
    if row.lat is None or row.lon is None or row.crs is None:
        return None
    accuracy = row.accuracy_m if isinstance(row, Finding) else None
    return Location(lat=row.lat, lon=row.lon, crs=row.crs, accuracy_m=accuracy)


def task_out(view: queries.TaskView, language: Language) -> TaskOut:
    """A task as a phone needs it to begin."""
    return TaskOut(
        id=view.task.id,
        round=round_ref(view.round, language),
        site=site_out(view.site, view.unit, language),
        checklist=ChecklistRef(code=view.checklist.code, version=view.version.number),
        state="done" if view.is_done else "open",
    )


def visit_out(
    visit: Visit, revision: VisitRevision, site: str, score: str | None, missing: list[UUID]
) -> VisitOut:
    """What a phone is told about a visit that it sent."""
    return VisitOut(
        id=visit.id,
        revision=revision.number,
        round_id=visit.round_id,
        site=site,
        outcome=revision.outcome,
        earned=written(revision.earned),
        possible=written(revision.possible),
        score=score,
        counting=visit.counting,
        late=visit.late,
        received_at=visit.received_at,
        missing_photos=missing,
    )


def visit_detail_out(
    short: VisitOut,
    view: queries.VisitView,
    answers: list[queries.AnswerView],
    photos: list[VisitPhoto],
    language: Language,
) -> VisitDetailOut:
    """A visit with the answers that the caller may see."""
    return VisitDetailOut(
        **dict(short),
        state="complete" if view.visit.completed_at else "waiting-for-photos",
        note=view.revision.note,
        started_at=view.revision.started_at,
        ended_at=view.revision.ended_at,
        photos=[photo.photo_id for photo in photos if photo.item_id is None],
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


def _finding_out(finding: Finding, photos: list[VisitPhoto]) -> FindingOut:
    return FindingOut(
        id=finding.id,
        note=finding.note,
        location=_location(finding),
        photos=[photo.photo_id for photo in photos if photo.finding_id == finding.id],
    )
