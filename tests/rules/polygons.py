"""Random areas and a slow, plain way to say what lies in them: ray casting over the raw rings."""

import itertools
import math
import random
from dataclasses import dataclass

Ring = list[list[float]]
CENTRE_LON, CENTRE_LAT = 113.24, 35.23


@dataclass(frozen=True)
class RandomArea:
    """Polygons, each with its outer ring first; the parts are disjoint, the holes inside."""

    polygons: list[list[Ring]]

    @property
    def geometry(self):
        return {"type": "MultiPolygon", "coordinates": self.polygons}

    def holds(self, lon: float, lat: float) -> bool:
        crossings = sum(
            _crosses(a, b, lon, lat)
            for rings in self.polygons
            for ring in rings
            for a, b in itertools.pairwise(ring)
        )
        return crossings % 2 == 1

    def clearance(self, lon: float, lat: float) -> float:
        """Degrees to the nearest edge, about."""
        return min(
            _distance(a, b, lon, lat)
            for rings in self.polygons
            for ring in rings
            for a, b in itertools.pairwise(ring)
        )

    @property
    def size(self) -> float:
        """The area, by the shoelace formula, in square degrees."""
        return sum(
            abs(_shoelace(rings[0])) - sum(abs(_shoelace(hole)) for hole in rings[1:])
            for rings in self.polygons
        )


def random_area(draw: random.Random) -> RandomArea:
    """One or two star-shaped parts, neither convex nor alike, with or without holes."""
    polygons = []
    for part in range(draw.choice((1, 1, 2))):
        lon = CENTRE_LON + draw.uniform(-0.02, 0.02) + part * 0.2  # parts never meet
        lat = CENTRE_LAT + draw.uniform(-0.02, 0.02)
        reach = [draw.uniform(0.008, 0.06) for _ in range(draw.randint(5, 30))]
        polygons.append([_star(lon, lat, reach, 1.0)])
        if draw.random() < 0.5:
            polygons[-1].append(_star(lon, lat, reach, draw.uniform(0.2, 0.7))[::-1])
    return RandomArea(polygons)


def _star(lon: float, lat: float, reach: list[float], scale: float) -> Ring:
    ring = [
        [
            lon + math.cos(2 * math.pi * n / len(reach)) * far * scale,
            lat + math.sin(2 * math.pi * n / len(reach)) * far * scale,
        ]
        for n, far in enumerate(reach)
    ]
    return [*ring, ring[0]]


def _crosses(a: list[float], b: list[float], lon: float, lat: float) -> bool:
    """Whether the ray to the east from the point meets the edge."""
    if (a[1] > lat) == (b[1] > lat):
        return False
    return lon < a[0] + (lat - a[1]) / (b[1] - a[1]) * (b[0] - a[0])


def _distance(a: list[float], b: list[float], lon: float, lat: float) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if not length else ((lon - a[0]) * dx + (lat - a[1]) * dy) / length
    along = min(1.0, max(0.0, along))
    return math.hypot(lon - a[0] - along * dx, lat - a[1] - along * dy)


def _shoelace(ring: Ring) -> float:
    pairs = itertools.pairwise(ring)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2
