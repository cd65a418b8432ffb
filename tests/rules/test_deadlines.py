"""The time of a case, worked out by hand: extension, suspension, transfer, check, lateness."""

from datetime import timedelta

import pytest

from app.kit.workdays import Limit, LimitUnit
from app.ledger import deadlines as rules
from app.ledger.deadlines import Alarm, LimitBasis
from tests.rules.test_workdays import CALENDAR, at, read_calendar

ONE_DAY = Limit(1, LimitUnit.WORK_DAY)
TWO_DAYS = Limit(2, LimitUnit.WORK_DAY)


def begun(limit, text):
    return rules.begin(CALENDAR, limit, at(text))


def test_each_extension_adds_one_original_limit():
    term = begun(ONE_DAY, "2018-09-27 08:00")
    assert term.deadline_at == at("2018-09-27 18:00")
    once = rules.extend(CALENDAR, term)
    assert once.deadline_at == at("2018-09-28 18:00")
    twice = rules.extend(CALENDAR, once)
    assert twice.deadline_at == at("2018-09-29 18:00")  # a Saturday that was made up
    assert twice.allowed_s == 3 * ONE_DAY.seconds


def test_a_suspension_over_the_holiday_gives_back_what_was_left():
    term = begun(TWO_DAYS, "2018-09-28 14:00")
    assert term.deadline_at == at("2018-09-30 12:00")
    stopped = rules.stop(CALENDAR, term, at("2018-09-29 10:00"))
    assert stopped.left_s == 10 * 3600
    resumed = rules.go_on(CALENDAR, stopped, at("2018-10-08 14:00"))
    assert resumed.deadline_at == at("2018-10-09 16:00")


def test_a_suspension_of_a_running_clock():
    term = begun(Limit(1, LimitUnit.URGENT_DAY), "2018-09-30 20:00")
    stopped = rules.stop(CALENDAR, term, at("2018-10-01 02:00"))
    resumed = rules.go_on(CALENDAR, stopped, at("2018-10-05 00:00"))
    assert resumed.deadline_at == at("2018-10-05 18:00")


def test_stopping_and_going_on_twice_changes_nothing():
    term = begun(TWO_DAYS, "2018-09-28 14:00")
    stopped = rules.stop(CALENDAR, term, at("2018-09-29 10:00"))
    assert rules.stop(CALENDAR, stopped, at("2018-09-30 10:00")) == stopped
    resumed = rules.go_on(CALENDAR, stopped, at("2018-10-08 14:00"))
    assert rules.go_on(CALENDAR, resumed, at("2018-10-09 14:00")) == resumed


def test_a_failed_check_lets_the_clock_go_on_from_where_it_stood():
    term = begun(ONE_DAY, "2018-09-10 08:00")
    reported = rules.stop(CALENDAR, term, at("2018-09-10 16:00"))
    assert not reported.ran_out
    again = rules.go_on(CALENDAR, reported, at("2018-09-12 09:00"))
    assert again.deadline_at == at("2018-09-12 11:00")


def test_a_report_back_one_minute_late_is_late_for_good():
    term = begun(ONE_DAY, "2018-09-10 08:00")
    assert not rules.is_late(term, at("2018-09-10 18:00"))
    late = rules.stop(CALENDAR, term, at("2018-09-10 18:01"))
    assert late.ran_out
    again = rules.go_on(CALENDAR, late, at("2018-09-11 09:00"))
    assert again.deadline_at == at("2018-09-10 18:00")
    assert rules.is_late(again, at("2018-09-11 09:00"))


def test_a_report_back_at_the_last_second_leaves_no_time_after_a_failed_check():
    term = begun(ONE_DAY, "2018-09-10 08:00")
    reported = rules.stop(CALENDAR, term, at("2018-09-10 18:00"))
    assert not reported.ran_out
    assert rules.go_on(CALENDAR, reported, at("2018-09-11 10:00")).deadline_at == at(
        "2018-09-11 10:00"
    )


def test_a_transfer_gives_a_new_full_limit():
    assert begun(ONE_DAY, "2018-09-10 17:00").deadline_at == at("2018-09-11 17:00")


