"""Sums and rates of the ledger."""

from uuid import UUID

import pytest

from app.ledger.summing import (
    Counts,
    Group,
    Rate,
    per_district,
    per_line,
    per_unit,
    rates,
    total,
)

LINE = UUID(int=1)


def group(path, **counts):
    return Group("11", path, LINE, Counts(**counts))


GROUPS = [
    group("/1/11/", in_closed=2, in_filed=1, on_time=1),
    group("/1/11/111/", in_dispatched=2, overdue=1),
    group("/1/12/", in_cancelled=1, refused=1),
    group(None, in_reported=4),
]


def test_a_unit_has_its_own_and_all_below_it():
    found = per_unit(GROUPS)
    assert {path: one.problems for path, one in found.items()} == {
        "/1/": 6, "/1/11/": 5, "/1/11/111/": 2, "/1/12/": 1,
    }  # fmt: skip
    assert found["/1/11/"].overdue == 1
    whole = total(GROUPS)
    assert (whole.problems, whole.closed, whole.open, whole.cancelled) == (10, 2, 7, 1)
    assert total([]) == Counts()


def test_every_line_and_district_has_its_sums():
    assert per_line(GROUPS) == {LINE: total(GROUPS)}
    assert per_district(GROUPS) == {"11": total(GROUPS)}


@pytest.mark.parametrize(
    ("numerator", "denominator", "value"),
    [(0, 0, None), (1, 3, 3333), (2, 3, 6667), (1, 1, 10_000), (0, 7, 0), (1, 8, 1250)],
)
def test_a_rate_is_half_up_and_nothing_of_nothing(numerator, denominator, value):
    assert Rate("x", numerator, denominator).value == value


def test_each_rate_names_what_it_is():
    counts = Counts(filed=9, refused=1, in_closed=4, on_time=3, reworked=1)
    assert [(one.definition, one.value) for one in rates(counts)] == [
        ("filing-1", 9000), ("on-time-closing-1", 7500), ("rework-1", 2500),
    ]  # fmt: skip


def test_every_count_is_added():
    ones = Counts(*(1 for _ in Counts._fields))
    assert ones + ones == (2,) * len(Counts._fields)
