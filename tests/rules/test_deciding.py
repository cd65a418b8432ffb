"""Money that waits for support: labels follow from the result, and the result from the labels."""

from dataclasses import replace

from app.scoring.rules_deciding import decided, wants_support
from app.scoring.rules_inputs import Inputs, canonical
from app.scoring.rules_official import official, standings_of
from app.scoring.rules_recalling import recalled
from app.scoring.rules_written import read_labels, read_leagues, written_leagues
from app.scoring.wording import ALL_OVERLAP, NOT_KNOWN, sentence_on, sentence_on_inspectors
from tests.rules.marked import book, entrant, league, rules
from tests.rules.test_companion import sites_of

SCORES = {"a": 90, "b": 86, "c": 80, "d": 79, "e": 70}
GATED = {"leagues": {"x": {"award_fen": [400, 300], "supported_required": True}}}


def given(spread, **changes):
    leagues = (league("x", *map(entrant, SCORES)), league("y", *map(entrant, "ab")))
    return Inputs(leagues, tuple(sites_of(SCORES, spread=spread)), **changes)


def money(found):
    entries = next(one for one in found.result.data["leagues"] if one["code"] == "x")["entries"]
    return [(row["award_fen"], row["award_held"], row["label"]) for row in entries[:3]]


def decide(inputs, changes):
    return decided(inputs, book(**changes), rules(**changes), [])


def test_money_waits_for_what_is_not_supported():
    sure, unsure = decide(given(2), GATED), decide(given(30), GATED)
    assert money(sure) == [(400, False, "supported"), (300, False, "supported"), (0, False, None)]
    assert [held for _, held, _ in money(unsure)] == [True, True, False]
    assert {label for league_, label in unsure.inputs.labels.items() if league_[0] == "y"} == set()


def test_the_result_follows_from_its_inputs_with_their_labels_alone():
    found = decide(given(30), GATED)
    again = official(found.inputs, book(**GATED), rules(**GATED))
    assert again.content == found.result.content
    written = written_leagues(found.inputs.leagues, found.inputs.labels)
    whole = replace(found.inputs, leagues=read_leagues(written), labels=read_labels(written))
    assert official(whole, book(**GATED), rules(**GATED)).digest == found.result.digest


def test_labels_that_inputs_came_with_do_not_matter():
    forged = given(30, labels={("x", "a"): "supported", ("x", "b"): "supported"})
    assert decide(forged, GATED).result.content == decide(given(30), GATED).result.content


def test_without_such_a_league_nothing_is_labelled_in_the_result():
    found = decide(given(6), {})
    assert found.inputs.labels == {}
    assert found.companion.seed == found.result.digest
    assert b'"label":"supported"' not in canonical(found.result.data)
    assert not wants_support(given(6), book())
    assert wants_support(given(6), book(**GATED))


def test_a_league_is_recalled_from_its_result():
    points = {"aggregation": "rank_points", "components": ["x"], "points": [90, 80]}
    changes = {
        "leagues": {"z": points},
        "closing": {"weight_percent": 10},
    }
    leagues = tuple(
        league(code, *(entrant(one, due=5, closed_on_time=n) for n, one in enumerate(SCORES)))
        for code in "xz"
    )
    inputs = Inputs(leagues, tuple(sites_of(SCORES)))
    result = official(inputs, book(**changes), rules(**changes))
    for code, rows in standings_of(inputs, book(**changes)).items():
        tallies = {one.entrant.key: one.tally for one in rows}
        assert recalled(code, result.data, leagues, book(**changes), tallies) == rows
    assert recalled("none", result.data, leagues, book(**changes), {}) == []


def test_a_plain_sentence_says_what_an_order_does_not_show():
    assert sentence_on(None, 5, "zh") == NOT_KNOWN[0]
    assert sentence_on(True, 5, "en") == ALL_OVERLAP[1]
    assert sentence_on(True, 5, "zh") == ALL_OVERLAP[0]
    assert sentence_on(False, 5, "zh") is None
    assert sentence_on(None, 1, "zh") is None
    told = [sentence_on_inspectors(groups, "zh") for groups in (0, 1, 3)]
    assert len(set(told)) == 3
    assert "3 组" in told[2]
