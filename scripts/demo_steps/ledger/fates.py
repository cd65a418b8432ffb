"""What becomes of each case of the demo: a fate with its moves, each in a scene of business time.

Pure and drawn from the seed. Most cases go their usual way; some in each district are late, sent
back, extended, suspended over the National Day holiday, transferred, merged, refused, and a few
nobody cares for. Cases with a limit of hours are reported back on the morning they were found.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from app.kit.geo import Point, distance_m


class Scene(Enum):
    """When something happens; the business clock is set to it. In order of time."""

    INTAKE = ("2018-09-12T09:00:00+08:00", "上报、立案、派遣", "reported, filed, dispatched")
    MORNING = (
        "2018-09-12T10:30:00+08:00",
        "签收，当日急件整改",
        "signed for; urgent ones put right",
    )
    AFTERNOON = ("2018-09-12T16:30:00+08:00", "核查急件", "urgent ones checked")
    THURSDAY = ("2018-09-13T08:20:00+08:00", "整改反馈，返工", "reported back; rework")
    FRIDAY = ("2018-09-14T08:30:00+08:00", "核查销号，催办", "checked and closed out; urged")
    NEXT_FRIDAY = ("2018-09-21T16:00:00+08:00", "逾期整改，督办", "late ones; supervised")
    EVE = ("2018-09-28T16:30:00+08:00", "国庆节前挂账", "suspended over National Day")
    AFTER = ("2018-10-08T09:00:00+08:00", "节后恢复办理", "taken up again after the holiday")
    END = ("2018-10-09T17:10:00+08:00", "核查销号，申诉裁定", "last checks; appeals decided")

    @property
    def at(self) -> datetime:
        """The instant."""
        return datetime.fromisoformat(self.value[0])

    @property
    def place(self) -> int:
        """Which scene it is, from 0."""
        return list(Scene).index(self)


SUSPENDED_UNTIL = "2018-10-08T08:00:00+08:00"


class Act(Enum):
    """A move that somebody makes. Within a scene they are made in this order, and again."""

    VERIFY = "verify"
    FOUND_TRUE = "found-true"
    REFUSE = "refuse"
    MERGE = "merge"
    UNMERGE = "unmerge"
    FILE = "file"
    DISPATCH = "dispatch"
    CANCEL = "cancel"
    RETURN = "return"
    TRANSFER = "transfer"
    SIGN = "sign"
    EXTEND = "extend"
    APPROVE = "approve-extension"
    DENY = "refuse-extension"
    URGE = "urge"
    SUPERVISE = "supervise"
    COMMENT = "comment"
    SUSPEND = "suspend"
    RESUME = "resume"
    COME_BACK = "come-back"  # nobody's move: the service ends the suspension
    REOPEN = "reopen"
    SOLVE = "solve"
    STAGE = "stage"
    EXPLAIN = "explain"
    UNCLEAR = "unclear"
    REWORK = "rework"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - no password
    CLOSE = "close"
    APPEAL = "appeal"
    EXCUSE = "accept-appeal"
    BLAME = "refuse-appeal"


class Fate(Enum):
    """What becomes of a case, for people."""

    USUAL = "如期办结"
    LATE = "逾期办结"
    REWORKED = "返工后办结"
    DOUBTED = "核查存疑后返工"
    EXTENDED = "延期后办结"
    DENIED = "延期未批"
    SUSPENDED = "国庆节挂账"
    RESUMED = "挂账后提前恢复"
    TRANSFERRED = "转办"
    RETURNED = "退回后改派"
    REFUSED = "不予立案"
    MERGED = "并案"
    UNMERGED = "取消并案"
    CANCELLED = "作废"
    STAGED = "分步计划"
    EXPLAINED = "情况说明"
    EXCUSED = "超期申诉成立"
    BLAMED = "超期申诉不成立"
    REOPENED = "重开"
    UNSIGNED = "未签收"
    NEGLECTED = "签收后未整改"
    WAITING = "待核查"


# Of a hundred cases of a district; the others go their usual way.
SHARES: Mapping[Fate, float] = {
    Fate.SUSPENDED: 3.0,
    Fate.RESUMED: 0.5,
    Fate.MERGED: 2.0,
    Fate.UNMERGED: 0.5,
    Fate.EXTENDED: 4.0,
    Fate.DENIED: 1.0,
    Fate.TRANSFERRED: 3.0,
    Fate.RETURNED: 2.0,
    Fate.REWORKED: 7.0,
    Fate.DOUBTED: 1.0,
    Fate.LATE: 8.0,
    Fate.STAGED: 3.0,
    Fate.EXPLAINED: 2.5,
    Fate.EXCUSED: 1.0,
    Fate.BLAMED: 1.0,
    Fate.REOPENED: 1.0,
    Fate.REFUSED: 2.5,
    Fate.CANCELLED: 1.0,
    Fate.UNSIGNED: 2.0,
    Fate.NEGLECTED: 3.0,
    Fate.WAITING: 2.0,
}
_SLOW_ONLY = frozenset({Fate.EXTENDED, Fate.DENIED, Fate.TRANSFERRED, Fate.RETURNED})
_IN_PAIRS = frozenset({Fate.MERGED, Fate.UNMERGED})
_NEAR_M = 45  # somewhat less than what the city calls alike
_LONG_ONLY = frozenset({Fate.SUSPENDED, Fate.RESUMED})


@dataclass(frozen=True)
class Facts:
    """What the demo knows of a case before anything happens to it.

    ``at`` is where it is, in the system of the city; ``is_quick``: its strictest limit is a matter
    of hours; ``long_condition``: the filing condition that leaves two weeks or more.
    """

    number: str
    district: str
    site: str | None
    category: str | None
    line: str
    note: str
    at: Point | None
    is_quick: bool
    long_condition: str | None

    @property
    def order(self) -> tuple[str, ...]:
        """The same in every run, whenever the case was numbered."""
        return (self.site or "", self.category or "", self.line, self.note, self.number)


@dataclass(frozen=True)
class Course:
    """The moves of one case in their order; ``into`` is the case that it is merged into."""

    fate: Fate
    steps: tuple[tuple[Scene, Act], ...]
    condition: str | None = None
    into: str | None = None


def plan_courses(cases: Iterable[Facts], seed: int) -> dict[str, Course]:
    """By number: what happens to each case that was found on a visit."""
    listed = list(cases)
    courses: dict[str, Course] = {}
    for district in sorted({one.district for one in listed}):
        here = sorted((one for one in listed if one.district == district), key=lambda c: c.order)
        courses |= _of_district(here, random.Random(f"fates {seed} {district}"))
    return courses


def course_of(facts: Facts, fate: Fate, into: str | None = None, *, doubt: bool = False) -> Course:
    """The moves that a fate is made of. ``doubt``: somebody looks first whether it is true."""
    by_limit = _BY_LIMIT.get(fate)
    steps = by_limit(facts.is_quick) if by_limit else _FIXED[fate]
    if doubt:
        steps = ((Scene.INTAKE, Act.VERIFY), (Scene.INTAKE, Act.FOUND_TRUE), *steps)
    condition = facts.long_condition if fate in _LONG_ONLY else None
    return Course(fate, steps, condition, into)


def _of_district(cases: Sequence[Facts], draw: random.Random) -> dict[str, Course]:
    free = list(cases)
    draw.shuffle(free)
    courses: dict[str, Course] = {}
    for fate, share in SHARES.items():
        wanted = max(1, round(share * len(cases) / 100))
        for _ in range(wanted):
            chosen = _choose(fate, free)
            if chosen is None:
                break
            one, into = chosen
            courses[one.number] = course_of(one, fate, into.number if into else None)
            if into is not None:
                courses[into.number] = course_of(into, Fate.USUAL)
            free = [each for each in free if each not in chosen]
    return courses | {one.number: course_of(one, Fate.USUAL) for one in free}


def _choose(fate: Fate, free: Sequence[Facts]) -> tuple[Facts, Facts | None] | None:
    """The first case that is fit for a fate, with another one to merge it into if need be."""
    for one in free:
        if not _is_fit(one, fate):
            continue
        into = _partner(one, free) if fate in _IN_PAIRS else None
        if into is not None or fate not in _IN_PAIRS:
            return one, into
    return None


def _is_fit(one: Facts, fate: Fate) -> bool:
    if fate in _LONG_ONLY:
        return one.long_condition is not None
    return not (fate in _SLOW_ONLY and one.is_quick)


def _partner(one: Facts, free: Sequence[Facts]) -> Facts | None:
    """Another case of the same sort nearby, for which nothing is planned yet."""
    return next(
        (
            each
            for each in free
            if each is not one
            and (each.site, each.category) == (one.site, one.category)
            and _are_near(one.at, each.at)
        ),
        None,
    )


def _are_near(one: Point | None, other: Point | None) -> bool:
    return one is not None and other is not None and distance_m(one, other) < _NEAR_M


Steps = tuple[tuple[Scene, Act], ...]
_GIVEN: Steps = ((Scene.INTAKE, Act.FILE), (Scene.INTAKE, Act.DISPATCH))
_TAKEN: Steps = (*_GIVEN, (Scene.MORNING, Act.SIGN))
_CLOSED: tuple[Act, ...] = (Act.PASS, Act.CLOSE)


def _on(scene: Scene, *acts: Act) -> Steps:
    return tuple((scene, act) for act in acts)


def _usual(is_quick: bool) -> Steps:
    if is_quick:
        return (*_TAKEN, *_on(Scene.MORNING, Act.SOLVE), *_on(Scene.AFTERNOON, *_CLOSED))
    return (*_TAKEN, *_on(Scene.THURSDAY, Act.SOLVE), *_on(Scene.FRIDAY, *_CLOSED))


def _late(is_quick: bool) -> Steps:
    if is_quick:
        return (*_TAKEN, *_on(Scene.FRIDAY, Act.SOLVE), *_on(Scene.NEXT_FRIDAY, *_CLOSED))
    return (*_TAKEN, *_on(Scene.NEXT_FRIDAY, Act.SOLVE), *_on(Scene.EVE, *_CLOSED))


def _reworked(is_quick: bool, *back: Act) -> Steps:
    if is_quick:
        return (
            *_TAKEN,
            *_on(Scene.MORNING, Act.SOLVE),
            *_on(Scene.AFTERNOON, *back),
            *_THIS_WEEK,
        )
    return (
        *_TAKEN,
        *_on(Scene.THURSDAY, Act.SOLVE),
        *_on(Scene.FRIDAY, *back),
        *_solved_on(Scene.NEXT_FRIDAY, Scene.EVE),
    )


def _appealed(is_quick: bool, decided: Act) -> Steps:
    return (*_late(is_quick), *_on(Scene.AFTER, Act.APPEAL), *_on(Scene.END, decided))


def _told(act: Act) -> Steps:
    return (*_TAKEN, *_on(Scene.FRIDAY, act), *_on(Scene.NEXT_FRIDAY, *_CLOSED))


def _solved_on(scene: Scene, then: Scene) -> Steps:
    return (*_on(scene, Act.SOLVE), *_on(then, *_CLOSED))


_THIS_WEEK = _solved_on(Scene.THURSDAY, Scene.FRIDAY)
# Those whose cases are reported back sooner where the limit is a matter of hours.
_BY_LIMIT: Mapping[Fate, Callable[[bool], Steps]] = {
    Fate.USUAL: _usual,
    Fate.LATE: _late,
    Fate.REWORKED: lambda quick: _reworked(quick, Act.FAIL),
    Fate.DOUBTED: lambda quick: _reworked(quick, Act.UNCLEAR, Act.REWORK),
    Fate.UNMERGED: lambda quick: (*_on(Scene.INTAKE, Act.MERGE, Act.UNMERGE), *_usual(quick)),
    Fate.EXCUSED: lambda quick: _appealed(quick, Act.EXCUSE),
    Fate.BLAMED: lambda quick: _appealed(quick, Act.BLAME),
    Fate.REOPENED: lambda quick: (
        *_usual(quick),
        *_on(Scene.EVE, Act.REOPEN),
        *_solved_on(Scene.AFTER, Scene.END),
    ),
}
_FIXED: Mapping[Fate, Steps] = {
    Fate.EXTENDED: (*_TAKEN, *_on(Scene.MORNING, Act.EXTEND, Act.APPROVE), *_THIS_WEEK),
    Fate.DENIED: (
        *_TAKEN,
        *_on(Scene.MORNING, Act.EXTEND, Act.DENY),
        *_solved_on(Scene.NEXT_FRIDAY, Scene.EVE),
    ),
    Fate.SUSPENDED: (
        *_TAKEN,
        *_on(Scene.EVE, Act.SUSPEND),
        *_on(Scene.AFTER, Act.COME_BACK),
        *_solved_on(Scene.AFTER, Scene.END),
    ),
    Fate.RESUMED: (
        *_TAKEN,
        *_on(Scene.NEXT_FRIDAY, Act.SUSPEND),
        *_on(Scene.EVE, Act.RESUME),
        *_solved_on(Scene.EVE, Scene.AFTER),
    ),
    Fate.TRANSFERRED: (*_GIVEN, *_on(Scene.MORNING, Act.TRANSFER, Act.SIGN), *_THIS_WEEK),
    Fate.RETURNED: (
        *_GIVEN,
        *_on(Scene.MORNING, Act.RETURN, Act.DISPATCH, Act.SIGN),
        *_THIS_WEEK,
    ),
    Fate.REFUSED: _on(Scene.INTAKE, Act.REFUSE),
    Fate.MERGED: _on(Scene.INTAKE, Act.MERGE),
    Fate.CANCELLED: (*_GIVEN, *_on(Scene.MORNING, Act.CANCEL)),
    Fate.STAGED: _told(Act.STAGE),
    Fate.EXPLAINED: _told(Act.EXPLAIN),
    Fate.UNSIGNED: (*_GIVEN, *_on(Scene.FRIDAY, Act.URGE)),
    Fate.NEGLECTED: (
        *_TAKEN,
        *_on(Scene.FRIDAY, Act.URGE),
        *_on(Scene.NEXT_FRIDAY, Act.SUPERVISE, Act.COMMENT),
    ),
    Fate.WAITING: (*_TAKEN, *_on(Scene.END, Act.SOLVE)),
}
