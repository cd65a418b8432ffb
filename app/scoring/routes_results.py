"""Publishing and correcting rounds and periods; what moved; an entrant's history."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from app.rounds import queries as rounds
from app.rounds.presenting import round_out
from app.rounds.schemas import ReasonIn, RoundOut
from app.scoring import periods, publishing, queries_periods, queries_runs, service
from app.scoring.presenting_results import (
    changes_out,
    entrants_out,
    history_out,
    period_out,
    run_out,
)
from app.scoring.rules_changes import moved
from app.scoring.schemas_results import (
    ChangesOut,
    EntrantPage,
    HistoryOut,
    PeriodIn,
    PeriodOut,
    PeriodsOut,
    PublishIn,
    RunOut,
    RunsOut,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ranking.read")]
Publisher = Annotated[Principal, Needs("ranking.publish")]
First = Annotated[int, Query(ge=1, le=1000, description="places that count as in front")]
_CONFLICT = error_replies(409)


@router.post(
    "/rounds/{round_id}/open-appeals", summary="开放申诉 · Open to appeals", responses=_CONFLICT
)
def open_appeals(tx: Tx, publisher: Publisher, language: Lang, round_id: UUID) -> RoundOut:
    """From closed to appeal, for as many days as the rulebook gives."""
    publishing.open_appeals(tx, round_id=round_id, by=publisher)
    return round_out(rounds.get_round(tx, round_id), language)


@router.post(
    "/rounds/{round_id}/publish",
    summary="公布排名 · Publish",
    status_code=201,
    responses=_CONFLICT,
)
def publish_round(
    tx: Tx, publisher: Publisher, language: Lang, request: Request, round_id: UUID, body: PublishIn
) -> RunOut:
    """Scores, places, flags and money, for good; after a reopening it is the correction."""
    settings = request.app.state.settings
    run = publishing.publish_round(
        tx, settings, round_id=round_id, wanted=body.wanted(), by=publisher
    )
    return run_out(queries_runs.get_run(tx, run.id), language)


@router.post(
    "/rounds/{round_id}/reopen", summary="重新开放更正 · Reopen to correct", responses=_CONFLICT
)
def reopen_round(
    tx: Tx, publisher: Publisher, language: Lang, round_id: UUID, body: ReasonIn
) -> RoundOut:
    """Visits may be revised again; what is published stands until it is published anew."""
    publishing.reopen_round(tx, round_id=round_id, reason=body.reason, by=publisher)
    return round_out(rounds.get_round(tx, round_id), language)


@router.get("/rounds/{round_id}/runs", summary="历次公布 · Published results")
def list_runs(tx: Tx, reader: Reader, language: Lang, round_id: UUID) -> RunsOut:
    """The result of a round and its corrections, the first one first."""
    service.visible_feed(tx, round_id, reader)
    views = queries_runs.list_runs(tx, round_id=round_id, period_id=None)
    return RunsOut(items=[run_out(view, language) for view in views])


@router.get("/ranking-runs/{run_id}", summary="一次公布 · One result")
def get_run(tx: Tx, reader: Reader, language: Lang, run_id: UUID) -> RunOut:
    """A published result with its digests."""
    return run_out(service.get_visible_run(tx, run_id, reader), language)


@router.get("/ranking-runs/{run_id}/changes", summary="更正内容 · What it moved")
def list_changes(tx: Tx, reader: Reader, language: Lang, run_id: UUID) -> ChangesOut:
    """Every place, score, flag and yuan that differs from the revision before."""
    view = service.get_visible_run(tx, run_id, reader)
    earlier = queries_runs.run_before(tx, view.run)
    before = queries_runs.get_run(tx, earlier.id) if earlier else None
    found = moved(before.run.official, view.run.official) if before else []
    return changes_out(tx, view, before, found, reader, language)


@router.get("/standing-periods", summary="时段排名列表 · Periods")
def list_periods(tx: Tx, reader: Reader, language: Lang, campaign: Code) -> PeriodsOut:
    """The weeks, months or quarters of a campaign that have a standing of their own."""
    found = rounds.get_visible_campaign(tx, campaign, reader).campaign
    views = queries_periods.list_periods(tx, found.id)
    return PeriodsOut(items=[period_out(view, language) for view in views])


@router.post(
    "/standing-periods", summary="新建时段排名 · New period", status_code=201, responses=_CONFLICT
)
def create_period(tx: Tx, publisher: Publisher, language: Lang, body: PeriodIn) -> PeriodOut:
    """A stretch of days whose published rounds are rolled up into one standing."""
    row = periods.create_period(
        tx, campaign=body.campaign, unit=body.unit, span=body.span(), by=publisher
    )
    return period_out(queries_periods.get_period(tx, row.id), language)


@router.post(
    "/standing-periods/{period_id}/publish",
    summary="公布时段排名 · Publish a period",
    status_code=201,
    responses=_CONFLICT,
)
def publish_period(
    tx: Tx, publisher: Publisher, language: Lang, request: Request, period_id: UUID, body: PublishIn
) -> RunOut:
    """By the answers of all its published rounds; a second time it is a correction."""
    settings = request.app.state.settings
    run = periods.publish_period(
        tx, settings, period_id=period_id, wanted=body.wanted(), by=publisher
    )
    return run_out(queries_runs.get_run(tx, run.id), language)


@router.get("/standing-periods/{period_id}/runs", summary="时段历次公布 · Results of a period")
def list_period_runs(tx: Tx, reader: Reader, language: Lang, period_id: UUID) -> RunsOut:
    """The result of a period and its corrections, the first one first."""
    service.check_period_visible(tx, queries_periods.get_period(tx, period_id), reader)
    views = queries_runs.list_runs(tx, round_id=None, period_id=period_id)
    return RunsOut(items=[run_out(view, language) for view in views])


@router.get("/entrants", summary="参排单位列表 · Entrants")
def list_entrants(
    tx: Tx, reader: Reader, language: Lang, paging: Paged, campaign: Code
) -> EntrantPage:
    """Everybody who was ever entered in a campaign: (unit, lines, areas)."""
    found = rounds.get_visible_campaign(tx, campaign, reader).campaign
    page = queries_runs.list_entrants(
        tx, campaign_id=found.id, after=paging.after_id(), limit=paging.limit
    )
    return EntrantPage(items=entrants_out(tx, page.items, language), next_cursor=page.next_cursor)


@router.get("/entrants/{entrant_id}/history", summary="历次名次 · History of an entrant")
def get_history(
    tx: Tx,
    reader: Reader,
    language: Lang,
    entrant_id: UUID,
    league: Code | None = None,
    since: Annotated[date | None, Query(alias="from", description="closed on or after")] = None,
    until: Annotated[date | None, Query(alias="to", description="closed on or before")] = None,
    first: First = 10,
    periods_: Annotated[bool, Query(alias="periods", description="of periods, not rounds")] = False,
) -> HistoryOut:
    """All places of an entrant, and how often it stood in the first so many."""
    entrant = service.get_visible_entrant(tx, entrant_id, reader)
    found = queries_runs.history_of(
        tx, entrant_id, league=league, since=since, until=until, periods=periods_
    )
    seen = service.seen_of_history(tx, found, reader)
    return history_out(tx, entrant, seen, first=first, principal=reader, language=language)
