"""What stands beside a place: the worked vectors, and what holds for every league."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import normal
from app.scoring.rules_certainty import (
    DRAWS,
    Belief,
    Estimate,
    Support,
    all_overlap,
    as_measured,
    better,
    draw_places,
    expected_ranks,
    flag_group,
    interval,
    percentile,
    prior_of,
    proved_places,
    seed_of,
    shrink,
    support,
)

SCORES = {"山阳": 83.33, "解放": 81.67, "马村": 81.25, "示范": 79.58, "中站": 75.00}
DIGEST = bytes.fromhex("ab" * 32)


def districts(error):
    exact = [Fraction(100 * part, 240) for part in (200, 196, 195, 191, 180)]
    return [Estimate(name, float(score), error) for name, score in zip(SCORES, exact, strict=True)]


class TestTheDistrictsOfSeptember2018:
    @pytest.mark.parametrize(
        ("error", "places"),
        [
            (1.5, [1.418, 2.370, 2.632, 3.598, 4.982]),
            (1.0, [1.194, 2.335, 2.665, 3.807, 4.999]),
        ],
    )
    def test_expected_places(self, error, places):
        found = expected_ranks(as_measured(districts(error)))
        assert found == pytest.approx(places, abs=0.0006)

    def test_expected_places_on_a_scale_of_a_hundred(self):
        found = [percentile(one, 5) for one in expected_ranks(as_measured(districts(1.5)))]
        assert found == pytest.approx([18.4, 37.4, 42.6, 62.0, 89.6], abs=0.06)

    def test_being_truly_among_the_first_two(self):
        drawn = draw_places(as_measured(districts(1.5)), seed_of(DIGEST, "districts"), 20_000)
        shares = [drawn.first(name, 2) / drawn.draws for name in SCORES]
        assert shares == pytest.approx([0.907, 0.571, 0.427, 0.094, 0.000], abs=0.012)

    @pytest.mark.parametrize(
        ("error", "last"),
        [(1.5, [0.000, 0.001, 0.001, 0.015, 0.983]), (3.0, [..., ..., ..., ..., 0.788])],
    )
    def test_being_truly_last(self, error, last):
        drawn = draw_places(as_measured(districts(error)), seed_of(DIGEST, "districts"), 20_000)
        for name, share in zip(SCORES, last, strict=True):
            if share is not ...:
                assert drawn.last(name, 1) / drawn.draws == pytest.approx(share, abs=0.01)

    def test_the_second_flag_hung_on_a_chance_of_two_in_five(self):
        _, jiefang, macun, _, _ = as_measured(districts(1.5))
        assert better(macun, jiefang) == pytest.approx(0.422, abs=0.0005)
        assert better(jiefang, macun) == pytest.approx(0.578, abs=0.0005)

    @pytest.mark.parametrize(
        ("error", "least", "places"),
        [
            (1.0, 3.643, [(1, 3), (1, 4), (1, 4), (2, 4), (5, 5)]),
            (1.5, 5.464, [(1, 4), (1, 4), (1, 4), (1, 5), (4, 5)]),
            (3.0, 10.928, [(1, 5)] * 5),
        ],
    )
    def test_who_is_proved_to_be_worse_than_whom(self, error, least, places):
        assert normal.quantile(1 - 0.10 / 20) == pytest.approx(2.5758, abs=0.00005)
        assert 2.575829 * error * math.sqrt(2) == pytest.approx(least, abs=0.001)
        assert proved_places(districts(error)) == places

    def test_what_is_known_once_the_league_is_taken_into_account(self):
        prior = prior_of(districts(1.5))
        assert prior.mean == pytest.approx(80.1667, abs=0.0001)
        assert prior.between + 1.5**2 == pytest.approx(10.1215, abs=0.00006)
        assert prior.between == pytest.approx(7.8715, abs=0.00006)
        assert prior.rankability == pytest.approx(0.7777, abs=0.00006)
        means = [one.mean for one in shrink(districts(1.5))]
        assert means == pytest.approx([82.629, 81.333, 81.009, 79.713, 76.149], abs=0.0006)

    @pytest.mark.parametrize(("error", "overlap"), [(1.0, False), (1.5, False), (3.0, True)])
    def test_whether_all_intervals_overlap(self, error, overlap):
        assert all_overlap(districts(error)) is overlap
        low, high = interval(districts(error)[0])
        assert (low + high) / 2 == pytest.approx(250 / 3)
        assert high - low == pytest.approx(2 * 1.6449 * error, abs=0.001)

    @pytest.mark.parametrize(
        ("error", "labels"),
        [
            (0.5, ["supported", "provisional", "supported"]),
            (1.5, ["provisional", "provisional", "supported"]),
            (3.0, ["provisional", "not_supported", "not_supported"]),
        ],
    )
    def test_the_flags_are_labelled(self, error, labels):
        drawn = draw_places(shrink(districts(error)), seed_of(DIGEST, "districts"))
        red, blue = flag_group(2, 5), flag_group(1, 5)
        found = [support(drawn.first(name, red)) for name in ("山阳", "解放")]
        assert [*found, support(drawn.last("中站", blue))] == labels


@pytest.mark.parametrize(
    ("quota", "entrants", "group"),
    [(2, 25, 5), (1, 15, 3), (2, 18, 4), (2, 5, 2), (1, 5, 1), (1, 4, 1), (1, 7, 2), (0, 6, 2)],
)
def test_a_flag_asks_for_the_first_or_last_fifth(quota, entrants, group):
    assert flag_group(quota, entrants) == group


@pytest.mark.parametrize(
    ("times", "shaken", "label"),
    [
        (2000, False, "supported"), (1800, False, "supported"), (1799, False, "provisional"),
        (1000, False, "provisional"), (999, False, "not_supported"), (0, False, "not_supported"),
        (2000, True, "provisional"), (1000, True, "provisional"), (999, True, "not_supported"),
    ],
)  # fmt: skip
def test_labels(times, shaken, label):
    assert support(times, shaken=shaken) == label


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_more_probable_flag_is_never_labelled_worse(times):
    order = [Support.NOT_SUPPORTED, Support.PROVISIONAL, Support.SUPPORTED]
    few, draws = times
    for shaken in (False, True):
        before, after = (support(n, draws, shaken=shaken) for n in (few, few + 1))
        assert order.index(before) <= order.index(after)
        assert order.index(support(few, draws, shaken=True)) <= order.index(support(few, draws))


class TestWithoutDifferences:
    def test_one_score_for_all_leaves_everything_to_chance(self):
        league = [Estimate(n, 80.0, 2.0) for n in range(10)]
        assert prior_of(league).rankability == 0
        assert expected_ranks(shrink(league)) == pytest.approx([5.5] * 10)
        drawn = draw_places(shrink(league), 1)
        shares = [drawn.last(n, 2) / DRAWS for n in range(10)]
        assert shares == pytest.approx([0.2] * 10, abs=0.04)

    def test_what_was_counted_in_full_is_sure(self):
        league = [Estimate(n, 80.0 - n, 0.0) for n in range(4)]
        drawn = draw_places(shrink(league), 1)
        assert [drawn.counts[n][n] for n in range(4)] == [DRAWS] * 4
        assert [drawn.between(n) for n in range(4)] == [(n + 1, n + 1) for n in range(4)]
        assert expected_ranks(shrink(league)) == [1, 2, 3, 4]
        assert prior_of(league).rankability == 1

    def test_a_league_of_one_is_first_and_last(self):
        league = [Estimate("only", 80.0, 2.0)]
        drawn = draw_places(shrink(league), 1)
        assert (drawn.first("only", 1), drawn.last("only", 1)) == (DRAWS, DRAWS)
        assert not all_overlap(league)
        assert proved_places(league) == [(1, 1)]

    def test_a_score_that_a_rule_made_tells_nothing_of_the_others(self):
        league = [*districts(1.5), Estimate("barred", 0.0, 0.0, settled=True)]
        assert prior_of(league) == prior_of(districts(1.5))
        assert shrink(league)[-1] == Belief("barred", 0.0, 0.0)
        assert draw_places(shrink(league), 1).last("barred", 1) == DRAWS


_LEAGUES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 800)), min_size=1, max_size=12
).map(lambda rows: [Estimate(n, s / 100, e / 100) for n, (s, e) in enumerate(rows)])


@given(_LEAGUES, st.randoms(use_true_random=False))
def test_the_order_of_the_entrants_never_changes_a_bit(league, random):
    shuffled = list(league)
    random.shuffle(shuffled)
    for beliefs in (shrink, as_measured):
        ranks, others = (
            {one.key: rank for one, rank in zip(rows, expected_ranks(beliefs(rows)), strict=True)}
            for rows in (league, shuffled)
        )
        assert ranks == others
        assert (
            draw_places(beliefs(league), 7, 20).counts
            == draw_places(beliefs(shuffled), 7, 20).counts
        )
    assert prior_of(league) == prior_of(shuffled)
    assert all_overlap(league) == all_overlap(shuffled)


@given(_LEAGUES)
def test_places_are_shared_out_wholly(league):
    entrants = len(league)
    assert math.fsum(expected_ranks(shrink(league))) == pytest.approx(entrants * (entrants + 1) / 2)
    drawn = draw_places(shrink(league), 7, 20)
    assert all(sum(row) == 20 for row in drawn.counts.values())
    assert all(sum(column) == 20 for column in zip(*drawn.counts.values(), strict=True))
    for one, (best, worst) in zip(league, proved_places(league), strict=True):
        assert 1 <= best <= worst <= entrants
        low, high = drawn.between(one.key)
        assert 1 <= low <= high <= entrants


def test_the_same_digest_gives_the_same_bytes_everywhere():
    """Were these to change, no companion published before could be drawn again."""
    seed = seed_of(DIGEST, "districts")
    assert hex(seed)[2:14] == "354fa9f05bd3"
    assert seed != seed_of(DIGEST, "central-streets")
    drawn = draw_places(shrink(districts(1.5)), seed)
    assert [list(drawn.counts[name]) for name in SCORES] == [
        [1286, 477, 184, 53, 0],
        [392, 728, 591, 283, 6],
        [271, 608, 761, 355, 5],
        [51, 186, 459, 1239, 65],
        [0, 1, 5, 70, 1924],
    ]
