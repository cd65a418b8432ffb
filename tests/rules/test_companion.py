"""What stands beside a whole result: every league, seeded from its digest, with labels."""

import random as chance
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.scoring.rules import Aggregation, LeagueRule
from app.scoring.rules_adjusting import (
    Inspection,
    Regained,
    severities_of,
    shaken_flags,
    taken_from,
)
from app.scoring.rules_companion import companion
from app.scoring.rules_draws import strata_of
from app.scoring.rules_inputs import Inputs
from app.scoring.rules_official import official
from app.scoring.rules_severity import Cell, severities
from tests.rules.marked import book, column, entrant, league, ranked, rules, site
from tests.rules.test_severity import FLIP

_SCORES = {"a": 90, "b": 86, "c": 80, "d": 79, "e": 70}


def sites_of(scores, *, each=12, spread=6):
    """Sites whose mean is the score, half a spread above and half below."""
    for name, score in scores.items():
        for number in range(each):
            yield site(f"{name}{number}", f"/c/{name}/", score + (-1) ** number * spread, 100)


def beside(sites, *leagues, visits=(), **changes):
    return companion(ranked(sites, *leagues, **changes), book(**changes), visits)


def five(**changes):
    return league("x", *(entrant(name) for name in _SCORES), **changes)


class TestOneLeague:
    def test_each_place_has_its_error_and_its_interval(self):
        found = beside(sites_of(_SCORES), five()).leagues[0]
        assert [one.entrant for one in found.entries] == list("abcde")
        first = found.entries[0]
        assert first.sites == 12
        error = 6 * (12 / 11) ** 0.5 / 12**0.5
        assert first.error_milli == round(1000 * error)
        reach = 100 * 1.6449 * error
        assert (first.low_hundredths, first.high_hundredths) == (
            round(9000 - reach), round(9000 + reach),
        )  # fmt: skip
        assert first.places == (1, 2)
        assert first.expected_rank_milli < found.entries[1].expected_rank_milli
        assert 0 < first.percentile_milli < 20_000
        assert found.all_overlap is False
        assert found.rankability_milli > 900

    def test_flags_and_money_are_labelled_and_nothing_else_is(self):
        found = beside(sites_of(_SCORES), five())
        assert found.labels == {("x", "a"): "supported", ("x", "e"): "supported"}
        found = beside(sites_of(_SCORES, spread=12), five(red=2))
        assert found.labels == {
            ("x", "a"): "supported", ("x", "b"): "provisional", ("x", "e"): "supported",
        }  # fmt: skip
        paid = beside(sites_of(_SCORES), five(red=0), leagues={"x": {"award_fen": [5, 5]}})
        assert paid.labels.keys() == {("x", "a"), ("x", "b"), ("x", "e")}
        assert paid.leagues[0].first_group == 2

    def test_the_fewer_sites_the_less_is_supported(self):
        few = beside(sites_of(_SCORES, each=2, spread=20), five(red=2))
        assert set(few.labels.values()) <= {"provisional", "not_supported"}
        assert few.leagues[0].all_overlap is True

    def test_without_two_sites_to_compare_nothing_is_known_and_nothing_supported(self):
        found = beside(sites_of(_SCORES, each=1), five()).leagues[0]
        assert (found.all_overlap, found.rankability_milli) == (None, None)
        assert {one.error_milli for one in found.entries} == {None}
        assert [one.support for one in found.entries] == [
            "not_supported", None, None, None, "not_supported",
        ]  # fmt: skip

    def test_who_has_no_place_is_not_drawn(self):
        sites = [*sites_of(_SCORES), site("f0", "/c/f/", 10, 100)]
        entrants = (*five().entrants, entrant("f"), entrant("g"))
        found = beside(sites, league("x", *entrants), minimum_sites=2).leagues[0]
        assert found.ranked == 5
        assert [one.entrant for one in found.entries] == list("abcde")

    def test_an_empty_league_says_nothing(self):
        found = beside([], league("x", entrant("a")))
        assert found.leagues[0].entries == ()
        assert found.labels == {}

    def test_a_score_that_a_veto_made_zero_is_settled(self):
        sites = [*sites_of(_SCORES), site("e9", "/c/e/", 70, 100, vetoes=("z",))]
        found = beside(sites, five(), vetoes={"z": {"effect": "zero_entrant"}}).leagues[0]
        assert (found.entries[-1].error_milli, found.entries[-1].places) == (0, (5, 5))
        assert found.entries[-1].support == "supported"

    def test_a_cap_leaves_a_whole_thousandth_for_the_error(self):
        kinds = {("road", Fraction(100, 3), 100): 2}
        assert strata_of(kinds, LeagueRule())["road"].spread == 0

    def test_a_closing_rate_leaves_less_to_the_draw_of_sites(self):
        entrants = [entrant(name, due=10, closed_on_time=5) for name in _SCORES]
        closing = {"closing": {"weight_percent": 20}}
        plain, mixed = (
            beside(sites_of(_SCORES), league("x", *entrants), **changes).leagues[0].entries[0]
            for changes in ({}, closing)
        )
        assert mixed.error_milli == pytest.approx(0.8 * plain.error_milli, abs=1)

    @pytest.mark.parametrize("aggregation", ["mean_of_sites", "category_mix"])
    def test_every_way_of_adding_up_has_its_own_error(self, aggregation):
        sites = [
            one._replace(category="road" if int(one.site[1:]) % 4 < 2 else "market")
            for one in sites_of(_SCORES)
        ]
        changes = {"aggregation": aggregation, "category_weights": {"road": 1, "market": 1}}
        found = beside(sites, five(), **changes).leagues[0].entries[0]
        assert found.error_milli == pytest.approx(1000 * 6 * (6 / 5) ** 0.5 / 12**0.5, abs=1)


