"""Wire shapes of tasks, coverage and matrix."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.inspections.progress import Fate
from app.rounds.schemas import ChecklistRef, RoundRef
from app.sites.schemas import SiteOut
from app.web.wire import Named, Wire


class TaskBase(Wire):
    id: UUID
    round: RoundRef
    site: SiteOut
    checklist: ChecklistRef


class TaskOut(TaskBase):
    """``state``: what the visits that the member sent for it say, with or without their photos."""

    state: Literal["open", "done", "not-accessible", "gone"]


class TaskPage(Wire):
    items: list[TaskOut]
    next_cursor: str | None


class PersonRef(Wire):
    login: str
    name: str


class RoundTaskOut(TaskBase):
    """``state`` follows from the visits in time.

    ``blind`` is told to who runs the round, and to nobody whom it concerns.
    """

    state: Fate
    team: Named | None
    members: list[PersonRef]
    blind: bool | None
    cancel_reason: str | None


class RoundTaskPage(Wire):
    items: list[RoundTaskOut]
    next_cursor: str | None


class CoverageOut(Wire):
    """Numbers of tasks; without blind doubles and cancelled ones.

    ``open``: still to do. ``missed``: the same once the round is closed.
    """

    planned: int
    done: int
    waiting_for_photos: int
    not_accessible: int
    gone: int
    open: int
    missed: int


class UnitCoverageOut(Wire):
    """A unit with all that lies below it."""

    unit: Named
    kind: str
    tasks: CoverageOut


class CategoryCoverageOut(Wire):
    category: str
    tasks: CoverageOut


class TeamCoverageOut(Wire):
    """``team`` is null for tasks that no team has."""

    team: Named | None
    tasks: CoverageOut


class RoundCoverageOut(Wire):
    """``teams`` is empty for everybody but who runs the round, headquarters and auditors."""

    round: RoundRef
    as_of: datetime
    version: int
    provisional: bool
    tasks: CoverageOut
    categories: list[CategoryCoverageOut]
    teams: list[TeamCoverageOut]
    units: list[UnitCoverageOut]
    next_cursor: str | None


class CellOut(Wire):
    """Tasks whose checklist asks about the line, and the marks of the visits that count."""

    line: str
    tasks: CoverageOut
    answers: int
    earned: str
    possible: str
    points_lost: str
    problems: int


class MatrixRowOut(Wire):
    unit: Named
    cells: list[CellOut]


class MatrixOut(Wire):
    """Units x lines; a cell that nothing was planned or answered in is left out."""

    round: RoundRef
    as_of: datetime
    version: int
    provisional: bool
    lines: list[Named]
    rows: list[MatrixRowOut]
    next_cursor: str | None
