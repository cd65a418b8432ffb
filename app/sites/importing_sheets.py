"""Sites as the rows of sheets: what is stored, by code, and the writing of planned changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from app.infra import events
from app.infra.bulk import upsert_rows
from app.kit.changes import Change, Row
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.ids import new_id
from app.organisation.importing_sheets import read_day, written_day
from app.organisation.tables import Line, Unit
from app.people.tables import Person
from app.sites.rules import RoadClass, SiteState
from app.sites.storing import set_lines_of_many
from app.sites.tables import Site, SiteLine


def stored_sites(tx: Session) -> dict[tuple[Any, ...], Row]:
    """All sites by code."""
    units = dict(tx.exec(select(Unit.id, Unit.code)).all())
    lines = dict(tx.exec(select(Line.id, Line.code)).all())
    logins = dict(tx.exec(select(Person.id, Person.login)).all())
    marked = defaultdict(list)
    for site_id, line_id in tx.exec(select(SiteLine.site_id, SiteLine.line_id)).all():
        marked[site_id].append(lines[line_id])
    return {
        (site.code,): {
            "code": site.code,
            "name": site.name,
            "category": site.category,
            "unit": units[site.unit_id],
            "lat": site.lat,
            "lon": site.lon,
            "crs": site.crs.value if site.crs else None,
            "lines": sorted(marked[site.id]),
            "road_class": site.road_class.value if site.road_class else None,
            "responsible_name": site.responsible_name,
            "responsible_unit": _named(units, site.responsible_unit_id),
            "responsible_person": _named(logins, site.responsible_person_id),
            "state": site.state.value,
            "valid_from": site.valid_from.isoformat(),
            "valid_to": written_day(site.valid_to),
        }
        for site in tx.exec(select(Site)).all()
    }


def _named(names: Mapping[UUID, str], key: UUID | None) -> str | None:
    return names[key] if key else None


def apply_sites(tx: Session, changes: Sequence[Change]) -> None:
    """Write sites; five thousand are as many statements as one. States move elsewhere."""
    units = dict(tx.exec(select(Unit.code, Unit.id)).all())
    lines = dict(tx.exec(select(Line.code, Line.id)).all())
    people = dict(tx.exec(select(Person.login, Person.id)).all())
    rows = [_values(change.after, units, people) for change in changes]
    upsert_rows(tx, Site, rows, key=("code",), fresh=("state", "valid_to"))
    ids = dict(tx.exec(select(Site.code, Site.id)).all())
    set_lines_of_many(
        tx, {ids[c.after["code"]]: [lines[code] for code in c.after["lines"]] for c in changes}
    )
    told = [(ids[change.after["code"]], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "site", told)


def _values(row: Row, units: Mapping[str, UUID], people: Mapping[str, UUID]) -> Row:
    crs = Crs(row["crs"]) if row["crs"] else None
    wgs84 = to_wgs84(Point(row["lat"], row["lon"]), crs) if crs else None
    unit, person = row["responsible_unit"], row["responsible_person"]
    return {
        "id": new_id(),
        "code": row["code"],
        "name": row["name"],
        "category": row["category"],
        "unit_id": units[row["unit"]],
        "lat": row["lat"],
        "lon": row["lon"],
        "crs": crs,
        "wgs84_lat": wgs84.lat if wgs84 else None,
        "wgs84_lon": wgs84.lon if wgs84 else None,
        "road_class": RoadClass(row["road_class"]) if row["road_class"] else None,
        "responsible_name": row["responsible_name"],
        "responsible_unit_id": units[unit] if unit else None,
        "responsible_person_id": people[person] if person else None,
        "state": SiteState(row.get("state", "active")),
        "valid_from": date.fromisoformat(row["valid_from"]),
        "valid_to": read_day(row.get("valid_to")),
    }
