"""Sums of the ledger: pure, from counts that the database has grouped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import add
from typing import NamedTuple, Self, TypeVar
from uuid import UUID

from app.ledger.rules import ProblemState


class Counts(NamedTuple):
    """How many cases: where they are now, what they went through, what waits for the clock.

    ``problems`` = ``closed`` + ``open`` + ``cancelled``. ``on_time`` are closed ones that were not
    late, or whose lateness was excused. A tuple, since thousands of them are added up.
    """

    in_reported: int = 0
    in_verifying: int = 0
    in_filed: int = 0
    in_dispatched: int = 0
    in_rectifying: int = 0
    in_checking: int = 0
    in_closed: int = 0
    in_suspended: int = 0
    in_cancelled: int = 0
    filed: int = 0
    refused: int = 0
    merged: int = 0
    on_time: int = 0
    reworked: int = 0
    rework: int = 0
    extension: int = 0
    suspended: int = 0
    transferred: int = 0
    solved: int = 0
    staged: int = 0
    explained: int = 0
    overdue: int = 0
    due_today: int = 0
    due_week: int = 0

    def __add__(self, other: Self) -> Self:  # type: ignore[override]
        return type(self)._make(map(add, self, other))

    def in_state(self, state: ProblemState) -> int:
        """How many are in a state now."""
        count: int = getattr(self, f"in_{state.value}")
        return count

    @property
    def problems(self) -> int:
        """All of them."""
        return sum(self[: len(ProblemState)])

    @property
    def closed(self) -> int:
        return self.in_closed

    @property
    def cancelled(self) -> int:
        return self.in_cancelled

    @property
    def open(self) -> int:
        """Neither closed nor cancelled."""
        return self.problems - self.in_closed - self.in_cancelled


TIMED = ("overdue", "due_today", "due_week")
TALLIED = Counts._fields[: -len(TIMED)]
_NONE = Counts()
Key = TypeVar("Key", str, UUID)


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


class Group(NamedTuple):
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
    columns = zip(*(group.counts for group in groups), strict=True)
    return Counts(*map(sum, columns))


def per_district(groups: Iterable[Group]) -> dict[str, Counts]:
    """Per code of a district; "" where none is known."""
    return _by((group.district, group.counts) for group in groups)


def per_line(groups: Iterable[Group]) -> dict[UUID, Counts]:
    """Per line of work."""
    return _by((group.line_id, group.counts) for group in groups)


def per_unit(groups: Iterable[Group]) -> dict[str, Counts]:
    """Per path of a unit that answers or lies above one, with all below it."""
    own = _by((group.unit_path, group.counts) for group in groups if group.unit_path)
    return _by((upper, counts) for path, counts in own.items() for upper in _upwards(path))


def _by(pairs: Iterable[tuple[Key, Counts]]) -> dict[Key, Counts]:
    found: dict[Key, Counts] = {}
    for key, counts in pairs:
        found[key] = found.get(key, _NONE) + counts
    return found


def _upwards(path: str) -> list[str]:
    """The paths of a unit and of all above it."""
    ends = [place for place, char in enumerate(path) if char == "/"][1:]
    return [path[: end + 1] for end in ends]


def merged(rows: Mapping[tuple[str, str | None, UUID], Counts]) -> list[Group]:
    """Groups from counts by their keys."""
    return [Group(*key, counts) for key, counts in rows.items()]


def rates(counts: Counts) -> tuple[Rate, Rate, Rate]:
    """Filing, closing in time, rework; each names its definition."""
    return (
        Rate("filing-1", counts.filed, counts.filed + counts.refused),
        Rate("on-time-closing-1", counts.on_time, counts.closed),
        Rate("rework-1", counts.reworked, counts.closed),
    )
