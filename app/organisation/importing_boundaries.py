"""Takes boundaries of units from GeoJSON: all of a document or nothing of it.

The document names its coordinate system and its source; a system is never guessed, since a wrong
one moves a border by half a kilometre. What was given is kept beside the valid shape.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.changes import Change, Row
from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs
from app.kit.ids import new_id
from app.kit.shapes import Area, canonical_geometry, read_area
from app.organisation import queries, queries_places, rules
from app.organisation.tables import Unit, UnitBoundary

FIRST_DAY = date(2000, 1, 1)
_LONGEST_SOURCE = 300
# The member "crs" as older GeoJSON files carry it.
_NAMED_CRS = {
    "urn:ogc:def:crs:ogc:1.3:crs84": Crs.WGS84,
    "urn:ogc:def:crs:epsg::4326": Crs.WGS84,
    "epsg:4326": Crs.WGS84,
    "urn:ogc:def:crs:epsg::4490": Crs.CGCS2000,
    "epsg:4490": Crs.CGCS2000,
}


@dataclass(frozen=True)
class _Header:
    """What a document says about all its boundaries."""

    crs: Crs
    source: str
    synthetic: bool
    valid_from: date


@dataclass(frozen=True)
class _Given:
    """One boundary as it was given, and what it became."""

    unit: Unit
    original: dict[str, Any]
    area: Area


def set_boundaries(tx: Session, document: Any) -> int:
    """Boundaries of units from a GeoJSON FeatureCollection; returns how many are new.

    Members beside ``features``: ``crs`` (``wgs84``, ``gcj02``, ``bd09``, ``cgcs2000``, or an object
    that names EPSG:4326, CRS84 or EPSG:4490), ``source`` (a text), ``synthetic`` (made up; false
    if missing), ``valid_from`` (a date; 2000-01-01 if missing). Each feature has
    ``properties.code`` and a Polygon or MultiPolygon.

    A boundary that holds at ``valid_from`` ends the day before; one that began on that day or
    later is withdrawn. The same boundary again is nothing. ``Invalid`` names every fault.
    """
    header = _read_header(document)
    given = _read_features(tx, document["features"], header)
    held = _held(tx, given, header)
    new = [one for one in given if not _is_held(held.get(one.unit.id, []), one, header)]
    _write(tx, new, held, header)
    return len(new)


def stored_boundaries(tx: Session) -> dict[tuple[Any, ...], Row]:
    """The boundaries that have no end, by the codes of their units, as they were given."""
    return {
        (unit.code,): {
            "unit": unit.code,
            "geometry": canonical_geometry(row.original),
            "crs": row.crs.value,
            "source": row.source,
            "synthetic": row.synthetic,
            "valid_from": row.valid_from.isoformat(),
        }
        for row, unit in queries_places.open_boundaries(tx)
    }


def apply_boundaries(tx: Session, changes: Sequence[Change]) -> None:
    """Write boundaries that a plan has found new or changed; their shapes were judged with it."""
    rows = [change.after for change in changes]
    units = queries.find_units(tx, [row["unit"] for row in rows])
    sorted_rows: dict[_Header, list[_Given]] = {}
    for row in rows:
        day = date.fromisoformat(row["valid_from"])
        header = _Header(Crs(row["crs"]), row["source"], row["synthetic"], day)
        original = json.loads(row["geometry"])
        area = read_area(original, header.crs, at="")
        sorted_rows.setdefault(header, []).append(_Given(units[row["unit"]], original, area))
    for header, given in sorted_rows.items():
        _write(tx, given, _held(tx, given, header), header)


def _held(tx: Session, given: Sequence[_Given], header: _Header) -> dict[UUID, list[UnitBoundary]]:
    """What the units have from the first day on, locked."""
    held: dict[UUID, list[UnitBoundary]] = {}
    ids = sorted(one.unit.id for one in given)
    for row in queries_places.boundaries_from(tx, ids, day=header.valid_from):
        held.setdefault(row.unit_id, []).append(row)
    return held


def _write(
    tx: Session,
    new: Sequence[_Given],
    held: Mapping[UUID, list[UnitBoundary]],
    header: _Header,
) -> None:
    for one in new:
        _make_room(tx, held.get(one.unit.id, []), header.valid_from)
    tx.flush()
    insert_rows(tx, UnitBoundary, [_row(tx, one, header) for one in new])
    for one in new:
        events.record(
            tx,
            "unit.boundary-set",
            subject=("unit", one.unit.id),
            code=one.unit.code,
            crs=header.crs.value,
            source=header.source,
            synthetic=header.synthetic,
            valid_from=header.valid_from.isoformat(),
            repaired=one.area.repaired,
        )


def _is_held(held: list[UnitBoundary], one: _Given, header: _Header) -> bool:
    """Whether this very boundary stands there already, with nothing after it."""
    return len(held) == 1 and (
        held[0].valid_from == header.valid_from
        and held[0].valid_to is None
        and held[0].original == one.original
        and (held[0].crs, held[0].source, held[0].synthetic)
        == (header.crs, header.source, header.synthetic)
    )


def _make_room(tx: Session, held: list[UnitBoundary], day: date) -> None:
    for row in held:
        if row.valid_from < day:
            row.valid_to = day - timedelta(days=1)
        else:
            row.withdrawn_at = business_time.now(tx)
        tx.add(row)


def _row(tx: Session, one: _Given, header: _Header) -> dict[str, Any]:
    area = one.area
    return {
        "id": new_id(),
        "unit_id": one.unit.id,
        "valid_from": header.valid_from,
        "source": header.source,
        "synthetic": header.synthetic,
        "crs": header.crs,
        "original": one.original,
        "repaired": area.repaired,
        "shape": area.wkb,
        "west": area.west,
        "south": area.south,
        "east": area.east,
        "north": area.north,
        "area_m2": area.area_m2,
        "created_at": business_time.now(tx),
    }


def _read_header(document: Any) -> _Header:
    """The members that hold for all features; every fault of them at once."""
    if not isinstance(document, Mapping) or document.get("type") != "FeatureCollection":
        raise _invalid(Fault("/type", "field.value", {"expected": "FeatureCollection"}))
    crs, source = _crs_of(document.get("crs")), document.get("source")
    synthetic, begins = document.get("synthetic", False), _date_of(document.get("valid_from"))
    faults = []
    if document.get("crs") is None:
        faults.append(Fault("/crs", "field.missing"))
    elif crs is None:
        faults.append(Fault("/crs", "field.value", {"expected": " | ".join(Crs)}))
    if not isinstance(source, str) or not 0 < len(source.strip()) <= _LONGEST_SOURCE:
        faults.append(Fault("/source", "field.type", {"expected": "string"}))
    if not isinstance(synthetic, bool):
        faults.append(Fault("/synthetic", "field.type", {"expected": "boolean"}))
    if begins is None:
        faults.append(Fault("/valid_from", "field.format", {"expected": "YYYY-MM-DD"}))
    if not isinstance(document.get("features"), list) or not document["features"]:
        faults.append(Fault("/features", "field.type", {"expected": "array"}))
    if faults or crs is None or begins is None:
        raise _invalid(*faults)
    return _Header(crs, str(source).strip(), bool(synthetic), begins)


def _crs_of(given: Any) -> Crs | None:
    if isinstance(given, Mapping):
        return named_crs(given)
    return Crs(given) if given in list(Crs) else None


def named_crs(member: Mapping[str, Any]) -> Crs | None:
    """The system that the member ``crs`` of older GeoJSON files names; None for any other."""
    named = member.get("properties")
    name = named.get("name") if isinstance(named, Mapping) else None
    return _NAMED_CRS.get(str(name).lower())


def _date_of(given: Any) -> date | None:
    try:
        return FIRST_DAY if given is None else date.fromisoformat(given)
    except (TypeError, ValueError):
        return None


def _read_features(tx: Session, features: list[Any], header: _Header) -> list[_Given]:
    """All features with their units and areas, or ``Invalid`` with every fault of every feature."""
    codes = [_code_of(feature) for feature in features]
    units = queries.find_units(tx, [code for code in codes if code is not None])
    faults: list[Fault] = []
    given: list[_Given] = []
    seen: set[str] = set()
    for index, (feature, code) in enumerate(zip(features, codes, strict=True)):
        at = f"/features/{index}"
        faults += _faults_of_code(code, units, seen, header.valid_from, f"{at}/properties/code")
        geometry: Any = feature.get("geometry") if isinstance(feature, Mapping) else None
        try:
            area = read_area(geometry, header.crs, at=f"{at}/geometry")
        except Invalid as error:
            faults += error.faults
            continue
        if code in units:
            given.append(_Given(units[code], dict(geometry), area))
    if faults:
        raise _invalid(*faults)
    return given


def _code_of(feature: Any) -> str | None:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    code = properties.get("code") if isinstance(properties, Mapping) else None
    return code if isinstance(code, str) and code else None


def _faults_of_code(
    code: str | None, units: Mapping[str, Unit], seen: set[str], on: date, at: str
) -> Iterator[Fault]:
    if code is None:
        yield Fault(at, "field.missing")
    elif code not in units:
        yield Fault(at, "field.unknown-reference", {"kind": "unit", "value": code})
    elif code in seen:
        yield Fault(at, "field.duplicate", {"value": code})
    elif not rules.is_valid(units[code].valid_from, units[code].valid_to, on):
        yield Fault(at, "unit.not-valid", {"value": code, "on": on.isoformat()})
    if code is not None:
        seen.add(code)


def _invalid(*faults: Fault) -> Invalid:
    return Invalid("request.invalid", faults=faults)
