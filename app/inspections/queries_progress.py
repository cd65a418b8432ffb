"""Reads for coverage and matrix: one pass over a round's tasks, visits and answers, by its id.

What it costs depends on the round alone, not on how many rounds there are.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.checklists import queries as checklists
from app.inspections.progress import AnswerGroup, Fate, TaskGroup
from app.inspections.tables import Answer, Finding, Visit
from app.organisation.queries import within_reach
from app.organisation.rules import UnitKind, codes_of
from app.organisation.tables import Unit
from app.rounds.tables import Team
from app.web.principal import Principal

# A task is done when a visit that counts was made at its place, whoever's it was; blind doubles
# are neither planned here nor do they make anything done.
_TASKS = sa.text("""
WITH seen AS (
  SELECT v.site_id, v.checklist_id,
         bool_or(v.counting AND r.outcome = 'inspected' AND v.completed_at IS NOT NULL) AS done,
         bool_or(v.counting AND r.outcome = 'inspected' AND v.completed_at IS NULL) AS waiting,
         bool_or(r.outcome = 'gone') AS gone,
         bool_or(r.outcome = 'not_accessible') AS shut
  FROM visit v
  JOIN visit_revision r ON r.id = v.current_revision_id
  LEFT JOIN task b ON b.id = v.task_id AND b.round_id = :round_id AND b.blind
  WHERE v.round_id = :round_id AND b.id IS NULL
    AND (NOT v.late OR v.late_decision = 'accepted')
  GROUP BY v.site_id, v.checklist_id
)
SELECT t.area_path, s.category, t.team_id, t.checklist_version_id,
       CASE WHEN seen.done THEN 'done' WHEN seen.waiting THEN 'waiting-for-photos'
            WHEN seen.gone THEN 'gone' WHEN seen.shut THEN 'not-accessible' ELSE 'open' END AS fate,
       count(*)
FROM task t
JOIN site s ON s.id = t.site_id
JOIN checklist_version c ON c.id = t.checklist_version_id
LEFT JOIN seen ON seen.site_id = t.site_id AND seen.checklist_id = c.checklist_id
WHERE t.round_id = :round_id AND NOT t.blind AND t.cancelled_at IS NULL
GROUP BY t.area_path, s.category, t.team_id, t.checklist_version_id, fate
""")


def read_task_groups(tx: Session, round_id: UUID) -> list[TaskGroup]:
    """The tasks of a round by area, category, team, checklist version and fate."""
    rows = tx.connection().execute(_TASKS, {"round_id": round_id}).all()
    return [TaskGroup(row[0], row[1], row[2], row[3], Fate(row[4]), int(row[5])) for row in rows]


def read_answer_groups(tx: Session, round_id: UUID, principal: Principal) -> list[AnswerGroup]:
    """Marks and problems per area and line of the complete, counting visits in reach."""
    unit: Any = sa.orm.aliased(Unit)
    reach = within_reach(
        principal.postings,
        area=col(Answer.area_path),
        line=col(Answer.line_id),
        answerable=unit.path,
    )
    base = (
        sa.select(col(Answer.area_path), col(Answer.line_id))
        .select_from(Answer)
        .join(Visit, col(Visit.current_revision_id) == Answer.revision_id)
        .join(unit, unit.id == col(Answer.answerable_unit_id), isouter=True)
        .where(col(Answer.round_id) == round_id, col(Visit.round_id) == round_id)
        .where(col(Visit.counting), col(Visit.completed_at).is_not(None), reach)
        .group_by(col(Answer.area_path), col(Answer.line_id))
    )
    marks = base.add_columns(
        sa.func.count(),
        sa.cast(sa.func.sum(col(Answer.earned)), sa.BigInteger),
        sa.cast(sa.func.sum(col(Answer.possible)), sa.BigInteger),
    )
    found = base.join(
        Finding,
        sa.and_(
            col(Finding.revision_id) == col(Answer.revision_id),
            col(Finding.item_id) == col(Answer.item_id),
        ),
    ).add_columns(sa.func.count())
    problems = {
        (area, line): int(count) for area, line, count in tx.connection().execute(found).all()
    }
    return [
        AnswerGroup(area, line, count, earned, possible, problems.get((area, line), 0))
        for area, line, count, earned, possible in tx.connection().execute(marks).all()
    ]


def lines_of_versions(tx: Session, versions: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Per checklist version, the lines that its items are about; kept in memory by version."""
    return {
        version: sorted({view.line.id for view in checklists.items_of(tx, version)})
        for version in versions
    }


def units_on(tx: Session, paths: Sequence[str], *, kind: UnitKind | None = None) -> dict[str, Unit]:
    """The units on some paths by code, of one kind where it is given; one statement."""
    codes = {code for path in paths for code in codes_of(path)}
    query = sa.select(Unit).where(col(Unit.code).in_(codes))
    if kind is not None:
        query = query.where(col(Unit.kind) == kind)
    return {unit.code: unit for unit in tx.execute(query).scalars()}


def teams_by_id(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Team]:
    """Teams by id."""
    rows = tx.execute(sa.select(Team).where(col(Team.id).in_(ids))).scalars()
    return {team.id: team for team in rows}
