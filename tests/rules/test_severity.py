"""Strict and lenient inspectors: the worked vector, and when nothing can be told."""

import math
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring.rules_severity import (
    Cell,
    Severity,
    groups_in_common,
    severities,
    shaken,
)

# Three places, each seen by two of three inspectors: S is strict, N is neither, L is lenient.
FLIP = {
    ("A", "S"): 72,
    ("A", "N"): 80,
    ("B", "N"): 78,
    ("B", "L"): 86,
    ("C", "S"): 76,
    ("C", "L"): 92,
}


def cells(scores, category="all"):
    found = {}
    for (place, inspector), score in scores.items():
        found.setdefault((place, category, inspector), Cell()).add(score, 100)
    return found


class TestTheOrderThatSeverityTurns:
    @pytest.mark.parametrize(
        ("ridge", "places", "strict"),
        [
            (0, [80, 78, 84], 8),
            (1, [78.4, 79.6, 84], 4.8),
            (4, [77.0909, 80.9091, 84], 2.1818),
        ],
    )
    def test_shrinkage_protects_where_there_is_little_to_go_by(self, ridge, places, strict):
        found = severities(cells(FLIP), ridge=ridge)
        assert [found.places[place] for place in "ABC"] == pytest.approx(places, abs=0.0001)
        points = [found.of[inspector].points for inspector in "SNL"]
        assert points == pytest.approx([strict, 0, -strict], abs=0.0001)
        assert {one.visits for one in found.of.values()} == {2}

    def test_without_a_ridge_it_is_taken_from_the_visits_and_never_nothing(self):
        found = severities(cells(FLIP))
        assert found.ridge == 1
        assert found.of["S"].points == pytest.approx(4.8)
        assert found.of["S"].error > 0

    def test_a_flag_that_adjusting_would_move_is_shaken(self):
        official = {"C": "red", "B": None, "A": "blue"}
        assert shaken(official, {"C": "red", "A": None, "B": "blue"}) == {"A"}
        assert shaken(official, official) == frozenset()
        assert shaken(official, {}) == {"A", "C"}


class TestInCommon:
    @pytest.mark.parametrize(
        ("pairs", "groups"),
        [
            ([], 0),
            ([("A", "S")], 1),
            ([("A", "S"), ("B", "N")], 2),
            ([("A", "S"), ("B", "N"), ("B", "S")], 1),
            ([("A", "A"), ("B", "B"), ("C", "C")], 3),
            (list(FLIP), 1),
        ],
    )
    def test_groups(self, pairs, groups):
        assert groups_in_common(pairs) == groups

    def test_nothing_is_adjusted_where_inspectors_have_no_place_in_common(self):
        apart = {("A", "S"): 72, ("A", "N"): 80, ("B", "L"): 90, ("B", "M"): 91}
        found = severities(cells(apart))
        assert found.groups == 2
        assert found.of == {}

    def test_no_visits_no_groups(self):
        assert severities({}).groups == 0
        assert severities({("A", "all", "S"): Cell()}).groups == 0

    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
    def test_more_visits_never_part_what_was_together(self, pairs):
        for kept in range(len(pairs)):
            fresh = len(
                {(0, a) for a, _ in pairs[: kept + 1]} | {(1, b) for _, b in pairs[: kept + 1]}
            )
            before = len({(0, a) for a, _ in pairs[:kept]} | {(1, b) for _, b in pairs[:kept]})
            assert (
                groups_in_common(pairs[: kept + 1])
                <= groups_in_common(pairs[:kept]) + fresh - before
            )


def test_one_inspector_alone_is_neither_strict_nor_lenient():
    found = severities(cells({("A", "S"): 50, ("B", "S"): 70}))
    assert (found.groups, found.ridge, found.of["S"]) == (1, math.inf, Severity(0.0, 0.0, 2))


def test_inspectors_who_agree_are_not_told_apart():
    scores = {(place, who): 60 + 10 * place for place in range(4) for who in "SNL"}
    found = severities(cells(scores))
    assert {one.points for one in found.of.values()} == {0.0}
    assert found.ridge == math.inf
    assert [found.places[place] for place in range(4)] == [60, 70, 80, 90]


def test_a_hard_category_is_not_a_strict_inspector():
    """S goes to markets mostly, where everybody finds more."""
    found = {}
    for place in range(6):
        for who, markets in (("S", 4), ("N", 1)):
            for category, visits, score in (("road", 5 - markets, 90), ("market", markets, 60)):
                for _ in range(visits):
                    found.setdefault((place, category, who), Cell()).add(score, 100)
    assert all(abs(one.points) < 0.01 for one in severities(found).of.values())


def test_marks_are_taken_to_a_millionth_of_a_point_and_none_is_no_visit():
    cell = Cell()
    cell.add(1, 3)
    cell.add(0, 0)
    assert (cell.visits, cell.total) == (1, 33_333_333)
    assert cell.mean == pytest.approx(100 / 3)
    assert cell.within == 0


@pytest.mark.parametrize(
    ("severity", "notable"),
    [
        (Severity(3.5, 1.0, 9), True),
        (Severity(-3.5, 1.0, 9), True),
        (Severity(2.9, 0.1, 9), False),
        (Severity(3.5, 2.0, 9), False),
    ],
)
def test_whom_to_speak_with(severity, notable):
    assert severity.is_notable is notable


def _round(random, *, severity_spread=3.0, visits=30, per_street=3):
    strict = {who: random.gauss(0, severity_spread) for who in range(10)}
    middle = fmean(strict.values())
    found, raw, true = {}, {}, {}
    for street in range(25):
        true[street] = random.gauss(80, 4)
        team = random.sample(range(10), per_street)
        scores = []
        for number in range(visits):
            who = team[number % per_street]
            score = min(100, max(0, true[street] - strict[who] + middle + random.gauss(0, 12.65)))
            scores.append(score)
            found.setdefault((street, "all", who), Cell()).add(round(score * 1000), 100_000)
        raw[street] = fmean(scores)
    return found, raw, true, {who: one - middle for who, one in strict.items()}


def test_severities_are_found_again_and_streets_come_closer_to_the_truth():
    random = Random(3)
    wins = 0
    for _ in range(5):
        found, raw, true, strict = _round(random, severity_spread=6.0)
        fit = severities(found)
        apart = math.sqrt(fmean((fit.of[who].points - strict[who]) ** 2 for who in strict))
        assert apart < 2.5
        off = [fmean((one[s] - true[s]) ** 2 for s in true) for one in (raw, fit.places)]
        wins += off[1] < off[0]
    assert wins >= 4


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_visits_never_changes_a_bit(random):
    found, *_ = _round(Random(1), visits=3)
    shuffled = list(found.items())
    random.shuffle(shuffled)
    once, again = severities(found), severities(dict(shuffled))
    assert once == again
