"""Appeals (申诉) against deductions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from app.scoring import appealing, queries_appeals
from app.scoring.presenting_awards import appeal_out
from app.scoring.rules_appeals import AppealState
from app.scoring.schemas_awards import AcceptIn, AppealIn, AppealOut, AppealPage, RefuseIn
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("appeal.read")]
Filer = Annotated[Principal, Needs("appeal.file")]
Decider = Annotated[Principal, Needs("appeal.decide")]
_FOUND = error_replies(404, 409)


@router.get("/appeals", summary="申诉列表 · Appeals")
def list_appeals(
    tx: Tx,
    reader: Reader,
    language: Lang,
    paging: Paged,
    round_: Annotated[UUID | None, Query(alias="round")] = None,
    state: AppealState | None = None,
) -> AppealPage:
    """The appeals about answers in the caller's reach, with what was decided."""
    page = queries_appeals.list_appeals(
        tx, reader, round_id=round_, state=state, after=paging.after_id(), limit=paging.limit
    )
    items = [appeal_out(view, language) for view in page.items]
    return AppealPage(items=items, next_cursor=page.next_cursor)


@router.post("/appeals", summary="申诉 · Appeal", status_code=201, responses=_FOUND)
def file_appeal(tx: Tx, filer: Filer, language: Lang, body: AppealIn) -> AppealOut:
    """Contest a deduction, with text and photos, while the round is open to appeals.

    Same id and content: the same appeal again.
    """
    appeal = appealing.file_appeal(tx, contested=body.contested(), by=filer)
    return appeal_out(queries_appeals.get_appeal(tx, appeal.id, filer), language)


@router.get("/appeals/{appeal_id}", summary="一项申诉 · One appeal", responses=error_replies(404))
def get_appeal(tx: Tx, reader: Reader, language: Lang, appeal_id: UUID) -> AppealOut:
    """An appeal with what was decided."""
    return appeal_out(queries_appeals.get_appeal(tx, appeal_id, reader), language)


@router.post("/appeals/{appeal_id}/accept", summary="准予申诉 · Accept", responses=_FOUND)
def accept_appeal(
    tx: Tx, decider: Decider, language: Lang, request: Request, appeal_id: UUID, body: AcceptIn
) -> AppealOut:
    """By somebody else than who filed it: the visit is revised, and the standing follows."""
    settings = request.app.state.settings
    view = appealing.accept_appeal(
        tx, settings, appeal_id=appeal_id, ruling=body.ruling(), by=decider
    )
    return appeal_out(view, language)


@router.post("/appeals/{appeal_id}/refuse", summary="驳回申诉 · Refuse", responses=_FOUND)
def refuse_appeal(
    tx: Tx, decider: Decider, language: Lang, appeal_id: UUID, body: RefuseIn
) -> AppealOut:
    """By somebody else than who filed it: the deduction stands."""
    view = appealing.refuse_appeal(tx, appeal_id=appeal_id, decision=body.decision, by=decider)
    return appeal_out(view, language)