class TestRankPoints:
    """Three lists give 90, 85, 80, 75, 70 points to whoever stands there for a district."""

    def sites(self, spread):
        for line, shift in (("p", 0), ("q", 1), ("r", 2)):
            for one in sites_of(
                {key: score - shift for key, score in _SCORES.items()}, spread=spread
            ):
                marks = one.lines[0]._replace(line=line)
                yield one._replace(site=f"{line}{one.site}", lines=(marks,))

    def found(self, spread):
        lists = [
            league(
                line, *(entrant(f"{line}{name}", f"/c/{name}/", lines=(line,)) for name in _SCORES)
            )
            for line in "pqr"
        ]
        terms = {
            "aggregation": "rank_points", "components": list("pqr"), "points": [90, 85, 80, 75, 70],
        }  # fmt: skip
        return beside(self.sites(spread), five(), *lists, leagues={"x": terms}).leagues[-1]

    def test_the_lists_are_drawn_and_not_the_points(self):
        near, far = self.found(6), self.found(14)
        assert near.code == "x"
        assert near.entries[0].error_milli < far.entries[0].error_milli
        assert near.entries[0].first >= far.entries[0].first
        assert near.entries[0].support == "supported"
        assert far.entries[0].support != "supported"
        ranks = [one.expected_rank_milli for one in far.entries]
        assert ranks == sorted(ranks)
        assert sum(ranks) == pytest.approx(15_000, abs=3)

    def test_points_of_lists_that_tell_nothing_tell_nothing(self):
        lists = league("p", *(entrant(f"p{name}", f"/c/{name}/") for name in _SCORES))
        terms = {"aggregation": "rank_points", "components": ["p"], "points": [90, 85, 80, 75, 70]}
        found = beside(sites_of(_SCORES, each=1), five(), lists, leagues={"x": terms})
        assert found.leagues[-1].entries[0].error_milli is None
        assert found.labels["x", "a"] == "not_supported"

    def test_a_list_without_anybody_in_it_changes_nothing(self):
        lists = league("p", *(entrant(f"p{name}", f"/c/{name}/") for name in _SCORES))
        nobody = league("q", entrant("q", "/elsewhere/"))
        terms = {"aggregation": "rank_points", "points": [90, 85, 80, 75, 70]}
        alone, both = (
            beside(
                sites_of(_SCORES), five(), lists, nobody,
                leagues={"x": terms | {"components": components}},
            ).leagues[-1].entries
            for components in (["p"], ["p", "q"])
        )  # fmt: skip
        assert [one.support for one in both] == [one.support for one in alone]
        assert both[0].error_milli is not None


