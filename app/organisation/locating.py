"""Where a point lies: boxes in SQL, then exact shapes kept ready in memory.

The answer is the deepest *known* unit, with the boundary that says so: where nobody has drawn
streets it is a district, and so on up to the city. A site's own unit beats geometry, since people
have decided it. Boundaries never change under their id, so keeping their shapes is safe in every
process and after every rollback.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from threading import Lock
from uuid import UUID

from sqlmodel import Session

from app.kit.errors import NotFound
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.shapes import PreparedArea
from app.organisation import queries, queries_places, rules_places
from app.organisation.queries_places import Box, Candidate
from app.organisation.rules_places import Seen
from app.organisation.tables import Unit, UnitBoundary

_KEPT_SHAPES = 2000
_MARGIN_DEG = 2 * rules_places.NEAR_M / 111_000
_SYSTEMS = (Crs.WGS84, Crs.GCJ02, Crs.BD09)  # CGCS2000 reads as WGS-84


class PlaceSource(StrEnum):
    """What a place was decided by."""

    SITE = "site"
    BOUNDARY = "boundary"


@dataclass(frozen=True)
class Place:
    """A unit, and why it is this one; ``boundary`` where geometry decided."""

    unit: Unit
    source: PlaceSource
    boundary: UnitBoundary | None


@dataclass(frozen=True)
class Neighbour:
    """Another unit that the point could belong to, and how far its outline is."""

    unit: Unit
    outline_m: float
    inside: bool


@dataclass(frozen=True)
class Reading:
    """Where the point would lie if its coordinates were of another system."""

    crs: Crs
    unit: Unit


@dataclass(frozen=True)
class Located:
    """The answer for one point, with what casts doubt on it."""

    place: Place
    boundary: UnitBoundary
    point: Point
    outline_m: float
    neighbours: Sequence[Neighbour]
    readings: Sequence[Reading]


class _Shape:
    """One boundary's shape; threads take turns, since what it prepares is not theirs to share."""

    def __init__(self, wkb: bytes) -> None:
        self._area = PreparedArea(wkb)
        self._lock = Lock()

    def look(self, one: Candidate, point: Point) -> Seen:
        """How the point sees this boundary."""
        with self._lock:
            inside, outline_m = self._area.covers(point), self._area.outline_distance_m(point)
        return Seen(one.boundary_id, one.unit_id, one.path, one.area_m2, inside, outline_m)


class _Shapes:
    """The shapes that were used last, by the id of their boundary."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[UUID, _Shape] = OrderedDict()
        self._lock = Lock()

    def take(self, tx: Session, ids: Sequence[UUID]) -> dict[UUID, _Shape]:
        """The shapes of boundaries; those that are not kept are fetched in one statement."""
        with self._lock:
            found = {one: self._kept[one] for one in ids if one in self._kept}
        missing = [one for one in ids if one not in found]
        if missing:
            fetched = queries_places.shapes_of(tx, missing)
            found |= {one: _Shape(wkb) for one, wkb in fetched.items()}
        with self._lock:
            for one in ids:
                self._kept[one] = found[one]
                self._kept.move_to_end(one)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


_SHAPES = _Shapes(_KEPT_SHAPES)


def locate(tx: Session, *, point: Point, crs: Crs, on: date) -> Located:
    """The deepest known unit at a point, its neighbours near the border, and other readings.

    ``NotFound`` where no known boundary holds the point; it says so if another system would fit.
    """
    readings = {system: to_wgs84(point, system) for system in (crs, *_SYSTEMS)}
    seen = _see(tx, readings, on)
    found = {system: rules_places.deepest(each) for system, each in seen.items()}
    chosen = found[crs]
    if chosen is None:
        raise _not_located([system for system in _SYSTEMS if found[system] is not None])
    near = rules_places.near_border(seen[crs], chosen)
    others = {
        system: one
        for system, one in found.items()
        if one is not None and one.unit_id != chosen.unit_id
    }
    units = queries.find_units_by_id(tx, [one.unit_id for one in (chosen, *near, *others.values())])
    boundary = queries_places.get_boundary(tx, chosen.boundary_id)
    return Located(
        place=Place(units[chosen.unit_id], PlaceSource.BOUNDARY, boundary),
        boundary=boundary,
        point=readings[crs],
        outline_m=chosen.outline_m,
        neighbours=[Neighbour(units[one.unit_id], one.outline_m, one.inside) for one in near],
        readings=[Reading(system, units[one.unit_id]) for system, one in others.items()],
    )


def place_of(
    tx: Session, *, point: Point | None, on: date, site_unit: Unit | None = None
) -> Place | None:
    """The unit of a place: the site's own if there is one, else by its WGS-84 point, else None."""
    if site_unit is not None:
        return Place(site_unit, PlaceSource.SITE, None)
    if point is None:
        return None
    chosen = rules_places.deepest(_see(tx, {Crs.WGS84: point}, on)[Crs.WGS84])
    if chosen is None:
        return None
    unit = queries.find_units_by_id(tx, [chosen.unit_id])[chosen.unit_id]
    boundary = queries_places.get_boundary(tx, chosen.boundary_id)
    return Place(unit, PlaceSource.BOUNDARY, boundary)


def _see(tx: Session, points: Mapping[Crs, Point], on: date) -> dict[Crs, list[Seen]]:
    """Every reading of the point with the boundaries around it, in two statements at the most."""
    boxes = {system: _box_around(point) for system, point in points.items()}
    candidates = queries_places.boundaries_meeting(tx, _hull(list(boxes.values())), on=on)
    near = {
        system: [one for one in candidates if _meet(one.box, box)] for system, box in boxes.items()
    }
    wanted = {one.boundary_id for each in near.values() for one in each}
    shapes = _SHAPES.take(tx, sorted(wanted))
    return {
        system: [shapes[one.boundary_id].look(one, point) for one in near[system]]
        for system, point in points.items()
    }


def _not_located(fitting: Sequence[Crs]) -> NotFound:
    if fitting:
        return NotFound("unit.crs-suspect", crs=fitting[0].value)
    return NotFound("unit.not-located")


def _box_around(point: Point) -> Box:
    wide = _MARGIN_DEG / max(0.01, math.cos(math.radians(point.lat)))
    return Box(point.lon - wide, point.lat - _MARGIN_DEG, point.lon + wide, point.lat + _MARGIN_DEG)


def _hull(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.west for box in boxes),
        min(box.south for box in boxes),
        max(box.east for box in boxes),
        max(box.north for box in boxes),
    )


def _meet(one: Box, other: Box) -> bool:
    return (
        one.west <= other.east
        and other.west <= one.east
        and one.south <= other.north
        and other.south <= one.north
    )
