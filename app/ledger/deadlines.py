"""The time that a unit has for a case. Pure: instants and the calendar are given.

A *term* is one limit that a unit was given. Its clock runs while the case is with the unit and
stands still while somebody else has it (checked, suspended, returned). What was used stays used: a
report-back that fails its check gives no time back. Once a deadline has passed it never moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.kit.workdays import Calendar, Limit, advance, elapsed, strictest

MOST_EXTENSIONS = 2
MOST_SUSPENSIONS = 1
LONGEST_SUSPENSION = timedelta(days=365)


class LimitBasis(StrEnum):
    """Why a case has the limit that it has."""

    CONDITION = "condition"
    STRICTEST = "strictest"
    ITEM = "item"
    DEFAULT = "default"


class Alarm(StrEnum):
    """What the clock itself does to a case, once each in a term."""

    HALF = "half"
    NINE_TENTHS = "nine-tenths"
    OVERDUE = "overdue"
    REMINDER = "reminder"
    SUSPENSION_ENDS = "suspension-ends"


_SHARES = {Alarm.HALF: (1, 2), Alarm.NINE_TENTHS: (9, 10)}


@dataclass(frozen=True)
class Term:
    """A limit with what has been used of it.

    ``allowed_s`` grows by one ``limit`` with each extension and shrinks when a notice shortens it.
    ``running_since`` is None while the clock stands still; ``deadline_at`` then keeps the last one.
    """

    limit: Limit
    allowed_s: int
    used_s: int
    running_since: datetime | None
    deadline_at: datetime
    is_complete: bool
    ran_out: bool = False

    @property
    def left_s(self) -> int:
        """What is left on the limit's clock, as of the last change; not below zero."""
        return max(0, self.allowed_s - self.used_s)


def choose_limit(
    conditions: dict[str, Limit], *, condition: str | None, item: Limit | None, default: Limit
) -> tuple[Limit, LimitBasis]:
    """The limit of a case, and why it is that one.

    By its condition, else its checklist item, else the strictest of its category, else the city's
    default. KeyError for a condition that the category does not have.
    """
    if condition is not None:
        return conditions[condition], LimitBasis.CONDITION
    if item is not None:
        return item, LimitBasis.ITEM
    found = strictest(list(conditions.values()))
    if found is not None:
        return found, LimitBasis.STRICTEST
    return default, LimitBasis.DEFAULT


def begin(calendar: Calendar, limit: Limit, at: datetime) -> Term:
    """A full limit from now on: dispatch, transfer, reopening."""
    due = advance(calendar, at, limit.seconds, working=limit.is_working)
    return Term(limit, limit.seconds, 0, at, due.at, due.is_complete)


def stop(calendar: Calendar, term: Term, at: datetime) -> Term:
    """The clock stands still from ``at`` on; standing already, it stays as it is."""
    if term.running_since is None:
        return term
    run = elapsed(calendar, term.running_since, at, working=term.limit.is_working)
    return replace(
        term,
        used_s=term.used_s + run,
        running_since=None,
        ran_out=term.ran_out or is_late(term, at),
    )


def go_on(calendar: Calendar, term: Term, at: datetime) -> Term:
    """The clock runs on from where it stood; a deadline that had passed stays where it was."""
    if term.running_since is not None:
        return term
    if term.ran_out:
        return replace(term, running_since=at)
    due = advance(calendar, at, term.left_s, working=term.limit.is_working)
    return replace(term, running_since=at, deadline_at=due.at, is_complete=due.is_complete)


def extend(calendar: Calendar, term: Term) -> Term:
    """One original limit more."""
    return _renewed(calendar, replace(term, allowed_s=term.allowed_s + term.limit.seconds))


def shorten(calendar: Calendar, term: Term, to: datetime) -> Term:
    """An earlier deadline, by notice. ValueError where it would not be earlier, or has passed."""
    if term.running_since is None or not term.running_since < to < term.deadline_at:
        raise ValueError("a notice only shortens")
    run = elapsed(calendar, term.running_since, to, working=term.limit.is_working)
    return replace(term, allowed_s=term.used_s + run, deadline_at=to)


def recompute(calendar: Calendar, term: Term, at: datetime) -> Term:
    """The same term by another calendar; what has passed by ``at`` or stands still is left.

    So is a deadline that still leaves the same time, be it that a notice set it at night.
    """
    if term.running_since is None or term.ran_out or term.deadline_at <= at:
        return term
    renewed, is_working = _renewed(calendar, term), term.limit.is_working
    run = elapsed(calendar, term.running_since, term.deadline_at, working=is_working)
    return replace(renewed, deadline_at=term.deadline_at) if run == term.left_s else renewed


def is_late(term: Term, at: datetime) -> bool:
    """Whether the deadline has passed: the instant itself is still in time."""
    return term.ran_out or at > term.deadline_at


def alarms(
    calendar: Calendar, term: Term, *, after: datetime, reminders: Sequence[int] = ()
) -> list[tuple[Alarm, int, datetime]]:
    """What is to happen while the clock runs on: (kind, which of its kind, when), in order.

    Half and nine tenths of what is allowed, if they lie ahead; the deadline; and reminders so many
    days after it.
    """
    if term.running_since is None:
        return []
    found = []
    for kind, (share, whole) in _SHARES.items():
        ahead = -(-term.allowed_s * share // whole) - term.used_s
        if ahead > 0 and not term.ran_out:
            at = advance(calendar, term.running_since, ahead, working=term.limit.is_working).at
            if after < at < term.deadline_at:
                found.append((kind, 0, at))
    found.append((Alarm.OVERDUE, 0, term.deadline_at))
    found += [
        (Alarm.REMINDER, place, term.deadline_at + timedelta(days=days))
        for place, days in enumerate(reminders)
    ]
    return found


def _renewed(calendar: Calendar, term: Term) -> Term:
    if term.running_since is None:
        return term
    due = advance(calendar, term.running_since, term.left_s, working=term.limit.is_working)
    return replace(term, deadline_at=due.at, is_complete=due.is_complete)
