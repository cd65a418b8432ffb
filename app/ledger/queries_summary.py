"""Counts of the ledger in the caller's reach, grouped for ``summing``.

Where place, unit and line are all that narrows them, they come from the sums that the database
keeps (``tables_sums``), and only what waits for the clock is counted: its cost does not grow with
the years. Other filters, and inspectors who are blind to some visits, have every case counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.infra.feeds import FeedVersion
from app.inspections.queries_visible import is_hidden_from
from app.ledger import queries
from app.ledger.case import Cancellation, Resolution
from app.ledger.queries_filters import Filters, is_open, is_overdue, is_running, predicates
from app.ledger.rules import ProblemState
from app.ledger.summing import TALLIED, TIMED, Counts, Group, merged
from app.ledger.tables import Problem, WorkDone
from app.ledger.tables_sums import PROBLEM_TALLY, WORK_TALLY, KeptSummary
from app.organisation import queries as organisation
from app.web.principal import Principal

OLDEST = 10
_Key = tuple[str, str | None, UUID]


@dataclass(frozen=True)
class Days:
    """When today ends, and when the week that begins today does."""

    day_ends: datetime
    week_ends: datetime


def are_kept(principal: Principal, filters: Filters) -> bool:
    """Whether the kept sums answer this caller and these filters."""
    bare = Filters(now=filters.now, area=filters.area, unit=filters.unit, line=filters.line)
    return filters == bare and is_hidden_from(principal, Problem.visit_id) is None


def group_counts(
    tx: Session, principal: Principal, filters: Filters, days: Days
) -> Sequence[Group]:
    """Counts by district, answerable unit and line: two statements."""
    if are_kept(principal, filters):
        found = _kept(tx, principal, filters)
    else:
        found = _counted(tx, principal, filters, _measures())
    for key, counts in _waiting(tx, principal, filters, days).items():
        found[key] = found.get(key, Counts()) + counts
    return merged(found)


def _kept(tx: Session, principal: Principal, filters: Filters) -> dict[_Key, Counts]:
    tally = PROBLEM_TALLY.c
    district = sa.func.split_part(tally.area_path, "/", 3)
    keys = (district, sa.func.nullif(tally.answerable_path, ""), tally.line_id)
    query = sa.select(*keys, *(sa.func.sum(tally[name]) for name in TALLIED))
    query = query.where(*_of_tally(tx, principal, filters, tally)).group_by(*keys)
    return {_key(row): Counts(*row[3:]) for row in tx.execute(query)}


def _of_tally(tx: Session, principal: Principal, filters: Filters, tally: Any) -> list[Any]:
    """The caller's reach, place, unit and line over the columns of a table of sums."""
    narrowing = [
        organisation.within_reach(
            principal.postings,
            area=tally.area_path,
            line=tally.line_id,
            answerable=tally.answerable_path,
        )
    ]
    if filters.area is not None:
        area = organisation.get_unit(tx, filters.area)
        narrowing.append(organisation.at_or_below(tally.area_path, area.path))
    if filters.unit is not None:
        unit = organisation.get_unit(tx, filters.unit)
        narrowing.append(organisation.at_or_below(tally.answerable_path, unit.path))
    if filters.line is not None:
        lines = organisation.find_lines(tx, [filters.line])
        narrowing.append(tally.line_id.in_([line.id for line in lines.values()]))
    return narrowing


def _counted(
    tx: Session, principal: Principal, filters: Filters, measures: dict[str, Any]
) -> dict[_Key, Counts]:
    keys = (
        sa.func.split_part(col(Problem.area_path), "/", 3),
        col(Problem.answerable_path),
        col(Problem.line_id),
    )
    counts = (sa.func.count().filter(condition) for condition in measures.values())
    query = sa.select(*keys, *counts).select_from(Problem).group_by(*keys)
    query = _narrowed(tx, principal, filters, query)
    return {
        _key(row): Counts(**dict(zip(measures, row[3:], strict=True))) for row in tx.execute(query)
    }


