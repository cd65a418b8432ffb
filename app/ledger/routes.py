"""The ledger as a polled feed, and single entries."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.infra import feeds
from app.kit import clock
from app.ledger import queries, showing
from app.ledger.opening import FEED
from app.ledger.presenting import problem_out
from app.ledger.rules import ProblemState
from app.ledger.schemas import CaseOut, ProblemPage
from app.web.etag import feed_tag
from app.web.language import Lang
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = APIRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ledger.read")]


@router.get("/ledger", summary="台账 · The ledger", response_model=ProblemPage, responses=UNCHANGED)
def list_ledger(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    response: Response,
    paging: Paged,
    round_id: UUID | None = None,
    state: ProblemState | None = None,
    area: Code | None = None,
    line: Code | None = None,
    category: Code | None = None,
) -> ProblemPage | Response:
    """Problems in the caller's reach, newest first. Poll with ``If-None-Match``."""
    settings: Settings = request.app.state.settings
    scope = f"{FEED}:{_address_age(settings.download_expires_s)}"
    tag = feed_tag(scope, feeds.version_of(tx, FEED), reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    filters = queries.Filters(round_id, state, area, line, category)
    page = queries.list_problems(tx, reader, filters, before=paging.after_id(), limit=paging.limit)
    response.headers.update(tag.headers)
    shown_to = showing.reader_of(tx, request, reader, language)
    return ProblemPage(
        items=[problem_out(view, shown_to) for view in page.items],
        as_of=shown_to.now,
        next_cursor=page.next_cursor,
    )


@router.get("/ledger/{number}", summary="台账条目 · One entry")
def get_ledger_entry(
    tx: Tx, reader: Reader, language: Lang, request: Request, number: Code
) -> CaseOut:
    """One problem with its history, and what the caller may do to it now."""
    view = queries.get_problem(tx, reader, number)
    return showing.show(tx, request, reader, language, view)


def _address_age(expires_s: int) -> int:
    """A number that changes twice within the life of a signed address.

    It stands in the tag, so that nobody is told "unchanged" about addresses that have run out.
    """
    return int(clock.real_now().timestamp()) // max(1, expires_s // 2)
