"""Loads sites from files: one that is there already is brought up to date by its code."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.sites.tables import Site

Row = dict[str, Any]


def load_sites(tx: Session, rows: Sequence[Row]) -> dict[str, UUID]:
    """Insert sites or bring them up to date; returns their ids by code."""
    units = organisation.find_units(tx, [row["unit"] for row in rows])
    values = []
    for index, row in enumerate(rows):
        if row["unit"] not in units:
            raise _unknown("unit", row["unit"], f"/sites/{index}/unit")
        values.append(_site_values(row, units[row["unit"]].id))
    if values:
        statement = insert(Site).values(values)
        updates = {
            name: statement.excluded[name] for name in values[0] if name not in ("id", "code")
        }
        tx.connection().execute(
            statement.on_conflict_do_update(index_elements=["code"], set_=updates)
        )
    codes = [row["code"] for row in rows]
    found = tx.exec(select(Site.code, Site.id).where(col(Site.code).in_(codes))).all()
    return dict(found)


def _site_values(row: Row, unit_id: UUID) -> Row:
    place = row.get("location")
    crs = Crs(place["crs"]) if place else None
    wgs84 = to_wgs84(Point(place["lat"], place["lon"]), crs) if place and crs else None
    return {
        "id": new_id(),
        "code": row["code"],
        "name": row["name"],
        "category": row["category"],
        "unit_id": unit_id,
        "lat": place["lat"] if place else None,
        "lon": place["lon"] if place else None,
        "crs": crs,
        "wgs84_lat": wgs84.lat if wgs84 else None,
        "wgs84_lon": wgs84.lon if wgs84 else None,
    }


def _unknown(kind: str, value: str, at: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
