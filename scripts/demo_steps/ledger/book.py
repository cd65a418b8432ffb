"""The demo's own book of the ledger: what it did to each case, and the counts that follow.

Pure, and none of the service's own rules: the service is held against this book. The demo writes
here what it was told that it had done, one entry per case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from scripts.demo_steps.ledger.fates import Act, Course, Scene

# Where a move leaves a case; what is not named leaves it where it is.
_STATE_AFTER: Mapping[Act, str] = {
    Act.VERIFY: "verifying",
    Act.FOUND_TRUE: "verifying",
    Act.REFUSE: "cancelled",
    Act.MERGE: "cancelled",
    Act.UNMERGE: "reported",
    Act.FILE: "filed",
    Act.DISPATCH: "dispatched",
    Act.CANCEL: "cancelled",
    Act.RETURN: "filed",
    Act.TRANSFER: "dispatched",
    Act.SIGN: "rectifying",
    Act.SUSPEND: "suspended",
    Act.RESUME: "rectifying",
    Act.COME_BACK: "rectifying",
    Act.REOPEN: "rectifying",
    Act.SOLVE: "checking",
    Act.STAGE: "checking",
    Act.EXPLAIN: "checking",
    Act.REWORK: "rectifying",
    Act.FAIL: "rectifying",
    Act.CLOSE: "closed",
}
_RESOLUTIONS = {Act.SOLVE: "solved", Act.STAGE: "staged", Act.EXPLAIN: "explained"}
_WITH_UNIT = frozenset({"dispatched", "rectifying"})


@dataclass(frozen=True)
class Sums:
    """The counts of the report; ``problems`` = ``closed`` + ``open`` + ``cancelled``."""

    problems: int = 0
    closed: int = 0
    open: int = 0
    cancelled: int = 0
    overdue: int = 0
    rework: int = 0
    extended: int = 0
    suspended: int = 0
    transferred: int = 0
    merged: int = 0
    solved: int = 0
    staged: int = 0
    explained: int = 0

    def as_json(self) -> dict[str, int]:
        """As the report has it."""
        return asdict(self)

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in NAMES})


NAMES = tuple(one.name for one in fields(Sums))


@dataclass
class Entry:
    """One case as the demo knows it, with its moves still to come."""

    number: str
    source: str
    district: str
    course: Course
    version: int
    unit: str | None
    area: str
    site: str | None
    category: str | None
    line: str
    note: str
    state: str = "reported"
    deadline_at: datetime | None = None
    done: list[Act] = field(default_factory=list)

    @property
    def next_step(self) -> tuple[Scene, Act] | None:
        """What happens to it next, and in which scene."""
        left = self.course.steps[len(self.done) :]
        return left[0] if left else None

    def write(self, act: Act, *, version: int, deadline_at: datetime | None) -> None:
        """It was done."""
        self.done.append(act)
        self.state = _STATE_AFTER.get(act, self.state)
        self.version = version
        self.deadline_at = deadline_at

    @property
    def resolution(self) -> str | None:
        """What the newest report-back called it."""
        told = [_RESOLUTIONS[act] for act in self.done if act in _RESOLUTIONS]
        return told[-1] if told else None

    def sums(self, now: datetime) -> Sums:
        """What this case adds to the counts."""
        is_closed, is_cancelled = self.state == "closed", self.state == "cancelled"
        is_late = self.deadline_at is not None and self.deadline_at < now
        closed_as = self.resolution if is_closed else None
        return Sums(
            problems=1,
            closed=is_closed,
            open=not (is_closed or is_cancelled),
            cancelled=is_cancelled,
            overdue=self.state in _WITH_UNIT and is_late,
            rework=Act.FAIL in self.done or Act.REWORK in self.done,
            extended=Act.APPROVE in self.done,
            suspended=Act.SUSPEND in self.done,
            transferred=Act.TRANSFER in self.done,
            merged=is_cancelled and self.done[-1] is Act.MERGE,
            solved=closed_as == "solved",
            staged=closed_as == "staged",
            explained=closed_as == "explained",
        )


def sums_by_district(entries: Iterable[Entry], now: datetime) -> dict[str, Sums]:
    """The counts per district."""
    found: dict[str, Sums] = {}
    for entry in entries:
        found[entry.district] = found.get(entry.district, Sums()) + entry.sums(now)
    return dict(sorted(found.items()))


def total(parts: Iterable[Sums]) -> Sums:
    """All together."""
    whole = Sums()
    for part in parts:
        whole += part
    return whole


def faults_of_sums(whole: Sums, by_district: Mapping[str, Sums]) -> list[str]:
    """What does not add up, or did not happen at all."""
    faults = []
    if total(by_district.values()) != whole:
        faults.append("the districts do not sum to all")
    for name, one in (("all", whole), *by_district.items()):
        if one.problems != one.closed + one.open + one.cancelled:
            faults.append(f"{name}: {one.problems} problems are not closed + open + cancelled")
        if one.closed != one.solved + one.staged + one.explained:
            faults.append(f"{name}: {one.closed} closed are not solved + staged + explained")
    faults += [f"all: nothing was {name}" for name in NAMES if getattr(whole, name) == 0]
    return faults


def differences(said: str, found: Mapping[str, Sums], wanted: Mapping[str, Sums]) -> list[str]:
    """Where what somebody said differs from the book."""
    return [
        f"{said}, {code}, {name}: {getattr(found.get(code, Sums()), name)} instead of "
        f"{getattr(wanted.get(code, Sums()), name)}"
        for code in sorted({*found, *wanted})
        for name in NAMES
        if getattr(found.get(code, Sums()), name) != getattr(wanted.get(code, Sums()), name)
    ]
