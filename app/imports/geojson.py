"""GeoJSON as sheets: features are rows numbered from 1, their properties are cells.

Sites have a point, which becomes latitude and longitude. Boundaries have an area, which becomes
the cell ``geometry``; what the document says of all of them (``crs``, ``source``, ``synthetic``,
``valid_from``) holds for each feature that does not say otherwise.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from app.imports import columns as cells
from app.imports.kinds_places import BOUNDARIES
from app.imports.rules import Kind, SheetText
from app.kit.changes import Row
from app.kit.errors import Invalid
from app.organisation.importing_boundaries import named_crs

_OF_ALL = ("crs", "source", "synthetic", "valid_from")
_KNOWN = {
    cells.folded_head(name): column.name
    for column in BOUNDARIES.columns
    for name in (column.name, column.zh, column.en)
}


def is_boundaries(name: str) -> bool:
    """Whether a sheet of this name holds boundaries."""
    named = (BOUNDARIES.name, BOUNDARIES.zh)
    return cells.folded_head(name) in {cells.folded_head(one) for one in named}


def read_geojson(content: bytes, name: str) -> SheetText:
    """The features of a document as a sheet; ``Invalid`` where it is no FeatureCollection."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
        features = [(one.get("properties") or {}, one["geometry"]) for one in found["features"]]
        if is_boundaries(name):
            shared = _shared_cells(found)
            lines = [shared | _area_cells(*feature) for feature in features]
        else:
            lines = [_point_cells(*feature) for feature in features]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid("file.not-a-sheet") from error
    heads = list(dict.fromkeys(head for line in lines for head in line))
    texts = [[line.get(head, "") for head in heads] for line in lines]
    return SheetText(name, list(enumerate([heads, *texts])))


def _point_cells(properties: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> Row:
    line = {str(name): _plain(value) for name, value in properties.items()}
    if geometry is not None:
        if geometry["type"] != "Point":
            raise ValueError(geometry["type"])
        lon, lat = geometry["coordinates"][:2]
        line |= {"lat": repr(float(lat)), "lon": repr(float(lon))}
    return line


def _shared_cells(document: Mapping[str, Any]) -> Row:
    return {name: _cell_of(name, document[name]) for name in _OF_ALL if name in document}


def _area_cells(properties: Mapping[str, Any], geometry: Any) -> Row:
    """Maps of others carry properties of their own, which are passed over."""
    known = {
        _KNOWN[head]: value
        for name, value in properties.items()
        if (head := cells.folded_head(str(name))) in _KNOWN
    }
    line = {name: _cell_of(name, value) for name, value in known.items()}
    return line | {"geometry": "" if geometry is None else json.dumps(geometry)}


def _cell_of(name: str, value: Any) -> str:
    if name == "crs" and isinstance(value, Mapping):
        found = named_crs(value)
        return found.value if found else json.dumps(value, ensure_ascii=False)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()


def write_geojson(kind: Kind, rows: Iterable[Row], zone: tzinfo) -> bytes:
    """Places as they were given, their system in ``crs``; rows without one have no geometry."""
    features = [
        {
            "type": "Feature",
            "geometry": _geometry_of(row),
            "properties": {
                column.name: cells.write_cell(column, row[column.name], zone)
                for column in kind.columns
                if column.name not in ("lat", "lon", "geometry")
            },
        }
        for row in rows
    ]
    found = {"type": "FeatureCollection", "features": features}
    return json.dumps(found, ensure_ascii=False).encode()


def _geometry_of(row: Row) -> Any:
    if row.get("geometry") is not None:
        return json.loads(row["geometry"])
    if row.get("lat") is not None:
        return {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return None
