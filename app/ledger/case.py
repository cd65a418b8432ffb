"""What changes in the life of a case, as one flat value; and how it comes out of its history.

The fields are columns of ``problem`` by the same names. An event of a case carries the fields that
it changed, so a case is its events one after the other: ``replay``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from app.kit.workdays import Limit, LimitUnit
from app.ledger.deadlines import LimitBasis, Term
from app.ledger.rules import ProblemState


class CheckResult(StrEnum):
    """What somebody found who looked whether it was put right."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNCLEAR = "unclear"


class Resolution(StrEnum):
    """What became of it: done; planned in stages with dates; or why it cannot be done."""

    SOLVED = "solved"
    STAGED = "staged"
    EXPLAINED = "explained"


class Cancellation(StrEnum):
    """Why a case was cancelled."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


class Appeal(StrEnum):
    """An appeal of lateness: one in the life of a case."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Case:
    """Everything that moves may change. ``version`` counts what a caller must have seen."""

    state: ProblemState = ProblemState.REPORTED
    version: int = 1
    answerable_unit_id: UUID | None = None
    answerable_path: str | None = None
    state_before: ProblemState | None = None
    condition: str | None = None
    limit_value: int | None = None
    limit_unit: LimitUnit | None = None
    limit_basis: LimitBasis | None = None
    term: int = 0
    allowed_s: int | None = None
    used_s: int | None = None
    running_since: datetime | None = None
    deadline_at: datetime | None = None
    calendar_complete: bool = True
    ran_out: bool = False
    late_exempt: bool = False
    overdue_at: datetime | None = None
    extension_by: UUID | None = None
    extensions: int = 0
    rework: int = 0
    suspensions: int = 0
    suspended_until: datetime | None = None
    transfers: int = 0
    unit_transfers: int = 0
    reopened: int = 0
    urged: int = 0
    supervised: bool = False
    check_result: CheckResult | None = None
    rectified_by: UUID | None = None
    resolution: Resolution | None = None
    appeal: Appeal | None = None
    merged_into_id: UUID | None = None
    cancellation: Cancellation | None = None
    cancel_reason: str | None = None
    withdrawn_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    rectified_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def limit(self) -> Limit | None:
        """The limit that was chosen at filing."""
        if self.limit_value is None or self.limit_unit is None:
            return None
        return Limit(self.limit_value, self.limit_unit)

    @property
    def time(self) -> Term | None:
        """The present term; None before the first dispatch."""
        if self.limit is None or self.deadline_at is None:
            return None
        return Term(
            limit=self.limit,
            allowed_s=self.allowed_s or 0,
            used_s=self.used_s or 0,
            running_since=self.running_since,
            deadline_at=self.deadline_at,
            is_complete=self.calendar_complete,
            ran_out=self.ran_out,
        )

    def in_time(self, time: Term, /, **changes: Any) -> Self:
        """The same case with another term, and whatever else changes."""
        return replace(
            self,
            allowed_s=time.allowed_s,
            used_s=time.used_s,
            running_since=time.running_since,
            deadline_at=time.deadline_at,
            calendar_complete=time.is_complete,
            ran_out=time.ran_out,
            **changes,
        )

    @classmethod
    def of(cls, row: Any) -> Self:
        """The case that a row of ``problem`` holds."""
        return cls(**{name: getattr(row, name) for name in FIELDS})


FIELDS = tuple(one.name for one in fields(Case))
_KINDS: dict[str, type[StrEnum]] = {
    "state": ProblemState,
    "state_before": ProblemState,
    "limit_unit": LimitUnit,
    "limit_basis": LimitBasis,
    "check_result": CheckResult,
    "resolution": Resolution,
    "appeal": Appeal,
    "cancellation": Cancellation,
}
_IDS = frozenset({"answerable_unit_id", "extension_by", "rectified_by", "merged_into_id"})
_INSTANTS = frozenset(name for name in FIELDS if name.endswith("_at")) | {
    "running_since",
    "suspended_until",
}


def changes(before: Case, after: Case) -> dict[str, Any]:
    """The fields that differ, with their new values."""
    return {
        name: getattr(after, name)
        for name in FIELDS
        if getattr(after, name) != getattr(before, name)
    }


def plain(value: Any) -> Any:
    """A value as events keep it."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def whole(name: str, value: Any) -> Any:
    """A value out of an event, as the case keeps it."""
    if value is None:
        return None
    if name in _KINDS:
        return _KINDS[name](value)
    if name in _IDS:
        return UUID(value)
    return datetime.fromisoformat(value) if name in _INSTANTS else value


def replay(history: Iterable[Mapping[str, Any]]) -> Case:
    """The case after these changes, each as its event keeps it, in their order."""
    found = Case()
    for changed in history:
        found = replace(found, **{name: whole(name, value) for name, value in changed.items()})
    return found
