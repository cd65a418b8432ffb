"""Visits."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from app.evidence import queries as evidence
from app.inspections import queries, queries_visible, service
from app.inspections.presenting import (
    READ_PEOPLE,
    content_of,
    visit_detail_out,
    visit_out,
)
from app.inspections.presenting_lists import visit_row_out
from app.inspections.queries_visible import VisitFilters, VisitView
from app.inspections.rules import Outcome
from app.inspections.schemas import VisitDetailOut, VisitIn, VisitOut, VisitPage
from app.kit.errors import Forbidden
from app.rounds.rules import Source
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
Submitter = Annotated[Principal, Needs("visit.submit")]
VisitReader = Annotated[Principal, Needs("visit.read")]


def _filters(
    round_id: UUID | None = None,
    unit: Code | None = None,
    site: Code | None = None,
    source: Source | None = None,
    submitter: Code | None = None,
    counting: bool | None = None,
    complete: bool | None = None,
    late: bool | None = None,
    undecided: bool | None = None,
    outcome: Outcome | None = None,
) -> VisitFilters:
    return VisitFilters(
        round_id, unit, site, source, submitter, counting, complete, late, undecided, outcome
    )


@router.post(
    "/visits", summary="提交检查 · Submit a visit", status_code=201, responses=error_replies(409)
)
def submit_visit(
    tx: Tx, submitter: Submitter, request: Request, response: Response, body: VisitIn
) -> VisitOut:
    """A whole visit in one body, before or after its photos.

    Same id and content: the same answer again (``Dudao-Replayed: true``), with what has become of
    the visit since. Same id, other content: 409, and ``errors`` says what differs.
    """
    content = content_of(body)
    done = service.submit_visit(
        tx, request.app.state.settings, principal=submitter, content=content
    )
    return told(done, content.site, response)


def told(done: service.Submitted, site: str, response: Response) -> VisitOut:
    """The reply to a visit or a revision, marked where it was stored before."""
    if done.replayed:
        response.headers["Dudao-Replayed"] = "true"
    return visit_out(done.visit, done.revision, site, done.missing_photos)


@router.get("/visits", summary="检查列表 · Visits", responses=error_replies(404))
def list_visits(
    tx: Tx,
    reader: VisitReader,
    language: Lang,
    paging: Paged,
    filters: Annotated[VisitFilters, Depends(_filters)],
) -> VisitPage:
    """Visits in the caller's reach, what came last first.

    ``late=true&undecided=true``: what came after a close and waits for headquarters. ``submitter``
    is for headquarters, or for oneself.
    """
    if filters.submitter not in (None, reader.login) and not reader.has(READ_PEOPLE):
        raise Forbidden("auth.forbidden", permission=READ_PEOPLE)
    page = queries_visible.list_visits(
        tx, reader, filters, before=paging.after_instant_and_id(), limit=paging.limit
    )
    items = [visit_row_out(row, reader, language) for row in page.items]
    return VisitPage(items=items, next_cursor=page.next_cursor)


@router.get("/visits/{visit_id}", summary="检查 · One visit", responses=error_replies(404))
def get_visit(tx: Tx, reader: VisitReader, language: Lang, visit_id: UUID) -> VisitDetailOut:
    """A visit with those of its answers that lie in the caller's reach."""
    view = queries_visible.get_visible_visit(tx, visit_id, reader)
    return detail_of(tx, view, reader, language)


def detail_of(
    tx: Session, view: VisitView, reader: Principal, language: Language
) -> VisitDetailOut:
    """A revision of a visit as the caller may see it."""
    revision = view.revision
    whole = view.was_there(reader)
    answers = queries.list_answers(tx, revision.id, reader, whole=whole)
    photos = queries.list_photos(tx, revision.id)
    checklist = queries.checklist_of(tx, revision.checklist_version_id)
    missing = queries.missing_photos(tx, revision)
    rejected = evidence.list_rejected(tx, missing) if missing else ()
    short = visit_out(view.visit, revision, view.site.code, missing)
    return visit_detail_out(
        short, view, checklist, answers, photos, rejected, reader=reader, language=language
    )
