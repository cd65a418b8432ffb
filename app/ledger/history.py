"""Writing moves: the case, its history and its alarms change together, in one transaction.

Nobody else writes what ``case.Case`` names. The row of the problem is held by the caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.config import Settings
from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.workdays import Calendar
from app.ledger import deadlines, queries_cases
from app.ledger.case import Case, changes, plain
from app.ledger.deadlines import Alarm
from app.ledger.lifecycle import Action, Step
from app.ledger.moves import lacks_mark, make_move
from app.ledger.settings import LedgerRules
from app.ledger.tables import Problem, ProblemAlarm, ProblemEvent
from app.organisation.queries_calendar import read_calendar

_CLOCK = frozenset({"term", "running_since", "deadline_at", "suspended_until"})


@dataclass(frozen=True)
class Desk:
    """What every move of a transaction is made with: the instant, the calendar, the city's rules.

    Instants of moves are whole seconds.
    """

    at: datetime
    calendar: Calendar
    rules: LedgerRules

    def step(self, **given: Any) -> Step:
        """A step at this desk."""
        return Step(
            at=self.at,
            calendar=self.calendar,
            finder_may_check=self.rules.finder_may_check,
            **given,
        )


@dataclass(frozen=True)
class Written:
    """A move that was written: its place in the history, and what it changed, as events keep it."""

    seq: int
    before: dict[str, Any]
    after: dict[str, Any]


def open_desk(tx: Session, settings: Settings) -> Desk:
    """The desk of a transaction: four statements."""
    return Desk(
        at=business_time.now(tx).replace(microsecond=0),
        calendar=read_calendar(tx, settings.timezone),
        rules=queries_cases.read_rules(tx),
    )


def back_at(tx: Session, desk: Desk) -> Desk:
    """The same desk a moment later: for one more move of a transaction."""
    return replace(desk, at=business_time.now(tx).replace(microsecond=0))


def begin_history(
    tx: Session,
    opened: Sequence[Problem],
    because: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
) -> None:
    """The first event of new entries, which are written but for their history."""
    rows = []
    for problem, reasons in zip(opened, because, strict=True):
        problem.events = 1
        changed = changes(Case(), Case.of(problem))
        rows.append(
            {
                "problem_id": problem.id,
                "seq": 1,
                "action": Action.OPEN,
                "at": at,
                "actor_id": problem.reported_by,
                "changed": {name: plain(value) for name, value in changed.items()},
                "data": {"source": problem.source.value, **reasons},
            }
        )
    tx.flush()
    if rows:
        tx.connection().execute(sa.insert(ProblemEvent), rows)


def write_move(
    tx: Session,
    problem: Problem,
    action: Action,
    step: Step,
    rules: LedgerRules,
    data: Mapping[str, Any] | None = None,
) -> Written:
    """Make a move and write it down; ``Conflict`` or ``Forbidden`` where it may not be made."""
    before = Case.of(problem)
    after = make_move(before, action, step)
    changed = changes(before, after)
    for name, value in changed.items():
        setattr(problem, name, value)
    problem.events += 1
    tx.add(problem)
    told = {name: plain(value) for name, value in changed.items()}
    tx.add(
        ProblemEvent(
            problem_id=problem.id,
            seq=problem.events,
            action=action,
            at=step.at,
            actor_id=step.by.person_id,
            changed=told,
            data=dict(data or {}) | ({"reason": step.reason} if step.reason else {}),
        )
    )
    if _CLOCK & set(changed):
        tx.flush()
        set_alarms(tx, problem.id, after, step, rules)
    return Written(problem.events, {name: plain(getattr(before, name)) for name in changed}, told)


def mark_if_late(tx: Session, problem: Problem, desk: Desk) -> None:
    """Write the overdue mark that the clock would write next; call it before a move that ends it.

    Otherwise who moves a late case before the worker's next turn would leave no mark behind. The
    case is held, so the mark is written here or by the worker, and once.
    """
    step = desk.step()
    if not lacks_mark(Case.of(problem), step) or problem.deadline_at is None:
        return
    mark = {"problem_id": problem.id, "term": problem.term, "kind": Alarm.OVERDUE, "place": 0}
    rung = insert(ProblemAlarm).values(**mark, due_at=problem.deadline_at, done_at=desk.at)
    rung = rung.on_conflict_do_update(
        constraint="pk_problem_alarm", set_={"done_at": rung.excluded.done_at}
    )
    tx.connection().execute(rung)
    data = {"due_at": problem.deadline_at.isoformat(), "term": problem.term, "place": 0}
    written = write_move(tx, problem, Action.MARK_OVERDUE, step, desk.rules, data)
    events.record(
        tx,
        "problem.moved",
        subject=("problem", problem.id),
        number=problem.number,
        action=Action.MARK_OVERDUE.value,
        seq=written.seq,
        before=written.before,
        after=written.after,
    )


def set_alarms(tx: Session, problem_id: UUID, case: Case, step: Step, rules: LedgerRules) -> None:
    """What the clock is to do from now on; what it has done in this term it does not do again."""
    waiting = col(ProblemAlarm.problem_id) == problem_id, col(ProblemAlarm.done_at).is_(None)
    tx.exec(sa.delete(ProblemAlarm).where(*waiting))
    wanted: list[tuple[Alarm, int, datetime]] = []
    if case.time is not None:
        wanted += deadlines.alarms(
            step.calendar, case.time, after=step.at, reminders=rules.reminder_days
        )
    if case.suspended_until is not None:
        wanted.append((Alarm.SUSPENSION_ENDS, 0, case.suspended_until))
    rows = [
        {"problem_id": problem_id, "term": case.term, "kind": kind, "place": place, "due_at": due}
        | {"done_at": None}
        for kind, place, due in wanted
    ]
    insert_rows(tx, ProblemAlarm, rows, skip_known=True)
