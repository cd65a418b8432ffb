"""Coordinates: GCJ-02, BD-09 and CGCS2000 to WGS-84, and distances.

Every coordinate that reaches us names its system. CGCS2000 is taken as WGS-84 (centimetres apart).
The shift of GCJ-02 is the published approximation over the Krasovsky ellipsoid; its inverse is
found by fixed-point iteration, so that there and back ends at the start (a one-step inverse moves
a point by up to two metres). Worked triple: WGS-84 35.2159, 113.2418; GCJ-02 35.21538828,
113.24816477; BD-09 35.22135710, 113.25467929.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_SQ = 0.00669342162296594323
_BD_FACTOR = math.pi * 3000.0 / 180.0
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347  # where the shift applies
EARTH_RADIUS_M = 6371008.8
_CONVERGED_DEG = 1e-10
_MAX_STEPS = 30


class Crs(StrEnum):
    """Coordinate systems a phone or a map may speak."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"


@dataclass(frozen=True)
class Point:
    """Degrees of latitude and longitude in a system known from the context."""

    lat: float
    lon: float


def to_wgs84(point: Point, crs: Crs) -> Point:
    """The same place in WGS-84; ValueError for what is no number."""
    if not (math.isfinite(point.lat) and math.isfinite(point.lon)):
        raise ValueError("coordinates are finite numbers")
    if crs is Crs.GCJ02:
        return _invert(point, wgs84_to_gcj02)
    if crs is Crs.BD09:
        return _invert(_bd09_to_gcj02(point), wgs84_to_gcj02)
    return point


def from_wgs84(point: Point, crs: Crs) -> Point:
    """A WGS-84 place in another system."""
    if crs is Crs.GCJ02:
        return wgs84_to_gcj02(point)
    return wgs84_to_bd09(point) if crs is Crs.BD09 else point


def is_in_range(point: Point) -> bool:
    """Whether the point lies in the box around China in which map services shift coordinates."""
    return _SOUTH <= point.lat <= _NORTH and _WEST <= point.lon <= _EAST


def wgs84_to_gcj02(point: Point) -> Point:
    """The shifted coordinates that map services in mainland China use; unchanged outside it."""
    if not is_in_range(point):
        return point
    d_lat, d_lon = _shift(point.lon - 105.0, point.lat - 35.0)
    rad = math.radians(point.lat)
    magic = 1 - _ECCENTRICITY_SQ * math.sin(rad) ** 2
    root = math.sqrt(magic)
    d_lat = math.degrees(d_lat / ((_SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQ)) / (magic * root)))
    d_lon = math.degrees(d_lon / (_SEMI_MAJOR_M / root * math.cos(rad)))
    return Point(point.lat + d_lat, point.lon + d_lon)


def wgs84_to_bd09(point: Point) -> Point:
    """The coordinates of Baidu's maps."""
    return _gcj02_to_bd09(wgs84_to_gcj02(point))


def distance_m(one: Point, other: Point) -> float:
    """Great-circle distance in metres of two points in the same system (haversine)."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.lon - one.lon) / 2
    a = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(a))


def _shift(x: float, y: float) -> tuple[float, float]:
    """Metres north and east by which GCJ-02 moves a point, x and y in degrees from 105 E, 35 N."""
    ripple = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += ripple * 2.0 / 3.0
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320 * math.sin(y * math.pi / 30.0)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += ripple * 2.0 / 3.0
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2 / 3
    return north, east


def _gcj02_to_bd09(point: Point) -> Point:
    radius = math.hypot(point.lon, point.lat) + 0.00002 * math.sin(point.lat * _BD_FACTOR)
    angle = math.atan2(point.lat, point.lon) + 0.000003 * math.cos(point.lon * _BD_FACTOR)
    return Point(radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065)


def _bd09_to_gcj02(point: Point) -> Point:
    return _invert(point, _gcj02_to_bd09)


def _invert(target: Point, forward: Callable[[Point], Point]) -> Point:
    """The point whose image under ``forward`` is ``target``, to a hundredth of a millimetre."""
    guess = target
    for _ in range(_MAX_STEPS):
        image = forward(guess)
        d_lat, d_lon = target.lat - image.lat, target.lon - image.lon
        guess = Point(guess.lat + d_lat, guess.lon + d_lon)
        if abs(d_lat) < _CONVERGED_DEG and abs(d_lon) < _CONVERGED_DEG:
            break
    return guess
