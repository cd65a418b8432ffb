"""Photos that are to be taken again."""

from typing import Annotated
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.inspections import queries_retakes, queries_visible, retakes, revising
from app.inspections.presenting_lists import retake_out
from app.inspections.queries_retakes import RetakeView
from app.inspections.routes import VisitReader, told
from app.inspections.routes_revisions import Reviser
from app.inspections.rules import RetakeState
from app.inspections.schemas import FulfilIn, ReasonIn, RetakeIn, RetakeOut, RetakePage, VisitOut
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
Asker = Annotated[Principal, Needs("retake.ask")]
Waiver = Annotated[Principal, Needs("retake.waive")]


@router.post(
    "/visits/{visit_id}/retakes",
    summary="要求补拍 · Ask for a photo again",
    status_code=201,
    responses=error_replies(404, 409),
)
def ask_retake(tx: Tx, asker: Asker, visit_id: UUID, body: RetakeIn) -> RetakeOut:
    """Ask for a photo of the visit to be taken again; asking twice is asking once."""
    view = queries_visible.get_visible_visit(tx, visit_id, asker)
    retake = retakes.ask_retake(
        tx, visit=view.visit, photo_id=body.photo_id, reason=body.reason, by=asker.user_id
    )
    return retake_out(RetakeView(retake, view.visit, view.site))


@router.get("/retakes", summary="补拍要求 · Retakes")
def list_retakes(
    tx: Tx,
    reader: VisitReader,
    paging: Paged,
    mine: bool = False,
    state: RetakeState | None = None,
) -> RetakePage:
    """Photos to be taken again, oldest first; ``mine=true``: for visits where the caller was."""
    page = queries_retakes.list_retakes(
        tx, reader, mine=mine, state=state, after=paging.after_id(), limit=paging.limit
    )
    return RetakePage(items=[retake_out(view) for view in page.items], next_cursor=page.next_cursor)


@router.post(
    "/retakes/{retake_id}/fulfil",
    summary="补拍 · Put another photo in the place",
    status_code=201,
    responses=error_replies(404, 409),
)
def fulfil_retake(
    tx: Tx, reviser: Reviser, request: Request, response: Response, retake_id: UUID, body: FulfilIn
) -> VisitOut:
    """A revision with another photo in the place of the one that was asked for again."""
    retake = queries_retakes.get_retake(tx, retake_id)
    view = queries_visible.get_visible_visit(tx, retake.visit_id, reviser)
    done = revising.fulfil_retake(
        tx,
        request.app.state.settings,
        principal=reviser,
        retake=retake,
        photo_id=body.photo_id,
    )
    return told(done, view.site.code, response)


@router.post(
    "/retakes/{retake_id}/waive",
    summary="免于补拍 · Do without the photo",
    responses=error_replies(404, 409),
)
def waive_retake(tx: Tx, waiver: Waiver, retake_id: UUID, body: ReasonIn) -> RetakeOut:
    """Nobody waits for the photo any more; the visit may be complete without it."""
    retake = queries_retakes.get_retake(tx, retake_id)
    view = queries_visible.get_visible_visit(tx, retake.visit_id, waiver)
    done = retakes.waive_retake(
        tx, retake_id=retake.id, visit=view.visit, reason=body.reason, by=waiver.user_id
    )
    return retake_out(RetakeView(done, view.visit, view.site))
