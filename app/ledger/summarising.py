"""The summary of the ledger: read, added up, and named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.infra.db import plan_each_time
from app.ledger import queries_summary, summing
from app.ledger.queries_filters import Filters
from app.ledger.queries_summary import Days
from app.ledger.summing import Counts
from app.ledger.tables import Problem
from app.organisation import queries as organisation
from app.organisation.rules import codes_of
from app.organisation.tables import Line, Unit
from app.web.principal import Principal


@dataclass(frozen=True)
class Summary:
    """What a summary is made of."""

    all: Counts
    districts: dict[str, Counts]
    units: dict[str, Counts]
    lines: dict[str, Counts]
    known_units: dict[str, Unit]
    known_lines: dict[str, Line]
    oldest: Sequence[Problem]
    work: Sequence[tuple[str, str, int]]


def summarise(tx: Session, principal: Principal, filters: Filters, timezone: str) -> Summary:
    """Everything in the caller's reach; a week is seven days from today on."""
    plan_each_time(tx)
    local = filters.now.astimezone(ZoneInfo(timezone))
    day_ends = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    days = Days(day_ends, day_ends + timedelta(days=6))
    groups = queries_summary.group_counts(tx, principal, filters, days)
    all_ = summing.total(groups)
    lines = {line.id: line for line in organisation.list_lines(tx)}
    per_unit = {codes_of(path)[-1]: one for path, one in summing.per_unit(groups).items()}
    districts = summing.per_district(groups)
    return Summary(
        all=all_,
        districts=dict(sorted(districts.items())),
        units=dict(sorted(per_unit.items())),
        lines={lines[key].code: one for key, one in summing.per_line(groups).items()},
        known_units=organisation.find_units(tx, [*per_unit, *districts]),
        known_lines={line.code: line for line in lines.values()},
        oldest=queries_summary.oldest_open(tx, principal, filters),
        work=queries_summary.sum_work(tx, principal, filters),
    )


def age_of(problem: Problem, now: datetime) -> int:
    """Whole days since it was found."""
    return max(0, (now - problem.found_at).days)
