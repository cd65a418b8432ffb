"""Why a place is what it is: the worked vectors, and sums that leave nothing over."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring import rules_moving
from app.scoring.rules_explaining import explain, in_whole, next_ahead
from app.scoring.rules_hanging import hanging
from app.scoring.rules_inputs import inputs_of
from app.scoring.rules_losses import Cause, losses_of, lost_answers
from app.scoring.rules_moving import Goal, fewest, goal_of, least_gain
from app.scoring.rules_moving_points import Givers, fewest_for_points, people_of
from app.scoring.rules_official import official
from tests.rules.marked import answer, book, entrant, league, rules, visit

HALF = Fraction(1, 2)


class Case:
    """A league of entrants over visits under a rulebook."""

    def __init__(self, visits, *entrants, **changes):
        self.visits = visits
        self.book = book(**changes)
        given = league("x", *entrants)
        self.result = official(
            inputs_of(visits, [given], self.book), self.book, rules(**changes)
        ).leagues[0]
        self.terms = self.result.terms
        self.standings = self.result.standings
        self.by_key = {one.entrant.key: one for one in self.standings}

    def lost(self, standing):
        return lost_answers(self.visits, self.book, standing.entrant)

    def explain(self, key):
        return explain(self.by_key[key], self.standings, self.lost, self.terms, self.book)

    def fewest(self, key, **how):
        one = self.by_key[key]
        ahead = next_ahead(one, self.standings)
        return fewest(one, self.lost(one), goal_of(ahead, self.book, **how), self.terms, self.book)

    def hanging(self, key):
        return hanging(self.by_key[key], self.standings, self.terms, self.book)

    def with_right(self, key, answers, **changes):
        """The same league once these answers earn all."""
        right = {(one.visit, one.item) for one in answers}
        visits = [
            visit_with(
                one,
                [
                    given._replace_earned()
                    if (one.id, f"{one.checklist}/{given.item}") in right
                    else given
                    for given in map(Right, one.answers)
                ],
            )
            for one in self.visits
        ]
        return Case(visits, *(one.entrant for one in self.standings), **changes)


class Right:
    """An answer that can be put right."""

    def __init__(self, given):
        self.given = given
        self.item = given.item

    def _replace_earned(self):
        full = self.given.weight
        return answer(self.item, full, full, line=self.given.line, veto=self.given.veto)


def visit_with(one, answers):
    answers = [getattr(given, "given", given) for given in answers]
    return visit(
        one.id, one.area_path, *answers,
        site=one.site, category=one.category, checklist=one.checklist,
    )  # fmt: skip


def pupils(name, earned, possible):
    """A site whose answers are worth one point each, as many right as were earned."""
    given = [answer(f"i{n}", int(n < earned), 1) for n in range(possible)]
    return visit(name, f"/c/{name}/", *given)


@pytest.mark.parametrize(
    ("mine", "theirs", "gain", "level"),
    [
        ((195, 240), (196, 240), 2, 1),
        ((180, 240), (191, 240), 12, 11),
        ((45, 60), (49, 60), 5, 4),
        ((70, 90), (47, 60), 1, 1),
    ],
)
class TestWhatWouldHaveChangedThePlace:
    def test_the_least_gain(self, mine, theirs, gain, level):
        ahead = 100 * Fraction(*theirs)
        assert least_gain(*mine, Goal(ahead, passed=True)) == gain
        assert least_gain(*mine, Goal(ahead, passed=False)) == level

    def test_the_fewest_answers(self, mine, theirs, gain, level):
        case = Case(
            [pupils("u", *mine), pupils("v", *theirs)],
            entrant("u"), entrant("v"), tie_basis="exact",
        )  # fmt: skip
        found = case.fewest("u")
        assert (len(found.answers), found.smallest) == (gain, True)
        assert len(case.fewest("u", level=True).answers) == level
        again = case.with_right("u", found.answers, tie_basis="exact")
        assert (again.by_key["u"].place, again.by_key["v"].place) == (1, 2)


class TestTheGap:
    def test_each_lost_point_has_its_part(self):
        case = Case(
            [
                visit("u", "/c/u/", answer("lamp", 0, 10), answer("road", 6, 10)),
                visit("v", "/c/v/", answer("lamp", 8, 10), answer("road", 7, 10)),
            ],
            entrant("u"), entrant("v"),
        )  # fmt: skip
        found = case.explain("u")
        assert found.ahead.entrant.key == "v"
        assert found.gap == 45
        assert [(part.cause, part.key, part.own, part.other) for part in found.parts] == [
            ("answer", "bj/lamp", 50, 10), ("answer", "bj/road", 20, 15),
        ]  # fmt: skip
        assert [part.points / found.gap for part in found.parts] == [
            Fraction(8, 9), Fraction(1, 9),
        ]  # fmt: skip
        assert [(one.item, points) for one, points in found.losses.answers] == [
            ("bj/lamp", 50), ("bj/road", 20),
        ]  # fmt: skip

    def test_the_first_and_those_without_a_place_have_nobody_ahead(self):
        case = Case(
            [pupils("u", 1, 2), pupils("v", 2, 2)],
            entrant("u"), entrant("v"), entrant("w"), minimum_sites=1,
        )  # fmt: skip
        found = case.explain("v")
        assert (found.ahead, found.gap, found.parts) == (None, None, ())
        assert next_ahead(case.by_key["w"], case.standings) is None

    def test_who_shares_a_place_looks_at_the_next_better_one(self):
        case = Case(
            [pupils(name, n, 10) for name, n in zip("uvwx", (5, 8, 5, 9), strict=True)],
            *map(entrant, "uvwx"),
        )
        assert [one.place for one in case.standings] == [1, 2, 3, 3]
        assert case.explain("u").ahead.entrant.key == "v"
        assert case.explain("w").ahead.entrant.key == "v"

    def test_simpsons_towns_are_explained_by_the_mix(self):
        def marked(name, earned, category, n):
            return visit(
                f"{name}{category}{n}", f"/c/{name}/", answer("i", earned, 100), category=category
            )

        visits = [marked("x", 90, "road", n) for n in range(2)]
        visits += [marked("x", 60, "market", n) for n in range(8)]
        visits += [marked("y", 85, "road", n) for n in range(8)]
        visits += [marked("y", 55, "market", n) for n in range(2)]
        raw = Case(visits, entrant("x"), entrant("y"))
        assert raw.explain("x").gap == 79 - 66
        fixed = Case(
            visits, entrant("x"), entrant("y"),
            aggregation="category_mix", category_weights={"road": 1, "market": 1},
        )  # fmt: skip
        found = fixed.explain("y")
        assert found.gap == 5
        assert sum(part.points for part in found.parts) == 5

    def test_a_printed_gap_takes_in_what_was_rounded_off(self):
        case = Case([pupils("u", 1, 3), pupils("v", 2, 3)], entrant("u"), entrant("v"))
        found = case.explain("u")
        assert found.gap == Fraction("66.67") - Fraction("33.33")
        assert {part.cause for part in found.parts} == {Cause.ANSWER, Cause.ROUNDING}
        assert sum(part.points for part in found.parts) == found.gap

    @pytest.mark.parametrize(
        ("veto", "taken"),
        [
            ({"effect": "zero_site"}, Fraction(2700, 35)),
            ({"effect": "cap", "points": 60}, Fraction(2700, 35) - 60),
            ({"effect": "deduct", "points": 20}, 20),
            ({"effect": "zero_entrant"}, Fraction(2700, 35)),
        ],
    )
    def test_a_veto_is_a_step_of_its_own(self, veto, taken):
        given = [
            answer("a", 10, 10), answer("b", 5, 10, veto="z"), answer("c", 0, 5, na=True),
            answer("d", 12, 15),
        ]  # fmt: skip
        case = Case(
            [visit("u", "/c/u/", *given), pupils("v", 9, 10)],
            entrant("u"), entrant("v"), vetoes={"z": veto}, tie_basis="exact",
        )  # fmt: skip
        found = case.explain("u")
        causes = {part.cause: part.own for part in found.parts if part.cause is not Cause.ANSWER}
        assert list(causes.values()) == [taken]
        assert sum(part.points for part in found.parts) == found.gap

    def test_closing_and_points_are_parts_too(self):
        case = Case(
            [pupils("u", 8, 10), pupils("v", 9, 10)],
            entrant("u", due=10, closed_on_time=2), entrant("v", due=10, closed_on_time=8),
            closing={"weight_percent": 20},
        )  # fmt: skip
        found = case.explain("u")
        assert found.gap == 8 + 6
        assert [(part.cause, part.key, part.points) for part in found.parts] == [
            ("answer", "bj/i8", 8), ("closing_rate", "", 6), ("answer", "bj/i9", 0),
        ]  # fmt: skip

    def test_places_in_other_lists_are_parts_of_points(self):
        visits = [
            visit(f"{name}{line}", f"/c/{name}/", answer("i", earned, 10, line=line))
            for name, line, earned in (("u", "p", 5), ("v", "p", 9), ("u", "q", 8), ("v", "q", 8))
        ]
        lists = [league(line, *(entrant(f"{name}{line}", f"/c/{name}/", lines=(line,))
                 for name in "uv")) for line in "pq"]  # fmt: skip
        changes = {
            "leagues": {
                "x": {"aggregation": "rank_points", "components": ["p", "q"], "points": [90, 80]}
            }
        }
        whole = league("x", entrant("u"), entrant("v"))
        read = book(**changes)
        result = official(inputs_of(visits, [whole, *lists], read), read, rules(**changes))
        one = next(found for found in result.leagues if found.league.code == "x")
        found = explain(one.standings[1], one.standings, lambda _: [], one.terms, read)
        assert (found.standing.entrant.key, found.gap) == ("u", 5)
        assert [(part.cause, part.key, part.points) for part in found.parts] == [
            ("component", "p", 5),
        ]  # fmt: skip
        assert found.losses.base == 90
        goal = goal_of(one.standings[0], read)
        assert fewest(one.standings[1], [], goal, one.terms, read) is None

    def test_a_place_by_points_is_won_in_the_lists_that_give_them(self):
        """Against every set of answers: the district's own people pass others, in either list."""
        earned = {
            ("u", "p"): (6, 10), ("v", "p"): (9, 10), ("w", "p"): (7, 10),
            ("u", "q"): (5, 10), ("v", "q"): (7, 10), ("w", "q"): (9, 10),
        }  # fmt: skip

        def outcome(right):
            visits = [
                visit(
                    f"{name}{line}", f"/c/{name}/",
                    *(
                        answer(f"i{n}", int(n < got or (name, line, n) in right), 1, line=line)
                        for n in range(of)
                    ),
                )
                for (name, line), (got, of) in earned.items()
            ]  # fmt: skip
            lists = [
                league(line, *(entrant(f"{name}{line}", f"/c/{name}/", lines=(line,))
                               for name in "uvw"))
                for line in "pq"
            ]  # fmt: skip
            terms = {"aggregation": "rank_points", "components": ["p", "q"], "points": [90, 80, 60]}
            changes = {"leagues": {"x": terms}}
            read = book(**changes)
            whole = league("x", *map(entrant, "uvw"))
            given = inputs_of(visits, [whole, *lists], read)
            found = {
                one.league.code: one for one in official(given, read, rules(**changes)).leagues
            }
            return visits, read, found

        def behind(found):
            places = {one.entrant.key: one.place for one in found["x"].standings}
            return [name for name in "vw" if places[name] > places["u"]]

        visits, read, found = outcome(())
        givers = Givers(
            {code: found[code].standings for code in "pq"},
            {code: found[code].terms for code in "pq"},
        )
        one = next(one for one in found["x"].standings if one.entrant.key == "u")
        lost = {
            person.entrant.key: lost_answers(visits, read, person.entrant)
            for person in people_of(one, givers)
        }
        move = fewest_for_points(one, found["x"].standings, givers, lost, found["x"].terms, read)
        right = {(lost.site[0], lost.line, int(lost.item[-1])) for lost in move.answers}
        assert (behind(found), len(behind(outcome(right)[2]))) == ([], 1)
        assert move.smallest
        every = [("u", line, n) for line, got in (("p", 6), ("q", 5)) for n in range(got, 10)]
        for fewer in combinations(every, len(move.answers) - 1):
            assert not behind(outcome(fewer)[2])
        shared = replace(givers, standings=givers.standings | {"r": givers.standings["p"]})
        assert (
            fewest_for_points(one, found["x"].standings, shared, lost, found["x"].terms, read)
            is None
        )

    def test_answers_of_another_time_are_refused(self):
        case = Case([pupils("u", 1, 3), pupils("v", 2, 3)], entrant("u"), entrant("v"))
        with pytest.raises(ValueError, match="not the answers that u was scored by"):
            losses_of(case.by_key["u"], case.lost(case.by_key["u"])[:1], case.terms)


