"""Units and their places, lines of work, problem categories."""

from datetime import date
from typing import Annotated

from fastapi import Query
from sqlmodel import Session
from starlette.requests import Request

from app.config import Settings
from app.infra import business_time
from app.kit.geo import Crs, Point
from app.organisation import locating, queries, queries_places, service
from app.organisation.presenting import (
    boundary_out,
    category_entry_out,
    chain_of,
    located_out,
    unit_detail_out,
    unit_out,
)
from app.organisation.rules import CategoryKind, UnitKind, codes_of
from app.organisation.schemas import (
    CategoryPage,
    LinePage,
    LocatedOut,
    NamesIn,
    UnitDetailOut,
    UnitEndIn,
    UnitIn,
    UnitOut,
    UnitPage,
)
from app.organisation.tables import Unit
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language, pick
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Named

router = FeatureRouter(prefix="/v1", tags=["organisation"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("organisation.read")]
Manager = Annotated[Principal, Needs("organisation.manage")]
Latitude = Annotated[float, Query(ge=-90, le=90, description="degrees")]
Longitude = Annotated[float, Query(ge=-180, le=180, description="degrees")]
Day = Annotated[date | None, Query(description="YYYY-MM-DD; today if missing")]


@router.get("/units", summary="单位列表 · Units", responses=error_replies(404))
def list_units(
    tx: Tx,
    reader: Reader,
    request: Request,
    language: Lang,
    paging: Paged,
    on: Day = None,
    kind: UnitKind | None = None,
    parent: Code | None = None,
) -> UnitPage:
    """Districts, streets, communities, bureaus and squads that are valid on a day, by code."""
    day = on or today(tx, request)
    page = queries.list_units(
        tx, on=day, kind=kind, parent=parent, after=paging.after_code(), limit=paging.limit
    )
    heirs = queries.find_units_by_id(tx, [u.successor_id for u in page.items if u.successor_id])
    units = [unit_out(unit, heirs, language) for unit in page.items]
    return UnitPage(items=units, next_cursor=page.next_cursor)


@router.post(
    "/units", status_code=201, summary="设立单位 · Create a unit", responses=error_replies(409)
)
def create_unit(
    tx: Tx, manager: Manager, request: Request, language: Lang, body: UnitIn
) -> UnitOut:
    """A new unit below a parent; a unit that moves ends and has its new self as successor."""
    unit = service.create_unit(
        tx,
        by=manager.postings,
        code=body.code,
        scheme=body.scheme,
        kind=body.kind,
        parent=body.parent,
        names=_names(body),
        valid_from=body.valid_from or today(tx, request),
    )
    return unit_out(unit, {}, language)


@router.get(
    "/units:locate", summary="坐标所在单位 · Where a point lies", responses=error_replies(404)
)
def locate_unit(
    tx: Tx,
    reader: Reader,
    request: Request,
    language: Lang,
    lat: Latitude,
    lon: Longitude,
    crs: Crs,
    on: Day = None,
) -> LocatedOut:
    """The deepest unit whose known boundary holds the point, and how sure that is."""
    day = on or today(tx, request)
    found = locating.locate(tx, point=Point(lat, lon), crs=crs, on=day)
    chain = _chain(tx, found.place.unit, language)
    return located_out(found, found.boundary, chain, language)


@router.get("/units/{code}", summary="单位 · One unit", responses=error_replies(404))
def get_unit(
    tx: Tx,
    reader: Reader,
    request: Request,
    language: Lang,
    code: Code,
    on: Day = None,
    geometry: bool = False,
) -> UnitDetailOut:
    """A unit, valid or ended, with the units above it and its boundary on a day."""
    unit, day = queries.get_unit(tx, code), on or today(tx, request)
    heirs = queries.find_units_by_id(tx, [unit.successor_id] if unit.successor_id else [])
    boundary = queries_places.find_boundary(tx, unit.id, on=day)
    return unit_detail_out(
        unit,
        heirs[unit.successor_id] if unit.successor_id else None,
        _chain(tx, unit, language),
        queries.count_children(tx, unit.id, on=day),
        boundary_out(boundary, with_geometry=geometry) if boundary else None,
        language,
    )


@router.post(
    "/units/{code}/rename", summary="单位更名 · Rename a unit", responses=error_replies(404)
)
def rename_unit(tx: Tx, manager: Manager, language: Lang, code: Code, body: NamesIn) -> UnitOut:
    """Call a unit otherwise from now on; what is published keeps the old name."""
    unit = service.rename_unit(tx, by=manager.postings, code=code, names=_names(body))
    return _unit_out(tx, unit, language)


@router.post(
    "/units/{code}/end", summary="单位撤并 · End a unit", responses=error_replies(404, 409)
)
def end_unit(tx: Tx, manager: Manager, language: Lang, code: Code, body: UnitEndIn) -> UnitOut:
    """The last day of a unit; a successor takes over what it answers for."""
    unit = service.end_unit(
        tx, by=manager.postings, code=code, on=body.on, successor=body.successor
    )
    return _unit_out(tx, unit, language)


@router.get("/lines", summary="专项 · Lines of work")
def list_lines(tx: Tx, reader: Reader, language: Lang) -> LinePage:
    """All lines of work; there are few, so the list is never cut."""
    lines = queries.list_lines(tx)
    items = [
        Named(code=line.code, name=pick(language, line.name_zh, line.name_en)) for line in lines
    ]
    return LinePage(items=items, next_cursor=None)


@router.get("/categories", summary="问题类别 · Problem categories")
def list_categories(
    tx: Tx,
    reader: Reader,
    language: Lang,
    paging: Paged,
    scheme: Code | None = None,
    version: Code | None = None,
    kind: CategoryKind | None = None,
) -> CategoryPage:
    """Classes of problems; a code means something only with its scheme and version."""
    page = queries.list_categories(
        tx,
        scheme=scheme,
        version=version,
        kind=kind,
        after=paging.after_codes(3),
        limit=paging.limit,
    )
    items = [category_entry_out(category, language) for category in page.items]
    return CategoryPage(items=items, next_cursor=page.next_cursor)


def today(tx: Session, request: Request) -> date:
    """The present business day."""
    settings: Settings = request.app.state.settings
    return business_time.today(tx, settings.timezone)


def _chain(tx: Session, unit: Unit, language: Language) -> list[Named]:
    return chain_of(unit, queries.find_units(tx, codes_of(unit.path)), language)


def _unit_out(tx: Session, unit: Unit, language: Language) -> UnitOut:
    heirs = queries.find_units_by_id(tx, [unit.successor_id] if unit.successor_id else [])
    return unit_out(unit, heirs, language)


def _names(body: NamesIn) -> service.Names:
    return service.Names(zh=body.name_zh, full_zh=body.full_name_zh, en=body.name_en)
