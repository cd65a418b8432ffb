"""Loads sites and standards of roads from files, bringing what is there up to date.

A site is known by its code. What a row does not say stays as it is: a round file that knows five
fields does not wipe out what the unit has entered. Whether a site is closed is never loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.infra.bulk import upsert_rows
from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.people import queries as people
from app.sites.rules import RoadClass, SiteState
from app.sites.storing import set_lines_of_many
from app.sites.tables import RoadStandard, Site

Row = dict[str, Any]
_FIRST_DAY = date(2000, 1, 1)
_MOST_CODES = 1000  # of one look-up: PostgreSQL takes 65,535 parameters


def load_sites(tx: Session, rows: Sequence[Row]) -> dict[str, UUID]:
    """Insert sites or bring them up to date; returns their ids by code."""
    known = _Known(tx, rows)
    groups: dict[frozenset[str], list[Row]] = {}
    for index, row in enumerate(rows):
        values = known.values(row, f"/sites/{index}")
        groups.setdefault(frozenset(values), []).append(values)
    for group in groups.values():
        upsert_rows(tx, Site, group, key=("code",), fresh=("state", "valid_from"))
    ids = _ids(tx, [row["code"] for row in rows])
    marked = {ids[row["code"]]: known.line_ids(row) for row in rows if "lines" in row}
    if marked:
        set_lines_of_many(tx, marked)
    return ids


def load_road_standards(tx: Session, rows: Sequence[Row]) -> int:
    """Insert or replace the standard of each class of roads; returns how many."""
    for row in rows:
        values = {name: row.get(name) for name in ("name_en", "text_en")} | {
            "road_class": RoadClass(row["road_class"]),
            "name_zh": row["name_zh"],
            "text_zh": row["text_zh"],
        }
        statement = insert(RoadStandard).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["road_class"],
            set_={name: statement.excluded[name] for name in values if name != "road_class"},
        )
        tx.connection().execute(statement)
    return len(rows)


def _ids(tx: Session, codes: Sequence[str]) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    for start in range(0, len(codes), _MOST_CODES):
        part = codes[start : start + _MOST_CODES]
        found |= dict(tx.exec(select(Site.code, Site.id).where(col(Site.code).in_(part))).all())
    return found


class _Known:
    """What the rows refer to, looked up once."""

    def __init__(self, tx: Session, rows: Sequence[Row]) -> None:
        said = [row["responsible"] for row in rows if row.get("responsible")]
        units = {row["unit"] for row in rows} | {one["unit"] for one in said if one.get("unit")}
        self._units = organisation.find_units(tx, sorted(units))
        self._lines = organisation.find_lines(
            tx, sorted({code for row in rows for code in row.get("lines", ())})
        )
        logins = sorted({one["login"] for one in said if one.get("login")})
        self._people = people.find_people(tx, logins)

    def values(self, row: Row, at: str) -> Row:
        """The columns that a row speaks of."""
        for index, code in enumerate(row.get("lines", ())):
            _known(self._lines, "line", code, f"{at}/lines/{index}")
        return {
            "id": new_id(),
            "code": row["code"],
            "name": row["name"],
            "category": row["category"],
            "unit_id": _known(self._units, "unit", row["unit"], f"{at}/unit").id,
            "state": SiteState.ACTIVE,
            "valid_from": date.fromisoformat(row.get("valid_from") or _FIRST_DAY.isoformat()),
            **_place(row.get("location")),
            **dict(self._more(row, at)),
        }

    def line_ids(self, row: Row) -> list[UUID]:
        """The lines that a row marks its site with."""
        return [self._lines[code].id for code in row["lines"]]

    def _more(self, row: Row, at: str) -> Iterator[tuple[str, Any]]:
        if "road_class" in row:
            yield "road_class", RoadClass(row["road_class"]) if row["road_class"] else None
        if "responsible" in row:
            one = row["responsible"] or {}
            unit, login = one.get("unit"), one.get("login")
            at = f"{at}/responsible"
            yield "responsible_name", one.get("name")
            yield (
                "responsible_unit_id",
                _known(self._units, "unit", unit, f"{at}/unit").id if unit else None,
            )
            yield (
                "responsible_person_id",
                _known(self._people, "person", login, f"{at}/login").id if login else None,
            )


def _place(place: Row | None) -> Row:
    crs = Crs(place["crs"]) if place else None
    wgs84 = to_wgs84(Point(place["lat"], place["lon"]), crs) if place and crs else None
    return {
        "lat": place["lat"] if place else None,
        "lon": place["lon"] if place else None,
        "crs": crs,
        "wgs84_lat": wgs84.lat if wgs84 else None,
        "wgs84_lon": wgs84.lon if wgs84 else None,
    }


def _known(found: Mapping[str, Any], kind: str, code: str, at: str) -> Any:
    if code not in found:
        fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        raise Invalid("request.invalid", faults=(fault,))
    return found[code]
