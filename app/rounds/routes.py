"""Campaigns, rounds, and series of rounds."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from sqlmodel import Session
from starlette.requests import Request

from app.rounds import queries, series, service
from app.rounds.presenting import campaign_out, round_out, series_out
from app.rounds.queries import RoundFilters
from app.rounds.rules import RoundState
from app.rounds.schemas import (
    CampaignIn,
    CampaignNames,
    CampaignOut,
    CampaignPage,
    ReasonIn,
    RoundIn,
    RoundOut,
    RoundPage,
    RoundTermsIn,
    SeriesIn,
    SeriesOut,
    SeriesPage,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, When

router = FeatureRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
RoundReader = Annotated[Principal, Needs("round.read")]
RoundManager = Annotated[Principal, Needs("round.manage")]
CampaignManager = Annotated[Principal, Needs("campaign.manage")]
_FOUND = error_replies(404, 409)


@router.get("/campaigns", summary="活动列表 · Campaigns")
def list_campaigns(tx: Tx, reader: RoundReader, language: Lang, paging: Paged) -> CampaignPage:
    """Campaigns of the units above and below the caller's areas, by code."""
    page = queries.list_campaigns(tx, reader, after=paging.after_code(), limit=paging.limit)
    items = [campaign_out(view, language) for view in page.items]
    return CampaignPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/campaigns", summary="新建活动 · New campaign", status_code=201, responses=error_replies(409)
)
def create_campaign(
    tx: Tx, manager: CampaignManager, language: Lang, body: CampaignIn
) -> CampaignOut:
    """A campaign of the city, a district or a street: of a unit that the caller manages."""
    service.create_campaign(tx, **dict(body), by=manager)
    return campaign_out(queries.get_visible_campaign(tx, body.code, manager), language)


@router.get("/campaigns/{code}", summary="活动 · One campaign", responses=error_replies(404))
def get_campaign(tx: Tx, reader: RoundReader, language: Lang, code: Code) -> CampaignOut:
    """A campaign with its unit."""
    return campaign_out(queries.get_visible_campaign(tx, code, reader), language)


@router.post("/campaigns/{code}/rename", summary="活动更名 · Rename", responses=error_replies(404))
def rename_campaign(
    tx: Tx, manager: CampaignManager, language: Lang, code: Code, body: CampaignNames
) -> CampaignOut:
    """Other names; the code stays."""
    service.rename_campaign(tx, code=code, **dict(body), by=manager)
    return campaign_out(queries.get_visible_campaign(tx, code, manager), language)


@router.post("/campaigns/{code}/end", summary="结束活动 · End", responses=error_replies(404))
def end_campaign(tx: Tx, manager: CampaignManager, language: Lang, code: Code) -> CampaignOut:
    """No new rounds; those that are planned or open go on."""
    service.end_campaign(tx, code=code, by=manager)
    return campaign_out(queries.get_visible_campaign(tx, code, manager), language)


@router.get("/rounds", summary="轮次列表 · Rounds")
def list_rounds(
    tx: Tx,
    reader: RoundReader,
    language: Lang,
    paging: Paged,
    campaign: Code | None = None,
    state: RoundState | None = None,
    since: Annotated[When | None, Query(alias="from", description="not closed before")] = None,
    until: Annotated[When | None, Query(alias="to", description="not opened after")] = None,
) -> RoundPage:
    """The rounds that the caller may know of, oldest first.

    An unannounced round is known to headquarters, auditors, who runs it, and its own teams; to
    the units that are inspected once it is closed.
    """
    filters = RoundFilters(campaign, state, since, until)
    page = queries.list_rounds(tx, reader, filters, after=paging.after_id(), limit=paging.limit)
    items = [round_out(view, language) for view in page.items]
    return RoundPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/rounds", summary="新建轮次 · Plan a round", status_code=201, responses=error_replies(409)
)
def create_round(tx: Tx, manager: RoundManager, language: Lang, body: RoundIn) -> RoundOut:
    """A planned round. Who may judge whom is checked here and again with every task."""
    frame = service.checked_frame(
        tx,
        campaign=body.campaign,
        unit=body.unit,
        area=body.area,
        source=body.source,
        by=manager,
    )
    new = service.create_round(
        tx, frame=frame, code=body.code, source=body.source, terms=body.terms()
    )
    return _shown(tx, new.id, language)


