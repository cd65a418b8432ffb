"""What sheets of several kinds check alike: terms, and units that are no more."""

from collections.abc import Iterator
from datetime import datetime

from app.imports.rules import Found, Record, World
from app.kit.changes import Row


def term(record: Record) -> Iterator[Found]:
    """No last day before the first."""
    start, end = record.row["valid_from"], record.row["valid_to"]
    if start and end and end < start:
        yield "valid_to", "validity.order", {"start": start}


def living_units(record: Record, world: World, *names: str) -> Iterator[Found]:
    """Nothing new for units that have ended: as of today, or of the row's own first or last day."""
    day = max(record.row["valid_from"], world.options.today.isoformat())
    day = min(day, record.row["valid_to"] or day)
    yield from _ended(record, world, names, day)


def living_entrant(record: Record, world: World) -> Iterator[Found]:
    """No unit is entered for a round that opens after its end."""
    found: Row = world.rows["rounds"].get((record.row["campaign"], record.row["round"]), {})
    if found.get("opens_at"):
        opens = datetime.fromisoformat(found["opens_at"]).astimezone(world.options.zone)
        yield from _ended(record, world, ("unit",), opens.date().isoformat())


def _ended(record: Record, world: World, names: tuple[str, ...], day: str) -> Iterator[Found]:
    """What a stored row has already stays with it, whatever became of the unit."""
    for name in names:
        code = record.row[name]
        if record.before is not None and record.before[name] == code:
            continue
        unit: Row = world.index("units").get(code, {})
        if unit.get("valid_to") and unit["valid_to"] < day:
            heir = unit["successor"]
            data = {"found": code, "on": unit["valid_to"]}
            data["hint_zh"] = f"承接单位是 {heir}；" if heir else ""
            data["hint_en"] = f"its successor is {heir}; " if heir else ""
            yield name, "unit.ended", data
