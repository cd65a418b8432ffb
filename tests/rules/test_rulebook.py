"""A rulebook is read whole: every fault has its place, and a league takes what it does not say."""

import pytest

from app.kit.errors import Invalid
from app.rounds.rules import Source
from app.scoring.rules import Aggregation, VetoEffect, read_rulebook, rulebook_schema

BARE = {"visible_to": {"published": ["*"]}}
POINTS = {"aggregation": "rank_points", "components": ["a", "b"], "points": [90, "85.5", 80]}


def faults(**changes):
    with pytest.raises(Invalid) as caught:
        read_rulebook(BARE | changes)
    return {(fault.pointer, fault.code) for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aggregation": "magic"}, ("/aggregation", "field.value")),
        ({"aggregation": "rank_points"}, ("/aggregation", "field.value")),
        ({"aggregation": "category_mix"}, ("/category_weights", "field.missing")),
        ({"tie_basis": "alphabet"}, ("/tie_basis", "field.value")),
        ({"tie_break": ["fewer_vetoes"] * 2}, ("/tie_break", "field.duplicate")),
        ({"tie_break": ["ticket"]}, ("/ticket_seed", "field.missing")),
        ({"visible_to": {"someday": ["*"]}}, ("/visible_to/someday/[key]", "field.value")),
        ({"colour": "red"}, ("/colour", "field.extra")),
        ({"sources": ["self"]}, ("/sources/0", "field.value")),
        ({"sources": []}, ("/sources", "field.too-short")),
        ({"vetoes": {"safety": {"effect": "cap"}}}, ("/vetoes/safety/points", "field.missing")),
        (
            {"vetoes": {"safety": {"effect": "zero_site", "points": 3}}},
            ("/vetoes/safety/points", "field.extra"),
        ),
        (
            {"vetoes": {"safety": {"effect": "deduct", "points": 0.5}}},
            ("/vetoes/safety/points", "field.value"),
        ),
        ({"closing": {"weight_percent": 21}}, ("/closing/weight_percent", "field.too-large")),
        (
            {"leagues": {"x/y": {"red": -1}}},
            ("/leagues/x~1y/red", "field.too-small"),
        ),
        ({"leagues": {"x": {"components": ["a"]}}}, ("/leagues/x/aggregation", "field.value")),
        (
            {"leagues": {"x": {"aggregation": "rank_points"}}},
            ("/leagues/x/points", "field.missing"),
        ),
        (
            {"leagues": {"x": POINTS, "y": POINTS | {"components": ["a", "x"]}}},
            ("/leagues/y/components/1", "field.value"),
        ),
        (
            {"leagues": {"x": POINTS | {"points": [80, 90]}}},
            ("/leagues/x/points", "field.value"),
        ),
        (
            {"leagues": {"x": POINTS | {"components": ["a", "a"]}}},
            ("/leagues/x/components", "field.duplicate"),
        ),
        (
            {"leagues": {"x": {"published": False, "red": 1}}},
            ("/leagues/x/published", "field.value"),
        ),
        (
            {"leagues": {"x": {"award_fen": [1, 2]}}},
            ("/leagues/x/award_fen", "field.value"),
        ),
        (
            {"leagues": {"x": {"award_fen": [6]}}, "budget": {"fen": 5, "period": "week"}},
            ("/budget/fen", "field.too-small"),
        ),
        (
            {"leagues": {"x": {"aggregation": "category_mix"}}},
            ("/leagues/x/category_weights", "field.missing"),
        ),
    ],
)
def test_a_fault_is_named_where_it_stands(changes, expected):
    assert expected in faults(**changes)


def test_all_faults_come_at_once():
    found = faults(aggregation="magic", leagues={"x": {"blue": "many"}}, more=1)
    assert {pointer for pointer, _ in found} == {"/aggregation", "/leagues/x/blue", "/more"}


def test_a_league_takes_from_the_rulebook_what_it_does_not_say():
    book = read_rulebook(
        BARE
        | {
            "aggregation": "mean_of_sites",
            "minimum_sites": 3,
            "leagues": {"x": {"minimum_sites": 0, "score_shown": False}, "p": POINTS},
        }
    )
    other, own = book.terms("other"), book.terms("x")
    assert (other.aggregation, other.minimum_sites) == (Aggregation.MEAN_OF_SITES, 3)
    assert (own.aggregation, own.minimum_sites) == (Aggregation.MEAN_OF_SITES, 0)
    assert own.score_shown is False
    assert book.terms("p").points == [90_000, 85_500, 80_000]


def test_a_class_without_a_policy_has_no_effect_unless_a_star_says_so():
    vetoes = {"fire": {"effect": "zero_site"}}
    assert read_rulebook(BARE | {"vetoes": vetoes}).veto("dust").effect is VetoEffect.NONE
    starred = read_rulebook(BARE | {"vetoes": vetoes | {"*": {"effect": "bar_from_red"}}})
    assert starred.veto("dust").effect is VetoEffect.BAR_FROM_RED
    assert starred.veto("fire").effect is VetoEffect.ZERO_SITE


def test_self_inspection_never_ranks():
    assert Source.SELF not in read_rulebook(BARE).sources


def test_the_schema_names_every_part():
    schema = rulebook_schema()
    assert {"aggregation", "leagues", "vetoes", "budget"} <= set(schema["properties"])
    assert schema["required"] == ["visible_to"]
