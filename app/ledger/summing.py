"""Sums of the ledger: pure, from counts that the database has grouped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Self
from uuid import UUID

from app.organisation.rules import is_at_or_below


@dataclass(frozen=True)
class Counts:
    """How many cases; ``problems`` = ``closed`` + ``open`` + ``cancelled``.

    ``on_time`` are closed ones that were not late, or whose lateness was excused.
    """

    problems: int = 0
    closed: int = 0
    open: int = 0
    cancelled: int = 0
    overdue: int = 0
    due_today: int = 0
    due_week: int = 0
    filed: int = 0
    refused: int = 0
    on_time: int = 0
    reworked: int = 0
    rework: int = 0
    extension: int = 0
    suspended: int = 0
    transferred: int = 0
    merged: int = 0
    solved: int = 0
    staged: int = 0
    explained: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )


COUNTED = tuple(one.name for one in fields(Counts))


@dataclass(frozen=True)
class Rate:
    """A share with what it is of; ``value`` in ten thousandths, None where there is nothing."""

    definition: str
    numerator: int
    denominator: int

    @property
    def value(self) -> int | None:
        """Ten thousandths, half-up."""
        if self.denominator == 0:
            return None
        return (self.numerator * 20_000 + self.denominator) // (2 * self.denominator)


@dataclass(frozen=True)
class Group:
    """The cases of one district, answerable unit and line."""

    district: str
    unit_path: str | None
    line_id: UUID
    counts: Counts


@dataclass(frozen=True)
class CameDue:
    """Cases of one place, answerable unit and line whose deadline lay in a span of time.

    Not counted: cancelled, suspended, of the unit's own inspection, and those that were reported
    back in time and are still to be checked. ``on_time`` were closed, and were not late or excused.
    """

    area_path: str
    unit_path: str
    line: str
    on_time: int
    due: int


def total(groups: Iterable[Group]) -> Counts:
    """All of them."""
    found = Counts()
    for group in groups:
        found += group.counts
    return found


def per_unit(groups: Iterable[Group], paths: Iterable[str]) -> Mapping[str, Counts]:
    """For each of these units, with all below it."""
    listed = list(groups)
    return {
        path: total(one for one in listed if one.unit_path and is_at_or_below(one.unit_path, path))
        for path in paths
    }


def rates(counts: Counts) -> tuple[Rate, Rate, Rate]:
    """Filing, closing in time, rework; each names its definition."""
    return (
        Rate("filing-1", counts.filed, counts.filed + counts.refused),
        Rate("on-time-closing-1", counts.on_time, counts.closed),
        Rate("rework-1", counts.reworked, counts.closed),
    )
