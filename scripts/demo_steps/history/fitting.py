"""Divides what each line loses in a district among its streets.

A table of streets and lines whose columns add up to what the lines lose, and whose rows to what the
streets lose: both are scaled in turn until they stand (iterative proportional fitting). The lines
that nobody was ranked for have no sum of their own and take what is left. It is a guide, not a
promise: the exact sums are met afterwards, by choosing faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scripts.demo_steps.history.targets import Column
from scripts.demo_steps.losses import Loss

_TURNS = 40
_WHOLE = 10_000  # hundredths
Cell = tuple[str, str]  # street and line


@dataclass(frozen=True)
class Sheet:
    """What can be earned and lost, by street and line, in thousandths of a point."""

    possible: Mapping[Cell, int]
    losses: Mapping[Cell, Sequence[Loss]]

    def of_street(self, street: str) -> int:
        """What can be earned in a street."""
        return sum(points for (where, _), points in self.possible.items() if where == street)

    def whole(self, column: Column) -> int:
        """What can be earned in a column."""
        return sum(self.possible[street, column.line] for street in column.streets)

    def losses_of(self, line: str, streets: Iterable[str]) -> list[Loss]:
        """Every way to lose points of a line in these streets."""
        return [loss for street in streets for loss in self.losses.get((street, line), ())]

    def losses_in(self, street: str) -> list[Loss]:
        """Every way to lose points in a street."""
        return [one for (where, _), some in self.losses.items() if where == street for one in some]

    def most(self, cell: Cell) -> int:
        """What a line can lose in a street at most."""
        heaviest: dict[tuple[str, str], int] = {}
        for each in self.losses.get(cell, ()):
            question = (each.site, each.item.code)
            heaviest[question] = max(heaviest.get(question, 0), each.lost)
        return sum(heaviest.values())


def fit(sheet: Sheet, asked: Sequence[Column], goals: Mapping[str, int]) -> list[dict[str, int]]:
    """For each column, what each of its streets should lose of it, about."""
    most = {cell: sheet.most(cell) for cell in sheet.possible}
    wholes = {street: sheet.of_street(street) for street in goals}
    table = {
        (street, line): min(points * goals[street] // wholes[street], most[street, line])
        for (street, line), points in sheet.possible.items()
    }
    rows: dict[str, list[Cell]] = {street: [] for street in goals}
    for cell in table:
        rows[cell[0]].append(cell)
    stacks = [[(street, column.line) for street in sorted(column.streets)] for column in asked]
    sums = [sheet.whole(column) * (_WHOLE - column.score) // _WHOLE for column in asked]
    for _ in range(_TURNS):
        for cells, points in zip(stacks, sums, strict=True):
            _scale(table, cells, points, most)
        for street, cells in rows.items():
            _scale(table, cells, goals[street], most)
    return [{street: table[street, line] for street, line in cells} for cells in stacks]


def _scale(
    table: dict[Cell, int], cells: Sequence[Cell], goal: int, most: Mapping[Cell, int]
) -> None:
    total = sum(table[cell] for cell in cells)
    for cell in cells:
        table[cell] = min(table[cell] * goal // max(1, total) + 1, most[cell])
