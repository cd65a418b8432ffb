"""The demo's scoring against the worked cases of the checklists."""

from __future__ import annotations

import pytest

from scripts.demo_steps.city_files import read_city
from scripts.demo_steps.marks import (
    Item,
    Marks,
    Value,
    full_value,
    hundredths,
    losing_values,
    mark,
    total,
)


def items(checklist: str) -> dict[str, Item]:
    return {item.code: item for item in read_city().checklists[checklist].items}


def score(checklist: str, changed: dict[str, Value]) -> int:
    values = {code: full_value(item) for code, item in items(checklist).items()} | changed
    return hundredths(total(mark(item, values[code]) for code, item in items(checklist).items()))


@pytest.mark.parametrize(
    ("checklist", "changed", "expected"),
    [
        ("bj", {}, 10_000),
        ("bj", {"BJ-02": 4, "BJ-01": "B"}, 8_600),
        ("bj", {"BJ-02": 4, "BJ-01": "B", "BJ-08": "na"}, 8_511),
        ("ly", {"LY-06": "fail"}, 8_800),
    ],
)
def test_sites_score_as_in_the_worked_cases(
    checklist: str, changed: dict[str, Value], expected: int
) -> None:
    assert score(checklist, changed) == expected


def test_an_item_earns_between_nothing_and_its_weight() -> None:
    rubbish, surface = items("bj")["BJ-02"], items("bj")["BJ-01"]
    assert mark(rubbish, 9) == Marks(0, 15_000)
    assert mark(surface, "C") == Marks(0, 12_000)
    assert mark(surface, "na") == Marks(0, 0)
    three = Item("T-1", "", 6_000, "number_min", 0, 2, "X2101", False, "never", 1)
    assert mark(three, 1).earned == 3_000
    assert mark(three, 5).earned == 6_000
    third = Item("T-2", "", 5_000, "number_min", 0, 3, "X2101", False, "never", 1)
    assert (mark(third, 1).earned, mark(third, 2).earned) == (1_667, 3_333)


def test_losing_values_lose_and_full_values_do_not() -> None:
    for checklist in read_city().checklists.values():
        for item in checklist.items:
            assert mark(item, full_value(item)).lost == 0
            assert losing_values(item, 5)
            assert all(mark(item, value).lost > 0 for value in losing_values(item, 5))


def test_scores_round_half_up() -> None:
    assert hundredths(Marks(1_000, 12_000)) == 833
    assert hundredths(Marks(20_001, 40_000)) == 5_000
    assert hundredths(Marks(20_002, 40_000)) == 5_001
