"""Who answers and why nobody nearer does: tables, and the same answer as the quick way."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.rules import Entry, Verdict, consider
from app.organisation import rules as organisation

DAY = date(2018, 9, 12)
LINE = UUID(int=9)
CITY, DISTRICT, STREET = "/1/", "/1/2/", "/1/2/3/"
WHY = {
    "ended": (date(2017, 1, 1), date(2018, 9, 11)),
    "later": (date(2018, 9, 13), None),
    "now": (date(2018, 1, 1), None),
    "last day": (date(2018, 1, 1), DAY),
    "first day": (DAY, None),
}


def entry(area, period="now", *, unit="now", number=1):
    begins, ends = WHY[period]
    return Entry(UUID(int=number), area, begins, ends, *WHY[unit])


@pytest.mark.parametrize(
    ("entries", "verdicts"),
    [
        ([], ["no-entry", "no-entry", "no-entry"]),
        ([entry(CITY)], ["no-entry", "no-entry", "answers"]),
        ([entry(CITY), entry(STREET)], ["answers", "no-entry", "farther"]),
        ([entry(CITY), entry(DISTRICT, "ended")], ["no-entry", "ended", "answers"]),
        ([entry(CITY), entry(DISTRICT, "later")], ["no-entry", "not-begun", "answers"]),
        ([entry(DISTRICT, "last day")], ["no-entry", "answers", "no-entry"]),
        ([entry(DISTRICT, "first day")], ["no-entry", "answers", "no-entry"]),
        (
            [entry(CITY), entry(DISTRICT, unit="ended")],
            ["no-entry", "unit-not-valid", "answers"],
        ),
        (
            [entry(STREET, "ended", number=1), entry(STREET, "later", number=2)],
            ["ended", "not-begun", "no-entry", "no-entry"],
        ),
        ([entry("/1/7/")], ["no-entry", "no-entry", "no-entry"]),
    ],
)
def test_each_step_upwards_has_its_verdict(entries, verdicts):
    assert [step.verdict for step in consider(entries, area_path=STREET, on=DAY)] == verdicts


_days = st.integers(-3, 3).map(lambda n: DAY + timedelta(days=n))
_periods = st.tuples(_days, st.none() | st.integers(0, 3)).map(
    lambda p: (p[0], None if p[1] is None else p[0] + timedelta(days=p[1]))
)
_entries = st.lists(
    st.tuples(st.sampled_from((CITY, DISTRICT, STREET, "/1/7/")), _periods, _periods), max_size=6
)


@given(_entries)
def test_the_answer_is_the_one_that_is_frozen_into_visits(drawn):
    """In the hot path units that are not valid are left out by the statement."""
    entries = [
        Entry(UUID(int=n), area, *period, *unit) for n, (area, period, unit) in enumerate(drawn, 1)
    ]
    one_each = {  # two that hold at once in one area are refused by the database
        e.area_path: e for e in entries if organisation.is_valid(e.valid_from, e.valid_to, DAY)
    }
    kept = [
        e for e in entries
        if e in one_each.values() or not organisation.is_valid(e.valid_from, e.valid_to, DAY)
    ]  # fmt: skip
    quick = organisation.answerable_units(
        [
            organisation.Responsibility(e.area_path, LINE, e.id, "/", e.valid_from, e.valid_to)
            for e in kept
            if organisation.is_valid(e.unit_valid_from, e.unit_valid_to, DAY)
        ],
        area_path=STREET,
        on=DAY,
    )
    steps = consider(kept, area_path=STREET, on=DAY)
    answers = [step.entry_id for step in steps if step.verdict is Verdict.ANSWERS]
    assert answers == ([quick[LINE].unit_id] if quick else [])
