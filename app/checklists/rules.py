"""Marks: what an answer earns of its item, in integers.

Weights and marks are thousandths of a point. An answer's earned points are rounded half-up to a
thousandth once, here; everything after is exact addition. Formulas: ``pass_fail`` all or nothing;
``grade_abc`` 1, 1/2, 0; ``count_deduct`` max(0, weight - count x deduct_per); ``number_min``
weight x min(1, value / min). Not applicable earns nothing of nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

MILLI = 1000
MAX_COUNT = 100_000
NOT_APPLICABLE = "na"


class AnswerType(StrEnum):
    PASS_FAIL = "pass_fail"  # noqa: S105 - a type of answer, not a password
    GRADE_ABC = "grade_abc"
    COUNT_DEDUCT = "count_deduct"
    NUMBER_MIN = "number_min"


class PhotoRule(StrEnum):
    ALWAYS = "always"
    ON_FAIL = "on_fail"
    NEVER = "never"


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


Value = str | int

_WORDS: dict[AnswerType, dict[str, tuple[int, int]]] = {
    AnswerType.PASS_FAIL: {"pass": (1, 1), "fail": (0, 1)},
    AnswerType.GRADE_ABC: {"A": (1, 1), "B": (1, 2), "C": (0, 1)},
}
EXPECTED: dict[AnswerType, str] = {
    AnswerType.PASS_FAIL: "pass | fail | na",
    AnswerType.GRADE_ABC: "A | B | C | na",
    AnswerType.COUNT_DEDUCT: f"0..{MAX_COUNT} | na",
    AnswerType.NUMBER_MIN: f"0..{MAX_COUNT} | na",
}


@dataclass(frozen=True)
class Scale:
    """How an item is marked: its weight in thousandths, its type and the type's parameter."""

    answer_type: AnswerType
    weight: int
    deduct_per: int = 0
    minimum: int = 1


@dataclass(frozen=True)
class Mark:
    """Thousandths earned of thousandths possible."""

    earned: int
    possible: int

    @property
    def loses(self) -> bool:
        return self.earned < self.possible


@dataclass(frozen=True)
class Condition:
    """When an item applies: another item, which stands before it, has one of these answers.

    ``any_of`` None means: has any answer but *not applicable*.
    """

    item: str
    any_of: tuple[Value, ...] | None

    def holds(self, value: Value) -> bool:
        """Whether this answer to ``item`` makes the conditional item apply."""
        if self.any_of is None:
            return value != NOT_APPLICABLE
        return value in self.any_of


class BadValue(ValueError):
    """The value is none that this type of item can take."""


def mark(scale: Scale, value: Value) -> Mark:
    """What ``value`` earns on ``scale``; raises ``BadValue``."""
    if value == NOT_APPLICABLE:
        return Mark(0, 0)
    words = _WORDS.get(scale.answer_type)
    if words is not None:
        if not isinstance(value, str) or value not in words:
            raise BadValue(EXPECTED[scale.answer_type])
        share = words[value]
        return Mark(_half_up(scale.weight * share[0], share[1]), scale.weight)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise BadValue(EXPECTED[scale.answer_type])
    if scale.answer_type is AnswerType.COUNT_DEDUCT:
        return Mark(max(0, scale.weight - value * scale.deduct_per), scale.weight)
    reached = min(value, scale.minimum)
    return Mark(_half_up(scale.weight * reached, scale.minimum), scale.weight)


def applicable(
    items: Iterable[tuple[str, Condition | None]], answers: Mapping[str, Value]
) -> frozenset[str]:
    """The codes of the items that apply, given the answers by item.

    ``items`` come in the order of the checklist. An item whose condition looks at one that does
    not apply, or is not answered, does not apply either. Items that do not apply are neither
    scored nor missing.
    """
    found: set[str] = set()
    for code, condition in items:
        asked = condition is None or (
            condition.item in found
            and condition.item in answers
            and condition.holds(answers[condition.item])
        )
        if asked:
            found.add(code)
    return frozenset(found)


def read_condition(row: Mapping[str, Any] | None) -> Condition | None:
    """A condition from its written form ``{"item": ..., "any_of": [...]}``."""
    if row is None:
        return None
    values = row.get("any_of")
    return Condition(row["item"], None if values is None else tuple(values))


def needs_photo(rule: PhotoRule, *, loses: bool, applicable: bool) -> bool:
    """Whether an answer must carry photos."""
    if not applicable:
        return False
    return rule is PhotoRule.ALWAYS or (rule is PhotoRule.ON_FAIL and loses)


def read_scale(answer_type: AnswerType, weight: str, params: dict[str, Any]) -> Scale:
    """A scale from its written form; raises ValueError saying what is wrong with it."""
    points = thousandths(weight)
    if points <= 0:
        raise ValueError("weight must be positive")
    if answer_type is AnswerType.COUNT_DEDUCT:
        per = thousandths(str(params.get("deduct_per", "")))
        if per <= 0:
            raise ValueError("count_deduct needs params.deduct_per > 0")
        return Scale(answer_type, points, deduct_per=per)
    if answer_type is AnswerType.NUMBER_MIN:
        minimum = params.get("min")
        if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 1:
            raise ValueError("number_min needs a whole params.min >= 1")
        return Scale(answer_type, points, minimum=minimum)
    return Scale(answer_type, points)


def thousandths(points: str) -> int:
    """A written number of points, exact to the thousandth, as an integer of thousandths."""
    try:
        exact = Decimal(points) * MILLI
    except InvalidOperation as error:
        raise ValueError(f"not a number: {points!r}") from error
    if not exact.is_finite() or exact != exact.to_integral_value() or abs(exact) > 10**9:
        raise ValueError(f"at most three decimals, at most a million points: {points!r}")
    return int(exact)


def written(milli: int) -> str:
    """Thousandths as a decimal with three places, for instance ``88.000``."""
    return f"{Decimal(milli).scaleb(-3):.3f}"


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
