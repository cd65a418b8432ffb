"""Wire shapes of teams, and of planning and passing on tasks."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, StrictStr

from app.rounds.schemas import ChecklistRef, DrawIn, Name, NewCode, Reason
from app.rounds.terms import TaskWish
from app.web.wire import Code, Named, Wire

_MOST_TASKS = 500
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class TeamIn(Wire):
    """``unit``: whose team it is; a unit that the caller manages."""

    code: NewCode
    name: Name
    unit: Code


class MemberIn(Wire):
    """``since`` is the first day; today where it is missing."""

    person: Code
    leads: StrictBool = False
    since: Day | None = None


class LeaveIn(Wire):
    """``until`` is the last day; today where it is missing."""

    person: Code
    until: Day | None = None


class MemberOut(Wire):
    person: str
    name: str
    leads: bool
    valid_from: date
    valid_to: date | None


class TeamOut(Wire):
    code: str
    name: str
    unit: Named
    ended_at: datetime | None
    members: list[MemberOut]


class TeamPage(Wire):
    items: list[TeamOut]
    next_cursor: str | None


class TaskIn(Wire):
    """Without ``members`` the task is for all who are in the team on the round's first day.

    ``blind``: a second, independent visit to a site that has a task already; it does not count.
    """

    site: Code
    checklist: ChecklistRef
    team: Code | None = None
    members: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)
    blind: StrictBool = False

    def wish(self) -> TaskWish:
        """The same for the service."""
        named = (self.checklist.code, self.checklist.version)
        return TaskWish(self.site, named, self.team, tuple(self.members), self.blind)


class TasksIn(Wire):
    tasks: Annotated[list[TaskIn], Field(min_length=1, max_length=_MOST_TASKS)]


class TasksPlannedOut(Wire):
    """The ids of the new tasks, in the order in which they were asked for."""

    ids: list[UUID]


class DrawOrderIn(DrawIn):
    """``seed``: whatever was drawn in public; made up where it is missing, and always recorded."""

    seed: (
        Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")] | None
    ) = None


class DrawOut(Wire):
    """``seed``: with it and the same sites anybody can repeat the draw."""

    id: UUID
    seed: str
    tasks: int
    made_at: datetime


class HandOverIn(Wire):
    """``id`` is made by the phone, which may send this late and more than once.

    ``from`` is the caller; whoever runs the round or leads the team may name somebody else.
    """

    model_config = ConfigDict(populate_by_name=False)

    id: UUID
    giver: Annotated[Code | None, Field(alias="from")] = None
    to: Code
    reason: Reason


class HandOverOut(Wire):
    id: UUID
    task_id: UUID
    to: str
    handed_at: datetime
