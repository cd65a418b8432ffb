"""What the rankings ask of the ledger: which problems came due, and which were closed in time."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.summing import CameDue
from app.ledger.tables import Problem
from app.organisation.tables import Line

_UNDECIDED = (ProblemState.CANCELLED, ProblemState.SUSPENDED)


def count_due(tx: Session, *, since: datetime, until: datetime) -> list[CameDue]:
    """Problems whose deadline lay between, by place, answerable unit and line (``CameDue``)."""
    late = sa.and_(col(Problem.ran_out), sa.not_(col(Problem.late_exempt)))
    closed = col(Problem.state) == ProblemState.CLOSED
    awaits_check = sa.and_(col(Problem.state) == ProblemState.CHECKING, sa.not_(late))
    keys = col(Problem.area_path), col(Problem.answerable_path), col(Line.code)
    query = (
        sa.select(*keys, sa.func.count().filter(sa.and_(closed, sa.not_(late))), sa.func.count())
        .select_from(Problem)
        .join(Line, col(Line.id) == Problem.line_id)
        .where(
            col(Problem.deadline_at) >= since,
            col(Problem.deadline_at) < until,
            col(Problem.answerable_path).is_not(None),
            col(Problem.source) != ProblemSource.SELF,
            col(Problem.state).not_in(_UNDECIDED),
            sa.not_(awaits_check),
        )
        .group_by(*keys)
    )
    return [CameDue(*row) for row in tx.execute(query).all()]
