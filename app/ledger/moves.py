"""The life of a case: one table of moves. Pure.

Each row says from which states, by whom and with what a move may be made, and what it changes. What
people call the states and moves stands in ``labels``. Nothing else in the service changes the state
of a case.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.kit.errors import Conflict, Forbidden
from app.ledger import deadlines, effects
from app.ledger.case import Cancellation, Case, CheckResult
from app.ledger.effects import NEW, WITH_UNIT
from app.ledger.lifecycle import Action, Move, Need, Party, Step, require_party
from app.ledger.rules import ProblemState as S

_ALL = frozenset(S)
_OVER = frozenset({S.CLOSED, S.CANCELLED})
OPEN = _ALL - _OVER
_REASON = frozenset({Need.REASON})
_CHECKING = frozenset({S.CHECKING})
_CLOSED = frozenset({S.CLOSED})
_CANCELLED = frozenset({S.CANCELLED})

MOVES: Mapping[Action, Move] = {
    Action.VERIFY: Move(NEW, S.VERIFYING, Party.OFFICE, effects.nothing),
    Action.FILE: Move(NEW, S.FILED, Party.OFFICE, effects.file),
    Action.REFUSE: Move(
        NEW, S.CANCELLED, Party.OFFICE, effects.cancelled(Cancellation.REFUSED), needs=_REASON
    ),
    Action.DISPATCH: Move(frozenset({S.FILED}), S.DISPATCHED, Party.OFFICE, effects.dispatch),
    Action.RETURN: Move(WITH_UNIT, S.FILED, Party.UNIT, effects.give_back, needs=_REASON),
    Action.SIGN: Move(frozenset({S.DISPATCHED}), S.RECTIFYING, Party.UNIT, effects.sign),
    Action.RECTIFY: Move(
        frozenset({S.RECTIFYING}),
        S.CHECKING,
        Party.UNIT,
        effects.rectify,
        needs=frozenset({Need.PHOTO, Need.RESOLUTION}),
    ),
    Action.CHECK_PASS: Move(_CHECKING, None, Party.OUTSIDE, effects.checked(CheckResult.PASS)),
    Action.CHECK_FAIL: Move(
        _CHECKING, S.RECTIFYING, Party.OUTSIDE, effects.back_to_work, needs=_REASON
    ),
    Action.CHECK_UNCLEAR: Move(
        _CHECKING, None, Party.OUTSIDE, effects.checked(CheckResult.UNCLEAR), needs=_REASON
    ),
    Action.CLOSE: Move(_CHECKING, S.CLOSED, Party.OUTSIDE, effects.close, guard=effects.was_passed),
    Action.REWORK: Move(
        _CHECKING, S.RECTIFYING, Party.OUTSIDE, effects.back_to_work, needs=_REASON
    ),
    Action.EXTEND: Move(
        WITH_UNIT,
        None,
        Party.UNIT,
        effects.ask_extension,
        needs=_REASON,
        guard=effects.may_ask_extension,
    ),
    Action.APPROVE_EXTENSION: Move(
        WITH_UNIT, None, Party.OFFICE, effects.extend, guard=effects.may_approve
    ),
    Action.REFUSE_EXTENSION: Move(
        WITH_UNIT,
        None,
        Party.OFFICE,
        effects.refuse_extension,
        needs=_REASON,
        guard=effects.extension_is_open,
    ),
    Action.SUSPEND: Move(
        WITH_UNIT,
        S.SUSPENDED,
        Party.OFFICE,
        effects.suspend,
        needs=frozenset({Need.REASON, Need.UNTIL}),
        guard=effects.may_suspend,
    ),
    Action.RESUME: Move(frozenset({S.SUSPENDED}), None, Party.OFFICE, effects.resume),
    Action.CANCEL: Move(
        OPEN, S.CANCELLED, Party.OFFICE, effects.cancelled(Cancellation.CANCELLED), needs=_REASON
    ),
    Action.SUPERVISE: Move(OPEN, None, Party.OFFICE, effects.supervise, needs=_REASON),
    Action.URGE: Move(WITH_UNIT, None, Party.OFFICE, effects.urge, is_seen=False),
    Action.TRANSFER: Move(
        WITH_UNIT,
        S.DISPATCHED,
        Party.EITHER,
        effects.transfer,
        needs=frozenset({Need.REASON, Need.UNIT}),
        guard=effects.may_transfer,
    ),
    Action.REOPEN: Move(_CLOSED, S.RECTIFYING, Party.OFFICE, effects.reopen, needs=_REASON),
    Action.APPEAL: Move(
        _CLOSED, None, Party.UNIT, effects.appeal, needs=_REASON, guard=effects.may_appeal
    ),
    Action.ACCEPT_APPEAL: Move(
        _CLOSED, None, Party.OUTSIDE, effects.accept_appeal, guard=effects.appeal_is_open
    ),
    Action.REFUSE_APPEAL: Move(
        _CLOSED,
        None,
        Party.OUTSIDE,
        effects.refuse_appeal,
        needs=_REASON,
        guard=effects.appeal_is_open,
    ),
    Action.MERGE: Move(
        NEW | {S.FILED} | WITH_UNIT,
        S.CANCELLED,
        Party.OFFICE,
        effects.cancelled(Cancellation.MERGED),
        needs=frozenset({Need.REASON, Need.CASE}),
    ),
    Action.UNMERGE: Move(
        _CANCELLED, None, Party.OFFICE, effects.unmerge, needs=_REASON, guard=effects.was_merged
    ),
    Action.COMMENT: Move(_ALL, None, Party.OFFICE, effects.nothing, is_seen=False),
    Action.OPEN: Move(frozenset({S.REPORTED}), None, Party.SERVICE, effects.nothing, is_seen=False),
    Action.CHANGE: Move(_ALL, None, Party.SERVICE, effects.change),
    Action.WITHDRAW: Move(
        OPEN, S.CANCELLED, Party.SERVICE, effects.cancelled(Cancellation.WITHDRAWN)
    ),
    Action.REPORT_AGAIN: Move(
        _CANCELLED, S.REPORTED, Party.SERVICE, effects.report_again, guard=effects.was_withdrawn
    ),
    Action.WARN_HALF: Move(WITH_UNIT, None, Party.SERVICE, effects.nothing, is_seen=False),
    Action.WARN_NINE_TENTHS: Move(WITH_UNIT, None, Party.SERVICE, effects.nothing, is_seen=False),
    Action.MARK_OVERDUE: Move(WITH_UNIT, None, Party.SERVICE, effects.mark_overdue, is_seen=False),
    Action.REMIND: Move(WITH_UNIT, None, Party.SERVICE, effects.nothing, is_seen=False),
    Action.END_SUSPENSION: Move(frozenset({S.SUSPENDED}), None, Party.SERVICE, effects.resume),
    Action.RECOMPUTE: Move(WITH_UNIT, None, Party.SERVICE, effects.recompute),
}
# Whom a person asks for: the moves that are not the service's own.
BY_PEOPLE = tuple(action for action, move in MOVES.items() if move.party is not Party.SERVICE)


def make_move(case: Case, action: Action, step: Step) -> Case:
    """The case after a move.

    ``Conflict`` where the case is not in a state for it, ``Forbidden`` where it is somebody
    else's to make.
    """
    move = require(case, action, step)
    after = move.effect(case, step)
    if move.to is not None:
        after = replace(after, state=move.to)
    return replace(after, version=case.version + 1) if move.is_seen else after


def require(case: Case, action: Action, step: Step) -> Move:
    """The row of the table, if the move may be made."""
    move = MOVES[action]
    if case.state not in move.start:
        raise Conflict("problem.wrong-state", action=action.value, state=case.state.value)
    if move.guard is not None:
        move.guard(case, step)
    require_party(case, move.party, step)
    return move


def lacks_mark(case: Case, step: Step) -> bool:
    """Whether the deadline has passed and the clock has not got round to saying so."""
    is_unmarked = case.state in WITH_UNIT and case.overdue_at is None
    return is_unmarked and case.time is not None and deadlines.is_late(case.time, step.at)


def may(case: Case, action: Action, step: Step) -> bool:
    """Whether a move may be made now, so that it can be offered."""
    try:
        require(case, action, step)
    except (Conflict, Forbidden):
        return False
    return True
