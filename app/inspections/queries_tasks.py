"""Reads of tasks with what became of them, which follows from the visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Checklist, ChecklistVersion
from app.inspections.progress import Fate
from app.inspections.rules import Outcome
from app.inspections.tables import Visit, VisitRevision
from app.kit.paging import Page, encode_cursor
from app.organisation.queries import at_or_below
from app.organisation.tables import Unit
from app.people.tables import Person
from app.rounds.tables import Round, Task, TaskMember, Team
from app.sites.tables import Site


@dataclass(frozen=True)
class TaskView:
    task: Task
    round: Round
    site: Site
    unit: Unit
    checklist: Checklist
    version: ChecklistVersion
    team: Team | None
    fate: Fate


def list_tasks(
    tx: Session, *, person_id: UUID, round_id: UUID | None, after: UUID | None, limit: int
) -> Page[TaskView]:
    """The tasks that are a person's now, each with what its visits say.

    Tasks that he handed over, or that were cancelled, are not among them.
    """
    seen = _seen_for_task()
    query = (
        _views(_fate(seen))
        .join(TaskMember, col(TaskMember.task_id) == Task.id)
        .join(seen, sa.true(), isouter=True)
        .where(col(TaskMember.person_id) == person_id, col(TaskMember.handed_over_at).is_(None))
        .where(col(Task.cancelled_at).is_(None))
    )
    if round_id is not None:
        query = query.where(col(Task.round_id) == round_id)
    return _page(tx, query, after, limit)


@dataclass(frozen=True)
class TaskFilters:
    """What the tasks of a round are narrowed to; ``teams`` None is all of them."""

    teams: Sequence[UUID] | None = None
    team: str | None = None
    area: str | None = None
    fate: Fate | None = None
    cancelled: bool = False


def list_round_tasks(
    tx: Session, round_id: UUID, filters: TaskFilters, *, after: UUID | None, limit: int
) -> Page[TaskView]:
    """The tasks of a round, in the order in which they were planned."""
    seen = _seen_in_round(round_id)
    fate = _fate(seen.c)
    query = (
        _views(fate)
        .join(seen, seen.c.task_id == col(Task.id), isouter=True)
        .where(col(Task.round_id) == round_id)
        .where(col(Task.cancelled_at).is_not(None) == filters.cancelled)
    )
    if filters.teams is not None:
        query = query.where(col(Task.team_id).in_(filters.teams))
    if filters.team is not None:
        query = query.where(col(Team.code) == filters.team)
    if filters.area is not None:
        query = query.where(at_or_below(col(Task.area_path), filters.area))
    if filters.fate is not None:
        query = query.where(fate == filters.fate.value)
    return _page(tx, query, after, limit)


def crews_of(tx: Session, task_ids: Sequence[UUID]) -> dict[UUID, list[Person]]:
    """Per task, whose it is now; one statement."""
    rows = tx.exec(
        select(TaskMember.task_id, Person)
        .join(Person, col(Person.id) == TaskMember.person_id)
        .where(col(TaskMember.task_id).in_(task_ids), col(TaskMember.handed_over_at).is_(None))
        .order_by(col(Person.login))
    ).all()
    found: dict[UUID, list[Person]] = {task: [] for task in task_ids}
    for task_id, person in rows:
        found[task_id].append(person)
    return found


def _views(fate: Any) -> Any:
    return (
        sa.select(Task, Round, Site, Unit, Checklist, ChecklistVersion, Team, fate)
        .join(Round, col(Round.id) == Task.round_id)
        .join(Site, col(Site.id) == Task.site_id)
        .join(Unit, col(Unit.id) == Site.unit_id)
        .join(ChecklistVersion, col(ChecklistVersion.id) == Task.checklist_version_id)
        .join(Checklist, col(Checklist.id) == ChecklistVersion.checklist_id)
        .join(Team, col(Team.id) == Task.team_id, isouter=True)
    )


def _page(tx: Session, query: Any, after: UUID | None, limit: int) -> Page[TaskView]:
    query = query.order_by(col(Task.id)).limit(limit + 1)
    if after is not None:
        query = query.where(col(Task.id) > after)
    rows = [_view(row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].task.id)) if more else None)


def _view(row: Any) -> TaskView:
    task, round_, site, unit, checklist, version, team, fate = row
    return TaskView(task, round_, site, unit, checklist, version, team, Fate(fate))


def _marks() -> list[Any]:
    """What some visits say together."""
    inspected = col(VisitRevision.outcome) == Outcome.INSPECTED
    whole = col(Visit.completed_at).is_not(None)
    return [
        sa.func.bool_or(sa.and_(inspected, whole)).label("done"),
        sa.func.bool_or(sa.and_(inspected, ~whole)).label("waiting"),
        sa.func.bool_or(col(VisitRevision.outcome) == Outcome.GONE).label("gone"),
        sa.func.bool_or(col(VisitRevision.outcome) == Outcome.NOT_ACCESSIBLE).label("shut"),
    ]


def _fate(seen: Any) -> Any:
    columns = seen.c if hasattr(seen, "c") else seen
    return sa.case(
        (columns.done, Fate.DONE.value),
        (columns.waiting, Fate.WAITING.value),
        (columns.gone, Fate.GONE.value),
        (columns.shut, Fate.NOT_ACCESSIBLE.value),
        else_=Fate.OPEN.value,
    )


def _seen_for_task() -> Any:
    """The visits that name the task, for one task at a time."""
    return (
        sa.select(*_marks())
        .select_from(Visit)
        .join(VisitRevision, col(VisitRevision.id) == Visit.current_revision_id)
        .where(col(Visit.task_id) == col(Task.id))
        .correlate(Task)
        .lateral("seen")
    )


def _seen_in_round(round_id: UUID) -> Any:
    """The visits that name a task of the round, all tasks at once."""
    return (
        sa.select(col(Visit.task_id).label("task_id"), *_marks())
        .join(VisitRevision, col(VisitRevision.id) == Visit.current_revision_id)
        .where(col(Visit.round_id) == round_id, ~col(Visit.late))
        .group_by(col(Visit.task_id))
        .subquery("seen")
    )
