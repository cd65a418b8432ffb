"""What a visit must be: checked against its checklist version, marked, and frozen.

Nothing here reads a database. ``assess`` either gives every answer its marks or lists every fault
with a pointer into the body, so that a phone can show all of them at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.checklists.rules import (
    NOT_APPLICABLE,
    AnswerType,
    BadValue,
    Condition,
    Mark,
    PhotoRule,
    Scale,
    Value,
    applicable,
    mark,
    needs_photo,
)
from app.kit.errors import Fault
from app.rounds.rules import RoundState


class Outcome(StrEnum):
    INSPECTED = "inspected"
    NOT_ACCESSIBLE = "not_accessible"
    GONE = "gone"


@dataclass(frozen=True)
class ItemRule:
    """One item of the checklist version, as far as answers are judged by it."""

    id: UUID
    code: str
    scale: Scale
    line_id: UUID
    category_id: UUID | None
    veto: bool
    photo_rule: PhotoRule
    photo_min: int
    photo_max: int | None = None
    na_allowed: bool = True
    condition: Condition | None = None


@dataclass(frozen=True)
class FindingGiven:
    id: UUID
    photos: Sequence[UUID]


@dataclass(frozen=True)
class AnswerGiven:
    item: str
    value: Value
    na_reason: str | None
    photos: Sequence[UUID]
    findings: Sequence[FindingGiven]


@dataclass(frozen=True)
class Marked:
    """An answer with the item it belongs to and what it earned."""

    position: int
    item: ItemRule
    mark: Mark


def assess(
    items: Mapping[str, ItemRule], answers: Sequence[AnswerGiven]
) -> tuple[list[Marked], list[Fault]]:
    """Marks for every answer, and every fault there is; marks count only where no fault stands.

    ``items`` come in the order of the checklist. An item that does not apply under the answers
    given is neither missing nor to be answered.
    """
    asked = _asked(items, answers)
    marked: list[Marked] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for position, answer in enumerate(answers):
        at = f"/answers/{position}"
        item = items.get(answer.item)
        if item is None:
            faults.append(Fault(f"{at}/item", "item.unknown", {"item": answer.item}))
            continue
        if answer.item in seen:
            faults.append(Fault(f"{at}/item", "field.duplicate", {"value": answer.item}))
        seen.add(answer.item)
        if answer.item not in asked:
            faults.append(Fault(f"{at}/item", "item.not-asked", {"item": answer.item}))
            continue
        try:
            earned = mark(item.scale, answer.value)
        except BadValue as error:
            wrong = {"item": answer.item, "expected": str(error)}
            faults.append(Fault(f"{at}/value", "item.bad-value", wrong))
            continue
        faults += _answer_faults(at, item, answer, earned)
        marked.append(Marked(position, item, earned))
    faults += [
        Fault("/answers", "item.unanswered", {"item": code})
        for code in items
        if code in asked and code not in seen
    ]
    return marked, faults


def _asked(items: Mapping[str, ItemRule], answers: Sequence[AnswerGiven]) -> frozenset[str]:
    """The items that apply; of two answers to one item, which is a fault, the first is read."""
    values: dict[str, Value] = {}
    for answer in answers:
        values.setdefault(answer.item, answer.value)
    return applicable(((item.code, item.condition) for item in items.values()), values)


def _answer_faults(at: str, item: ItemRule, answer: AnswerGiven, earned: Mark) -> Iterator[Fault]:
    answered = answer.value != NOT_APPLICABLE
    if not answered and not item.na_allowed:
        yield Fault(f"{at}/value", "item.na-not-allowed", {"item": item.code})
    elif not answered and not (answer.na_reason or "").strip():
        yield Fault(f"{at}/na_reason", "item.reason-missing")
    yield from _finding_faults(at, item, answer, earned)
    photos = set(answer.photos).union(*(finding.photos for finding in answer.findings))
    needed = needs_photo(item.photo_rule, loses=earned.loses, applicable=answered)
    if needed and len(photos) < item.photo_min:
        yield Fault(f"{at}/photos", "item.photo-missing", {"minimum": item.photo_min})
    if item.photo_max is not None and len(photos) > item.photo_max:
        yield Fault(f"{at}/photos", "item.too-many-photos", {"maximum": item.photo_max})


def _finding_faults(at: str, item: ItemRule, answer: AnswerGiven, earned: Mark) -> Iterator[Fault]:
    found = len(answer.findings)
    counts = item.scale.answer_type is AnswerType.COUNT_DEDUCT
    if counts and answer.value not in (NOT_APPLICABLE, found):
        yield Fault(f"{at}/findings", "item.finding-count", {"value": answer.value, "found": found})
    elif earned.loses and not found:
        yield Fault(f"{at}/findings", "item.finding-missing")
    elif found and not earned.loses and not counts:
        yield Fault(f"{at}/findings", "item.unexpected-finding")


def duplicate_faults(
    site_photos: Sequence[UUID], answers: Sequence[AnswerGiven]
) -> Iterator[Fault]:
    """A finding's id, or a photo's id within one list, must not be given twice."""
    findings: set[UUID] = set()
    yield from _twice("/photos", site_photos)
    for position, answer in enumerate(answers):
        at = f"/answers/{position}"
        yield from _twice(f"{at}/photos", answer.photos)
        for index, finding in enumerate(answer.findings):
            if finding.id in findings:
                yield Fault(
                    f"{at}/findings/{index}/id", "field.duplicate", {"value": str(finding.id)}
                )
            findings.add(finding.id)
            yield from _twice(f"{at}/findings/{index}/photos", finding.photos)


def finding_photo_faults(answers: Sequence[AnswerGiven], most: int) -> Iterator[Fault]:
    """Under one finding there are at most so many photos."""
    for position, answer in enumerate(answers):
        for index, finding in enumerate(answer.findings):
            if len(finding.photos) > most:
                at = f"/answers/{position}/findings/{index}/photos"
                yield Fault(at, "item.too-many-photos", {"maximum": most})


def _twice(at: str, photos: Sequence[UUID]) -> Iterator[Fault]:
    seen: set[UUID] = set()
    for index, photo in enumerate(photos):
        if photo in seen:
            yield Fault(f"{at}/{index}", "field.duplicate", {"value": str(photo)})
        seen.add(photo)


def is_late(state: RoundState) -> bool:
    """Whether a visit that arrives in this state is kept for headquarters to decide."""
    return state not in (RoundState.PLANNED, RoundState.OPEN)


class NotCounting(StrEnum):
    """Why a visit is kept and does not count."""

    DOUBLE = "double"
    LATE = "late"
    OUTCOME = "outcome"
    REPLACED = "replaced"
    SITE_REFUSED = "site_refused"


class LateDecision(StrEnum):
    """What headquarters said of a late visit."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class RetakeState(StrEnum):
    OPEN = "open"
    FULFILLED = "fulfilled"
    WAIVED = "waived"


