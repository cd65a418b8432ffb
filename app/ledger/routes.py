"""The ledger as a polled feed, and single entries."""

from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.infra import business_time, feeds
from app.kit import clock
from app.ledger import (
    keeping,
    queries,
    queries_cases,
    queries_likes,
    queries_summary,
    showing,
    summarising,
)
from app.ledger.filtering import Narrowed, Ordered
from app.ledger.opening import FEED
from app.ledger.presenting import audience_of, like_out, likeness_for, problem_out
from app.ledger.presenting_summary import summary_out
from app.ledger.queries_filters import predicates
from app.ledger.schemas import CaseOut, LikesOut, ProblemPage
from app.ledger.schemas_summary import SummaryOut
from app.web.etag import feed_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ledger.read")]
_MINUTE_S = 60


@router.get("/ledger", summary="台账 · The ledger", response_model=ProblemPage, responses=UNCHANGED)
def list_ledger(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    response: Response,
    paging: Paged,
    narrowed: Narrowed,
    order: Ordered,
) -> ProblemPage | Response:
    """Problems in the caller's reach. Poll with ``If-None-Match``.

    Without ``order``: by deadline where ``overdue`` or ``due_within_h`` is asked for, by when they
    were found where ``found_from`` or ``found_to`` is, else what was opened last comes first.
    ``order=deadline`` shows only cases whose clock runs.
    """
    settings: Settings = request.app.state.settings
    scope = f"{FEED}:{_address_age(settings.download_expires_s)}"
    if narrowed.follows_the_clock:
        scope += f":{int(business_time.now(tx).timestamp()) // _MINUTE_S}"
    tag = feed_tag(scope, feeds.version_of(tx, FEED), reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    shown_to = showing.reader_of(tx, request, reader, language)
    chosen = order or narrowed.order
    narrowing = predicates(tx, reader, narrowed.filters(shown_to.now, chosen))
    page = queries.list_problems(tx, reader, narrowing, order=chosen, paging=paging)
    response.headers.update(tag.headers)
    return ProblemPage(
        items=[problem_out(view, shown_to) for view in page.items],
        as_of=shown_to.now,
        next_cursor=page.next_cursor,
    )


@router.get(
    "/ledger/summary",
    summary="台账汇总 · Sums of the ledger",
    response_model=SummaryOut,
    responses=UNCHANGED,
)
def get_ledger_summary(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    narrowed: Narrowed,
) -> Response:
    """Counts, rates and quantities in the caller's reach, by district, unit and line.

    ``as_of`` is when they were counted; whatever moved until then is in them.
    """
    settings: Settings = request.app.state.settings
    today = business_time.today(tx, settings.timezone)
    version = feeds.version_of(tx, FEED)
    tag = feed_tag(f"{FEED}-summary:{today}", version, reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    key = keeping.key_of(reader, language, request.url.query)
    body = (
        None if narrowed.follows_the_clock else queries_summary.find_kept(tx, FEED, key, on=today)
    )
    if body is None:
        filters = narrowed.filters(business_time.now(tx))
        summary = summarising.summarise(tx, reader, filters, settings.timezone)
        body = summary_out(summary, filters.now, language).model_dump_json()
        if version and not narrowed.follows_the_clock:
            keeping.keep(tx, key, version=version, on=today, body=body)
    return Response(body, media_type="application/json", headers=tag.headers)


@router.get("/ledger/{number}", summary="台账条目 · One entry")
def get_ledger_entry(
    tx: Tx, reader: Reader, language: Lang, request: Request, number: Code
) -> CaseOut:
    """One problem with its history, and what the caller may do to it now."""
    view = queries.get_problem(tx, reader, number)
    return showing.show(tx, request, reader, language, view)


@router.get("/ledger/{number}/duplicates", summary="疑似重复 · Likely the same")
def list_likely_duplicates(
    tx: Tx, reader: Reader, language: Lang, request: Request, number: Code
) -> LikesOut:
    """Cases of one category near in place and time, or with the same photo; nothing is dropped."""
    view = queries.get_problem(tx, reader, number)
    likeness = likeness_for(queries_cases.read_rules(tx), view.category)
    likes = queries_likes.find_likes(tx, reader, view.problem, likeness)
    audience = audience_of(reader)
    return LikesOut(items=[like_out(one, audience, language) for one in likes])


def _address_age(expires_s: int) -> int:
    """A number that changes twice within the life of a signed address.

    It stands in the tag, so that nobody is told "unchanged" about addresses that have run out.
    """
    return int(clock.real_now().timestamp()) // max(1, expires_s // 2)
