"""Who answers, and why nobody nearer does: decided without a database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.organisation.rules import ROOT, child_path, codes_of, is_valid


class Verdict(StrEnum):
    """What became of one entry, or of one area that has none."""

    ANSWERS = "answers"
    FARTHER = "farther"
    ENDED = "ended"
    NOT_BEGUN = "not-begun"
    UNIT_NOT_VALID = "unit-not-valid"
    NO_ENTRY = "no-entry"


VERDICT_LABELS: dict[Verdict, tuple[str, str]] = {
    Verdict.ANSWERS: ("由其负责", "answers"),
    Verdict.FARTHER: ("已有更近一级负责", "a nearer area has its own"),
    Verdict.ENDED: ("分工已终止", "had ended by that day"),
    Verdict.NOT_BEGUN: ("分工尚未开始", "had not begun on that day"),
    Verdict.UNIT_NOT_VALID: ("责任单位当日不存续", "the unit was not valid on that day"),
    Verdict.NO_ENTRY: ("本级未作分工", "nobody is named at this level"),
}


class GroupKind(StrEnum):
    """The office of a campaign, or one of its commands."""

    OFFICE = "office"
    COMMAND = "command"


class MemberRole(StrEnum):
    """What a member is in a special group."""

    LEADER = "leader"
    DEPUTY = "deputy"
    COORDINATOR = "coordinator"
    MEMBER = "member"


@dataclass(frozen=True)
class Entry:
    """A responsibility for the line that is asked about, in one area of the chain."""

    id: UUID
    area_path: str
    valid_from: date
    valid_to: date | None
    unit_valid_from: date
    unit_valid_to: date | None


@dataclass(frozen=True)
class Considered:
    """One step of the reasoning: an area, its entry if it has one, and the verdict."""

    area_code: str
    entry_id: UUID | None
    verdict: Verdict


def consider(entries: Sequence[Entry], *, area_path: str, on: date) -> Sequence[Considered]:
    """Every area from the place upwards with what stands there; at most one entry answers.

    The entry that answers is the one that ``organisation.rules.answerable_units`` finds.
    """
    steps: list[Considered] = []
    answered = False
    for path in _upwards(area_path):
        here = sorted((e for e in entries if e.area_path == path), key=lambda e: e.valid_from)
        code = codes_of(path)[-1]
        for entry in here:
            verdict = _verdict(entry, on, answered=answered)
            answered = answered or verdict is Verdict.ANSWERS
            steps.append(Considered(code, entry.id, verdict))
        if not here:
            steps.append(Considered(code, None, Verdict.NO_ENTRY))
    return steps


def _verdict(entry: Entry, on: date, *, answered: bool) -> Verdict:
    if on < entry.valid_from:
        return Verdict.NOT_BEGUN
    if not is_valid(entry.valid_from, entry.valid_to, on):
        return Verdict.ENDED
    if not is_valid(entry.unit_valid_from, entry.unit_valid_to, on):
        return Verdict.UNIT_NOT_VALID
    return Verdict.FARTHER if answered else Verdict.ANSWERS


def _upwards(area_path: str) -> Iterator[str]:
    paths, path = [], ROOT
    for code in codes_of(area_path):
        path = child_path(path, code)
        paths.append(path)
    return reversed(paths)
