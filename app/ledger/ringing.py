"""What the clock does to cases: warnings, overdue marks, reminders, the end of suspensions.

Each is a row of ``problem_alarm`` and is done in the transaction that writes its event, with the
case held: once, however many workers run and whenever they die. ``SKIP LOCKED`` keeps workers out
of each other's way.
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.ledger import queries_cases
from app.ledger.case import Case
from app.ledger.deadlines import Alarm
from app.ledger.history import Desk, open_desk, write_move
from app.ledger.lifecycle import Action
from app.ledger.moves import may
from app.ledger.opening import touch_ledger
from app.ledger.tables import Problem, ProblemAlarm

BATCH = 50
_ACTIONS = {
    Alarm.HALF: Action.WARN_HALF,
    Alarm.NINE_TENTHS: Action.WARN_NINE_TENTHS,
    Alarm.OVERDUE: Action.MARK_OVERDUE,
    Alarm.REMINDER: Action.REMIND,
    Alarm.SUSPENSION_ENDS: Action.END_SUSPENSION,
}


def ring(tx: Session, settings: Settings, *, batch: int = BATCH) -> int:
    """Do what is due now for up to ``batch`` cases; returns how many alarms were done."""
    now = business_time.now(tx)
    held = {one.id: one for one in queries_cases.lock_due(tx, now=now, limit=batch)}
    if not held:
        return 0
    desk = open_desk(tx, settings)
    due = queries_cases.due_alarms(tx, list(held), now=now)
    told = [_ring_one(tx, desk, held[alarm.problem_id], alarm) for alarm in due]
    tx.flush()
    events.record_many(tx, "problem.moved", "problem", [one for one in told if one is not None])
    if due:
        touch_ledger(tx)
    return len(due)


def _ring_one(
    tx: Session, desk: Desk, problem: Problem, alarm: ProblemAlarm
) -> tuple[UUID, dict[str, Any]] | None:
    """What is to be told of it; None where the case has moved on and there is nothing to do.

    A suspension ends when it was to end, and not when somebody got round to it.
    """
    alarm.done_at = desk.at
    tx.add(alarm)
    action, step = _ACTIONS[alarm.kind], desk.step()
    if alarm.kind is Alarm.SUSPENSION_ENDS:
        step = Desk(alarm.due_at, desk.calendar, desk.rules).step()
    if not may(Case.of(problem), action, step):
        return None
    data = {"due_at": alarm.due_at.isoformat(), "term": alarm.term, "place": alarm.place}
    written = write_move(tx, problem, action, step, desk.rules, data)
    return problem.id, {
        "number": problem.number,
        "action": action.value,
        "seq": written.seq,
        "before": written.before,
        "after": written.after,
    }
