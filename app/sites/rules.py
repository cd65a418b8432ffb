"""Sites decided without a database: their states, who decides on them, and what lies near.

A site that an inspector makes in the field is *proposed* until its unit confirms it; it may be
inspected meanwhile. Headquarters decides on every site in its areas, the coordinator of a unit on
those of the unit and of everything below.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.kit.geo import Point
from app.kit.reach import Posting
from app.organisation.rules import Role, UnitKind, is_at_or_below

MOST_RADIUS_M = 2000
_METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere that distances are measured on
_SLACK = 1.001
_LEAST_COSINE = 0.01
_AREAS = frozenset({UnitKind.CITY, UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMMUNITY})


class SiteState(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    CLOSED = "closed"


class MoveState(StrEnum):
    """``superseded``: a later proposal took its place."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class RoadClass(StrEnum):
    """Streets are kept to different standards: main roads the strictest."""

    MAIN = "main"
    SIDE = "side"
    ALLEY = "alley"


def sees(postings: Iterable[Posting], unit_path: str) -> bool:
    """Whether a site of this unit is in reach; ``queries.visible`` is the same in SQL."""
    return any(
        is_at_or_below(unit_path, path)
        for posting in postings
        for path in (*posting.area_paths, posting.unit_path)
    )


def decides(postings: Iterable[Posting], unit_path: str) -> bool:
    """Whether somebody may confirm, change and close sites of this unit."""
    for posting in postings:
        if posting.role == Role.HQ_ADMIN:
            if any(is_at_or_below(unit_path, area) for area in posting.area_paths):
                return True
        elif posting.role == Role.UNIT_COORDINATOR and is_at_or_below(unit_path, posting.unit_path):
            return True
    return False


def may_hold_sites(kind: UnitKind) -> bool:
    """Sites lie in areas; a bureau answers for them by its lines."""
    return kind in _AREAS


@dataclass(frozen=True)
class Box:
    """Degrees of WGS-84."""

    south: float
    west: float
    north: float
    east: float


def box_around(centre: Point, radius_m: float) -> Box:
    """A box that holds every point within the radius, and few others."""
    d_lat = radius_m / _METRES_PER_DEGREE * _SLACK
    cosine = max(math.cos(math.radians(abs(centre.lat) + d_lat)), _LEAST_COSINE)
    d_lon = d_lat / cosine
    return Box(centre.lat - d_lat, centre.lon - d_lon, centre.lat + d_lat, centre.lon + d_lon)
