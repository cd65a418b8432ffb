"""A new notice moves open deadlines: the calendar is loaded and every running case looked at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.config import Settings
from app.infra import events
from app.ledger import deadlines, queries_cases
from app.ledger.case import Case
from app.ledger.history import open_desk, write_move
from app.ledger.lifecycle import Action
from app.ledger.opening import touch_ledger
from app.organisation.calendar import Notice, load_notice

_PAGE = 500


@dataclass(frozen=True)
class Moved:
    """A deadline that is another one by the new calendar, or is only now certain."""

    number: str
    before: datetime
    after: datetime


def load_calendar(tx: Session, settings: Settings, notice: Notice) -> list[Moved]:
    """Load a notice and bring open deadlines up to date; says which moved.

    Deadlines that have passed, and clocks that stand still, are left as they are. The same notice
    again changes nothing.
    """
    if not load_notice(tx, notice):
        return []
    tx.flush()
    desk = open_desk(tx, settings)
    moved: list[Moved] = []
    after: UUID | None = None
    while page := queries_cases.lock_running(tx, after=after, limit=_PAGE):
        after = page[-1].id
        for problem in page:
            case = Case.of(problem)
            time = case.time
            if time is None or deadlines.recompute(desk.calendar, time, desk.at) == time:
                continue
            written = write_move(tx, problem, Action.RECOMPUTE, desk.step(), desk.rules)
            events.record(
                tx,
                "problem.moved",
                subject=("problem", problem.id),
                number=problem.number,
                action=Action.RECOMPUTE.value,
                seq=written.seq,
                before=written.before,
                after=written.after,
            )
            if problem.deadline_at is not None and problem.deadline_at != time.deadline_at:
                moved.append(Moved(problem.number, time.deadline_at, problem.deadline_at))
    touch_ledger(tx)
    return moved
