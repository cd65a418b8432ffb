"""Between rows of sites and their wire shapes."""

from collections.abc import Mapping

from app.kit.geo import Point
from app.organisation.presenting import named
from app.organisation.tables import Line, Unit
from app.sites import queries
from app.sites.moving import MoveGiven
from app.sites.rules import Box, RoadClass
from app.sites.schemas import (
    MoveIn,
    NearSiteOut,
    ResponsibleOut,
    RoadOut,
    SiteContentIn,
    SiteDetailOut,
    SiteOut,
    WaitingMoveOut,
)
from app.sites.service import PlaceGiven, SiteContent
from app.sites.tables import RoadStandard, Site, SiteMove
from app.web.language import Language, pick
from app.web.wire import Location, Named

Standards = Mapping[RoadClass, RoadStandard]


def site_out(site: Site, unit: Unit, language: Language) -> SiteOut:
    """A site with its unit."""
    return SiteOut(
        code=site.code,
        name=site.name,
        category=site.category,
        unit=named(unit, language),
        location=_location(site),
    )


def site_detail_out(
    view: queries.SiteView, standards: Standards, language: Language
) -> SiteDetailOut:
    """A site in full."""
    site = view.site
    return SiteDetailOut(
        **dict(site_out(site, view.unit, language)),
        id=site.id,
        state=site.state,
        lines=[_line(line, language) for line in view.lines],
        road=_road(site.road_class, standards, language),
        responsible=_responsible(view, language),
        valid_from=site.valid_from,
        valid_to=site.valid_to,
        waiting_move=_move(view.move),
    )


def near_site_out(near: queries.Near, standards: Standards, language: Language) -> NearSiteOut:
    """A site with its distance, to the decimetre."""
    detail = site_detail_out(near.view, standards, language)
    return NearSiteOut(**dict(detail), distance_m=round(near.distance_m, 1))


def content_of(body: SiteContentIn) -> SiteContent:
    """What people say about a site, as the service takes it."""
    one = body.responsible
    return SiteContent(
        name=body.name,
        category=body.category,
        unit=body.unit,
        lines=tuple(body.lines),
        road_class=body.road_class,
        responsible_name=one.name if one else None,
        responsible_unit=one.unit if one else None,
        responsible_login=one.login if one else None,
    )


def place_of(location: Location | None) -> PlaceGiven | None:
    """A location on the wire as the service takes it."""
    return PlaceGiven(location.lat, location.lon, location.crs) if location else None


def move_of(body: MoveIn) -> MoveGiven:
    """A move on the wire as the service takes it."""
    place = body.location
    return MoveGiven(body.id, place.lat, place.lon, place.crs, place.accuracy_m, body.note)


def box_of(south_west: Point, north_east: Point) -> Box:
    """The WGS-84 box with these corners."""
    return Box(south_west.lat, south_west.lon, north_east.lat, north_east.lon)


def _location(row: Site) -> Location | None:
    if row.lat is None or row.lon is None or row.crs is None:
        return None
    return Location(lat=row.lat, lon=row.lon, crs=row.crs, accuracy_m=None)


def _line(line: Line, language: Language) -> Named:
    return Named(code=line.code, name=pick(language, line.name_zh, line.name_en))


def _road(road_class: RoadClass | None, standards: Standards, language: Language) -> RoadOut | None:
    if road_class is None:
        return None
    found = standards.get(road_class)
    return RoadOut(
        road_class=road_class,
        name=pick(language, found.name_zh, found.name_en) if found else None,
        standard=pick(language, found.text_zh, found.text_en) if found else None,
    )


def _responsible(view: queries.SiteView, language: Language) -> ResponsibleOut | None:
    site = view.site
    unit = view.responsible_unit
    if site.responsible_name is None and unit is None and view.responsible_login is None:
        return None
    return ResponsibleOut(
        name=site.responsible_name,
        unit=named(unit, language) if unit else None,
        login=view.responsible_login,
    )


def _move(move: SiteMove | None) -> WaitingMoveOut | None:
    if move is None:
        return None
    place = Location(lat=move.lat, lon=move.lon, crs=move.crs, accuracy_m=move.accuracy_m)
    return WaitingMoveOut(id=move.id, location=place, note=move.note)