class TestVetoedSites:
    """One site is at nothing for a failed veto; the others lose little by little."""

    def case(self, effect, *more):
        given = [answer("v", 0, 10, veto="z"), answer("a", 40, 40), answer("b", 0, 10), *more]
        loose = [
            visit(f"s{n}", "/c/u/", answer("c", 15, 20), answer("d", 19, 20)) for n in range(4)
        ]
        return Case(
            [visit("s", "/c/u/", *given), *loose, pupils("v", 80, 100)],
            entrant("u"), entrant("v"), vetoes={"z": effect}, tie_basis="exact",
        )  # fmt: skip

    def test_lifting_the_veto_is_one_answer(self):
        case = self.case({"effect": "zero_site"})
        found = case.fewest("u")
        assert [one.item for one in found.answers] == ["bj/v"]
        assert case.explain("u").losses.parts[Cause.VETO, "z"] > 0

    def test_a_class_is_lifted_once_all_its_answers_are_right(self):
        case = self.case({"effect": "zero_site"}, answer("w", 0, 5, veto="z"))
        found = case.fewest("u")
        assert {"bj/v", "bj/w"} <= {one.item for one in found.answers}
        assert found.smallest

    def test_of_very_many_answers_the_smallest_set_is_mostly_proved(self):
        vetoed = [
            visit(f"s{n}", "/c/u/", answer("v", 0, 10, veto="z"), answer("a", n % 7, 10))
            for n in range(500)
        ]
        case = Case(
            [*vetoed, pupils("v", 99, 100)], entrant("u"), entrant("v"),
            vetoes={"z": {"effect": "cap", "points": 20}},
        )  # fmt: skip
        found = case.fewest("u")
        assert len(found.answers) > 300
        assert found.smallest

    def test_a_cap_leaves_nothing_to_the_other_answers(self):
        case = self.case({"effect": "cap", "points": 10})
        assert [one.item for one in case.fewest("u").answers] == ["bj/v"]

    def test_where_even_all_would_not_do_there_is_none(self):
        case = Case([pupils("u", 1, 2), pupils("v", 2, 2)], entrant("u"), entrant("v"))
        assert case.fewest("u") is None
        assert len(case.fewest("u", level=True).answers) == 1

    def test_a_zeroed_entrant_puts_its_veto_right_first(self):
        case = Case(
            [
                visit("s", "/c/u/", answer("v", 0, 10, veto="z"), answer("a", 30, 90)),
                pupils("v", 50, 100),
            ],
            entrant("u"), entrant("v"), vetoes={"z": {"effect": "zero_entrant"}},
        )  # fmt: skip
        assert case.by_key["u"].score == 0
        assert [one.item for one in case.fewest("u").answers] == ["bj/v", "bj/a"]