def test_a_notice_shortens_and_never_lengthens():
    term = begun(TWO_DAYS, "2018-09-10 08:00")
    short = rules.shorten(CALENDAR, term, at("2018-09-10 16:00"))
    assert (short.deadline_at, short.allowed_s) == (at("2018-09-10 16:00"), 6 * 3600)
    assert rules.extend(CALENDAR, short).deadline_at == at("2018-09-12 16:00")
    for wrong in ("2018-09-11 18:00", "2018-09-12 08:00", "2018-09-10 08:00"):
        with pytest.raises(ValueError, match="only shortens"):
            rules.shorten(CALENDAR, term, at(wrong))


@pytest.mark.parametrize(
    ("limit", "start", "half", "nine_tenths", "end"),
    [
        (ONE_DAY, "2018-09-10 08:00", "2018-09-10 12:00", "2018-09-10 17:12", "2018-09-10 18:00"),
        (TWO_DAYS, "2018-09-29 08:00", "2018-09-29 18:00", "2018-09-30 16:24", "2018-09-30 18:00"),
        (
            Limit(2, LimitUnit.URGENT_HOUR),
            "2018-10-01 23:00", "2018-10-02 00:00", "2018-10-02 00:48", "2018-10-02 01:00",
        ),
    ],
)  # fmt: skip
def test_warnings_at_half_and_at_nine_tenths(limit, start, half, nine_tenths, end):
    found = rules.alarms(CALENDAR, begun(limit, start), after=at(start), reminders=(1, 3))
    assert found == [
        (Alarm.HALF, 0, at(half)),
        (Alarm.NINE_TENTHS, 0, at(nine_tenths)),
        (Alarm.OVERDUE, 0, at(end)),
        (Alarm.REMINDER, 0, at(end) + timedelta(days=1)),
        (Alarm.REMINDER, 1, at(end) + timedelta(days=3)),
    ]


