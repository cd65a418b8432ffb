"""Standings as polled feeds: live, then as they were published."""

from typing import Annotated
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from app.infra import business_time
from app.kit.paging import encode_cursor
from app.rounds.presenting import round_ref
from app.rounds.queries import get_round
from app.scoring import service
from app.scoring.presenting import Presenter
from app.scoring.presenting_results import league_named
from app.scoring.queries import FeedHead
from app.scoring.schemas import LeagueStandingOut, RankingsOut
from app.web.etag import FeedTag, feed_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged, Paging
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ranking.read")]


@router.get(
    "/rounds/{round_id}/rankings",
    summary="各排序组 · All leagues",
    response_model=RankingsOut,
    responses=UNCHANGED,
)
def list_rankings(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    response: Response,
    round_id: UUID,
    paging: Paged,
) -> RankingsOut | Response:
    """Every league, paged by league: live until the result is out. Poll with ``If-None-Match``."""
    head, tag = _look_up(tx, round_id, reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    found = service.standings_of(tx, round_id, head, reader, league=None)
    start = _start(paging)
    chosen = found[start : start + paging.limit]
    presenter = Presenter(tx, chosen, language)
    response.headers.update(tag.headers)
    return RankingsOut(
        round=round_ref(get_round(tx, round_id).round, language),
        as_of=business_time.now(tx),
        version=head.version,
        provisional=head.run_id is None,
        leagues=[presenter.league(one) for one in chosen],
        next_cursor=_next(start + paging.limit, len(found)),
    )


@router.get(
    "/rounds/{round_id}/rankings/{league}",
    summary="一个排序组 · One league",
    responses=UNCHANGED,
    response_model=LeagueStandingOut,
)
def get_league_ranking(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    response: Response,
    round_id: UUID,
    league: Code,
    paging: Paged,
) -> LeagueStandingOut | Response:
    """One league in order, live until the result is out; who has no place stands at the end."""
    head, tag = _look_up(tx, round_id, reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    found = service.standings_of(tx, round_id, head, reader, league=league)[0]
    start = _start(paging)
    presenter = Presenter(tx, [found], language)
    response.headers.update(tag.headers)
    return LeagueStandingOut(
        round=round_ref(get_round(tx, round_id).round, language),
        league=league_named(found.league, language),
        as_of=business_time.now(tx),
        version=head.version,
        provisional=head.run_id is None,
        items=[presenter.entry(row) for row in found.rows[start : start + paging.limit]],
        next_cursor=_next(start + paging.limit, len(found.rows)),
    )


def _look_up(
    tx: Session, round_id: UUID, reader: Principal, language: Language, request: Request
) -> tuple[FeedHead, FeedTag]:
    """The head if the caller may see the standing, read before the content; and its tag."""
    head = service.visible_feed(tx, round_id, reader)
    named = f"{service.feed_scope(round_id)}:{head.round_state}:{head.run_id}"
    return head, feed_tag(named, head.version, reader, language, request)


def _start(paging: Paging) -> int:
    """Standings are computed whole, so the key of a row is its position in the order."""
    return max(0, paging.after_number() or 0)


def _next(position: int, total: int) -> str | None:
    return encode_cursor(position) if position < total else None
