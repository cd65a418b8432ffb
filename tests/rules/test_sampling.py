"""Standard errors: against the textbook's sums, in any order, with too small strata."""

import math
from fractions import Fraction
from random import Random
from statistics import variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring.rules_sampling import Stratum, Sums, by_mix, by_points, standard_errors, tally

_MARKS = st.integers(1, 40).flatmap(lambda w: st.tuples(st.integers(0, w), st.just(w)))
_SITES = st.lists(st.tuples(st.sampled_from("abc"), _MARKS), min_size=1, max_size=20).map(
    lambda rows: [(category, *marks) for category, marks in rows]
)


def sums(*marks):
    return tally([("one", *mark) for mark in marks])["one"]


def test_sites_that_all_earn_their_share_do_not_differ():
    assert sums((8, 10), (16, 20), (4, 5)).spread(Fraction(8, 10)) == 0


def test_one_site_alone_does_not_tell_how_sites_differ():
    assert sums((8, 10)).spread(Fraction(8, 10)) is None


def test_a_site_where_nothing_could_be_earned_is_none():
    assert sums((8, 10), (0, 0), (6, 10)) == sums((8, 10), (6, 10))


def test_equal_sites_give_the_variance_of_their_scores():
    found = sums((80, 100), (60, 100), (100, 100))
    assert found.spread(Fraction(80, 100)) == variance([80, 60, 100]) == 400


def test_sites_counted_alike_differ_by_their_scores_whatever_could_be_earned():
    found = Sums()
    for earned, possible in ((27, 35), (18, 20), (1, 3)):
        found.add_alike(earned, possible)
    scores = [100 * Fraction(27, 35), Fraction(90), Fraction(100, 3)]
    assert float(found.spread(Fraction(found.earned, found.possible))) == pytest.approx(
        float(variance(scores)), abs=1e-5
    )


@given(_SITES)
def test_it_is_the_variance_of_what_each_site_earned_beyond_its_share(sites):
    whole = tally(("all", *marks) for _, *marks in sites)["all"]
    rate = Fraction(whole.earned, whole.possible)
    average = Fraction(whole.possible, whole.sites)
    beyond = [100 * (earned - rate * possible) / average for _, earned, possible in sites]
    assert whole.spread(rate) == (variance(beyond) if len(beyond) > 1 else None)


@given(_SITES, st.randoms(use_true_random=False))
def test_the_order_of_the_sites_does_not_matter(sites, random):
    shuffled = list(sites)
    random.shuffle(shuffled)
    once, again = by_points(tally(sites)), by_points(tally(shuffled))
    assert once == again
    assert standard_errors({1: once}) == standard_errors({1: again})
    counted = Sums()
    counted.add(3, 7, 4)
    assert counted == sums(*[(3, 7)] * 4)


STREETS = {"roads": sums((90, 100), (70, 100)), "markets": sums((60, 100), (40, 100))}


class TestStandardError:
    def test_points_that_are_summed(self):
        found = by_points(STREETS)
        assert found["roads"] == Stratum(Fraction(1, 2), 2, Fraction(200))
        assert standard_errors({1: found})[1] == pytest.approx(math.sqrt(50))

    def test_one_stratum_for_all_counts_the_difference_of_categories_too(self):
        alone = by_points({"all": sums((90, 100), (70, 100), (60, 100), (40, 100))})
        assert standard_errors({1: alone})[1] == pytest.approx(
            math.sqrt(variance([90, 70, 60, 40]) / 4)
        )

    def test_a_fixed_mix_weighs_its_categories(self):
        weights = {"roads": Fraction(3), "markets": Fraction(1), "toilets": Fraction(4)}
        found = by_mix(STREETS, weights)
        assert {key: one.weight for key, one in found.items()} == {
            "roads": Fraction(3, 4), "markets": Fraction(1, 4),
        }  # fmt: skip
        expected = math.sqrt(0.75**2 * 200 / 2 + 0.25**2 * 200 / 2)
        assert standard_errors({1: found})[1] == pytest.approx(expected)

    def test_the_more_of_the_frame_was_seen_the_surer(self):
        errors = [
            standard_errors({1: by_points(STREETS, {"roads": n, "markets": n})})[1]
            for n in (2, 4, 1000)
        ]
        assert errors[0] == 0, "a full count leaves nothing to chance"
        assert errors[1] == pytest.approx(math.sqrt(50 / 2))
        assert errors[1] < errors[2] < math.sqrt(50)

    def test_four_times_the_sites_halve_it(self):
        sites = [(90, 100), (70, 100), (80, 100), (60, 100)] * 50
        few, many = (by_points({"all": sums(*sites * times)}) for times in (1, 4))
        once, again = standard_errors({1: few, 2: many}).values()
        assert again == pytest.approx(once / 2, rel=0.003)

    def test_a_stratum_of_one_site_takes_the_spread_of_the_league(self):
        one = by_points({"roads": sums((50, 100))})
        found = standard_errors({"one": one, "two": by_points(STREETS)})
        assert found["one"] == pytest.approx(math.sqrt(200))
        unlike = by_points({"toilets": sums((50, 100))})
        found = standard_errors({"one": unlike, "two": by_points(STREETS)})
        assert found["one"] == pytest.approx(math.sqrt(200)), "of all categories together"

    def test_strata_that_are_too_small_can_be_told_to_take_the_leagues(self):
        same = by_points({"roads": sums((80, 100), (80, 100))})
        league = {"same": same, "two": by_points(STREETS)}
        assert standard_errors(league)["same"] == 0
        assert standard_errors(league, pool_below=3)["same"] == pytest.approx(math.sqrt(100 / 2))

    def test_nobody_has_one_where_no_two_sites_can_be_compared(self):
        league = {1: by_points({"roads": sums((50, 100))}), 2: by_points({"a": sums((9, 10))})}
        assert standard_errors(league) == {1: None, 2: None}

    def test_an_entrant_without_a_site_has_none(self):
        assert standard_errors({1: by_points({}), 2: by_mix({}, {})}) == {1: None, 2: None}


@pytest.mark.long
def test_intervals_cover_the_truth_as_often_as_they_say():
    """Nine in ten rounds of forty sites, drawn from a street of two categories."""
    random = Random(1)
    hits = 0
    for _ in range(2000):
        sites = [
            (category, max(0, min(100, round(random.gauss(mean, 12)))), 100)
            for category, mean in (("roads", 80), ("markets", 60))
            for _ in range(20)
        ]
        strata = by_points(tally(sites))
        score = sum(earned for _, earned, _ in sites) / 40
        hits += abs(score - 70) <= 1.645 * standard_errors({1: strata})[1]
    assert 0.86 < hits / 2000 < 0.92
