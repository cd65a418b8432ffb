"""Units come, are renamed and end. What they answered for is frozen elsewhere and never moves.

A unit is never moved to another parent: it ends, and a new one below the other parent is its
successor. Dates are whole days; the last day of a unit still belongs to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session

from app.infra import events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Forbidden, Invalid
from app.kit.reach import Posting
from app.organisation import queries, rules
from app.organisation.tables import Responsibility, Unit


@dataclass(frozen=True)
class Names:
    """What a unit is called."""

    zh: str
    full_zh: str | None
    en: str | None


def create_unit(
    tx: Session,
    *,
    by: Sequence[Posting],
    code: str,
    scheme: str,
    kind: rules.UnitKind,
    parent: str,
    names: Names,
    valid_from: date,
) -> Unit:
    """A new unit below a parent that is valid on its first day."""
    above = queries.find_units(tx, [parent], lock=True).get(parent)
    if above is None:
        raise _unknown("/parent", "unit", parent)
    require_reach(by, above)
    require_valid(above, valid_from, at="/parent")
    unit = Unit(
        code=code,
        scheme=scheme,
        kind=kind,
        parent_id=above.id,
        path=rules.child_path(above.path, code),
        name_zh=names.zh,
        full_name_zh=names.full_zh,
        name_en=names.en,
        valid_from=valid_from,
    )
    with conflicts(tx, {"uq_unit_code": Conflict("unit.exists", value=code)}):
        tx.add(unit)
    after = {"code": code, "kind": kind.value, "parent": parent, **_names_of(unit)}
    after["valid_from"] = valid_from.isoformat()
    events.record(tx, "unit.created", subject=("unit", unit.id), before={}, after=after)
    return unit


def rename_unit(tx: Session, *, by: Sequence[Posting], code: str, names: Names) -> Unit:
    """Call a unit otherwise from now on; its code and its past stay. The same names are nothing."""
    unit = queries.get_unit(tx, code, lock=True)
    require_reach(by, unit)
    before = _names_of(unit)
    unit.name_zh, unit.full_name_zh, unit.name_en = names.zh, names.full_zh, names.en
    after = _names_of(unit)
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        tx.add(unit)
        tx.flush()
        events.record(
            tx,
            "unit.renamed",
            subject=("unit", unit.id),
            code=code,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return unit


def end_unit(
    tx: Session, *, by: Sequence[Posting], code: str, on: date, successor: str | None
) -> Unit:
    """Let a unit end with the day ``on``; from the next day a successor answers in its place.

    Units below it must have ended before. Its responsibilities end with it; a successor takes
    them over, but for those that it or somebody else holds already.
    """
    unit = queries.get_unit(tx, code, lock=True)
    require_reach(by, unit)
    _check_end(tx, unit, on)
    heir = _successor(tx, unit, on, successor) if successor else None
    unit.valid_to = on
    unit.successor_id = heir.id if heir else None
    tx.add(unit)
    tx.flush()
    ended, handed_over = _hand_over(tx, unit, heir, on)
    events.record(
        tx,
        "unit.ended",
        subject=("unit", unit.id),
        code=code,
        before={"valid_to": None, "successor": None},
        after={"valid_to": on.isoformat(), "successor": successor},
        responsibilities={"ended": ended, "handed_over": handed_over},
    )
    return unit


def require_reach(by: Sequence[Posting], unit: Unit) -> None:
    """Only headquarters, and only within its areas, changes a unit; else ``Forbidden``."""
    if not rules.manages(by, unit.path):
        raise Forbidden("unit.out-of-reach")


def require_valid(unit: Unit, on: date, *, at: str) -> None:
    """A unit that is to be given something new must be valid on that day, else ``Invalid``."""
    faults = faults_of_validity(unit, on, at=at)
    if faults:
        raise Invalid("request.invalid", faults=faults)


def faults_of_validity(unit: Unit, on: date, *, at: str) -> tuple[Fault, ...]:
    """The fault of a unit that is not valid on a day, for those who tell all faults at once."""
    if rules.is_valid(unit.valid_from, unit.valid_to, on):
        return ()
    return (Fault(at, "unit.not-valid", {"value": unit.code, "on": on.isoformat()}),)


def _check_end(tx: Session, unit: Unit, on: date) -> None:
    if unit.valid_to is not None:
        raise Conflict("unit.ended", on=unit.valid_to.isoformat())
    if on < unit.valid_from:
        raise Invalid("request.invalid", faults=(Fault("/on", "field.order"),))
    below = queries.count_children(tx, unit.id, on=on + timedelta(days=1), or_later=True)
    if below:
        raise Conflict("unit.has-children", count=below)


def _successor(tx: Session, unit: Unit, on: date, code: str) -> Unit:
    heir = queries.find_units(tx, [code], lock=True).get(code)
    if heir is None:
        raise _unknown("/successor", "unit", code)
    require_valid(heir, on + timedelta(days=1), at="/successor")
    if heir.id == unit.id:
        raise Invalid("request.invalid", faults=(Fault("/successor", "field.order"),))
    return heir


def _hand_over(tx: Session, unit: Unit, heir: Unit | None, on: date) -> tuple[int, int]:
    """End what the unit answers for, and what is answered for in it; returns ended, handed over."""
    rows = queries.responsibilities_of(tx, unit.id, after=on)
    if any(row.valid_from > on for row in rows):
        raise Conflict("unit.has-plans", count=sum(row.valid_from > on for row in rows))
    last_days = {row.id: row.valid_to for row in rows}
    for row in rows:
        row.valid_to = on
        tx.add(row)
    tx.flush()
    if heir is None:
        return len(rows), 0
    handed_over = 0
    for row in rows:
        area_id = heir.id if row.area_id == unit.id else row.area_id
        if queries.is_answered_for(tx, area_id, row.line_id, after=on):
            continue
        handed_over += 1
        tx.add(_inherited(row, unit, heir, area_id, on, last_days[row.id]))
        tx.flush()
    return len(rows), handed_over


def _inherited(
    row: Responsibility, unit: Unit, heir: Unit, area_id: UUID, on: date, last_day: date | None
) -> Responsibility:
    return Responsibility(
        area_id=area_id,
        line_id=row.line_id,
        unit_id=heir.id if row.unit_id == unit.id else row.unit_id,
        leader_id=row.leader_id,
        coordinator_id=row.coordinator_id,
        handler_id=row.handler_id,
        valid_from=on + timedelta(days=1),
        valid_to=last_day,
    )


def _names_of(unit: Unit) -> dict[str, str | None]:
    return {
        "name_zh": unit.name_zh,
        "full_name_zh": unit.full_name_zh,
        "name_en": unit.name_en,
    }


def _unknown(at: str, kind: str, value: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
