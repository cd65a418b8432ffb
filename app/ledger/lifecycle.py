"""The words in which the moves of a case are told: actions, parties, needs, and one step.

The table itself is ``moves``; what each move changes stands in ``effects``. All of it is pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.kit.errors import Forbidden
from app.kit.reach import Posting
from app.kit.workdays import Calendar, Limit
from app.ledger.case import Case, Resolution
from app.ledger.deadlines import LimitBasis
from app.ledger.rules import ProblemState as S
from app.organisation.rules import Role, is_at_or_below


class Action(StrEnum):
    """What can be done to a case; people's words first, then what follows by itself."""

    VERIFY = "verify"
    FILE = "file"
    REFUSE = "refuse"
    DISPATCH = "dispatch"
    RETURN = "return"
    SIGN = "sign"
    RECTIFY = "rectify"
    CHECK_PASS = "check-pass"  # noqa: S105 - no password
    CHECK_FAIL = "check-fail"
    CHECK_UNCLEAR = "check-unclear"
    CLOSE = "close"
    REWORK = "rework"
    EXTEND = "extend"
    APPROVE_EXTENSION = "approve-extension"
    REFUSE_EXTENSION = "refuse-extension"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    SUPERVISE = "supervise"
    URGE = "urge"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    APPEAL = "appeal"
    ACCEPT_APPEAL = "accept-appeal"
    REFUSE_APPEAL = "refuse-appeal"
    MERGE = "merge"
    UNMERGE = "unmerge"
    COMMENT = "comment"
    OPEN = "open"
    CHANGE = "change"
    WITHDRAW = "withdraw"
    REPORT_AGAIN = "report-again"
    WARN_HALF = "warn-half"
    WARN_NINE_TENTHS = "warn-nine-tenths"
    MARK_OVERDUE = "mark-overdue"
    REMIND = "remind"
    END_SUSPENSION = "end-suspension"
    RECOMPUTE = "recompute"


class Party(StrEnum):
    """Who may make a move, beside having its permission."""

    OFFICE = "office"  # whoever has the permission
    UNIT = "unit"  # who acts for the answerable unit
    OUTSIDE = "outside"  # nobody of that unit, and not who said that it is put right
    EITHER = "either"  # headquarters, or who acts for the unit
    SERVICE = "service"  # what follows from a visit, the clock or the calendar


class Need(StrEnum):
    """What a move must come with."""

    REASON = "reason"
    PHOTO = "photo"
    UNIT = "unit"
    UNTIL = "until"
    RESOLUTION = "resolution"
    CASE = "case"


@dataclass(frozen=True)
class Actor:
    """Who acts, with his offices; nobody where the service does."""

    person_id: UUID | None = None
    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True)
class Answerable:
    """A unit that is to answer."""

    id: UUID
    path: str


@dataclass(frozen=True)
class Chosen:
    """The limit that was chosen, and why it is that one."""

    limit: Limit
    basis: LimitBasis
    condition: str | None


@dataclass(frozen=True)
class Step:
    """One move as it is made: when, by whom, with what."""

    at: datetime
    calendar: Calendar
    by: Actor = Actor()
    reason: str | None = None
    unit: Answerable | None = None
    limit: Chosen | None = None
    until: datetime | None = None
    resolution: Resolution | None = None
    into: UUID | None = None
    found_by: UUID | None = None
    finder_may_check: bool = False


Effect = Callable[[Case, Step], Case]
Guard = Callable[[Case, Step], None]


@dataclass(frozen=True)
class Move:
    """A row of the table. ``to`` None: the state stays, or the effect says where it goes."""

    start: frozenset[S]
    to: S | None
    party: Party
    effect: Effect
    needs: frozenset[Need] = frozenset()
    guard: Guard | None = None
    is_seen: bool = True  # whether a caller must have seen it before he acts


def acts_for(actor: Actor, unit_path: str | None) -> bool:
    """A coordinator for his unit and all below it, a handler for his unit."""
    return unit_path is not None and any(
        (one.role == Role.UNIT_COORDINATOR and is_at_or_below(unit_path, one.unit_path))
        or (one.role == Role.UNIT_HANDLER and unit_path == one.unit_path)
        for one in actor.postings
    )


def belongs_to(actor: Actor, unit_path: str | None) -> bool:
    """Whether somebody holds an office in the unit or below it."""
    return unit_path is not None and any(
        is_at_or_below(one.unit_path, unit_path) for one in actor.postings
    )


def runs_headquarters(actor: Actor) -> bool:
    """Whether somebody is of headquarters."""
    return any(one.role == Role.HQ_ADMIN for one in actor.postings)


def require_party(case: Case, party: Party, step: Step) -> None:
    """``Forbidden`` where a move is somebody else's to make."""
    allowed = {
        Party.OFFICE: lambda: step.by.person_id is not None,
        Party.UNIT: lambda: acts_for(step.by, case.answerable_path),
        Party.EITHER: lambda: runs_headquarters(step.by) or acts_for(step.by, case.answerable_path),
        Party.OUTSIDE: lambda: _is_outside(case, step),
        Party.SERVICE: lambda: step.by.person_id is None,
    }
    if not allowed[party]():
        raise Forbidden("problem.not-yours", party=party.value)


def _is_outside(case: Case, step: Step) -> bool:
    person = step.by.person_id
    if person is None or person == case.rectified_by or belongs_to(step.by, case.answerable_path):
        return False
    return step.finder_may_check or person != step.found_by
