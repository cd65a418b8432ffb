"""The planner: sheets and what the database holds in, faults or differences out. No I/O.

All faults are found at once. Where there is none, each row is *new*, *changed* or *unchanged*;
what the database has and the file has not is counted as *absent* and never removed. A column that
is not in the file leaves its field alone, an empty cell empties it. Kinds are planned in the order
in which they depend on each other, so that a row may refer to one of an earlier sheet.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from typing import Any

from app.imports import columns as cells
from app.imports.columns import Column
from app.imports.faults import Bad, SheetFault
from app.kit.changes import Change, Row
from app.rounds.rules import Judging

Key = tuple[Any, ...]
Found = tuple[str, str, dict[str, Any]]  # column, code, data
_MOST_VALUE = 100
_MOST_SHOWN = 4000
_MOST_HINTS = 200  # close matches looked for in one plan; each compares with every known code
_OURS = ("known", "hint_zh", "hint_en")  # data that we wrote, which may be long
_NOTES = ("说明", "notes", "readme")


@dataclass(frozen=True)
class Record:
    """One row that could be read: its place, what its cells said, and the whole row they make.

    ``failed`` names the columns whose cells could not be read: those were told already.
    """

    sheet: str
    number: int
    key: Key
    given: Row
    before: Row | None
    row: Row
    failed: frozenset[str]


@dataclass(frozen=True)
class Kind:
    """One sort of sheet.

    ``check`` looks at one record, ``check_all`` at all of a sheet; both yield faults. ``label`` is
    the field by which people call a row, ``refer`` the one by which other sheets name it. With
    ``fold`` several rows make one (the items of a checklist): it turns rows into whole rows.
    """

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    refer: str = "code"
    label: str = "name_zh"
    check: "Callable[[Record, World], Iterator[Found]] | None" = None
    check_all: "Callable[[Sequence[Record], World], Iterator[SheetFault]] | None" = None
    fold: Callable[[Sequence[Row]], Mapping[Key, Row]] | None = None
    needs: tuple[str, ...] = ()

    @property
    def looks_at(self) -> frozenset[str]:
        """The kinds that must be known to judge a sheet of this one."""
        refers = {column.refers for column in self.columns if column.refers}
        return frozenset({self.name, *refers, *self.needs})

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def secrets(self) -> frozenset[str]:
        """What is never shown or kept."""
        return frozenset(column.name for column in self.columns if column.secret)

    @property
    def first_only(self) -> frozenset[str]:
        """What counts for new rows only; it is not compared afterwards."""
        return frozenset(c.name for c in self.columns if c.secret or c.first_only)


Snapshot = Mapping[str, Mapping[Key, Row]]


@dataclass(frozen=True)
class SheetText:
    """A sheet as it was read: its name and its numbered lines of texts, the heads first."""

    name: str
    lines: Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True)
class Options:
    """What a plan depends on besides sheets and snapshot."""

    zone: tzinfo
    today: date
    judging: tuple[Judging, ...] = ()
    passwords: bool = False  # whether first passwords may stand in the file
    password_min: int = 8


@dataclass
class World:
    """What rows may refer to: the database, and what the file has added so far."""

    kinds: Mapping[str, Kind]
    stored: Snapshot
    rows: dict[str, dict[Key, Row]]
    options: Options
    hints_left: int = _MOST_HINTS
    _index: dict[str, dict[str, Row]] = field(default_factory=dict)
    _named: dict[str, dict[str, str]] = field(default_factory=dict)

    def index(self, kind: str) -> Mapping[str, Row]:
        """Rows of a kind by the code that other sheets use."""
        if kind not in self._index:
            refer = self.kinds[kind].refer
            self._index[kind] = {row[refer]: row for row in self.rows[kind].values()}
        return self._index[kind]

    def add(self, kind: str, rows: Mapping[Key, Row]) -> None:
        """What a sheet brings may be referred to by it and by the sheets after it."""
        self.rows[kind].update(rows)
        self._index.pop(kind, None)
        self._named.pop(kind, None)

    def fault_of(self, kind: str, code: str) -> tuple[str, dict[str, Any]] | None:
        """Why ``code`` refers to nothing, with the nearest code that does; None where it does."""
        known = self.index(kind)
        if code in known:
            return None
        spec = self.kinds[kind]
        if kind not in self._named:
            self._named[kind] = {str(row.get(spec.label)): key for key, row in known.items()}
        by_name = self._named[kind].get(code)
        if by_name is not None:
            return "reference.name", {"found": code, "suggested": by_name}
        return self.unknown(kind, code, list(known))

    def unknown(self, kind: str, code: str, known: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """The fault of a reference to nothing, with the nearest of what is known."""
        spec, near = self.kinds[kind], None
        if self.hints_left > 0:
            self.hints_left -= 1
            near = cells.nearest(code, known)
        of = {"of_zh": spec.zh, "of_en": spec.en, "found": code}
        return "reference.unknown", of | cells.hint(near)


@dataclass(frozen=True)
class KindPlan:
    """What one sheet would do."""

    kind: str
    changes: tuple[Change, ...]
    row_numbers: tuple[int, ...]
    unchanged: int
    absent: int
    secrets: frozenset[str] = frozenset()

    def told(self, change: Change) -> dict[str, Row]:
        """What differs, before and after, without secrets and with shapes in brief."""
        return {
            when: {name: brief(value) for name, value in without(row, self.secrets).items()}
            for when, row in change.told().items()
        }

    @property
    def new(self) -> int:
        return sum(change.before is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.new


@dataclass(frozen=True)
class Plan:
    """All faults, or all differences."""

    faults: tuple[SheetFault, ...]
    kinds: tuple[KindPlan, ...]

    @property
    def is_empty(self) -> bool:
        return not self.faults and not any(kind.changes for kind in self.kinds)

    @property
    def fingerprint(self) -> str:
        """The same for the same differences; passwords are left out."""
        told = [
            [kind.kind, change.key, change.before, without(change.after, kind.secrets)]
            for kind in self.kinds
            for change in kind.changes
        ]
        canonical = json.dumps(told, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def plan(
    sheets: Sequence[SheetText], kinds: Mapping[str, Kind], snapshot: Snapshot, options: Options
) -> Plan:
    """What these sheets would change in what ``snapshot`` holds, or all that is wrong with them."""
    named, faults = name_sheets(sheets, kinds)
    stored = {name: snapshot.get(name, {}) for name in kinds}
    rows = {name: dict(found) for name, found in stored.items()}
    world = World(kinds, stored, rows, options)
    plans = []
    for name, kind in kinds.items():
        if name in named:
            found, sheet_faults = _plan_sheet(named[name], kind, world)
            plans.append(found)
            faults += sheet_faults
    order = {printable(sheet.name): index for index, sheet in enumerate(sheets)}
    faults.sort(key=lambda fault: order[fault.sheet])
    return Plan(tuple(faults), () if faults else tuple(plans))


def name_sheets(
    sheets: Sequence[SheetText], kinds: Mapping[str, Kind]
) -> tuple[dict[str, SheetText], list[SheetFault]]:
    """Which kind each sheet is of, by its Chinese or English name; pages of notes are left out."""
    by_name = {
        cells.folded_head(name): kind.name
        for kind in kinds.values()
        for name in (kind.name, kind.zh, kind.en)
    }
    found: dict[str, SheetText] = {}
    faults = []
    for sheet in sheets:
        folded = cells.folded_head(sheet.name)
        if folded.startswith(_NOTES) or (folded not in by_name and not sheet.lines):
            continue
        kind = by_name.get(folded)
        if kind is None:
            known = ", ".join(f"{one.zh} {one.name}" for one in kinds.values())
            faults.append(_at(sheet.name, None, None, sheet.name, "sheet.unknown", known=known))
        elif kind in found:
            faults.append(_at(sheet.name, None, None, sheet.name, "sheet.twice"))
        else:
            found[kind] = sheet
    return found, faults


def rounds_named(sheets: Sequence[SheetText], kinds: Mapping[str, Kind]) -> set[Key]:
    """The rounds, as (campaign, code), that rows of entrants or tasks speak of."""
    named, _ = name_sheets(sheets, kinds)
    found: set[Key] = set()
    for name, sheet in named.items():
        if "rounds" not in kinds[name].needs or not sheet.lines:
            continue
        heads, _ = _read_heads(sheet, kinds[name])
        places = {column.name: index for index, column in enumerate(heads) if column}
        if {"campaign", "round"} <= places.keys():
            for _, line in sheet.lines[1:]:
                cells_of_line = _padded(line, len(heads))
                found.add((cells_of_line[places["campaign"]], cells_of_line[places["round"]]))
    return found


def _plan_sheet(sheet: SheetText, kind: Kind, world: World) -> tuple[KindPlan, list[SheetFault]]:
    stored = world.stored[kind.name]
    if len(sheet.lines) < 2:  # noqa: PLR2004 - the heads and one row
        empty = KindPlan(kind.name, (), (), 0, len(stored))
        return empty, [_at(sheet.name, None, None, "", "sheet.empty")]
    heads, faults = _read_heads(sheet, kind)
    records: list[Record] = []
    seen: dict[Key, int] = {}
    for number, line in sheet.lines[1:]:
        given, failed, bad = _read_line(sheet.name, number, line, heads, world.options)
        faults += bad
        record = _to_record((sheet.name, number), given, failed, kind, stored)
        if record is None:
            continue
        if record.key in seen:
            shown = " / ".join(str(part) for part in record.key)
            head = kind.column(kind.key[-1]).zh
            faults.append(
                _at(sheet.name, number, head, shown, "row.duplicate", other=seen[record.key])
            )
            continue
        seen[record.key] = number
        records.append(record)
    whole = _whole_rows(records, kind)
    world.add(kind.name, whole)
    faults += _missing_columns(sheet, kind, heads, records)
    for record in records:
        faults += _check_record(record, kind, world)
    if kind.check_all is not None:
        faults += kind.check_all(records, world)
    return _differences(kind, whole, stored, seen), _as_written(faults, sheet, heads)


def _as_written(
    faults: Sequence[SheetFault], sheet: SheetText, heads: Sequence[Column | None]
) -> list[SheetFault]:
    """Faults by row, with heads and values as the file has them; what is secret stays hidden."""
    titles = sheet.lines[0][1]
    places = {column.zh: index for index, column in enumerate(heads) if column}
    lines = dict(sheet.lines)
    told = []
    for fault in faults:
        index = places.get(fault.column or "")
        if index is not None and fault.row is not None and fault.row in lines:
            column = heads[index]
            line = _padded(lines[fault.row], len(heads))
            hidden = column is not None and column.secret and fault.row != sheet.lines[0][0]
            value = fault.value if hidden else printable(line[index])
            fault = replace(fault, column=printable(titles[index]), value=value)  # noqa: PLW2901
        told.append(fault)
    return sorted(told, key=lambda fault: fault.row or 0)


def brief(value: Any) -> Any:
    """A value as it is shown; of a text too long to read, its beginning, length and digest."""
    if not isinstance(value, str) or len(value) <= _MOST_SHOWN:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:12]
    return f"{value[:_MOST_VALUE]}… ({len(value)}, {digest})"


def printable(text: str) -> str:
    """What can be shown and stored of any text: one line, without control characters."""
    return "".join(char if char.isprintable() else " " for char in text[:_MOST_VALUE])


def _read_heads(sheet: SheetText, kind: Kind) -> tuple[list[Column | None], list[SheetFault]]:
    """The column of each head; None for those that are unknown or there twice."""
    known = {
        cells.folded_head(name): column
        for column in kind.columns
        for name in (column.name, column.zh, column.en, column.zh + column.en)
    }
    number, line = sheet.lines[0]
    heads: list[Column | None] = []
    faults = []
    for title in line:
        column = known.get(cells.folded_head(title))
        if column is None and title:
            shown = [one.zh for one in kind.columns]
            near = cells.nearest(title, [*shown, *(one.en for one in kind.columns)])
            data = {"known": ", ".join(shown)} | cells.hint(near)
            faults.append(_at(sheet.name, number, title, title, "column.unknown", **data))
        elif column is not None and column in heads:
            faults.append(_at(sheet.name, number, title, title, "column.twice"))
            column = None
        heads.append(column)
    return heads, faults


def _missing_columns(
    sheet: SheetText, kind: Kind, heads: Sequence[Column | None], records: Sequence[Record]
) -> Iterator[SheetFault]:
    """Needed columns may be left out only where every row is there already."""
    any_new = kind.fold is not None or any(record.before is None for record in records)
    for column in kind.columns:
        needed = column.needed and (any_new or not records or column.name in kind.key)
        if needed and column not in heads:
            data = {"zh": column.zh, "en": column.en}
            yield _at(sheet.name, sheet.lines[0][0], column.zh, "", "column.missing", **data)


def _read_line(
    sheet: str, number: int, line: Sequence[str], heads: Sequence[Column | None], options: Options
) -> tuple[Row, frozenset[str], list[SheetFault]]:
    """The values of one line by column name, the columns that could not be read, and why."""
    given: Row = {}
    failed: set[str] = set()
    faults = []
    for column, cell in zip(heads, _padded(line, len(heads)), strict=True):
        if column is None:
            continue
        if not cell and column.needed:
            data = {"example": column.example}
            faults.append(_at(sheet, number, column.zh, "", "cell.missing", **data))
            failed.add(column.name)
            continue
        try:
            given[column.name] = cells.read_cell(column, cell, options.zone)
        except Bad as bad:
            shown = "•••" if column.secret else cell
            faults.append(_at(sheet, number, column.zh, shown, bad.code, **bad.data))
            failed.add(column.name)
    beyond = next((cell for cell in line[len(heads) :] if cell), None)
    if beyond is not None:
        faults.append(_at(sheet, number, None, beyond, "row.beyond"))
    return given, frozenset(failed), faults


def _padded(line: Sequence[str], width: int) -> list[str]:
    return [*line[:width], *[""] * (width - len(line))]


def _to_record(
    at: tuple[str, int], given: Row, failed: frozenset[str], kind: Kind, stored: Mapping[Key, Row]
) -> Record | None:
    """The whole row; None where its key could not be read, so that nothing else can be said."""
    whole = {column.name: column.default for column in kind.columns} | given
    key = tuple(whole[name] for name in kind.key)
    if None in key or failed & set(kind.key):
        return None
    before = stored.get(key) if kind.fold is None else None
    return Record(*at, key, given, before, whole | (before or {}) | given, failed)


def _check_record(record: Record, kind: Kind, world: World) -> Iterator[SheetFault]:
    """References, columns that cannot change, and the kind's own checks."""
    for column in kind.columns:
        value = record.given.get(column.name)
        if column.refers and value:
            for code in value if isinstance(value, list) else [value]:
                unknown = world.fault_of(column.refers, code)
                if unknown is not None:
                    yield _at(
                        record.sheet, record.number, column.zh, code, unknown[0], **unknown[1]
                    )
        if column.fixed and record.before is not None and column.name in record.given:
            there = record.before.get(column.name)
            if there != value:
                shown = cells.write_cell(column, value, world.options.zone)
                data = {"there": cells.write_cell(column, there, world.options.zone)}
                data |= {"hint_zh": column.fixed[0], "hint_en": column.fixed[1]}
                yield _at(record.sheet, record.number, column.zh, shown, "row.fixed", **data)
    if kind.check is None:
        return
    for name, code, data in kind.check(record, world):
        yield fault_at(record, kind.column(name), code, data)


