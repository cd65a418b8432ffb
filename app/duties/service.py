"""Who answers for what is said, ended and said anew: nothing is ever overwritten."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session

from app.duties import queries
from app.duties.queries import Duty
from app.infra import events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.reach import Posting
from app.organisation import queries as organisation
from app.organisation.service import require_reach, require_valid
from app.organisation.tables import Responsibility
from app.people import queries as people
from app.people.tables import Person

KINDS = ("leader", "coordinator", "handler")


def add_responsibility(
    tx: Session,
    *,
    by: Sequence[Posting],
    area: str,
    line: str,
    unit: str,
    persons: dict[str, str | None],
    valid_from: date,
    valid_to: date | None,
) -> Duty:
    """A unit answers for a line in an area from a day on; ``persons`` are logins by ``KINDS``.

    ``Conflict`` where somebody answers already on one of the days: end that first.
    """
    units = organisation.find_units(tx, [area, unit])
    lines = organisation.find_lines(tx, [line])
    known = people.find_people(tx, [login for login in persons.values() if login])
    faults = [
        Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
        for at, kind, value, there in (
            ("/area", "unit", area, area in units),
            ("/unit", "unit", unit, unit in units),
            ("/line", "line", line, line in lines),
            *(
                (f"/{kind}", "person", login, login in known)
                for kind, login in persons.items()
                if login
            ),
        )
        if not there
    ]
    if valid_to is not None and valid_to < valid_from:
        faults.append(Fault("/valid_to", "field.order"))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))
    require_reach(by, units[area])
    require_valid(units[area], valid_from, at="/area")
    require_valid(units[unit], valid_from, at="/unit")
    row = Responsibility(
        area_id=units[area].id,
        line_id=lines[line].id,
        unit_id=units[unit].id,
        valid_from=valid_from,
        valid_to=valid_to,
        leader_id=_id_of(known, persons.get("leader")),
        coordinator_id=_id_of(known, persons.get("coordinator")),
        handler_id=_id_of(known, persons.get("handler")),
    )
    overlap = Conflict("responsibility.overlaps", area=area, line=line)
    with conflicts(tx, dict.fromkeys(_OVERLAPS, overlap)):
        tx.add(row)
    after = {"area": area, "line": line, "unit": unit, **persons}
    after |= {"valid_from": valid_from.isoformat(), "valid_to": _day(valid_to)}
    subject = ("responsibility", row.id)
    events.record(tx, "responsibility.added", subject=subject, before={}, after=after)
    return queries.get_duty(tx, row.id)


_OVERLAPS = ("ex_responsibility_period", "uq_responsibility_area_id_line_id_valid_from")


def end_responsibility(
    tx: Session, *, by: Sequence[Posting], responsibility_id: UUID, on: date
) -> Duty:
    """Let a responsibility end with a day, which may only be earlier than it was to end."""
    duty = queries.get_duty(tx, responsibility_id)
    require_reach(by, duty.area)
    tx.refresh(duty.row, with_for_update=True)
    before = duty.row.valid_to
    if before is not None and before <= on:
        raise Conflict("responsibility.ended", on=before.isoformat())
    if on < duty.row.valid_from:
        raise Invalid("request.invalid", faults=(Fault("/on", "field.order"),))
    duty.row.valid_to = on
    tx.add(duty.row)
    tx.flush()
    events.record(
        tx,
        "responsibility.ended",
        subject=("responsibility", duty.row.id),
        area=duty.area.code,
        line=duty.line.code,
        unit=duty.unit.code,
        before={"valid_to": _day(before)},
        after={"valid_to": on.isoformat()},
    )
    return duty


def _id_of(known: dict[str, Person], login: str | None) -> UUID | None:
    return known[login].id if login else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
