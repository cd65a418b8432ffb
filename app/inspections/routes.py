"""Visits."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.inspections import queries, service
from app.inspections.presenting import (
    content_of,
    visit_detail_out,
    visit_out,
)
from app.inspections.schemas import (
    VisitDetailOut,
    VisitIn,
    VisitOut,
)
from app.kit.marks import score_of
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = APIRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
Submitter = Annotated[Principal, Needs("visit.submit")]
VisitReader = Annotated[Principal, Needs("visit.read")]


@router.post(
    "/visits", summary="提交检查 · Submit a visit", status_code=201, responses=error_replies(409)
)
def submit_visit(
    tx: Tx, submitter: Submitter, request: Request, response: Response, body: VisitIn
) -> VisitOut:
    """A whole visit in one body, before or after its photos.

    Same id and content: the same answer again (``Dudao-Replayed: true``). Same id, other content:
    409, and ``errors`` says what differs.
    """
    content = content_of(body)
    done = service.submit_visit(
        tx, request.app.state.settings, principal=submitter, content=content
    )
    if done.replayed:
        response.headers["Dudao-Replayed"] = "true"
    score = score_of(done.revision.earned, done.revision.possible)
    return visit_out(done.visit, done.revision, content.site, score, done.missing_photos)


@router.get("/visits/{visit_id}", summary="检查 · One visit", responses=error_replies(404))
def get_visit(tx: Tx, reader: VisitReader, language: Lang, visit_id: UUID) -> VisitDetailOut:
    """A visit with those of its answers that lie in the caller's reach."""
    view = queries.get_visible_visit(tx, visit_id, reader)
    answers = queries.list_answers(tx, view, reader)
    photos = list(queries.list_photos(tx, view.revision.id))
    missing = queries.missing_photos(tx, view.revision)
    score = score_of(view.revision.earned, view.revision.possible)
    short = visit_out(view.visit, view.revision, view.site.code, score, missing)
    return visit_detail_out(short, view, answers, photos, language)
