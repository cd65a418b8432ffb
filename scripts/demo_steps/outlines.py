"""Made-up outlines of streets and communities, so that the demo can say where a point lies.

A street gets the part of its district that is nearest to its centre; where the district has no
outline, the ground nearest to its streets that no other district holds. A community gets the part
of its street nearest to a point of its own, strewn over it. All are marked synthetic.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from scripts.demo_steps.city_files import CITY_FOLDER, City, Street

SOURCE = "demo: made up around assumed street centres, not surveyed"
_AROUND_DEG = 0.02  # how far a district without an outline reaches beyond its streets' centres
_TRIES = 200
_DECIMALS = 6


def made_up_outlines(city: City, seed: int) -> dict[str, Any]:
    """A GeoJSON document for ``set_boundaries``, in the system of the city's centres."""
    known = _known_districts(city.crs)
    shapes: dict[str, Any] = {}
    for district in city.districts:
        streets = [street for street in city.streets.values() if street.district == district]
        ground = known.get(district) or _ground_without_outline(streets, list(known.values()))
        if district not in known:
            shapes[district] = ground
        centres = {street.code: (street.lon, street.lat) for street in streets}
        for code, shape in _nearest_parts(centres, ground).items():
            shapes[code] = shape
            shapes |= _communities(city.streets[code], shape, random.Random(f"{seed}{code}"))
    features = [_feature(code, shape) for code, shape in shapes.items() if not shape.is_empty]
    header = {"type": "FeatureCollection", "crs": city.crs, "source": SOURCE, "synthetic": True}
    return header | {"features": features}


def _known_districts(crs: str) -> dict[str, Any]:
    """The outlines that came with the city, if they are of the same system."""
    file = CITY_FOLDER / "boundaries.geojson"
    if not file.exists():
        return {}
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["crs"] != crs:
        return {}
    return {
        feature["properties"]["code"]: shapely.make_valid(
            shapely.from_geojson(json.dumps(feature["geometry"]))
        )
        for feature in document["features"]
    }


def _ground_without_outline(streets: Sequence[Street], others: Sequence[Any]) -> Any:
    around = shapely.MultiPoint([(one.lon, one.lat) for one in streets]).convex_hull
    return around.buffer(_AROUND_DEG).difference(shapely.union_all(list(others)))


def _communities(street: Street, ground: Any, draw: random.Random) -> dict[str, Any]:
    if ground.is_empty:
        return {}
    west, south, east, north = ground.bounds
    shapely.prepare(ground)
    centres = {}
    for community in street.communities:
        for _ in range(_TRIES):
            centre = draw.uniform(west, east), draw.uniform(south, north)
            if shapely.intersects_xy(ground, *centre):
                centres[community.code] = centre
                break
    return _nearest_parts(centres, ground)


def _nearest_parts(centres: Mapping[str, tuple[float, float]], ground: Any) -> dict[str, Any]:
    """The ground, cut so that every point belongs to the nearest centre."""
    if len(centres) < 2:  # noqa: PLR2004 - nothing to cut
        return dict.fromkeys(centres, ground)
    points = shapely.MultiPoint(list(centres.values()))
    cells = list(shapely.get_parts(shapely.voronoi_polygons(points, extend_to=ground)))
    found = {}
    for code, centre in centres.items():
        own = next(cell for cell in cells if cell.covers(shapely.Point(centre)))
        found[code] = own.intersection(ground)
    return found


def _feature(code: str, shape: Any) -> dict[str, Any]:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    rounded = [
        [
            [[round(x, _DECIMALS), round(y, _DECIMALS)] for x, y in ring.coords]
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        for polygon in polygons
    ]
    geometry = {"type": "MultiPolygon", "coordinates": rounded}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}