class TestSeverity:
    PLACES = ("A", "B", "C")

    def visits(self):
        return [
            Inspection(f"{place}{who}", "road", f"/c/{place}/1/", who, score * 1000, 100_000)
            for (place, who), score in FLIP.items()
        ]

    def result(self, **changes):
        sites = [site(one.site, one.area_path, one.earned, one.possible) for one in self.visits()]
        return ranked(sites, league("x", *(entrant(one) for one in self.PLACES)), **changes)

    @pytest.mark.parametrize(
        ("ridge", "places"), [(0, [80, 78, 84]), (1, [78.4, 79.6, 84]), (4, [77.0909, 80.9091, 84])]
    )
    @pytest.mark.parametrize("aggregation", ["score_rate", "mean_of_sites", "category_mix"])
    def test_a_score_regains_what_severity_took(self, ridge, places, aggregation):
        cells = severities_of(self.visits(), [five()])
        assert cells.groups == 0, "nobody ranks these places"
        result = self.result()
        entrants = result.leagues[0].standings
        found = _fit(self.visits(), ridge)
        terms = LeagueRule(aggregation=Aggregation(aggregation), category_weights={"road": 3})
        adjusted = {
            one.entrant.key: one.score
            + Regained(taken_from(self.visits(), found.of)).of(one.tally, terms)
            for one in entrants
        }
        assert [float(adjusted[one]) for one in self.PLACES] == pytest.approx(places, abs=0.0001)

    @pytest.mark.parametrize(("ridge", "flags"), [(0, {"A"}), (1, set()), (4, set())])
    def test_a_flag_that_severity_alone_would_move_is_shaken(self, ridge, flags):
        result, found = self.result(), _fit(self.visits(), ridge)
        assert column(result, "entrant", "flag") == [("C", "red"), ("B", None), ("A", "blue")]
        assert shaken_flags(result, book(), self.visits(), found.of) == {"x": flags}

    def test_points_follow_the_lists(self):
        points = {"aggregation": "rank_points", "components": ["x"], "points": [90, 80, 70]}
        whole = league("y", *(entrant(one) for one in self.PLACES))
        result = self.result(leagues={"y": points})
        both = official(
            Inputs((result.leagues[0].league, whole), _sites_of(self.visits())),
            book(leagues={"y": points}),
            rules(leagues={"y": points}),
        )
        found = _fit(self.visits(), 0)
        shaken = shaken_flags(both, book(leagues={"y": points}), self.visits(), found.of)
        assert shaken == {"x": {"A"}, "y": {"A"}}

    def test_a_shaken_flag_is_provisional_at_best(self):
        visits, sites = [], []
        strict = {"S": 4, "N": 0, "L": -4}
        level = {"A": 76, "B": 75, "C": 90}
        for place, crew in {"A": "SSSN", "B": "LLLN", "C": "SNLN"}.items():
            for number in range(40):
                who = crew[number % 4]
                score = level[place] - strict[who] + (number // 4 % 2) * 2 - 1
                name = f"{place}{number}"
                path = f"/c/{place}/"
                visits.append(Inspection(name, "road", path, who, score, 100))
                sites.append(site(name, path, score, 100))
        given = league("x", *(entrant(one) for one in self.PLACES))
        alone, found = (beside(sites, given, visits=some) for some in ((), visits))
        assert alone.inspectors_comparable is None
        assert alone.labels["x", "A"] == "supported"
        assert found.inspectors_comparable is True
        assert found.labels == {("x", "A"): "provisional", ("x", "C"): "supported"}
        assert [one.shaken for one in found.leagues[0].entries] == [False, False, True]

    def test_inspectors_without_a_place_in_common_change_nothing(self):
        visits = [one for one in self.visits() if one.site in {"AS", "BN", "CL"}]
        found = companion(self.result(), book(), visits)
        assert found.inspectors_comparable is False
        assert not any(one.shaken for one in found.leagues[0].entries)
        assert shaken_flags(self.result(), book(), visits, {}) == {}


def _sites_of(visits):
    return tuple(site(one.site, one.area_path, one.earned, one.possible) for one in visits)


def _fit(visits, ridge):
    cells = {}
    for one in visits:
        key = (one.area_path, one.category, one.inspector)
        cells.setdefault(key, Cell()).add(one.earned, one.possible)
    return severities(cells, ridge=ridge)


@settings(max_examples=6)
@given(st.randoms(use_true_random=False))
def test_no_order_of_sites_entrants_or_visits_changes_a_byte(random):
    rolled = chance.Random(5)
    sites = [
        site(f"{name}{n}", f"/c/{name}/", rolled.randint(40, 100), 100, category="rm"[n % 2])
        for name in _SCORES
        for n in range(6)
    ]
    visits = [
        Inspection(one.site, one.category, one.area_path, rolled.choice("SNL"), 50 + n, 100)
        for n, one in enumerate(sites)
    ]
    entrants = list(five().entrants)
    once = beside(sites, league("x", *entrants), visits=visits)
    for rows in (sites, visits, entrants):
        random.shuffle(rows)
    again = beside(sites, league("x", *entrants), visits=visits)
    assert once.data == again.data
    assert once.digest == again.digest


def test_its_bytes_follow_from_the_result_alone():
    """They are the same on any machine, and others once a single answer is another."""
    sites = list(sites_of(_SCORES, spread=20))
    found = beside(sites, five())
    assert found.seed == ranked(sites, five()).digest
    assert found.digest == "be472c0a574b08c67608365a41fda191f74464586686b3b79d046e22eb01257a"
    other = [replace_earned(sites[0], 1), *sites[1:]]
    assert beside(other, five()).seed != found.seed


def replace_earned(one, more):
    marks = one.lines[0]
    return one._replace(lines=(marks._replace(earned=marks.earned + more),))
