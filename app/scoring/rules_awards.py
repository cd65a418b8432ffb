"""On what flags and money rest, and within what span a budget is counted."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.rounds.rules import Period

_LAST_DAY = date.max


class Ground(StrEnum):
    """By the rulebook; by an issuer of his own on somebody's result; or at his discretion."""

    RULE = "rule"
    BASIS = "basis"
    DISCRETION = "discretion"


def span_of(period: Period, day: date) -> tuple[date, date]:
    """First and last day of the period that a day lies in; ``special`` has no bounds."""
    if period is Period.DAY:
        return day, day
    if period is Period.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if period is Period.MONTH:
        return day.replace(day=1), _month_end(day.year, day.month)
    if period is Period.QUARTER:
        first = 3 * ((day.month - 1) // 3) + 1
        return date(day.year, first, 1), _month_end(day.year, first + 2)
    return date.min, _LAST_DAY


def _month_end(year: int, month: int) -> date:
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)


def exceeds(*, spent_fen: int, more_fen: int, budget_fen: int) -> bool:
    """Whether a budget would be overdrawn."""
    return spent_fen + more_fen > budget_fen


@dataclass(frozen=True)
class Entered:
    """One award as totals see it, with what it is added up under."""

    key: str
    name: str
    fen: int
    paid: bool
    withdrawn: bool


@dataclass(frozen=True)
class Total:
    """Money decided, paid, and paid though withdrawn since (to be claimed back), in fen."""

    key: str
    name: str
    awards: int
    decided_fen: int
    paid_fen: int
    to_claim_back_fen: int


def totals(rows: Iterable[Entered]) -> list[Total]:
    """Awards added up by their key, in the order of the keys."""
    grouped: dict[str, list[Entered]] = defaultdict(list)
    for row in rows:
        grouped[row.key].append(row)
    return [
        Total(
            key=key,
            name=several[0].name,
            awards=sum(not one.withdrawn for one in several),
            decided_fen=sum(one.fen for one in several if not one.withdrawn),
            paid_fen=sum(one.fen for one in several if one.paid and not one.withdrawn),
            to_claim_back_fen=sum(one.fen for one in several if one.paid and one.withdrawn),
        )
        for key, several in sorted(grouped.items())
    ]
