"""The official result: worked vectors, then what must hold for any round."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring.rules_changes import moved
from app.scoring.rules_inputs import canonical, entrant_key
from app.scoring.rules_places import hundredths, shrunk
from tests.rules.marked import (
    answer,
    book,
    column,
    entrant,
    entries,
    league,
    ranked,
    ranked_visits,
    site,
    visit,
)

SCORES = {"a": 200, "b": 196, "c": 195, "d": 191, "e": 180}


def simple(scores, *, of=240, red=1, blue=1, **changes):
    """One league with a site per entrant."""
    sites = [site(name, f"/c/{name}/", earned, of) for name, earned in scores.items()]
    standing = league("x", *(entrant(name) for name in scores), red=red, blue=blue)
    return ranked(sites, standing, **changes)


class TestVectors:
    def test_the_published_scores_are_240ths(self):
        found = simple(SCORES, red=2)
        assert column(found, "unit", "place", "score", "flag") == [
            ("a", 1, "83.33", "red"),
            ("b", 2, "81.67", "red"),
            ("c", 3, "81.25", None),
            ("d", 4, "79.58", None),
            ("e", 5, "75.00", "blue"),
        ]

    @pytest.mark.parametrize(
        ("policy", "score"), [("exclude", "77.14"), ("full", "80.00"), ("zero", "67.50")]
    )
    def test_an_item_that_does_not_apply(self, policy, score):
        given = visit(
            "v", "/c/u/", answer("1", 10, 10), answer("2", 5, 10),
            answer("3", 0, 5, na=True), answer("4", 12, 15),
        )  # fmt: skip
        found = ranked_visits(
            [given], league("x", entrant("u")), not_applicable={"default": policy}
        )
        assert column(found, "score") == [score]
        one = {"default": "exclude", "items": {"bj/3": policy}}
        assert column(
            ranked_visits([given], league("x", entrant("u")), not_applicable=one), "score"
        ) == [score]

    @pytest.mark.parametrize(
        ("veto", "score"),
        [
            ({"effect": "zero_site"}, "0.00"),
            ({"effect": "cap", "points": 60}, "60.00"),
            ({"effect": "deduct", "points": 20}, "57.14"),
            ({"effect": "bar_from_red"}, "77.14"),
            ({"effect": "none"}, "77.14"),
            ({"effect": "zero_entrant"}, "0.00"),
        ],
    )
    def test_a_veto_after_the_arithmetic(self, veto, score):
        one = site("s", "/c/u/", 27, 35, vetoes=["fire"])
        found = ranked([one], league("x", entrant("u")), vetoes={"fire": veto})
        assert column(found, "score", "vetoes") == [(score, 1)]

    def test_a_veto_of_another_line_does_not_reach_a_scope(self):
        given = visit(
            "v", "/c/u/", answer("1", 0, 10, line="fire", veto="fire"),
            answer("2", 8, 10, line="dust"),
        )  # fmt: skip
        found = ranked_visits(
            [given],
            league("x", entrant("u")),
            league("y", entrant("u", lines=("dust",))),
            vetoes={"fire": {"effect": "zero_site"}},
        )
        assert column(found, "score") == ["0.00"]
        assert column(found, "score", code="y") == ["80.00"]

    @pytest.mark.parametrize(
        ("aggregation", "score"), [("score_rate", "81.82"), ("mean_of_sites", "83.57")]
    )
    def test_two_sites(self, aggregation, score):
        sites = [site("1", "/c/u/", 27, 35), site("2", "/c/u/", 18, 20)]
        found = ranked(sites, league("x", entrant("u")), aggregation=aggregation)
        assert column(found, "score") == [score]

    def test_a_fixed_mix_is_not_simpsons_paradox(self):
        sites = [
            *(site(f"r{n}", "/c/X/", 90, 100) for n in range(2)),
            *(site(f"m{n}", "/c/X/", 60, 100, category="market") for n in range(8)),
            *(site(f"R{n}", "/c/Y/", 85, 100) for n in range(8)),
            *(site(f"M{n}", "/c/Y/", 55, 100, category="market") for n in range(2)),
        ]
        both = league("x", entrant("X"), entrant("Y"))
        assert column(ranked(sites, both), "unit", "score") == [("Y", "79.00"), ("X", "66.00")]
        mixed = ranked(
            sites, both, aggregation="category_mix", category_weights={"road": 1, "market": 1}
        )
        assert column(mixed, "unit", "score") == [("X", "75.00"), ("Y", "70.00")]

    def test_the_printed_score_ties_where_the_exact_one_does_not(self):
        near = {"a": 19601, "b": 19600}
        assert column(simple(near, of=24000), "score", "place") == [("81.67", 1), ("81.67", 1)]
        exact = simple(near, of=24000, tie_basis="exact")
        assert column(exact, "unit", "place") == [("a", 1), ("b", 2)]

    @pytest.mark.parametrize(
        ("value", "printed"),
        [
            (Fraction(1, 200), 1),
            (Fraction(1, 201), 0),
            (Fraction(3, 200), 2),
            (Fraction(100), 10000),
        ],
    )
    def test_half_goes_up(self, value, printed):
        assert hundredths(value) == printed

    def test_places_are_1224(self):
        tied = {"a": 200, "b": 196, "c": 196, "d": 191, "e": 180}
        assert column(simple(tied), "place") == [1, 2, 2, 4, 5]

    @pytest.mark.parametrize(
        ("on_time", "due", "rate"),
        [(1, 1, Fraction(9, 11)), (0, 0, Fraction(4, 5)), (45, 50, Fraction(53, 60))],
    )
    def test_a_closing_rate_is_drawn_towards_the_mean(self, on_time, due, rate):
        assert shrunk(on_time, due, Fraction(4, 5), 10) == rate

    def test_the_closing_rate_is_mixed_in(self):
        sites = [site("1", "/c/a/", 80, 100), site("2", "/c/b/", 80, 100)]
        both = league(
            "x", entrant("a", closed_on_time=8, due=10), entrant("b", closed_on_time=0, due=0)
        )
        found = ranked(sites, both, closing={"weight_percent": 20, "prior": 10})
        assert column(found, "score") == ["80.00", "80.00"]
        nothing = ranked(sites, league("x", entrant("a")), closing={"weight_percent": 20})
        assert column(nothing, "score") == ["80.00"]


class TestRankPoints:
    """The district scores of 2018 come from places in twelve lists."""

    UNITS = ("sy", "jf", "mc", "sf", "zz")
    POINTS = (90, 85, 80, 75, 70)
    LISTS = (
        "90,90,70,75,80", "90,70,90,75,80", "75,80,90,85,70",
        "80,90,85,75,70", "80,85,90,75,70", "75,85,90,70,80",
    )  # fmt: skip

    def leagues(self):
        """Each list as a league of one line, with marks that make its places."""
        sites, found = [], []
        for number, points in enumerate(self.LISTS):
            line = f"l{number}"
            entrants = []
            for unit, each in zip(self.UNITS, points.split(","), strict=True):
                sites.append(site(f"{unit}{number}", f"/c/{unit}/", int(each), 100, line=line))
                entrants.append(entrant(f"{unit}-{line}", f"/c/{unit}/", lines=(line,)))
            found.append(league(line, *entrants))
        return sites, found

    def rules(self, components, **changes):
        terms = {"aggregation": "rank_points", "components": components, "points": [*self.POINTS]}
        return {"x": terms | changes}

    def test_six_lists_with_ties_give_their_points(self):
        sites, lists = self.leagues()
        districts = league("x", *(entrant(unit) for unit in self.UNITS), red=2)
        found = ranked(sites, districts, *lists, leagues=self.rules([f"l{n}" for n in range(6)]))
        assert column(found, "unit", "score") == [
            ("mc", "85.83"), ("jf", "83.33"), ("sy", "81.67"), ("sf", "75.83"), ("zz", "75.00"),
        ]  # fmt: skip

    def test_who_does_not_stand_in_a_list_gets_nothing_of_it_or_nothing_at_all(self):
        sites, lists = self.leagues()
        lists[0] = replace(lists[0], entrants=lists[0].entrants[1:])
        districts = league("x", *(entrant(unit) for unit in self.UNITS))
        for missing, score in (("skip", "90.00"), ("zero", "45.00")):
            found = ranked(
                sites, districts, *lists, leagues=self.rules(["l0", "l1"], missing=missing)
            )
            assert dict(column(found, "unit", "score"))["sy"] == score

    def test_the_best_of_several_counts(self):
        sites = [site("1", "/c/a/1/", 9, 10), site("2", "/c/a/2/", 8, 10)]
        squads = league("squads", entrant("s1", "/c/a/1/"), entrant("s2", "/c/a/2/"))
        wide = league("x", entrant("a"), entrant("b"))
        found = ranked(sites, wide, squads, leagues=self.rules(["squads"]))
        assert column(found, "unit", "score", "status") == [
            ("a", "90.00", "ranked"), ("b", None, "unscored"),
        ]  # fmt: skip

    def test_who_is_judged_in_two_districts_stands_for_none(self):
        sites = [site("1", "/c/a/", 9, 10), site("2", "/c/b/", 8, 10)]
        squads = league("squads", entrant("s", "/c/a/", "/c/b/"))
        found = ranked(sites, league("x", entrant("a")), squads, leagues=self.rules(["squads"]))
        assert column(found, "status") == ["unscored"]


class TestWhoIsRanked:
    def test_too_few_sites_or_a_missing_category_is_listed_and_not_ranked(self):
        sites = [
            site("1", "/c/a/", 9, 10), site("2", "/c/a/", 9, 10, category="market"),
            site("3", "/c/b/", 10, 10), site("4", "/c/c/", 10, 10), site("5", "/c/c/", 10, 10),
        ]  # fmt: skip
        all_ = league("x", *(entrant(name) for name in "abcd"))
        found = ranked(sites, all_, minimum_sites=2, required_categories=["market"])
        assert column(found, "unit", "status", "place", "score", "flag") == [
            ("a", "ranked", 1, "90.00", "red"),
            ("b", "incomplete", None, "100.00", None),
            ("c", "incomplete", None, "100.00", None),
            ("d", "unscored", None, None, None),
        ]

    def test_a_site_with_two_checklists_is_one_site(self):
        given = [
            visit("v1", "/c/a/", answer("1", 1, 2), site="s"),
            visit("v2", "/c/a/", answer("1", 2, 2), site="s", checklist="gc"),
        ]
        found = ranked_visits(given, league("x", entrant("a")))
        assert column(found, "score", "sites") == [("75.00", 1)]

    @pytest.mark.parametrize(("least", "thin"), [(60, True), (50, False), (0, False)])
    def test_a_visit_of_which_little_applied_is_thin(self, least, thin):
        from app.scoring.rules_inputs import marks_of

        given = visit("v", "/c/a/", answer("1", 5, 5), answer("2", 0, 5, na=True))
        read = book(not_applicable={"minimum_coverage_percent": least})
        assert marks_of(given, read).is_thin(read) is thin


class TestTies:
    def tied(self, chain, **changes):
        sites = [
            site("1", "/c/a/", 80, 100, vetoes=["fire"]),
            site("2", "/c/b/", 90, 100, category="market"),
            site("3", "/c/b/", 70, 100),
        ]
        both = league(
            "x", entrant("a", closed_on_time=1, due=1), entrant("b", closed_on_time=0, due=1)
        )
        return column(ranked(sites, both, tie_break=chain, **changes), "unit", "place")

    @pytest.mark.parametrize(
        ("chain", "expected"),
        [
            ([], [("a", 1), ("b", 1)]),
            (["fewer_vetoes"], [("b", 1), ("a", 2)]),
            (["heaviest_category"], [("a", 1), ("b", 2)]),
            (["earlier_finish"], [("a", 1), ("b", 1)]),
            (["earlier_finish", "fewer_vetoes"], [("b", 1), ("a", 2)]),
        ],
    )
    def test_the_chain_is_gone_through_before_a_place_is_shared(self, chain, expected):
        assert self.tied(chain) == expected

    def test_a_ticket_decides_at_last_and_for_anybody_alike(self):
        found = {tuple(self.tied(["ticket"], ticket_seed=str(n))) for n in range(20)}
        assert found == {(("a", 1), ("b", 2)), (("b", 1), ("a", 2))}


class TestFlagsAndMoney:
    @pytest.mark.parametrize(
        ("scores", "red", "blue", "flags"),
        [
            ("99 98 97 96", 1, 1, "r..b"),
            ("99 99 97 96", 1, 1, "rr.b"),
            ("99 98 96 96", 1, 1, "r..."),
            ("99 98 96 96", 1, 2, "r.bb"),
            ("99 96 96 95", 1, 2, "r..b"),
            ("99 99 99", 1, 1, "rrr"),
            ("99 98", 2, 1, "rr"),
            ("99", 1, 1, "r"),
            ("99 98 97", 0, 0, "..."),
            ("99 98 97", 5, 5, "rrr"),
        ],
    )
    def test_red_extends_and_blue_never_punishes_more_than_the_quota(
        self, scores, red, blue, flags
    ):
        given = {f"{n:02}": int(score) for n, score in enumerate(scores.split())}
        found = column(simple(given, of=100, red=red, blue=blue), "flag")
        assert "".join("." if flag is None else flag[0] for flag in found) == flags

    @pytest.mark.parametrize(
        ("scores", "fen"),
        [
            ("99 98 97", [400, 300, 0]),
            ("99 99 97", [350, 350, 0]),
            ("99 98 98 98", [400, 100, 100, 100]),
            ("99 98 98 98 98", [400, 75, 75, 75, 75]),
            ("98 98 98", [233, 233, 233]),
        ],
    )
    def test_shared_places_share_their_money_and_the_rest_stays(self, scores, fen):
        given = {f"{n:02}": int(score) for n, score in enumerate(scores.split())}
        found = simple(given, of=100, leagues={"x": {"award_fen": [400, 300]}})
        assert column(found, "award_fen") == fen
        assert found.data["award_fen"] == sum(fen)

    def test_who_is_barred_from_red_is_passed_over_with_the_money(self):
        sites = [
            site("1", "/c/a/", 99, 100, vetoes=["fire"]),
            site("2", "/c/b/", 98, 100), site("3", "/c/c/", 97, 100), site("4", "/c/d/", 96, 100),
        ]  # fmt: skip
        found = ranked(
            sites,
            league("x", *(entrant(name) for name in "abcd"), red=2),
            vetoes={"fire": {"effect": "bar_from_red"}},
            leagues={"x": {"award_fen": [400, 300]}},
        )
        assert column(found, "unit", "place", "flag", "award_fen", "passed_over") == [
            ("a", 1, None, 0, True),
            ("b", 2, "red", 400, False),
            ("c", 3, "red", 300, False),
            ("d", 4, "blue", 0, False),
        ]

    def test_money_that_needs_support_is_held_without_it(self):
        from app.scoring.rules import read_rulebook
        from app.scoring.rules_inputs import Inputs
        from app.scoring.rules_official import official
        from tests.rules.marked import rules

        written = rules(supported_required=True, leagues={"x": {"award_fen": [400, 300]}})
        sites = [site("1", "/c/a/", 9, 10), site("2", "/c/b/", 8, 10)]
        labels = {("x", "a"): "provisional", ("x", "b"): "supported"}
        inputs = Inputs((league("x", entrant("a"), entrant("b")),), tuple(sites), labels)
        found = official(inputs, read_rulebook(written), written)
        assert column(found, "award_fen", "award_held", "label") == [
            (400, True, "provisional"), (300, False, "supported"),
        ]  # fmt: skip
        assert found.data["award_fen"] == 300

    def test_an_unpublished_list_has_no_flags(self):
        found = simple(SCORES, leagues={"x": {"published": False}})
        assert set(column(found, "flag")) == {None}


class TestChanges:
    def test_two_results_differ_in_what_moved_and_in_nothing_else(self):
        before = simple(SCORES, red=2)
        after = simple(SCORES | {"c": 197}, red=2)
        found = {one.entrant: (one.before, one.after) for one in moved(before.data, after.data)}
        assert found == {
            "b": ({"place": 2, "flag": "red"}, {"place": 3, "flag": None}),
            "c": (
                {"place": 3, "score": "81.25", "flag": None},
                {"place": 2, "score": "82.08", "flag": "red"},
            ),
        }
        assert moved(before.data, before.data) == []

    def test_who_comes_or_goes_is_named(self):
        before, after = simple({"a": 9}), simple({"a": 9, "b": 8})
        [came] = moved(before.data, after.data)
        assert (came.entrant, came.before, came.after["place"]) == ("b", None, 2)
        [went] = moved(after.data, before.data)
        assert (went.entrant, went.after, went.before["place"]) == ("b", None, 2)


# -- what holds for any round ---------------------------------------------------------------------

VETOES = {
    "zero": {"effect": "zero_site"},
    "cap": {"effect": "cap", "points": "59.5"},
    "deduct": {"effect": "deduct", "points": 20},
    "bar": {"effect": "bar_from_red"},
    "all": {"effect": "zero_entrant"},
}
_answers = st.builds(
    lambda item, earned, weight, line, veto, na: answer(
        item, min(earned, weight), weight, line=line, veto=veto, na=na
    ),
    st.sampled_from("12345"),
    st.integers(0, 6),
    st.integers(1, 6),
    st.sampled_from("lm"),
    st.sampled_from([None, None, None, *VETOES]),
    st.booleans(),
)
_visits = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["road", "market"]),
        st.lists(_answers, min_size=1, max_size=5, unique_by=lambda one: one.item),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        visit(f"v{n}", f"/c/{unit}/", *answers, category=category)
        for n, (unit, category, answers) in enumerate(rows)
    ]
)
_books = st.fixed_dictionaries(
    {
        "aggregation": st.sampled_from(["score_rate", "mean_of_sites", "category_mix"]),
        "category_weights": st.just({"road": 2, "market": 1}),
        "tie_basis": st.sampled_from(["published", "exact"]),
        "tie_break": st.lists(
            st.sampled_from(["fewer_vetoes", "heaviest_category", "earlier_finish"]), unique=True
        ),
        "vetoes": st.just(VETOES),
        "not_applicable": st.builds(
            lambda policy: {"default": policy}, st.sampled_from(["exclude", "full", "zero"])
        ),
        "leagues": st.just(
            {
                "x": {"award_fen": [500, 200, 100]},
                "p": {"aggregation": "rank_points", "components": ["x", "y"], "points": [9, 8]},
            }
        ),
    }
)


def whole(visits, rules, order=lambda rows: rows):
    """Four units in three leagues, one of them by line and one by points."""
    everyone = order([entrant(name) for name in "abcd"])
    by_line = order([entrant(f"{name}-l", f"/c/{name}/", lines=("l",)) for name in "abcd"])
    leagues = order(
        [league("x", *everyone), league("y", *by_line, blue=2), league("p", *everyone, red=2)]
    )
    return ranked_visits(order(visits), *leagues, **rules)


@given(_visits, _books, st.randoms(use_true_random=False))
def test_no_order_of_arrival_or_of_units_and_no_repetition_changes_a_byte(visits, rules, random):
    def shuffled(rows):
        mixed = list(rows)
        random.shuffle(mixed)
        return mixed

    doubled = [
        replace(one, answers=shuffled([*one.answers, *one.answers])) for one in [*visits, *visits]
    ]
    first, second = whole(visits, rules), whole(doubled, rules, shuffled)
    assert first.content == second.content
    assert first.digest == second.digest
    assert {one.id: one.digest for one in visits} == {one.id: one.digest for one in doubled}


@given(_visits, _books, st.data())
def test_raising_an_answer_never_lowers_who_it_counts_for(visits, rules, data):
    improvable = [
        (v, a)
        for v, one in enumerate(visits)
        for a, given_ in enumerate(one.answers)
        if given_.earned < given_.possible
    ]
    if not improvable:
        return
    v, a = data.draw(st.sampled_from(improvable))
    better = list(visits[v].answers)
    better[a] = replace(better[a], earned=better[a].earned + 1, value="better")
    raised = [*visits]
    raised[v] = replace(visits[v], answers=better)
    unit = visits[v].area_path.split("/")[-2]
    before, after = whole(visits, rules), whole(raised, rules)
    for code, name in (("x", unit), ("y", f"{unit}-l"), ("p", unit)):
        first, second = (
            next(row for row in entries(one, code) if row["entrant"] == name)
            for one in (before, after)
        )
        if first["place"] is not None:
            assert second["place"] <= first["place"], code
            assert second["award_fen"] >= first["award_fen"] or first["passed_over"], code


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=12),
    st.integers(0, 4),
    st.integers(0, 4),
    st.lists(st.integers(0, 1000), max_size=5).map(lambda fen: sorted(fen, reverse=True)),
    st.sets(st.integers(0, 11)),
)
def test_flags_and_money_hold_for_any_league(scores, red, blue, fen, barred):
    sites = [
        site(f"{n}", f"/c/{n:02}/", score, 12, vetoes=["bar"] if n in barred else [])
        for n, score in enumerate(scores)
    ]
    units = league("x", *(entrant(f"{n:02}") for n in range(len(scores))), red=red, blue=blue)
    found = ranked(sites, units, vetoes={"bar": VETOES["bar"]}, leagues={"x": {"award_fen": fen}})
    rows = entries(found)
    reds = [row for row in rows if row["flag"] == "red"]
    blues = [row for row in rows if row["flag"] == "blue"]
    is_barred = {f"{n:02}" for n in barred}
    assert not {row["unit"] for row in reds} & is_barred
    assert all(not row["award_fen"] for row in rows if row["unit"] in is_barred)
    assert len(blues) <= blue
    eligible = [row for row in rows if row["unit"] not in is_barred]
    assert len(reds) >= min(red, len(eligible))
    if red and len(reds) > red:
        assert len({row["place"] for row in reds[red - 1 :]}) == 1
    for colour in (reds, blues):
        for place in {row["place"] for row in colour}:
            group = [row for row in rows if row["place"] == place]
            outside = [row for row in group if row["flag"] != colour[0]["flag"]]
            assert all(row["unit"] in is_barred or row["flag"] == "red" for row in outside)
    paid = [row["award_fen"] for row in eligible]
    assert paid == sorted(paid, reverse=True)
    assert sum(paid) <= sum(fen)
    for place in {row["place"] for row in eligible}:
        assert len({row["award_fen"] for row in eligible if row["place"] == place}) == 1


def test_data_is_written_in_one_way():
    assert canonical({"b": 1, "a": "区"}) == '{"a":"区","b":1}'.encode()
    assert entrant_key("410802", "f" * 64) == "410802:ffffffffffff"
