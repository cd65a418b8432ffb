"""Revisions of visits."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from app.inspections import queries, queries_visible, revising
from app.inspections.presenting import revision_content_of
from app.inspections.presenting_lists import revision_out
from app.inspections.routes import VisitReader, detail_of, told
from app.inspections.schemas import RevisionIn, RevisionsOut, VisitDetailOut, VisitOut
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1/visits", tags=["inspections"], responses=error_replies(401, 403))
Reviser = Annotated[Principal, Needs("visit.revise")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@router.post(
    "/{visit_id}/revisions",
    summary="修订检查 · Revise a visit",
    status_code=201,
    responses=error_replies(404, 409),
)
def revise_visit(
    tx: Tx, reviser: Reviser, request: Request, response: Response, visit_id: UUID, body: RevisionIn
) -> VisitOut:
    """A new whole content with a reason, on top of revision ``based_on``.

    By who was there until the round closes, by headquarters until it is published. Same id and
    content: the same answer again. Another revision came first: 409 with the present number.
    """
    view = queries_visible.get_visible_visit(tx, visit_id, reviser)
    checklist = queries.checklist_of(tx, view.revision.checklist_version_id)
    revision = revision_content_of(body, view, checklist)
    settings = request.app.state.settings
    done = revising.revise_visit(tx, settings, principal=reviser, view=view, revision=revision)
    return told(done, view.site.code, response)


@router.get("/{visit_id}/revisions", summary="修订列表 · Revisions", responses=error_replies(404))
def list_revisions(tx: Tx, reader: VisitReader, visit_id: UUID) -> RevisionsOut:
    """All revisions of a visit with their reasons."""
    queries_visible.get_visible_visit(tx, visit_id, reader)
    rows = queries_visible.list_revisions(tx, visit_id)
    return RevisionsOut(items=[revision_out(row, reader) for row in rows])


@router.get(
    "/{visit_id}/revisions/{number}",
    summary="一次修订 · One revision",
    responses=error_replies(404),
)
def get_revision(
    tx: Tx, reader: VisitReader, language: Lang, visit_id: UUID, number: Number
) -> VisitDetailOut:
    """What the visit said in one of its revisions, as far as the caller may see it."""
    view = queries_visible.get_visible_visit(tx, visit_id, reader, number=number)
    return detail_of(tx, view, reader, language)