def why_not_counting(
    *, late: bool, outcome: Outcome, blind: bool, taken: bool
) -> NotCounting | None:
    """Why a visit does not count, the strongest reason first; None where it counts.

    ``late``: arrived after the close and not accepted. ``blind``: its task is a blind double.
    ``taken``: another visit counts for the same round, site, source and checklist.
    """
    if late:
        return NotCounting.LATE
    if outcome is not Outcome.INSPECTED:
        return NotCounting.OUTCOME
    return NotCounting.DOUBLE if blind or taken else None


def after_revision(
    present: NotCounting | None, outcome: Outcome, *, blind: bool, taken: bool
) -> NotCounting | None:
    """Whether a visit counts once a revision gave it this outcome.

    Nobody moves up by himself when a counting visit stops counting: the next inspection counts,
    or the one that headquarters chooses.
    """
    if present is None:
        return None if outcome is Outcome.INSPECTED else NotCounting.OUTCOME
    if present is NotCounting.OUTCOME:
        return why_not_counting(late=False, outcome=outcome, blind=blind, taken=taken)
    return present


def outcome_faults(
    outcome: Outcome, *, note: str | None, photos: Sequence[UUID], answers: int
) -> Iterator[Fault]:
    """A site that could not be inspected needs a reason and a photo, and has no answers."""
    if outcome is Outcome.INSPECTED:
        return
    if not (note or "").strip():
        yield Fault("/note", "outcome.reason-missing")
    if not photos:
        yield Fault("/photos", "outcome.photo-missing")
    if answers:
        yield Fault("/answers", "outcome.answers")


@dataclass(frozen=True)
class Compared:
    """What two visits to one site say of the same items."""

    agreeing: Sequence[str]
    differing: Sequence[tuple[str, str | None, str | None]]


def compare(first: Mapping[str, str], second: Mapping[str, str]) -> Compared:
    """Items by code with equal answers, and those with different ones (None: not answered)."""
    codes = sorted(first.keys() | second.keys())
    agreeing = [code for code in codes if first.get(code) == second.get(code)]
    differing = [
        (code, first.get(code), second.get(code)) for code in codes if code not in set(agreeing)
    ]
    return Compared(agreeing, differing)


class NoRevision(StrEnum):
    """Why a visit may not be revised by the one who asks."""

    PUBLISHED = "published"
    ROUND_OVER = "round_over"
    NOT_THERE = "not_there"


def may_revise(state: RoundState, *, was_there: bool, is_headquarters: bool) -> NoRevision | None:
    """None where a revision is allowed.

    Who was there may until the close, headquarters until the publication, nobody after it.
    """
    if not (was_there or is_headquarters):
        return NoRevision.NOT_THERE
    if state is RoundState.PUBLISHED:
        return NoRevision.PUBLISHED
    if is_late(state) and not is_headquarters:
        return NoRevision.ROUND_OVER
    return None
