"""Counts of the ledger in the caller's reach, grouped for ``summing``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.ledger import queries
from app.ledger.case import Cancellation, Resolution
from app.ledger.effects import WITH_UNIT
from app.ledger.queries_filters import Filters, is_overdue, predicates
from app.ledger.rules import ProblemState
from app.ledger.summing import COUNTED, Counts, Group
from app.ledger.tables import Problem, WorkDone
from app.organisation.tables import Category, Line
from app.web.principal import Principal

OLDEST = 10


def group_counts(
    tx: Session, principal: Principal, filters: Filters, *, day_ends: datetime, week_ends: datetime
) -> list[Group]:
    """Counts by district, answerable unit and line: one statement."""
    counted = _measures(filters.now, day_ends, week_ends)
    keys = (
        sa.func.split_part(col(Problem.area_path), "/", 3),
        col(Problem.answerable_path),
        col(Problem.line_id),
    )
    query = sa.select(*keys, *(counted[name] for name in COUNTED)).select_from(Problem)
    query = _narrowed(tx, principal, filters, query).group_by(*keys)
    return [
        Group(
            district=row[0],
            unit_path=row[1],
            line_id=row[2],
            counts=Counts(**dict(zip(COUNTED, row[len(keys) :], strict=True))),
        )
        for row in tx.execute(query).all()
    ]


def count_states(tx: Session, principal: Principal, filters: Filters) -> dict[ProblemState, int]:
    """How many are in each state; every state is named."""
    query = sa.select(col(Problem.state), sa.func.count()).select_from(Problem)
    query = _narrowed(tx, principal, filters, query).group_by(col(Problem.state))
    found = {row[0]: int(row[1]) for row in tx.execute(query).all()}
    return {state: found.get(state, 0) for state in ProblemState}


def oldest_open(tx: Session, principal: Principal, filters: Filters) -> Sequence[Problem]:
    """The ten that have been open for longest."""
    over = (ProblemState.CLOSED, ProblemState.CANCELLED)
    query = sa.select(Problem).where(col(Problem.state).not_in(over))
    query = _narrowed(tx, principal, filters, query)
    return (
        tx.execute(query.order_by(col(Problem.found_at), col(Problem.id)).limit(OLDEST))
        .scalars()
        .all()
    )


def sum_work(tx: Session, principal: Principal, filters: Filters) -> list[tuple[str, str, int]]:
    """What was done in closed cases: (kind, unit, thousandths)."""
    query = (
        sa.select(col(WorkDone.kind), col(WorkDone.unit), sa.func.sum(WorkDone.quantity_milli))
        .join(Problem, col(Problem.id) == WorkDone.problem_id)
        .where(col(Problem.state) == ProblemState.CLOSED)
    )
    query = _narrowed(tx, principal, filters, query)
    query = query.group_by(col(WorkDone.kind), col(WorkDone.unit)).order_by(col(WorkDone.kind))
    return [(row[0], row[1], int(row[2])) for row in tx.execute(query).all()]


def _narrowed(tx: Session, principal: Principal, filters: Filters, query: Any) -> Any:
    if filters.line is not None:
        query = query.join(Line, col(Line.id) == Problem.line_id)
    if filters.category is not None:
        query = query.join(Category, col(Category.id) == Problem.category_id)
    narrowing = predicates(tx, principal, filters)
    return query.where(queries.is_visible(principal), *narrowing)


def _measures(now: datetime, day_ends: datetime, week_ends: datetime) -> dict[str, Any]:
    state, cancellation = col(Problem.state), col(Problem.cancellation)
    closed, cancelled = state == ProblemState.CLOSED, state == ProblemState.CANCELLED
    running = state.in_(WITH_UNIT)
    due = col(Problem.deadline_at)
    late = sa.and_(col(Problem.ran_out), sa.not_(col(Problem.late_exempt)))
    when: dict[str, Any] = {
        "problems": sa.true(),
        "closed": closed,
        "open": sa.not_(sa.or_(closed, cancelled)),
        "cancelled": cancelled,
        "overdue": is_overdue(now),
        "due_today": sa.and_(running, due >= now, due < day_ends),
        "due_week": sa.and_(running, due >= now, due < week_ends),
        "filed": col(Problem.filed_at).is_not(None),
        "refused": cancellation == Cancellation.REFUSED,
        "on_time": sa.and_(closed, sa.not_(late)),
        "reworked": sa.and_(closed, col(Problem.rework) > 0),
        "rework": col(Problem.rework) > 0,
        "extension": col(Problem.extensions) > 0,
        "suspended": col(Problem.suspensions) > 0,
        "transferred": col(Problem.transfers) > 0,
        "merged": cancellation == Cancellation.MERGED,
        **{one.value: sa.and_(closed, col(Problem.resolution) == one) for one in Resolution},
    }
    return {name: sa.func.count().filter(condition) for name, condition in when.items()}
