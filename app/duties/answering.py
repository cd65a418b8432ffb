"""Who answers at a place, for a line, on a day, and why: one question with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from app.duties import queries, rules
from app.duties.queries import Duty
from app.duties.rules import Considered, Entry
from app.kit.errors import Fault, Invalid
from app.kit.geo import Crs, Point
from app.kit.reach import Posting
from app.organisation import locating
from app.organisation import queries as organisation
from app.organisation.locating import Place
from app.organisation.rules import codes_of
from app.organisation.tables import Line, Unit
from app.sites.queries import get_site


@dataclass(frozen=True)
class Asked:
    """A place in one of three ways: a point, a unit's code, a site's code."""

    point: Point | None
    crs: Crs | None
    unit: str | None
    site: str | None


@dataclass(frozen=True)
class Reasons:
    """The answer with all that was considered, from the place upwards."""

    unit: Unit
    chain: dict[str, Unit]
    place: Place | None
    line: Line
    duties: dict[UUID, Duty]
    steps: list[Considered]

    @property
    def answer(self) -> Duty | None:
        """The responsibility that holds, if any does."""
        found = [s.entry_id for s in self.steps if s.verdict is rules.Verdict.ANSWERS]
        return self.duties[found[0]] if found and found[0] else None


def explain(tx: Session, *, by: Sequence[Posting], asked: Asked, line: str, on: date) -> Reasons:
    """Who answers, with reasons; the same answer as ``organisation.queries.answerable_units``."""
    known = organisation.find_lines(tx, [line])
    if line not in known:
        raise _unknown("/line", "line", line)
    unit, place = _place(tx, by, asked, on)
    codes = codes_of(unit.path)
    duties = {duty.row.id: duty for duty in queries.duties_above(tx, codes, known[line].id)}
    entries = [
        Entry(
            id=duty.row.id,
            area_path=duty.area.path,
            valid_from=duty.row.valid_from,
            valid_to=duty.row.valid_to,
            unit_valid_from=duty.unit.valid_from,
            unit_valid_to=duty.unit.valid_to,
        )
        for duty in duties.values()
    ]
    return Reasons(
        unit=unit,
        chain=organisation.find_units(tx, codes),
        place=place,
        line=known[line],
        duties=duties,
        steps=list(rules.consider(entries, area_path=unit.path, on=on)),
    )


def _place(tx: Session, by: Sequence[Posting], asked: Asked, on: date) -> tuple[Unit, Place | None]:
    ways = [asked.point is not None and asked.crs is not None, bool(asked.unit), bool(asked.site)]
    if sum(ways) != 1 or (asked.point is None) != (asked.crs is None):
        expected = {"expected": "lat, lon, crs | unit | site"}
        raise Invalid("request.invalid", faults=(Fault("", "field.value", expected),))
    if asked.point is not None and asked.crs is not None:
        place = locating.locate(tx, point=asked.point, crs=asked.crs, on=on).place
        return place.unit, place
    if asked.unit:
        return organisation.get_unit(tx, asked.unit), None
    own = get_site(tx, asked.site or "", by).unit
    return own, locating.place_of(tx, point=None, on=on, site_unit=own)


def _unknown(at: str, kind: str, value: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
