"""Sites: found, made and moved in the field, decided on by their unit."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs, Point, to_wgs84
from app.organisation import queries as organisation
from app.sites import moving, queries, service
from app.sites.presenting import (
    box_of,
    content_of,
    move_of,
    near_site_out,
    place_of,
    site_detail_out,
)
from app.sites.rules import MOST_RADIUS_M, Box, RoadClass, SiteState
from app.sites.schemas import (
    MoveIn,
    NearSitesOut,
    ReasonIn,
    SiteContentIn,
    SiteDetailOut,
    SiteIn,
    SitePage,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Text

router = FeatureRouter(prefix="/v1", tags=["sites"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("site.read")]
Proposer = Annotated[Principal, Needs("site.propose")]
Manager = Annotated[Principal, Needs("site.manage")]
Lat = Annotated[float, Query(ge=-90, le=90, examples=[35.2392])]
Lon = Annotated[float, Query(ge=-180, le=180, examples=[113.2418])]
_MOST_NEAR = 200
_BOX = r"^-?[0-9]{1,3}(\.[0-9]{1,9})?(,-?[0-9]{1,3}(\.[0-9]{1,9})?){3}$"


@router.get("/sites", summary="点位列表 · Sites", responses=error_replies(404))
def list_sites(
    tx: Tx,
    reader: Reader,
    language: Lang,
    paging: Paged,
    unit: Annotated[Code | None, Query(description="this unit and all below it")] = None,
    category: Annotated[Text | None, Query(max_length=40)] = None,
    line: Code | None = None,
    road_class: RoadClass | None = None,
    state: SiteState | None = None,
    text: Annotated[
        Text | None, Query(min_length=1, max_length=100, description="part of name or code")
    ] = None,
    bbox: Annotated[
        str | None, Query(pattern=_BOX, description="south,west,north,east in degrees of crs")
    ] = None,
    crs: Crs = Crs.WGS84,
) -> SitePage:
    """Sites in the caller's reach, by code."""
    only = queries.SiteFilter(
        unit_path=organisation.get_unit(tx, unit).path if unit else None,
        category=category,
        line=line,
        road_class=road_class,
        state=state,
        text=text,
        box=_box(bbox, crs),
    )
    page = queries.list_sites(
        tx, reader.postings, only, after=paging.after_code(), limit=paging.limit
    )
    standards = queries.road_standards(tx)
    items = [site_detail_out(view, standards, language) for view in page.items]
    return SitePage(items=items, next_cursor=page.next_cursor)


@router.get("/sites:near", summary="附近的点位 · Sites near a place")
def list_sites_near(
    tx: Tx,
    reader: Reader,
    language: Lang,
    lat: Lat,
    lon: Lon,
    crs: Crs,
    radius_m: Annotated[float, Query(gt=0, le=MOST_RADIUS_M)] = 500,
    limit: Annotated[int, Query(ge=1, le=_MOST_NEAR)] = 50,
) -> NearSitesOut:
    """Those in reach that are not closed, the nearest first; at most two kilometres away."""
    centre = to_wgs84(Point(lat, lon), crs)
    found = queries.list_near(tx, reader.postings, centre, radius_m=radius_m, limit=limit + 1)
    standards = queries.road_standards(tx)
    items = [near_site_out(near, standards, language) for near in found[:limit]]
    return NearSitesOut(items=items, complete=len(found) <= limit)


@router.get("/sites/{code}", summary="点位 · One site", responses=error_replies(404))
def get_site(tx: Tx, reader: Reader, language: Lang, code: Code) -> SiteDetailOut:
    """A site in the caller's reach."""
    return _detail(tx, reader, language, code)


@router.post(
    "/sites", summary="新增点位 · Add a site", status_code=201, responses=error_replies(409)
)
def make_site(
    tx: Tx, proposer: Proposer, language: Lang, request: Request, response: Response, body: SiteIn
) -> SiteDetailOut:
    """Made in the field: proposed, until its unit confirms it; active where the caller decides.

    Same id and content: the same site again (``Dudao-Replayed: true``). A proposed site may be
    inspected like any other.
    """
    made = service.make_site(
        tx,
        _settings(request),
        principal=proposer,
        site_id=body.id,
        code=body.code,
        content=content_of(body),
        place=place_of(body.location),
    )
    _mark(response, replayed=made.replayed)
    return _detail(tx, proposer, language, made.site.code)