def _key(row: Any) -> _Key:
    return row[0], row[1], row[2]


def _waiting(tx: Session, principal: Principal, filters: Filters, days: Days) -> dict[_Key, Counts]:
    """What is overdue, due today and due this week: only the cases whose clock runs are read."""
    due, now = col(Problem.deadline_at), filters.now
    soon = sa.and_(is_running(), due < days.week_ends)
    measures = {
        "overdue": is_overdue(now),
        "due_today": sa.and_(due >= now, due < days.day_ends),
        "due_week": due >= now,
    }
    assert tuple(measures) == TIMED  # noqa: S101 - the order of Counts
    return _counted(tx, principal, replace(filters, also=(*filters.also, soon)), measures)


def oldest_open(tx: Session, principal: Principal, filters: Filters) -> Sequence[Problem]:
    """The ten that have been open for longest."""
    query = _narrowed(tx, principal, filters, sa.select(Problem).where(is_open()))
    query = query.order_by(col(Problem.found_at), col(Problem.id)).limit(OLDEST)
    return tx.execute(query).scalars().all()


def sum_work(tx: Session, principal: Principal, filters: Filters) -> list[tuple[str, str, int]]:
    """What was done in closed cases: (kind, unit, thousandths)."""
    kind: Any
    unit: Any
    quantity: Any
    if are_kept(principal, filters):
        tally = WORK_TALLY.c
        kind, unit, quantity = tally.kind, tally.unit, tally.quantity_milli
        query = sa.select(kind, unit, sa.func.sum(quantity))
        query = query.where(*_of_tally(tx, principal, filters, tally))
    else:
        kind, unit, quantity = col(WorkDone.kind), col(WorkDone.unit), col(WorkDone.quantity_milli)
        query = sa.select(kind, unit, sa.func.sum(quantity))
        query = query.join(Problem, col(Problem.id) == WorkDone.problem_id)
        query = query.where(col(Problem.state) == ProblemState.CLOSED)
        query = _narrowed(tx, principal, filters, query)
    query = query.group_by(kind, unit).having(sa.func.sum(quantity) != 0).order_by(kind, unit)
    return [(row[0], row[1], int(row[2])) for row in tx.execute(query).all()]


def _narrowed(tx: Session, principal: Principal, filters: Filters, query: Any) -> Any:
    narrowing = predicates(tx, principal, filters)
    return query.where(queries.is_visible(principal), *narrowing)


def _measures() -> dict[str, Any]:
    state, cancellation = col(Problem.state), col(Problem.cancellation)
    closed = state == ProblemState.CLOSED
    late = sa.and_(col(Problem.ran_out), sa.not_(col(Problem.late_exempt)))
    return {
        **{f"in_{one.value}": state == one for one in ProblemState},
        "filed": col(Problem.filed_at).is_not(None),
        "refused": cancellation == Cancellation.REFUSED,
        "merged": cancellation == Cancellation.MERGED,
        "on_time": sa.and_(closed, sa.not_(late)),
        "reworked": sa.and_(closed, col(Problem.rework) > 0),
        "rework": col(Problem.rework) > 0,
        "extension": col(Problem.extensions) > 0,
        "suspended": col(Problem.suspensions) > 0,
        "transferred": col(Problem.transfers) > 0,
        **{one.value: sa.and_(closed, col(Problem.resolution) == one) for one in Resolution},
    }


def find_kept(tx: Session, feed: str, key: str, *, on: date) -> str | None:
    """The body that is kept, if nothing has moved since: one statement."""
    query = (
        sa.select(col(KeptSummary.body))
        .join(FeedVersion, col(FeedVersion.version) == KeptSummary.version)
        .where(col(FeedVersion.scope) == feed, sa.not_(col(FeedVersion.touched)))
        .where(col(KeptSummary.key) == key, col(KeptSummary.day) == on)
    )
    body: str | None = tx.connection().execute(query).scalar_one_or_none()
    return body
