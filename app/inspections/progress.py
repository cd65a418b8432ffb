"""How far a round is: what became of its tasks, rolled up over units, and the points per line.

Nothing here reads a database. Counts and marks are integers throughout; a unit's figures are the
sums of everything at or below it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from app.kit.reach import Posting
from app.organisation.rules import codes_of, covers, is_at_or_below


class Fate(StrEnum):
    """What became of a task, from the visits."""

    OPEN = "open"
    DONE = "done"
    WAITING = "waiting-for-photos"
    NOT_ACCESSIBLE = "not-accessible"
    GONE = "gone"


@dataclass(frozen=True)
class TaskGroup:
    """So many tasks with the same area, category, team, checklist version and fate."""

    area_path: str
    category: str
    team_id: UUID | None
    version_id: UUID
    fate: Fate
    count: int


@dataclass(frozen=True)
class Coverage:
    """Tasks by fate. ``open`` is still to do; once the round is over it is ``missed``."""

    planned: int
    done: int
    waiting_for_photos: int
    not_accessible: int
    gone: int
    open: int
    missed: int


def coverage(groups: Iterable[TaskGroup], *, over: bool) -> Coverage:
    """The sum of some groups."""
    counts: dict[Fate, int] = defaultdict(int)
    for group in groups:
        counts[group.fate] += group.count
    left = counts[Fate.OPEN]
    return Coverage(
        planned=sum(counts.values()),
        done=counts[Fate.DONE],
        waiting_for_photos=counts[Fate.WAITING],
        not_accessible=counts[Fate.NOT_ACCESSIBLE],
        gone=counts[Fate.GONE],
        open=0 if over else left,
        missed=left if over else 0,
    )


def in_areas(groups: Iterable[TaskGroup], areas: Sequence[str]) -> list[TaskGroup]:
    """The groups that lie in one of these areas."""
    return [
        group for group in groups if any(is_at_or_below(group.area_path, area) for area in areas)
    ]


T = TypeVar("T")
K = TypeVar("K")


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Rows by a key of theirs, in the order in which they come."""
    found: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def by_unit(groups: Iterable[TaskGroup], areas: Sequence[str]) -> dict[str, list[TaskGroup]]:
    """Per unit's code, what lies at or below it; only for units inside one of the areas."""
    found: dict[str, list[TaskGroup]] = defaultdict(list)
    for group in groups:
        for code in codes_inside(group.area_path, areas):
            found[code].append(group)
    return dict(found)


def codes_inside(path: str, areas: Sequence[str]) -> list[str]:
    """The codes on a path of the units that are one of the areas, or below one."""
    highest = min(
        (len(codes_of(area)) for area in areas if is_at_or_below(path, area)), default=None
    )
    return [] if highest is None else codes_of(path)[highest - 1 :]


@dataclass(frozen=True)
class AnswerGroup:
    """The answers of complete, counting visits in one area and line; marks in thousandths."""

    area_path: str
    line_id: UUID
    answers: int
    earned: int
    possible: int
    problems: int


@dataclass(frozen=True)
class Cell:
    """One unit and line. Tasks count in each line that their checklist asks about."""

    tasks: Coverage
    answers: int
    earned: int
    possible: int
    problems: int

    @property
    def lost(self) -> int:
        return self.possible - self.earned


def matrix(
    tasks: Iterable[TaskGroup],
    answers: Iterable[AnswerGroup],
    lines_of: Mapping[UUID, Sequence[UUID]],
    *,
    postings: Sequence[Posting],
    rows: Mapping[str, str],
    over: bool,
) -> dict[tuple[str, UUID], Cell]:
    """Units x lines. ``rows`` maps the paths of the units that are shown to their codes.

    ``answers`` are narrowed to the caller's reach already; tasks are narrowed here.
    """
    planned: dict[tuple[str, UUID], list[TaskGroup]] = defaultdict(list)
    given: dict[tuple[str, UUID], list[AnswerGroup]] = defaultdict(list)
    row_of = _rows_of(rows)
    for group in tasks:
        code = row_of(group.area_path)
        for line in lines_of[group.version_id] if code else ():
            if covers(postings, area_path=group.area_path, line_id=line, answerable_path=None):
                planned[(code or "", line)].append(group)
    for answer in answers:
        code = row_of(answer.area_path)
        if code:
            given[(code, answer.line_id)].append(answer)
    return {
        key: _cell(planned.get(key, []), given.get(key, []), over=over)
        for key in planned.keys() | given.keys()
    }


def _cell(tasks: Sequence[TaskGroup], answers: Sequence[AnswerGroup], *, over: bool) -> Cell:
    return Cell(
        tasks=coverage(tasks, over=over),
        answers=sum(one.answers for one in answers),
        earned=sum(one.earned for one in answers),
        possible=sum(one.possible for one in answers),
        problems=sum(one.problems for one in answers),
    )


def _rows_of(rows: Mapping[str, str]) -> Callable[[str], str | None]:
    """The shown unit that a path lies in; the lowest where several do."""
    known: dict[str, str | None] = {}

    def row_of(path: str) -> str | None:
        if path not in known:
            codes = codes_of(path)
            paths = ["/" + "/".join(codes[: n + 1]) + "/" for n in range(len(codes))]
            known[path] = next((rows[p] for p in reversed(paths) if p in rows), None)
        return known[path]

    return row_of
