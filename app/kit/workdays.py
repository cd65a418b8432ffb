"""Time limits over an official calendar: when so much time will have run, and how much has run.

Two clocks count. The *running* one never stops (``urgent_hour``, ``urgent_day``, ``natural_day``);
the *working* one runs only in working hours of working days (``work_hour``, and ``work_day``, which
is eight working hours). Seconds are whole. A limit that is used up exactly when a span of work ends
ends there, not when the next one begins.

The calendar is data: the days that differ from Monday to Friday, the years for which they are
known, and the working hours. Beyond those years Monday to Friday is assumed, and whoever relies on
it is told so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_WORK_DAY_S = 8 * _HOUR_S
_SATURDAY = 5
_LONGEST_DAYS = 366 * 20
_DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")


class LimitUnit(StrEnum):
    """In what a time limit is counted: running clock, working hours, or days of the calendar."""

    URGENT_HOUR = "urgent_hour"
    URGENT_DAY = "urgent_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


_SECONDS = {
    LimitUnit.URGENT_HOUR: _HOUR_S,
    LimitUnit.URGENT_DAY: _DAY_S,
    LimitUnit.WORK_HOUR: _HOUR_S,
    LimitUnit.WORK_DAY: _WORK_DAY_S,
    LimitUnit.NATURAL_DAY: _DAY_S,
}
_WORKING = frozenset({LimitUnit.WORK_HOUR, LimitUnit.WORK_DAY})


@dataclass(frozen=True)
class Limit:
    """So many hours or days of a kind."""

    value: int
    unit: LimitUnit

    @property
    def seconds(self) -> int:
        """How long it is on its own clock."""
        return self.value * _SECONDS[self.unit]

    @property
    def is_working(self) -> bool:
        """Whether only working hours count."""
        return self.unit in _WORKING

    @property
    def strictness(self) -> tuple[int, int, int]:
        """Sorts limits, the strictest first.

        An hour of work counts as three that run, for there are eight in twenty-four.
        """
        weight = 3 if self.is_working else 1
        return self.seconds * weight, weight, self.value


def strictest(limits: Sequence[Limit]) -> Limit | None:
    """The limit that leaves the least time; None of none."""
    return min(limits, key=lambda one: one.strictness, default=None)


@dataclass(frozen=True)
class Hours:
    """Working hours from a day on: spans in minutes after midnight, in order."""

    valid_from: date
    spans: tuple[tuple[int, int], ...]


def read_spans(text: str) -> tuple[tuple[int, int], ...]:
    """The spans of ``08:00-12:00 14:00-18:00``; ValueError where they are none, or overlap."""
    spans = tuple(_read_span(one) for one in text.split())
    ends = [minute for span in spans for minute in span]
    if not spans or ends != sorted(set(ends)) or ends[-1] > _DAY_MINUTES:
        raise ValueError("08:00-12:00 14:00-18:00")
    return spans


def _read_span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("08:00-12:00 14:00-18:00")
    begin_h, begin_m, end_h, end_m = (int(part) for part in found.groups())
    return begin_h * 60 + begin_m, end_h * 60 + end_m


@dataclass(frozen=True)
class Calendar:
    """``days``: those that differ from Monday to Friday, and whether they are worked.

    ``years``: those whose days are known. ``hours`` in order of their first days.
    """

    zone: ZoneInfo
    days: Mapping[date, bool]
    years: frozenset[int]
    hours: tuple[Hours, ...]

    def is_worked(self, day: date) -> bool:
        """Whether people work on a day, by the notice or else by the week."""
        return self.days.get(day, day.weekday() < _SATURDAY)

    def hours_of(self, day: date) -> tuple[tuple[int, int], ...]:
        """The working hours that hold on a day, whether it is worked or not."""
        held = [one for one in self.hours if one.valid_from <= day]
        return held[-1].spans if held else ()

    def day_of(self, at: datetime) -> date:
        """The day of an instant where the city is."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True)
class Due:
    """When a limit ends; ``is_complete`` is False where days were assumed that nobody notified."""

    at: datetime
    is_complete: bool


def advance(calendar: Calendar, start: datetime, seconds: int, *, working: bool) -> Due:
    """The instant at which ``seconds`` more have run on the clock since ``start``.

    ValueError where the calendar has no working hours to count.
    """
    if not working:
        return Due((start + timedelta(seconds=seconds)).astimezone(UTC), is_complete=True)
    left = timedelta(seconds=seconds)
    first = calendar.day_of(start)
    for begin, end in _spans(calendar, start):
        if left <= end - begin:
            at = begin + left if left else start
            return Due(at.astimezone(UTC), _is_known(calendar, first, calendar.day_of(at)))
        left -= end - begin
    raise ValueError("the calendar has no working hours")


def elapsed(calendar: Calendar, start: datetime, end: datetime, *, working: bool) -> int:
    """How many whole seconds have run on the clock between two instants; never negative."""
    if end <= start:
        return 0
    if not working:
        return int((end - start).total_seconds())
    total = timedelta()
    for begin, stop in _spans(calendar, start):
        if begin >= end:
            break
        total += min(stop, end) - begin
    return int(total.total_seconds())


def _spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans of work after an instant; the first one may have begun before it."""
    day = calendar.day_of(start)
    for offset in range(_LONGEST_DAYS):
        here = day + timedelta(days=offset)
        if not calendar.is_worked(here):
            continue
        for begin, end in calendar.hours_of(here):
            opens, closes = _instant(calendar, here, begin), _instant(calendar, here, end)
            if closes > start:
                yield max(opens, start), closes


def _instant(calendar: Calendar, day: date, minutes: int) -> datetime:
    midnight = datetime.combine(day, time(), calendar.zone)
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)


def _is_known(calendar: Calendar, first: date, last: date) -> bool:
    return all(year in calendar.years for year in range(first.year, last.year + 1))
