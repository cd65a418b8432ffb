"""Between tasks, coverage and matrix and their wire shapes."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from app.checklists.rules import written
from app.inspections.progress import Cell, Coverage, Fate, TaskGroup, coverage, grouped
from app.inspections.queries_tasks import TaskView
from app.inspections.schemas_progress import (
    CategoryCoverageOut,
    CellOut,
    CoverageOut,
    MatrixRowOut,
    PersonRef,
    RoundTaskOut,
    TaskOut,
    TeamCoverageOut,
    UnitCoverageOut,
)
from app.organisation.presenting import named
from app.organisation.tables import Line, Unit
from app.people.tables import Person
from app.rounds.presenting import round_ref
from app.rounds.schemas import ChecklistRef
from app.rounds.tables import Team
from app.sites.presenting import site_out
from app.web.language import Language
from app.web.wire import Named

_STATES: Mapping[Fate, Literal["open", "done", "not-accessible", "gone"]] = {
    Fate.OPEN: "open",
    Fate.DONE: "done",
    Fate.WAITING: "done",
    Fate.NOT_ACCESSIBLE: "not-accessible",
    Fate.GONE: "gone",
}


def task_out(view: TaskView, language: Language) -> TaskOut:
    """A task as a phone needs it to begin; its photos are the phone's own business."""
    return TaskOut(
        id=view.task.id,
        round=round_ref(view.round, language),
        site=site_out(view.site, view.unit, language),
        checklist=ChecklistRef(code=view.checklist.code, version=view.version.number),
        state=_STATES[view.fate],
    )


def round_task_out(
    view: TaskView, crew: Sequence[Person], language: Language, *, in_charge: bool
) -> RoundTaskOut:
    """A task as who runs the round, or leads the team, sees it."""
    return RoundTaskOut(
        id=view.task.id,
        round=round_ref(view.round, language),
        site=site_out(view.site, view.unit, language),
        checklist=ChecklistRef(code=view.checklist.code, version=view.version.number),
        state=view.fate,
        team=_team(view.team),
        members=[PersonRef(login=person.login, name=person.name) for person in crew],
        blind=view.task.blind if in_charge else None,
        cancel_reason=view.task.cancel_reason,
    )


def _team(team: Team | None) -> Named | None:
    return Named(code=team.code, name=team.name) if team else None


def coverage_out(found: Coverage) -> CoverageOut:
    """Counts as they travel."""
    return CoverageOut(**vars(found))


def categories_out(groups: Sequence[TaskGroup], *, over: bool) -> list[CategoryCoverageOut]:
    """Coverage per category of sites, by its name."""
    found = grouped(groups, lambda group: group.category)
    return [
        CategoryCoverageOut(category=name, tasks=coverage_out(coverage(found[name], over=over)))
        for name in sorted(found)
    ]


def teams_out(
    groups: Sequence[TaskGroup], teams: Mapping[UUID, Team], *, over: bool
) -> list[TeamCoverageOut]:
    """Coverage per team by its code, tasks without a team last."""
    found = grouped(groups, lambda group: teams[group.team_id] if group.team_id else None)
    ordered = sorted(found, key=lambda team: (team is None, team.code if team else ""))
    return [
        TeamCoverageOut(team=_team(team), tasks=coverage_out(coverage(found[team], over=over)))
        for team in ordered
    ]


def unit_coverage_out(
    unit: Unit, groups: Sequence[TaskGroup], language: Language, *, over: bool
) -> UnitCoverageOut:
    """Coverage of a unit and all below it."""
    return UnitCoverageOut(
        unit=named(unit, language),
        kind=unit.kind.value,
        tasks=coverage_out(coverage(groups, over=over)),
    )


def matrix_row_out(
    unit: Unit,
    cells: Mapping[tuple[str, UUID], Cell],
    lines: Sequence[Line],
    language: Language,
) -> MatrixRowOut:
    """One unit with its cells in the order of the lines."""
    return MatrixRowOut(
        unit=named(unit, language),
        cells=[
            _cell_out(line, cells[(unit.code, line.id)])
            for line in lines
            if (unit.code, line.id) in cells
        ],
    )


def _cell_out(line: Line, cell: Cell) -> CellOut:
    return CellOut(
        line=line.code,
        tasks=coverage_out(cell.tasks),
        answers=cell.answers,
        earned=written(cell.earned),
        possible=written(cell.possible),
        points_lost=written(cell.lost),
        problems=cell.problems,
    )
