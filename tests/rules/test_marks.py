"""Marks and scores: the worked cases of the published standards, and what holds for all numbers."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checklists.rules import (
    MAX_COUNT,
    AnswerType,
    BadValue,
    Mark,
    PhotoRule,
    Scale,
    mark,
    needs_photo,
    read_scale,
    thousandths,
    written,
)
from app.kit.marks import published_hundredths, score_of, written_score

PASS_FAIL = Scale(AnswerType.PASS_FAIL, 12_000)
GRADE = Scale(AnswerType.GRADE_ABC, 12_000)
COUNT = Scale(AnswerType.COUNT_DEDUCT, 15_000, deduct_per=2_000)
NUMBER = Scale(AnswerType.NUMBER_MIN, 6_000, minimum=2)


@pytest.mark.parametrize(
    ("scale", "value", "earned"),
    [
        (PASS_FAIL, "pass", 12_000),
        (PASS_FAIL, "fail", 0),
        (GRADE, "A", 12_000),
        (GRADE, "B", 6_000),
        (GRADE, "C", 0),
        (COUNT, 0, 15_000),
        (COUNT, 4, 7_000),
        (COUNT, 7, 1_000),
        (COUNT, 8, 0),
        (COUNT, 9, 0),
        (COUNT, MAX_COUNT, 0),
        (NUMBER, 0, 0),
        (NUMBER, 1, 3_000),
        (NUMBER, 2, 6_000),
        (NUMBER, 99, 6_000),
    ],
)
def test_an_answer_earns_its_share(scale, value, earned):
    assert mark(scale, value) == Mark(earned, scale.weight)


@pytest.mark.parametrize("scale", [PASS_FAIL, GRADE, COUNT, NUMBER])
def test_not_applicable_earns_nothing_of_nothing(scale):
    assert mark(scale, "na") == Mark(0, 0)
    assert not mark(scale, "na").loses


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        (PASS_FAIL, ["A", "PASS", "", 1, True, None, 1.0]),
        (GRADE, ["D", "a", "pass", 0]),
        (COUNT, ["0", "pass", -1, MAX_COUNT + 1, 10**30, True, False, 1.0, None]),
        (NUMBER, ["1", -1, MAX_COUNT + 1, 10**30, True, 0.5]),
    ],
)
def test_a_value_that_the_type_does_not_know_is_refused(scale, values):
    for value in values:
        with pytest.raises(BadValue):
            mark(scale, value)


def test_a_mark_is_rounded_half_up_to_the_thousandth_once():
    assert mark(Scale(AnswerType.GRADE_ABC, 3), "B") == Mark(2, 3)
    assert mark(Scale(AnswerType.NUMBER_MIN, 10_000, minimum=3), 1) == Mark(3_333, 10_000)
    assert mark(Scale(AnswerType.NUMBER_MIN, 10_000, minimum=3), 2) == Mark(6_667, 10_000)


@given(st.integers(1, 10**6), st.integers(1, 50), st.integers(0, 200))
def test_marks_lie_between_nothing_and_all(weight, parameter, value):
    for scale in (
        Scale(AnswerType.COUNT_DEDUCT, weight, deduct_per=parameter),
        Scale(AnswerType.NUMBER_MIN, weight, minimum=parameter),
    ):
        found = mark(scale, value)
        assert 0 <= found.earned <= found.possible == weight


@given(st.integers(1, 10**6), st.integers(1, 1000), st.integers(0, 100), st.integers(0, 100))
def test_more_faults_never_earn_more(weight, per, one, other):
    scale = Scale(AnswerType.COUNT_DEDUCT, weight, deduct_per=per)
    low, high = sorted((one, other))
    assert mark(scale, low).earned >= mark(scale, high).earned


@pytest.mark.parametrize(
    ("rule", "loses", "applicable", "needed"),
    [
        (PhotoRule.ALWAYS, False, True, True),
        (PhotoRule.ALWAYS, False, False, False),
        (PhotoRule.ON_FAIL, True, True, True),
        (PhotoRule.ON_FAIL, False, True, False),
        (PhotoRule.ON_FAIL, False, False, False),
        (PhotoRule.NEVER, True, True, False),
    ],
)
def test_when_a_photo_is_needed(rule, loses, applicable, needed):
    assert needs_photo(rule, loses=loses, applicable=applicable) is needed


@pytest.mark.parametrize(
    ("points", "milli"),
    [("8", 8000), ("0.5", 500), ("12.125", 12125), ("1e2", 100_000), ("-1", -1000), ("0", 0)],
)
def test_written_points_are_exact(points, milli):
    assert thousandths(points) == milli


@pytest.mark.parametrize(
    "points", ["", "x", "0.0001", "NaN", "Infinity", "1e30", "1_0.5.5", "１２x"]
)
def test_points_that_are_no_thousandths_are_refused(points):
    with pytest.raises(ValueError, match=r"not a number|at most three decimals"):
        thousandths(points)


@given(st.integers(0, 10**9))
def test_writing_and_reading_points_are_inverse(milli):
    assert thousandths(written(milli)) == milli


@pytest.mark.parametrize(
    ("answer_type", "weight", "params"),
    [
        (AnswerType.PASS_FAIL, "0", {}),
        (AnswerType.PASS_FAIL, "-1", {}),
        (AnswerType.COUNT_DEDUCT, "8", {}),
        (AnswerType.COUNT_DEDUCT, "8", {"deduct_per": 0}),
        (AnswerType.COUNT_DEDUCT, "8", {"deduct_per": "x"}),
        (AnswerType.NUMBER_MIN, "8", {}),
        (AnswerType.NUMBER_MIN, "8", {"min": 0}),
        (AnswerType.NUMBER_MIN, "8", {"min": True}),
        (AnswerType.NUMBER_MIN, "8", {"min": 1.5}),
    ],
)
def test_a_scale_that_cannot_mark_is_refused(answer_type, weight, params):
    with pytest.raises(ValueError, match=r"weight|params|not a number"):
        read_scale(answer_type, weight, params)


def test_scales_are_read_from_their_written_form():
    assert read_scale(AnswerType.COUNT_DEDUCT, "15", {"deduct_per": 2}) == COUNT
    assert read_scale(AnswerType.COUNT_DEDUCT, "15", {"deduct_per": "0.5"}).deduct_per == 500
    assert read_scale(AnswerType.NUMBER_MIN, "6", {"min": 2}) == NUMBER
    assert read_scale(AnswerType.GRADE_ABC, "12", {"more": 1}) == GRADE


class TestPublishedScores:
    @pytest.mark.parametrize(
        ("earned", "score"),
        [(200, "83.33"), (196, "81.67"), (195, "81.25"), (191, "79.58"), (180, "75.00")],
    )
    def test_the_districts_of_september_2018(self, earned, score):
        assert score_of(earned, 240) == score

    @pytest.mark.parametrize(
        ("earned", "score"),
        [(1660, "83.00"), (1655, "82.75"), (1640, "82.00"), (1590, "79.50"), (1475, "73.75")],
    )
    def test_the_districts_of_august_2019(self, earned, score):
        assert score_of(earned, 2000) == score

    def test_two_different_rates_may_print_the_same_score(self):
        assert score_of(19_601, 24_000) == score_of(19_600, 24_000) == "81.67"

    @pytest.mark.parametrize(
        ("earned", "possible", "score"),
        [
            (27, 35, "77.14"),
            (32, 40, "80.00"),
            (27, 40, "67.50"),
            (45, 55, "81.82"),
            (80, 94, "85.11"),
            (86, 100, "86.00"),
            (1, 800, "0.13"),
            (1, 1, "100.00"),
            (0, 1, "0.00"),
            (0, 0, None),
        ],
    )
    def test_worked_cases(self, earned, possible, score):
        assert score_of(earned, possible) == score

    @given(st.integers(1, 10**12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_it_is_the_exact_rate_rounded_half_up(self, rate):
        earned, possible = rate
        exact = Fraction(100 * earned, possible)
        hundredths = published_hundredths(earned, possible)
        assert -Fraction(1, 2) <= hundredths - exact * 100 <= Fraction(1, 2)
        if (exact * 100 - Fraction(1, 2)).denominator == 1:
            assert hundredths == exact * 100 + Fraction(1, 2)

    @given(st.integers(0, 10**6).map(lambda n: (n, 10**6)))
    def test_it_agrees_with_decimal(self, rate):
        expected = (Decimal(100 * rate[0]) / rate[1]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert score_of(*rate) == str(expected)

    @pytest.mark.parametrize(("earned", "possible"), [(-1, 1), (2, 1), (0, 0)])
    def test_a_rate_that_is_none_is_refused(self, earned, possible):
        with pytest.raises(ValueError, match="no rate"):
            published_hundredths(earned, possible)

    def test_hundredths_are_written_with_two_decimals(self):
        assert [written_score(n) for n in (0, 5, 50, 8333, 10_000)] == [
            "0.00", "0.05", "0.50", "83.33", "100.00",
        ]  # fmt: skip
