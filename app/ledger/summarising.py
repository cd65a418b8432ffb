"""The summary of the ledger: read, added up, and named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.ledger import queries_summary, summing
from app.ledger.queries_filters import Filters
from app.ledger.rules import ProblemState
from app.ledger.summing import Counts, Group
from app.ledger.tables import Problem
from app.organisation import queries as organisation
from app.organisation.rules import codes_of
from app.organisation.tables import Line, Unit
from app.web.principal import Principal


@dataclass(frozen=True)
class Summary:
    """What a summary is made of."""

    states: dict[ProblemState, int]
    groups: Sequence[Group]
    districts: dict[str, Counts]
    units: dict[str, Counts]
    lines: dict[str, Counts]
    known_units: dict[str, Unit]
    known_lines: dict[str, Line]
    oldest: Sequence[Problem]
    work: Sequence[tuple[str, str, int]]


def summarise(tx: Session, principal: Principal, filters: Filters, timezone: str) -> Summary:
    """Everything in the caller's reach; a week is seven days from today on."""
    local = filters.now.astimezone(ZoneInfo(timezone))
    day_ends = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    groups = queries_summary.group_counts(
        tx, principal, filters, day_ends=day_ends, week_ends=day_ends + timedelta(days=6)
    )
    lines = {line.id: line for line in organisation.list_lines(tx)}
    codes = {code for one in groups for code in codes_of(one.unit_path or "")}
    known = organisation.find_units(tx, [*codes, *(one.district for one in groups)])
    per_unit = summing.per_unit(groups, [known[code].path for code in sorted(codes)])
    return Summary(
        states=queries_summary.count_states(tx, principal, filters),
        groups=groups,
        districts=_by(groups, lambda one: one.district),
        units={codes_of(path)[-1]: counts for path, counts in per_unit.items()},
        lines=_by(groups, lambda one: lines[one.line_id].code),
        known_units=known,
        known_lines={line.code: line for line in lines.values()},
        oldest=queries_summary.oldest_open(tx, principal, filters),
        work=queries_summary.sum_work(tx, principal, filters),
    )


def _by(groups: Sequence[Group], key: Callable[[Group], str]) -> dict[str, Counts]:
    return {
        name: summing.total(one for one in groups if key(one) == name)
        for name in sorted({key(one) for one in groups})
    }


def age_of(problem: Problem, now: datetime) -> int:
    """Whole days since it was found."""
    return max(0, (now - problem.found_at).days)