class TestHanging:
    def case(self, **changes):
        return Case(
            [
                *(visit(f"u{n}", "/c/u/", answer("i", e, 100)) for n, e in enumerate((90, 80, 20))),
                *(visit(f"v{n}", "/c/v/", answer("i", e, 100)) for n, e in enumerate((70, 72))),
                *(visit(f"w{n}", "/c/w/", answer("i", 60, 100)) for n in range(2)),
            ],
            *map(entrant, "uvw"), **changes,
        )  # fmt: skip

    @pytest.mark.parametrize("aggregation", ["score_rate", "mean_of_sites", "category_mix"])
    def test_one_visit_may_decide(self, aggregation):
        case = self.case(aggregation=aggregation, category_weights={"road": 2})
        found = case.hanging("u")
        assert (found.place, found.sites) == (2, 3)
        assert [(one.site, one.score, one.place) for one in found.changing] == [
            ("u0", 50, 3), ("u1", 55, 3), ("u2", 85, 1),
        ]  # fmt: skip
        assert case.hanging("v").changing == ()

    def test_a_category_that_is_gone_drops_out_of_the_mix(self):
        case = Case(
            [
                visit("r", "/c/u/", answer("i", 90, 100)),
                visit("m", "/c/u/", answer("i", 10, 100), category="market"),
                pupils("v", 6, 10),
            ],
            entrant("u"), entrant("v"),
            aggregation="category_mix", category_weights={"road": 1, "market": 1},
        )  # fmt: skip
        found = case.hanging("u")
        assert [(one.site, one.score, one.place) for one in found.changing] == [("m", 90, 1)]

    def test_the_only_site_is_all_there_is(self):
        case = Case([pupils("u", 1, 2), pupils("v", 2, 2)], entrant("u"), entrant("v"))
        assert [(one.site, one.place) for one in case.hanging("u").changing] == [("u", None)]

    def test_what_does_not_come_from_sites_hangs_on_none(self):
        case = Case([pupils("u", 1, 2)], entrant("u"), entrant("v"))
        assert case.hanging("v") is None


