"""Cells of the grid (网格) begin and end; their codes are texts with a scheme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from app.duties import queries
from app.duties.queries import Cell
from app.duties.tables import GridCell
from app.infra import events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.geo import Crs
from app.kit.reach import Posting
from app.kit.shapes import read_area
from app.organisation import queries as organisation
from app.organisation.service import require_reach, require_valid
from app.people import queries as people


@dataclass(frozen=True)
class OutlineGiven:
    """A GeoJSON polygon, its system and who drew it."""

    geometry: dict[str, Any]
    crs: Crs
    source: str


def create_cell(
    tx: Session,
    *,
    by: Sequence[Posting],
    scheme: str,
    code: str,
    unit: str,
    person: str | None,
    outline: OutlineGiven | None,
    valid_from: date,
) -> Cell:
    """A new cell in a street or community; a cell that changes ends and begins anew."""
    units = organisation.find_units(tx, [unit])
    known = people.find_people(tx, [person] if person else [])
    if unit not in units:
        raise _unknown("/unit", "unit", unit)
    if person and person not in known:
        raise _unknown("/person", "person", person)
    require_reach(by, units[unit])
    require_valid(units[unit], valid_from, at="/unit")
    shape = None
    if outline is not None:
        shape = read_area(outline.geometry, outline.crs, at="/boundary/geometry").wkb
    row = GridCell(
        scheme=scheme,
        code=code,
        unit_id=units[unit].id,
        person_id=known[person].id if person else None,
        crs=outline.crs if outline else None,
        source=outline.source if outline else None,
        original=outline.geometry if outline else None,
        shape=shape,
        valid_from=valid_from,
    )
    with conflicts(tx, {"ex_grid_cell_period": Conflict("cell.exists", value=code)}):
        tx.add(row)
    after = {"scheme": scheme, "code": code, "unit": unit, "person": person}
    after["valid_from"] = valid_from.isoformat()
    events.record(tx, "cell.created", subject=("grid_cell", row.id), before={}, after=after)
    return queries.get_cell(tx, scheme, code)


def end_cell(tx: Session, *, by: Sequence[Posting], scheme: str, code: str, on: date) -> Cell:
    """The last day of a cell."""
    cell = queries.get_cell(tx, scheme, code)
    require_reach(by, cell.unit)
    tx.refresh(cell.row, with_for_update=True)
    if cell.row.valid_to is not None:
        raise Conflict("cell.ended", on=cell.row.valid_to.isoformat())
    if on < cell.row.valid_from:
        raise Invalid("request.invalid", faults=(Fault("/on", "field.order"),))
    cell.row.valid_to = on
    tx.add(cell.row)
    tx.flush()
    events.record(
        tx,
        "cell.ended",
        subject=("grid_cell", cell.row.id),
        scheme=scheme,
        code=code,
        before={"valid_to": None},
        after={"valid_to": on.isoformat()},
    )
    return cell


def _unknown(at: str, kind: str, value: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