@router.post(
    "/sites/{code}/move",
    summary="更正点位位置 · Move a site",
    responses=error_replies(404, 409),
)
def move_site(
    tx: Tx, proposer: Proposer, language: Lang, response: Response, code: Code, body: MoveIn
) -> SiteDetailOut:
    """A new place: waits for the unit's decision, or holds at once where the caller decides."""
    replayed = moving.propose_move(tx, principal=proposer, code=code, given=move_of(body))
    _mark(response, replayed=replayed)
    return _detail(tx, proposer, language, code)


@router.post(
    "/sites/{code}/confirm",
    summary="确认点位或其新位置 · Confirm a site or its new place",
    responses=error_replies(404, 409),
)
def confirm_site(tx: Tx, manager: Manager, language: Lang, code: Code) -> SiteDetailOut:
    """By headquarters, or by the coordinator of the unit that the site lies in."""
    moving.confirm(tx, principal=manager, code=code)
    return _detail(tx, manager, language, code)


@router.post(
    "/sites/{code}/refuse",
    summary="不予采纳点位或其新位置 · Refuse a site or its new place",
    responses=error_replies(404, 409),
)
def refuse_site(
    tx: Tx, manager: Manager, language: Lang, request: Request, code: Code, body: ReasonIn
) -> SiteDetailOut:
    """A proposed site is closed with the reason; an active one stays where it was."""
    moving.refuse(tx, _settings(request), principal=manager, code=code, reason=body.reason)
    return _detail(tx, manager, language, code)


@router.post(
    "/sites/{code}/close", summary="停用点位 · Close a site", responses=error_replies(404, 409)
)
def close_site(
    tx: Tx, manager: Manager, language: Lang, request: Request, code: Code, body: ReasonIn
) -> SiteDetailOut:
    """It is not inspected any more; its history stays."""
    service.close_site(tx, _settings(request), principal=manager, code=code, reason=body.reason)
    return _detail(tx, manager, language, code)


@router.post(
    "/sites/{code}/reopen",
    summary="恢复点位 · Reopen a site",
    responses=error_replies(404, 409),
)
def reopen_site(
    tx: Tx, manager: Manager, language: Lang, code: Code, body: ReasonIn
) -> SiteDetailOut:
    """A closed or refused site is inspected again."""
    service.reopen_site(tx, principal=manager, code=code, reason=body.reason)
    return _detail(tx, manager, language, code)


@router.post("/sites/{code}/edit", summary="修改点位 · Edit a site", responses=error_replies(404))
def edit_site(
    tx: Tx, manager: Manager, language: Lang, request: Request, code: Code, body: SiteContentIn
) -> SiteDetailOut:
    """The whole content anew but for the place, which has a route of its own."""
    service.edit_site(
        tx, _settings(request), principal=manager, code=code, content=content_of(body)
    )
    return _detail(tx, manager, language, code)


def _detail(tx: Tx, reader: Principal, language: Language, code: str) -> SiteDetailOut:
    view = queries.get_site(tx, code, reader.postings)
    return site_detail_out(view, queries.road_standards(tx), language)


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _mark(response: Response, *, replayed: bool) -> None:
    if replayed:
        response.headers["Dudao-Replayed"] = "true"


def _box(bbox: str | None, crs: Crs) -> Box | None:
    if bbox is None:
        return None
    south, west, north, east = (float(part) for part in bbox.split(","))
    if not (-90 <= south <= north <= 90 and -180 <= west <= east <= 180):  # noqa: PLR2004
        fault = Fault("/bbox", "field.value", {"expected": "south,west,north,east"})
        raise Invalid("request.invalid", faults=(fault,))
    return box_of(to_wgs84(Point(south, west), crs), to_wgs84(Point(north, east), crs))