def fault_at(record: Record, column: Column, code: str, data: Mapping[str, Any]) -> SheetFault:
    """A fault at one column of a record, showing what the cell says."""
    value = record.row.get(column.name)
    shown = ";".join(value) if isinstance(value, list) else "" if value is None else str(value)
    shown = "•••" if column.secret and shown else shown
    return _at(record.sheet, record.number, column.zh, shown, code, **data)


def _whole_rows(records: Sequence[Record], kind: Kind) -> dict[Key, Row]:
    if kind.fold is not None:
        return dict(kind.fold([record.row for record in records]))
    return {record.key: record.row for record in records}


def _differences(
    kind: Kind, whole: Mapping[Key, Row], stored: Mapping[Key, Row], numbers: Mapping[Key, int]
) -> KindPlan:
    """New and changed rows in the file's order. What is secret is looked at for new rows only."""
    changes = []
    for key, row in whole.items():
        before = stored.get(key)
        if before is None:
            changes.append(Change(key, None, row))
            continue
        after = without(row, kind.first_only)
        if without(before, kind.first_only) != after:
            changes.append(Change(key, before, after))
    places = tuple(
        next(number for line, number in numbers.items() if line[: len(change.key)] == change.key)
        if kind.fold is not None
        else numbers[change.key]
        for change in changes
    )
    absent = sum(key not in whole for key in stored)
    unchanged = len(whole) - len(changes)
    return KindPlan(kind.name, tuple(changes), places, unchanged, absent, kind.secrets)


def without(row: Row, names: frozenset[str]) -> Row:
    """A row less what must not be shown or kept."""
    return {name: value for name, value in row.items() if name not in names}


def _at(
    sheet: str, row: int | None, column: str | None, value: str, code: str, **data: Any
) -> SheetFault:
    plain = {
        k: printable(v) if isinstance(v, str) and k not in _OURS else v for k, v in data.items()
    }
    head = printable(column) if column else None
    return SheetFault(printable(sheet), row, head, printable(value), code, plain)
