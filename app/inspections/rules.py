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


def _twice(at: str, photos: Sequence[UUID]) -> Iterator[Fault]:
    seen: set[UUID] = set()
    for index, photo in enumerate(photos):
        if photo in seen:
            yield Fault(f"{at}/{index}", "field.duplicate", {"value": str(photo)})
        seen.add(photo)


def is_late(state: RoundState) -> bool:
    """Whether a visit that arrives in this state is kept for headquarters to decide."""
    return state not in (RoundState.PLANNED, RoundState.OPEN)