# Friday 28 September 2018 at ten; the week-end after it was worked, the next week was free.
# unit: deadline, after one extension, after two; suspended at eleven until Monday 8 October, nine;
# reported back at ..., found undone on that Monday at half past five; transferred at ...; warnings.
IN_EVERY_UNIT = {
    (4, "work_hour"): (
        "09-28 16:00", "09-29 10:00", "09-29 16:00", "10-08 12:00",
        ("15:00", "10-09 08:30"), ("15:30", "09-29 09:30"), ("09-28 12:00", "09-28 15:36"),
    ),
    (1, "work_day"): (
        "09-29 10:00", "09-30 10:00", "10-08 10:00", "10-08 18:00",
        ("15:00", "10-09 14:30"), ("15:30", "09-29 15:30"), ("09-28 16:00", "09-29 09:12"),
    ),
    (2, "urgent_hour"): (
        "09-28 12:00", "09-28 14:00", "09-28 16:00", "10-08 10:00",
        ("11:30", "10-08 18:00"), ("11:45", "09-28 13:45"), ("09-28 11:00", "09-28 11:48"),
    ),
    (1, "urgent_day"): (
        "09-29 10:00", "09-30 10:00", "10-01 10:00", "10-09 08:00",
        ("15:00", "10-09 12:30"), ("15:30", "09-29 15:30"), ("09-28 22:00", "09-29 07:36"),
    ),
    (3, "natural_day"): (
        "10-01 10:00", "10-04 10:00", "10-07 10:00", "10-11 08:00",
        ("15:00", "10-11 12:30"), ("15:30", "10-01 15:30"), ("09-29 22:00", "10-01 02:48"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("limit", "expected"), IN_EVERY_UNIT.items())
def test_every_rule_in_every_unit(limit, expected):
    first, once, twice, suspended, reported, transferred, warned = expected
    limit = Limit(limit[0], LimitUnit(limit[1]))

    def on(text):
        return at(f"2018-{text}")

    def gone_on(stopped_at, resumed_at):
        stopped = rules.stop(CALENDAR, term, on(stopped_at))
        assert not stopped.ran_out
        return rules.go_on(CALENDAR, stopped, on(resumed_at)).deadline_at

    term = begun(limit, "2018-09-28 10:00")
    assert term.deadline_at == on(first)
    extended = rules.extend(CALENDAR, term)
    assert extended.deadline_at == on(once)
    assert rules.extend(CALENDAR, extended).deadline_at == on(twice)
    assert gone_on("09-28 11:00", "10-08 09:00") == on(suspended)
    assert gone_on(f"09-28 {reported[0]}", "10-08 17:30") == on(reported[1])
    assert begun(limit, f"2018-09-28 {transferred[0]}").deadline_at == on(transferred[1])
    half, nine_tenths, *_ = rules.alarms(CALENDAR, term, after=on("09-28 10:00"))
    assert (half[2], nine_tenths[2]) == tuple(on(one) for one in warned)
    short = rules.shorten(CALENDAR, term, on("09-28 10:30"))
    assert short.deadline_at == on("09-28 10:30")
    for when, is_late in ((timedelta(), False), (timedelta(minutes=1), True)):
        assert rules.stop(CALENDAR, term, on(first) + when).ran_out is is_late


def test_what_lies_behind_is_not_warned_of():
    term = begun(ONE_DAY, "2018-09-10 08:00")
    stopped = rules.stop(CALENDAR, term, at("2018-09-10 15:00"))
    assert rules.alarms(CALENDAR, stopped, after=at("2018-09-10 15:00")) == []
    again = rules.go_on(CALENDAR, stopped, at("2018-09-11 08:00"))
    assert [kind for kind, *_ in rules.alarms(CALENDAR, again, after=at("2018-09-11 08:00"))] == [
        Alarm.NINE_TENTHS,
        Alarm.OVERDUE,
    ]
    twice = rules.extend(CALENDAR, rules.extend(CALENDAR, term))
    found = rules.alarms(CALENDAR, twice, after=at("2018-09-11 14:00"))
    assert [kind for kind, *_ in found] == [Alarm.NINE_TENTHS, Alarm.OVERDUE]


def test_a_new_notice_moves_open_deadlines_only():
    few = read_calendar(years=range(2018, 2026))
    term = rules.begin(few, ONE_DAY, at("2025-12-31 14:00"))
    assert (term.deadline_at, term.is_complete) == (at("2026-01-01 12:00"), False)
    moved = rules.recompute(CALENDAR, term, at("2025-12-31 15:00"))
    assert (moved.deadline_at, moved.is_complete) == (at("2026-01-04 12:00"), True)
    assert rules.recompute(CALENDAR, term, at("2026-01-01 12:00")) == term
    stopped = rules.stop(few, term, at("2025-12-31 16:00"))
    assert rules.recompute(CALENDAR, stopped, at("2025-12-31 17:00")) == stopped


def test_a_deadline_that_a_notice_set_at_night_stays_where_it_is():
    term = begun(TWO_DAYS, "2018-09-10 08:00")
    short = rules.shorten(CALENDAR, term, at("2018-09-10 20:00"))
    assert rules.recompute(CALENDAR, short, at("2018-09-10 09:00")) == short


def test_the_limit_is_the_conditions_else_the_items_else_the_strictest_else_the_citys():
    by_condition = {"1": Limit(5, LimitUnit.WORK_DAY), "2": Limit(2, LimitUnit.URGENT_HOUR)}
    item, default = Limit(4, LimitUnit.WORK_HOUR), Limit(3, LimitUnit.WORK_DAY)

    def chosen(conditions=by_condition, condition=None, item=None):
        return rules.choose_limit(conditions, condition=condition, item=item, default=default)

    assert chosen(condition="1", item=item) == (by_condition["1"], LimitBasis.CONDITION)
    assert chosen(item=item) == (item, LimitBasis.ITEM)
    assert chosen() == (by_condition["2"], LimitBasis.STRICTEST)
    assert chosen(conditions={}) == (default, LimitBasis.DEFAULT)
    with pytest.raises(KeyError):
        chosen(condition="9")
