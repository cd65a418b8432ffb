"""What sheets check against the city: terms, units that are no more, who may judge whom."""

from collections.abc import Iterator
from datetime import datetime

from app.imports.rules import Found, Record, World
from app.kit.changes import Row
from app.organisation.rules import UnitKind, child_path
from app.rounds import rules
from app.rounds.rules import Source


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


def may_run(record: Record, world: World) -> Iterator[Found]:
    """A round is run by a unit that may judge as its source, as over the API."""
    chain = _chain(world, _owner(world, record.row))
    source = record.row["source"]
    if chain and source and not rules.may_run(world.options.judging, Source(source), chain[-1][1]):
        yield "source", "round.not-judge", {"unit": chain[-1][0]}


def may_judge(record: Record, site: Row, world: World) -> Iterator[Found]:
    """A task leads to a site that its round may judge, as over the API."""
    round_: Row = world.rows["rounds"].get((record.row["campaign"], record.row["round"]), {})
    owner, place = _chain(world, _owner(world, round_)), _chain(world, site["unit"])
    if not owner or not place or not round_.get("source"):
        return
    area = _chain(world, round_["area"]) if "area" in round_ else _territory(owner)
    source = Source(round_["source"])
    judged = rules.judged_kinds(world.options.judging, source, owner[-1][1])
    judge = rules.Judge(source, _path(owner), _path(area), judged)
    if not rules.is_judged(judge, _path(place), [kind for _, kind in place]):
        yield "site", "task.not-judged", {"unit": owner[-1][0]}


_Chain = list[tuple[str, UnitKind]]  # codes and kinds, from the root down


def _owner(world: World, round_: Row) -> str | None:
    """Whose round it is: a sheet's rounds are those of the campaign's unit."""
    campaign: Row = world.index("campaigns").get(round_.get("campaign") or "", {})
    owner: str | None = round_.get("unit") or campaign.get("unit")
    return owner


def _chain(world: World, code: str | None) -> _Chain:
    """The units down to this one; empty where one is unknown or they run in a circle."""
    units, found = world.index("units"), []
    seen: set[str] = set()
    while code is not None:
        if code not in units or code in seen or not units[code]["kind"]:
            return []
        seen.add(code)
        found.append((code, UnitKind(units[code]["kind"])))
        code = units[code]["parent"]
    return found[::-1]


def _territory(chain: _Chain) -> _Chain:
    """Where a unit works, as ``rounds.queries.territory_of`` has it."""
    while len(chain) > 1 and chain[-1][1] not in rules.AREA_KINDS:
        chain = chain[:-1]
    return chain


def _path(chain: _Chain) -> str:
    path = "/"
    for code, _ in chain:
        path = child_path(path, code)
    return path
