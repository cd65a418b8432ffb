"""Sums and rates of the ledger."""

from dataclasses import fields
from uuid import UUID

import pytest

from app.ledger.summing import Counts, Group, Rate, per_unit, rates, total

LINE = UUID(int=1)


def group(path, **counts):
    return Group("11", path, LINE, Counts(**counts))


GROUPS = [
    group("/1/11/", problems=3, closed=2, on_time=1),
    group("/1/11/111/", problems=2, open=2, overdue=1),
    group("/1/12/", problems=1, cancelled=1, refused=1),
    group(None, problems=4, open=4),
]


def test_a_unit_has_its_own_and_all_below_it():
    found = per_unit(GROUPS, ["/1/", "/1/11/", "/1/11/111/"])
    assert [one.problems for one in found.values()] == [6, 5, 2]
    assert found["/1/11/"].overdue == 1
    assert total(GROUPS).problems == 10


@pytest.mark.parametrize(
    ("numerator", "denominator", "value"),
    [(0, 0, None), (1, 3, 3333), (2, 3, 6667), (1, 1, 10_000), (0, 7, 0), (1, 8, 1250)],
)
def test_a_rate_is_half_up_and_nothing_of_nothing(numerator, denominator, value):
    assert Rate("x", numerator, denominator).value == value


def test_each_rate_names_what_it_is():
    counts = Counts(filed=9, refused=1, closed=4, on_time=3, reworked=1)
    assert [(one.definition, one.value) for one in rates(counts)] == [
        ("filing-1", 9000), ("on-time-closing-1", 7500), ("rework-1", 2500),
    ]  # fmt: skip


def test_every_count_is_added():
    ones = Counts(**{one.name: 1 for one in fields(Counts)})
    assert all(getattr(ones + ones, one.name) == 2 for one in fields(Counts))
