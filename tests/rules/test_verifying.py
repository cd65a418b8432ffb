"""A folder whose answers, rules or result were touched is found out, and what was is named."""

import copy
from dataclasses import replace

import pytest

from app.scoring.rules_inputs import digest_of_visits
from app.scoring.rules_verifying import (
    AnswerRead,
    Check,
    Claimed,
    Flaw,
    VisitRead,
    digest_of_answer,
    digest_of_inputs,
)
from app.scoring.rules_written import read_labels, read_leagues, written_leagues
from tests.rules.marked import answer, entrant, league, ranked_visits, rules, visit

LEAGUE = league("x", *(entrant(name) for name in "abc"))
VISITS = [
    visit(f"v-{name}", f"/c/{name}/", answer("1", 10 - lost, 10), answer("2", 5, 5))
    for lost, name in enumerate("abc")
]
RULES = rules(leagues={"x": {"award_fen": [400]}})


def read(one):
    answers = tuple(AnswerRead(each, digest_of_answer(each)) for each in one.answers)
    return VisitRead(one, one.digest, answers)


def claimed(**changes):
    visits = digest_of_visits({one.id: one.digest for one in VISITS})
    written = written_leagues([LEAGUE], {})
    result = ranked_visits(VISITS, LEAGUE, leagues=RULES["leagues"])
    inputs = digest_of_inputs(visits, written)
    true = Claimed(RULES, written, copy.deepcopy(result.data), visits, inputs, result.digest)
    return replace(true, **changes)


def untrue(visits=None, said=None):
    check = Check(said or claimed())
    for one in visits or [read(one) for one in VISITS]:
        check.take(one)
    return {(one.flaw, one.where): (one.found, one.true) for one in check.finish()}


def test_a_true_folder_has_no_flaw():
    assert untrue() == {}


def test_a_changed_answer_is_named_with_all_that_it_would_move():
    visits = [read(one) for one in VISITS]
    worse = replace(VISITS[0].answers[0], earned=0, value="0")
    changed = (AnswerRead(worse, visits[0].answers[0].digest), visits[0].answers[1])
    given = replace(VISITS[0], answers=[one.answer for one in changed])
    found = untrue([VisitRead(given, visits[0].digest, changed), *visits[1:]])
    assert (Flaw.ANSWER, "v-a v-a 1") in found
    assert found[Flaw.RESULT, "x a place"] == ("1", "3")
    assert found[Flaw.RESULT, "x a award_fen"] == ("400", "0")
    assert not [where for flaw, where in found if flaw is Flaw.VISIT]


@pytest.mark.parametrize("rest", [0, 1])
def test_answers_that_are_gone_are_named_by_their_visit(rest):
    visits = [read(one) for one in VISITS]
    kept = visits[2].answers[:rest]
    given = replace(VISITS[2], answers=[one.answer for one in kept])
    found = untrue([*visits[:2], VisitRead(given, visits[2].digest, kept)])
    assert (Flaw.VISIT, "v-c v-c") in found


def test_a_visit_that_is_moved_elsewhere_is_named():
    visits = [read(one) for one in VISITS]
    moved = replace(visits[0], visit=replace(VISITS[0], area_path="/c/b/"))
    assert (Flaw.VISIT, "v-a v-a") in untrue([moved, *visits[1:]])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("place", 2, ("2", "1")),
        ("award_fen", 500, ("500", "400")),
        ("score", "99.99", ("99.99", "100.00")),
        ("flag", "blue", ("blue", "red")),
    ],
)
def test_a_changed_place_or_yuan_is_named(name, value, told):
    said = claimed()
    said.result["leagues"][0]["entries"][0][name] = value
    assert untrue(said=said) == {(Flaw.RESULT, f"x a {name}"): told}


def test_an_entrant_or_a_league_that_is_left_out_is_named():
    said = claimed()
    del said.result["leagues"][0]["entries"][2]
    assert untrue(said=said)[Flaw.RESULT, "x c place"] == ("-", "3")
    assert untrue(said=claimed(result=said.result | {"leagues": []}))[Flaw.RESULT, "x"]


def test_other_rules_inputs_and_digests_are_told():
    other = RULES | {"tie_basis": "exact"}
    assert (Flaw.RULEBOOK, "rulebook.json") in untrue(said=claimed(rules=other))
    fewer = written_leagues([replace(LEAGUE, red=0)], {})
    assert (Flaw.INPUTS, "inputs.json") in untrue(said=claimed(written=fewer))
    assert (Flaw.INPUTS, "answers.csv") in untrue(said=claimed(visits_digest="x"))
    assert set(untrue(said=claimed(digest="x"))) == {(Flaw.DIGEST, "manifest.json")}


def test_written_inputs_are_read_as_they_were():
    labels = {("x", "a"): "supported"}
    given = league("x", entrant("a", lines=("l",), closed_on_time=1, due=2), entrant("b"))
    written = written_leagues([given], labels)
    assert read_leagues(written) == (given,)
    assert read_labels(written) == labels
