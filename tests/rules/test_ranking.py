"""Orders: ties share a place, nobody gains by standing earlier in a list."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring.ranking import Cell, Scope, SiteGroup, count_sites, rank, score_rate, standings
from app.scoring.rules import read_rulebook

TOILETS, SIGNS = UUID(int=1), UUID(int=2)
JIEFANG, SHANYANG = "/410800/410802/", "/410800/410811/"
MINSHENG, XINHUA = JIEFANG + "410802001/", JIEFANG + "410802003/"
CITY = Scope(("/410800/",), frozenset())

_scores = st.lists(st.none() | st.integers(0, 10_000), max_size=30).map(
    lambda values: [(UUID(int=n), value) for n, value in enumerate(values)]
)


def places(*scores):
    ranked = rank([(UUID(int=n), score) for n, score in enumerate(scores)])
    return list(ranked.values())


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((8333, 8167, 8167, 7958, 7500), [1, 2, 2, 4, 5]),
        ((7500, 8333, 7958, 8167, 8167), [5, 1, 4, 2, 2]),
        ((8000, 8000, 8000), [1, 1, 1]),
        ((None, 8000, None, 0), [None, 1, None, 2]),
        ((), []),
    ],
)
def test_a_tie_shares_the_place_and_the_next_is_skipped(scores, expected):
    assert places(*scores) == expected


@given(_scores, st.randoms())
def test_places_do_not_depend_on_the_order_of_entry(scores, random):
    shuffled = list(scores)
    random.shuffle(shuffled)
    assert dict(rank(shuffled)) == dict(rank(scores))


@given(_scores)
def test_a_place_is_one_more_than_the_number_of_better_ones(scores):
    found = rank(scores)
    for entrant, score in scores:
        if score is None:
            assert found[entrant] is None
        else:
            better = sum(1 for _, other in scores if other is not None and other > score)
            assert found[entrant] == better + 1


class TestScoreRate:
    CELLS = (
        Cell(MINSHENG, TOILETS, 27, 35),
        Cell(XINHUA, TOILETS, 18, 20),
        Cell(MINSHENG, SIGNS, 0, 45),
    )

    @pytest.mark.parametrize(
        ("scope", "score"),
        [
            (CITY, 4500),
            (Scope(("/410800/",), frozenset({TOILETS})), 8182),
            (Scope((MINSHENG,), frozenset({TOILETS})), 7714),
            (Scope((XINHUA,), frozenset()), 9000),
            (Scope((JIEFANG,), frozenset({SIGNS})), 0),
            (Scope((SHANYANG,), frozenset()), None),
            (Scope((XINHUA,), frozenset({SIGNS})), None),
            (Scope((MINSHENG, XINHUA), frozenset({TOILETS})), 8182),
        ],
    )
    def test_it_is_the_sum_of_points_and_not_the_mean_of_rates(self, scope, score):
        assert score_rate(self.CELLS, scope) == score

    def test_raw_rates_fall_into_simpsons_trap_as_the_rulebook_says(self):
        """X is better in both categories and behind in the sum: a choice of the rulebook."""
        roads, markets = TOILETS, SIGNS
        x = [Cell("/x/", roads, 180, 200), Cell("/x/", markets, 480, 800)]
        y = [Cell("/y/", roads, 680, 800), Cell("/y/", markets, 110, 200)]
        cells = [*x, *y]
        assert score_rate(cells, Scope(("/x/",), frozenset())) == 6600
        assert score_rate(cells, Scope(("/y/",), frozenset())) == 7900

    def test_a_path_that_only_begins_alike_is_another_place(self):
        cells = [Cell("/410800/4108020/", TOILETS, 1, 1)]
        assert score_rate(cells, Scope(("/410800/410802/",), frozenset())) is None

    @given(st.permutations(list(CELLS)))
    def test_the_order_of_answers_does_not_matter(self, cells):
        assert score_rate(cells, CITY) == 4500

    @given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20))
    def test_splitting_answers_into_cells_changes_nothing(self, marks):
        pairs = [(min(pair), max(pair)) for pair in marks]
        cells = [Cell(MINSHENG, TOILETS, *pair) for pair in pairs]
        whole = Cell(MINSHENG, TOILETS, sum(p[0] for p in pairs), sum(p[1] for p in pairs))
        assert score_rate(cells, CITY) == score_rate([whole], CITY)


class TestSites:
    GROUPS = (
        SiteGroup(MINSHENG, frozenset({TOILETS}), 3, 1),
        SiteGroup(MINSHENG, frozenset({TOILETS, SIGNS}), 2, 0),
        SiteGroup(XINHUA, frozenset({SIGNS}), 4, 2),
        SiteGroup(XINHUA, frozenset(), 5, 0),
    )

    @pytest.mark.parametrize(
        ("scope", "expected"),
        [
            (Scope((JIEFANG,), frozenset({TOILETS})), (5, 1)),
            (Scope((JIEFANG,), frozenset({SIGNS})), (6, 2)),
            (Scope((MINSHENG,), frozenset({TOILETS, SIGNS})), (5, 1)),
            (Scope((SHANYANG,), frozenset()), (0, 0)),
            (Scope((JIEFANG,), frozenset()), (9, 3)),
        ],
    )
    def test_sites_are_counted_in_the_lines_of_the_scope(self, scope, expected):
        assert count_sites(self.GROUPS, scope) == expected


def test_a_standing_lists_ranked_ones_first_each_in_the_order_of_entry():
    scopes = {
        UUID(int=n): Scope((path,), frozenset())
        for n, path in enumerate(("/none/", "/b/", "/a/", "/c/", "/zero/"))
    }
    cells = [Cell("/a/", SIGNS, 8, 10), Cell("/b/", SIGNS, 80, 100), Cell("/c/", SIGNS, 9, 10)]
    rows = standings(list(scopes.items()), cells, [SiteGroup("/a/", frozenset({SIGNS}), 1, 2)])
    assert [(row.entrant_id.int, row.rank, row.hundredths) for row in rows] == [
        (3, 1, 9000), (1, 2, 8000), (2, 2, 8000), (0, None, None), (4, None, None),
    ]  # fmt: skip
    assert [(row.sites, row.pending) for row in rows][2] == (1, 2)


_RULES = {
    "aggregation": "score_rate",
    "tie_basis": "published",
    "visible_to": {"open": ["hq_admin"], "published": ["*"]},
}


class TestRulebook:
    def test_it_says_who_sees_a_standing_when(self):
        rulebook = read_rulebook(_RULES)
        assert rulebook.lets_see("open", frozenset({"hq_admin", "inspector"}))
        assert not rulebook.lets_see("open", frozenset({"inspector"}))
        assert not rulebook.lets_see("planned", frozenset({"hq_admin"}))
        assert rulebook.lets_see("published", frozenset())
