"""Deadlines worked out by hand on the calendars of 2018 to 2026."""

import json
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.workdays import Calendar, Hours, Limit, LimitUnit, advance, elapsed, strictest

ZONE = ZoneInfo("Asia/Shanghai")
FILE = Path(__file__).parents[2] / "scripts/city/national/calendar-2018-2026.json"


def read_calendar(*, years=range(2018, 2027), summer=None):
    """The notices of the State Council for these years, and the usual hours."""
    rows = [row for row in json.loads(FILE.read_text("utf-8"))["years"] if row["year"] in years]
    days = {
        date.fromisoformat(day["day"]): day["kind"] == "workday"
        for row in rows
        for day in row["days"]
    }
    hours = [Hours(date(2000, 1, 1), ((480, 720), (840, 1080)))]
    if summer:
        hours.append(Hours(summer, ((480, 720), (900, 1140))))
    return Calendar(ZONE, days, frozenset(row["year"] for row in rows), tuple(hours))


CALENDAR = read_calendar()


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


CASES = [
    ("ends when the morning does", 2, "work_hour", "2018-09-10 10:00", "2018-09-10 12:00"),
    ("a minute later goes over lunch", 2, "work_hour", "2018-09-10 10:01", "2018-09-10 14:01"),
    ("begun at lunch", 1, "work_hour", "2018-09-10 12:30", "2018-09-10 15:00"),
    ("begun on a free evening", 1, "work_hour", "2018-09-15 20:00", "2018-09-17 09:00"),
    ("a whole day", 1, "work_day", "2018-09-10 08:00", "2018-09-10 18:00"),
    ("over a made-up Saturday", 1, "work_day", "2018-09-28 10:00", "2018-09-29 10:00"),
    ("a made-up Sunday, then a week off", 4, "work_hour", "2018-09-30 15:00", "2018-10-08 09:00"),
    ("eve of National Day", 1, "work_day", "2018-09-30 14:00", "2018-10-08 12:00"),
    ("over Mid-autumn to a Saturday", 5, "work_day", "2018-09-21 16:00", "2018-09-29 16:00"),
    ("begun in the holiday", 2, "work_hour", "2018-10-03 11:00", "2018-10-08 10:00"),
    ("eve of Labour Day 2019", 1, "work_hour", "2019-04-30 17:30", "2019-05-05 08:30"),
    ("the long Spring Festival of 2020", 1, "work_day", "2020-01-23 17:00", "2020-02-03 17:00"),
    ("Mid-autumn on a worked Saturday", 8, "work_hour", "2021-09-17 14:00", "2021-09-18 12:00"),
    ("eve of the year of the tiger", 1, "work_day", "2022-01-30 09:00", "2022-02-07 09:00"),
    ("into two made-up days of 2023", 2, "work_hour", "2023-09-28 17:00", "2023-10-07 09:00"),
    ("eve of the year of the dragon", 2, "work_hour", "2024-02-09 17:00", "2024-02-18 09:00"),
    ("eight days off in 2025", 1, "work_day", "2025-01-27 10:00", "2025-02-05 10:00"),
    ("a made-up Saturday of 2026", 1, "work_day", "2026-02-13 16:00", "2026-02-14 16:00"),
    ("two urgent hours over midnight", 2, "urgent_hour", "2018-09-30 23:00", "2018-10-01 01:00"),
    ("four urgent days in a holiday", 4, "urgent_day", "2018-09-30 23:00", "2018-10-04 23:00"),
    ("three days of the calendar", 3, "natural_day", "2018-09-29 09:30", "2018-10-02 09:30"),
    ("fifteen working days", 15, "work_day", "2018-09-17 08:00", "2018-10-11 18:00"),
]


@pytest.mark.parametrize(
    ("value", "unit", "start", "end"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_limit_ends_when_people_say_it_does(value, unit, start, end):
    limit = Limit(value, LimitUnit(unit))
    due = advance(CALENDAR, at(start), limit.seconds, working=limit.is_working)
    assert due.at == at(end)
    assert due.is_complete
    assert elapsed(CALENDAR, at(start), due.at, working=limit.is_working) == limit.seconds


def test_beyond_the_known_years_it_is_monday_to_friday_and_said_so():
    due = advance(CALENDAR, at("2026-12-31 16:00"), 2 * 8 * 3600, working=True)
    assert due.at == at("2027-01-04 16:00")
    assert not due.is_complete
    assert advance(CALENDAR, at("2026-12-31 16:00"), 7200, working=True).is_complete
    assert advance(CALENDAR, at("2026-12-31 23:00"), 7200, working=False).is_complete
    before = advance(CALENDAR, at("2017-12-29 16:00"), 4 * 3600, working=True)
    assert (before.at, before.is_complete) == (at("2018-01-02 10:00"), False)


def test_working_hours_are_data():
    summer = read_calendar(summer=date(2018, 6, 1))
    due = advance(summer, at("2018-05-31 17:00"), 6 * 3600, working=True)
    assert due.at == at("2018-06-01 16:00")
    with pytest.raises(ValueError, match="no working hours"):
        advance(Calendar(ZONE, {}, frozenset(), ()), at("2018-05-31 17:00"), 1, working=True)


def test_no_time_left_is_now_even_at_night():
    night = at("2018-09-15 23:00")
    assert advance(CALENDAR, night, 0, working=True).at == night
    assert elapsed(CALENDAR, night, night - timedelta(hours=1), working=False) == 0


@pytest.mark.parametrize(
    ("few", "many"),
    [
        ((2, "urgent_hour"), (2, "work_hour")),
        ((4, "work_hour"), (1, "urgent_day")),
        ((1, "urgent_day"), (1, "work_day")),
        ((1, "natural_day"), (2, "work_day")),
        ((8, "work_hour"), (9, "work_hour")),
        ((1, "work_day"), (9, "work_hour")),
        ((5, "work_day"), (15, "work_day")),
    ],
)
def test_the_strictest_leaves_the_least_time(few, many):
    few, many = (Limit(value, LimitUnit(unit)) for value, unit in (few, many))
    assert strictest([many, few]) == few
    assert strictest([]) is None


def test_the_notices_are_whole():
    """So many days off and made up as each notice says, and every made-up day is a week-end."""
    years = {row["year"]: row for row in json.loads(FILE.read_text("utf-8"))["years"]}
    counts = {
        year: tuple(
            sum(day["kind"] == kind for day in row["days"]) for kind in ("holiday", "workday")
        )
        for year, row in years.items()
    }
    assert counts == {
        2018: (25, 7), 2019: (28, 6), 2020: (30, 6), 2021: (31, 7), 2022: (32, 7),
        2023: (28, 7), 2024: (28, 8), 2025: (28, 5), 2026: (33, 6),
    }  # fmt: skip
    for day, worked in CALENDAR.days.items():
        assert day.year in years
        assert not worked or day.weekday() >= 5, day
    for row in years.values():
        assert all(first["day"] < second["day"] for first, second in pairwise(row["days"]))


INSTANTS = st.integers(0, 8 * 365 * 86_400).map(lambda s: at("2018-01-01") + timedelta(seconds=s))
SECONDS = st.integers(1, 30 * 8 * 3600)


@given(start=INSTANTS, first=SECONDS, second=SECONDS, working=st.booleans())
def test_what_is_counted_in_two_parts_is_counted_once(start, first, second, working):
    middle = advance(CALENDAR, start, first, working=working).at
    end = advance(CALENDAR, middle, second, working=working).at
    assert advance(CALENDAR, start, first + second, working=working).at == end
    assert elapsed(CALENDAR, start, end, working=working) == first + second
