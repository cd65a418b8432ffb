"""Areas: GeoJSON of a named coordinate system in, valid WGS-84 polygons out, and points in them.

Maps are handed over with rings that touch or cross themselves, with latitude and longitude
exchanged, and in systems that lie half a kilometre apart. What can be put right without a guess is
(rings, winding); the rest is refused with a fault that says where and what. Shapes are kept as WKB.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs, Point, distance_m, is_in_range, to_wgs84

MOST_POINTS = 50_000
_LEAST_IN_RING = 3
_DEGREE_M = distance_m(Point(0.0, 0.0), Point(1.0, 0.0))
_DECIMALS = 6  # a tenth of a metre
_DEPTH = {"Polygon": 2, "MultiPolygon": 3}

Ring = list[list[float]]


@dataclass(frozen=True)
class Area:
    """A valid area in WGS-84: polygons only, outer rings anticlockwise, holes clockwise."""

    wkb: bytes
    west: float
    south: float
    east: float
    north: float
    area_m2: float
    repaired: bool


def read_area(geometry: Any, crs: Crs, *, at: str) -> Area:
    """A GeoJSON Polygon or MultiPolygon of the system ``crs``; ``Invalid`` points below ``at``."""
    polygons = _polygons(geometry, at)
    _check_positions([p for rings in polygons for ring in rings for p in ring], at)
    raw = shapely.MultiPolygon([_polygon(rings, crs) for rings in polygons])
    valid = shapely.make_valid(raw, method="structure", keep_collapsed=False)
    parts = [part for part in shapely.get_parts(valid) if part.area > 0]
    if not parts:
        raise _refused(Fault(f"{at}/coordinates", "geometry.empty"))
    shape = shapely.orient_polygons(shapely.MultiPolygon(parts))
    west, south, east, north = map(float, shape.bounds)
    return Area(
        wkb=shapely.to_wkb(shape),
        west=west,
        south=south,
        east=east,
        north=north,
        area_m2=_in_metres(shape, (south + north) / 2).area,
        repaired=not raw.is_valid,
    )


def canonical_geometry(geometry: Any) -> str:
    """A geometry as one JSON text: type and coordinates only, ``110`` and ``1.1e2`` alike.

    Whether it makes sense is not looked at; ``OverflowError`` for numbers that no float holds.
    """
    if not isinstance(geometry, Mapping):
        return json.dumps(geometry)
    plain = {"type": geometry.get("type"), "coordinates": _floats(geometry.get("coordinates"))}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(part) for part in value]
    return float(value) if type(value) is int else value


def coordinates_of(wkb: bytes, *, tolerance_m: float) -> list[list[Ring]]:
    """The coordinates of a GeoJSON MultiPolygon, simplified by at most ``tolerance_m``."""
    shape = shapely.from_wkb(wkb).simplify(tolerance_m / _DEGREE_M)
    parts = shapely.get_parts(shape)
    return [[_ring(part.exterior), *(_ring(hole) for hole in part.interiors)] for part in parts]


class PreparedArea:
    """An area made ready for many questions. Not for several threads at once."""

    def __init__(self, wkb: bytes) -> None:
        self._shape = shapely.from_wkb(wkb)
        _, south, _, north = self._shape.bounds
        self._latitude = (south + north) / 2
        self._outline = _in_metres(self._shape.boundary, self._latitude)
        shapely.prepare(self._shape)

    def covers(self, point: Point) -> bool:
        """Whether a WGS-84 point lies inside or on the outline."""
        return bool(shapely.intersects_xy(self._shape, point.lon, point.lat))

    def outline_distance_m(self, point: Point) -> float:
        """Metres from a point nearby to the outline, whichever side it is on."""
        return float(self._outline.distance(_in_metres(_to_point(point), self._latitude)))


def _to_point(point: Point) -> Any:
    return shapely.Point(point.lon, point.lat)


def _in_metres(shape: Any, latitude: float) -> Any:
    """The shape on a plane that is true to scale around a latitude."""
    scale = np.array([_DEGREE_M * math.cos(math.radians(latitude)), _DEGREE_M])
    return shapely.transform(shape, lambda positions: positions * scale)


def _polygon(rings: Sequence[Sequence[Any]], crs: Crs) -> Any:
    shell, *holes = ([_convert(position, crs) for position in ring] for ring in rings)
    return shapely.Polygon(shell, holes)


def _convert(position: Sequence[float], crs: Crs) -> tuple[float, float]:
    point = to_wgs84(Point(position[1], position[0]), crs)
    return point.lon, point.lat


def _ring(line: Any) -> Ring:
    return [[round(x, _DECIMALS), round(y, _DECIMALS)] for x, y in line.coords]


def _polygons(geometry: Any, at: str) -> list[list[list[Any]]]:
    """The coordinates as a list of polygons, each a list of rings; their shape is checked."""
    if not isinstance(geometry, Mapping) or geometry.get("type") not in _DEPTH:
        expected = " | ".join(_DEPTH)
        raise _refused(Fault(f"{at}/type", "field.value", {"expected": expected}))
    found = geometry.get("coordinates")
    nested = [found] if geometry["type"] == "Polygon" else found
    faults = list(_misshapen(nested, f"{at}/coordinates"))
    if faults:
        raise _refused(faults[0])
    polygons: list[list[list[Any]]] = nested  # type: ignore[assignment]
    points = sum(len(ring) for rings in polygons for ring in rings)
    if points > MOST_POINTS:
        limit = {"limit": MOST_POINTS, "found": points}
        raise _refused(Fault(f"{at}/coordinates", "geometry.too-many-points", limit))
    return polygons


def _misshapen(polygons: Any, at: str) -> Iterator[Fault]:
    if not _is_filled_list(polygons) or not all(map(_is_filled_list, polygons)):
        yield Fault(at, "field.type", {"expected": "array"})
        return
    for ring in (ring for rings in polygons for ring in rings):
        if not isinstance(ring, list) or len(ring) < _LEAST_IN_RING:
            yield Fault(at, "field.too-short", {"limit": _LEAST_IN_RING})
        elif not all(map(_is_position, ring)):
            yield Fault(at, "field.type", {"expected": "[lon, lat]"})


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_position(value: Any) -> bool:
    """At least two finite numbers; a height is passed over."""
    return (
        isinstance(value, list)
        and len(value) >= 2  # noqa: PLR2004 - longitude and latitude
        and all(type(part) in (int, float) and abs(part) < math.inf for part in value[:2])
    )


def _check_positions(positions: Sequence[Sequence[float]], at: str) -> None:
    """All in the range in which the systems make sense; exchanged axes are told from strays."""
    stray = next((p for p in positions if not is_in_range(Point(p[1], p[0]))), None)
    if stray is None:
        return
    data = {"lon": stray[0], "lat": stray[1]}
    if all(is_in_range(Point(p[0], p[1])) for p in positions):
        raise _refused(Fault(f"{at}/coordinates", "geometry.swapped", data))
    raise _refused(Fault(f"{at}/coordinates", "geometry.outside", data))


def _refused(fault: Fault) -> Invalid:
    return Invalid("request.invalid", faults=(fault,))
