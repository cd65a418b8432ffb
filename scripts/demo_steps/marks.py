"""What an answer earns, worked out apart from the service.

The demo aims its answers with these few lines and then checks the service's figures against them:
two independent readings of the same rule must agree to the thousandth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

NOT_APPLICABLE = "na"
Value = str | int
_HALVES = {"pass": 2, "fail": 0, "A": 2, "B": 1, "C": 0}  # of the weight


@dataclass(frozen=True)
class Item:
    """A checklist item; `weight` in thousandths of a point.

    `keeps` are the values under which later items that depend on this one are still asked; `None`
    where none depends on it, or any value but "not applicable" will do.
    """

    code: str
    text: str
    weight: int
    answer_type: str
    deduct_per: int
    minimum: int
    category: str
    veto: bool
    photo_rule: str
    photo_min: int
    line: str = ""
    na_allowed: bool = True
    keeps: frozenset[str] | None = None


@dataclass(frozen=True)
class Marks:
    """Thousandths earned of thousandths possible; marks add up."""

    earned: int
    possible: int

    @property
    def lost(self) -> int:
        """What was not earned."""
        return self.possible - self.earned


def read_items(raws: Sequence[dict[str, Any]]) -> tuple[Item, ...]:
    """The items of a checklist from the form they have in `checklists.json`."""
    conditions = [raw["applies_if"] for raw in raws if raw.get("applies_if")]
    asking = {condition["item"] for condition in conditions}
    keeps = {
        condition["item"]: frozenset(condition["any_of"])
        for condition in conditions
        if "any_of" in condition
    }
    return tuple(
        _read_item(raw, keeps.get(raw["code"]), asks=raw["code"] in asking) for raw in raws
    )


def _read_item(raw: dict[str, Any], keeps: frozenset[str] | None, *, asks: bool) -> Item:
    params = raw["params"]
    return Item(
        code=raw["code"],
        text=raw["text_zh"],
        weight=int(Fraction(raw["weight"]) * 1000),
        answer_type=raw["answer_type"],
        deduct_per=int(Fraction(str(params.get("deduct_per", 0))) * 1000),
        minimum=int(params.get("min", 1)),
        category=raw["problem_category"],
        veto=raw["veto"],
        photo_rule=raw["photo_rule"],
        photo_min=raw["photo_min"],
        line=raw["line"],
        na_allowed=raw.get("na_allowed", True) and not asks,
        keeps=keeps,
    )


def mark(item: Item, value: Value) -> Marks:
    """What a value earns on an item."""
    if value == NOT_APPLICABLE:
        return Marks(0, 0)
    if isinstance(value, str):
        return Marks(half_up(item.weight * _HALVES[value], 2), item.weight)
    if item.answer_type == "count_deduct":
        return Marks(max(0, item.weight - value * item.deduct_per), item.weight)
    reached = min(value, item.minimum)
    return Marks(half_up(item.weight * reached, item.minimum), item.weight)


def full_value(item: Item) -> Value:
    """The value that earns everything, and no more than that."""
    words: dict[str, Value] = {
        "pass_fail": "pass",
        "grade_abc": "A",
        "count_deduct": 0,
        "number_min": item.minimum,
    }
    return words[item.answer_type]


def losing_values(item: Item, most: int) -> list[Value]:
    """The values that lose points, mild ones first; at most `most` faults are counted."""
    if item.answer_type == "pass_fail":
        return ["fail"]
    if item.answer_type == "grade_abc":
        return ["B", "C"]
    if item.answer_type == "number_min":
        return list(range(item.minimum - 1, -1, -1))
    until_nothing = -(-item.weight // item.deduct_per)
    return list(range(1, min(most, until_nothing) + 1))


def total(marks: Iterable[Marks]) -> Marks:
    """The sum of marks."""
    earned = possible = 0
    for each in marks:
        earned += each.earned
        possible += each.possible
    return Marks(earned, possible)


def hundredths(marks: Marks) -> int:
    """100 x earned / possible, half-up to two decimals, in hundredths: 8333 is 83.33."""
    return half_up(10_000 * marks.earned, marks.possible)


def half_up(numerator: int, denominator: int) -> int:
    """The integer nearest to a fraction that is not negative; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)
