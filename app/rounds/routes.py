"""Rounds of inspections."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.kit.paging import decode_id
from app.rounds import queries
from app.rounds.presenting import round_out
from app.rounds.schemas import RoundOut, RoundPage
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import STANDARD_LIMIT, Cursor, Limit
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = APIRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
RoundReader = Annotated[Principal, Needs("round.read")]


@router.get("/rounds", summary="轮次列表 · Rounds")
def list_rounds(
    tx: Tx,
    reader: RoundReader,
    language: Lang,
    limit: Limit = STANDARD_LIMIT,
    cursor: Cursor = None,
) -> RoundPage:
    """All rounds, oldest first."""
    page = queries.list_rounds(tx, after=decode_id(cursor), limit=limit)
    items = [round_out(view, language) for view in page.items]
    return RoundPage(items=items, next_cursor=page.next_cursor)


@router.get("/rounds/{round_id}", summary="轮次 · One round", responses=error_replies(404))
def get_round(tx: Tx, reader: RoundReader, language: Lang, round_id: UUID) -> RoundOut:
    """A round with its campaign and state."""
    return round_out(queries.get_round(tx, round_id), language)