_ANSWERS = st.tuples(
    st.sampled_from("uvw"), st.integers(0, 3), st.sampled_from("abcd"),
    st.integers(1, 20), st.integers(0, 20), st.sampled_from([None, None, None, "z", "y"]),
    st.booleans(),
)  # fmt: skip
_RULES = st.fixed_dictionaries(
    {
        "aggregation": st.sampled_from(["score_rate", "mean_of_sites", "category_mix"]),
        "category_weights": st.just({"road": 3, "market": 1}),
        "tie_basis": st.sampled_from(["published", "exact"]),
        "vetoes": st.fixed_dictionaries(
            {
                "z": st.sampled_from(
                    [{"effect": "zero_site"}, {"effect": "cap", "points": 30}, {"effect": "none"}]
                ),
                "y": st.sampled_from(
                    [{"effect": "deduct", "points": 7}, {"effect": "zero_entrant"}]
                ),
            }
        ),
        "not_applicable": st.sampled_from(
            [{"default": one} for one in ("exclude", "full", "zero")]
        ),
        "closing": st.sampled_from([{"weight_percent": 0}, {"weight_percent": 15}]),
    }
)


def _case(rows, changes):
    visits = {}
    for name, number, item, weight, earned, veto, na in rows:
        given = answer(item, min(earned, weight), weight, veto=veto, na=na and veto is None)
        visits.setdefault((name, number), {})[item] = given
    made = [
        visit(f"{name}{n}", f"/c/{name}/", *found.values(), category=("road", "market")[n % 2])
        for (name, n), found in visits.items()
    ]
    entrants = [entrant(name, due=n, closed_on_time=n // 2) for n, name in enumerate("uvw")]
    return Case(made, *entrants, **changes)


@given(st.lists(_ANSWERS, min_size=1, max_size=25), _RULES)
def test_the_parts_sum_to_the_gap_exactly(rows, changes):
    case = _case(rows, changes)
    for one in case.standings:
        if one.score is None:
            continue
        found = case.explain(one.entrant.key)
        assert found.losses.base - sum(found.losses.parts.values()) == one.score
        if found.ahead is not None:
            assert sum(part.points for part in found.parts) == found.gap
            assert found.gap >= 0
            printed = in_whole([part.points for part in found.parts], 100)
            assert sum(printed) == (200 * found.gap + 1) // 2


@given(st.lists(_ANSWERS, min_size=1, max_size=12), _RULES)
def test_the_fewest_answers_do_move_it_and_fewer_do_not(rows, changes):
    """Against trying every set of answers there is."""
    case = _case(rows, {**changes, "closing": {"weight_percent": 0}})
    for one in case.standings:
        ahead = next_ahead(one, case.standings)
        if ahead is None:
            continue
        lost = case.lost(one)
        goal = goal_of(ahead, case.book)
        found = fewest(one, lost, goal, case.terms, case.book)

        def does(answers, key=one.entrant.key, goal=goal):
            again = case.with_right(key, answers, **changes | {"closing": {"weight_percent": 0}})
            return goal.is_reached(again.by_key[key].score)

        if found is None:
            assert not does(lost)
            continue
        assert does(found.answers)
        assert found.smallest
        assert len(set(found.answers)) == len(found.answers)
        with patch.object(rules_moving, "_MOST", 0):  # as of very many answers
            quick = fewest(one, lost, goal, case.terms, case.book)
        assert does(quick.answers)
        assert len(quick.answers) >= len(found.answers)
        assert not quick.smallest or len(quick.answers) == len(found.answers)
        if len(lost) <= 6:
            size = len(found.answers) - 1
            assert not any(does(answers) for answers in combinations(lost, size))


def told(found):
    one = found.standing
    return one.place, one.score, one.tally.sites, found.losses, found.gap, found.parts


@given(st.lists(_ANSWERS, min_size=1, max_size=25), _RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_visits_does_not_matter(rows, changes, random):
    case = _case(rows, changes)
    shuffled = Case(
        random.sample(case.visits, len(case.visits)),
        *(one.entrant for one in case.standings), **changes,
    )  # fmt: skip
    for one in case.standings:
        key = one.entrant.key
        if one.score is not None:
            assert told(case.explain(key)) == told(shuffled.explain(key))
        assert case.hanging(key) == shuffled.hanging(key)


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        ([Fraction(1, 3)] * 3, [34, 33, 33]),
        ([HALF, HALF], [50, 50]),
        ([Fraction(2, 3), Fraction(-1, 3)], [67, -34]),
        ([], []),
    ],
)
def test_what_is_printed_adds_up_too(values, whole):
    assert in_whole(values, 100) == whole