@router.get("/rounds/{round_id}", summary="轮次 · One round", responses=error_replies(404))
def get_round(tx: Tx, reader: RoundReader, language: Lang, round_id: UUID) -> RoundOut:
    """A round with its campaign, state, whose it is, and where."""
    return round_out(queries.get_visible_round(tx, round_id, reader), language)


@router.post("/rounds/{round_id}/change", summary="修改轮次 · Change", responses=_FOUND)
def change_round(
    tx: Tx, manager: RoundManager, language: Lang, round_id: UUID, body: RoundTermsIn
) -> RoundOut:
    """Other terms, whole, while the round is planned."""
    service.change_round(tx, round_id=round_id, terms=body.terms(), by=manager)
    return _shown(tx, round_id, language)


@router.post("/rounds/{round_id}/open", summary="开始轮次 · Open", responses=_FOUND)
def open_round(tx: Tx, manager: RoundManager, language: Lang, round_id: UUID) -> RoundOut:
    """From now on visits are taken, also before the planned hour."""
    service.open_round(tx, round_id=round_id, by=manager)
    return _shown(tx, round_id, language)


@router.post("/rounds/{round_id}/close", summary="结束轮次 · Close", responses=_FOUND)
def close_round(tx: Tx, manager: RoundManager, language: Lang, round_id: UUID) -> RoundOut:
    """What arrives from now on is late."""
    service.close_round(tx, round_id=round_id, by=manager)
    return _shown(tx, round_id, language)


@router.post("/rounds/{round_id}/cancel", summary="取消轮次 · Cancel", responses=_FOUND)
def cancel_round(
    tx: Tx, manager: RoundManager, language: Lang, round_id: UUID, body: ReasonIn
) -> RoundOut:
    """A planned round will not take place."""
    service.cancel_round(tx, round_id=round_id, reason=body.reason, by=manager)
    return _shown(tx, round_id, language)


@router.get("/round-series", summary="周期轮次列表 · Recurring rounds")
def list_series(tx: Tx, manager: RoundManager, language: Lang, paging: Paged) -> SeriesPage:
    """The series of the units whose rounds the caller runs."""
    page = queries.list_series(tx, manager, after=paging.after_id(), limit=paging.limit)
    items = [series_out(view, language) for view in page.items]
    return SeriesPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/round-series",
    summary="新建周期轮次 · Let rounds recur",
    status_code=201,
    responses=error_replies(409),
)
def create_series(
    tx: Tx, manager: RoundManager, language: Lang, body: SeriesIn, request: Request
) -> SeriesOut:
    """Rounds by a rule; the first are planned at once, the others some days ahead of their time.

    They are opened and closed by the clock.
    """
    frame = service.checked_frame(
        tx,
        campaign=body.campaign,
        unit=body.unit,
        area=body.area,
        source=body.source,
        by=manager,
    )
    draw = body.plan.rule() if body.plan else None
    new = series.create_series(tx, frame=frame, terms=body.terms(), draw=draw, by=manager)
    series.plan_ahead(tx, new.id, ZoneInfo(request.app.state.settings.timezone))
    return series_out(queries.get_managed_series(tx, new.id, manager), language)


@router.get(
    "/round-series/{series_id}", summary="周期轮次 · One series", responses=error_replies(404)
)
def get_series(tx: Tx, manager: RoundManager, language: Lang, series_id: UUID) -> SeriesOut:
    """A series with its rule."""
    return series_out(queries.get_managed_series(tx, series_id, manager), language)


@router.post(
    "/round-series/{series_id}/end",
    summary="终止周期轮次 · End a series",
    responses=error_replies(404),
)
def end_series(
    tx: Tx, manager: RoundManager, language: Lang, series_id: UUID, body: ReasonIn
) -> SeriesOut:
    """No more rounds; those that are planned and not open yet are cancelled."""
    series.end_series(tx, series_id=series_id, reason=body.reason, by=manager)
    return series_out(queries.get_managed_series(tx, series_id, manager), language)


def _shown(tx: Session, round_id: UUID, language: Language) -> RoundOut:
    return round_out(queries.get_round(tx, round_id), language)
