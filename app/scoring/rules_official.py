"""The official result of a round: a pure function of its frozen inputs and its rulebook.

Integers and texts only, written canonically: the same inputs give the same bytes on any machine
and in any order of arrival. Uncertainty is no part of it; see the companion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.kit.marks import written_score
from app.scoring.rules import Aggregation, LeagueRule, Rulebook
from app.scoring.rules_flags import Reward, rewards
from app.scoring.rules_inputs import Inputs, LeagueGiven, canonical, digest_of
from app.scoring.rules_places import Standing, hundredths, league_standings
from app.scoring.rules_tallies import Ground

FORMAT = 1
SUPPORTED = "supported"

Row = dict[str, Any]


@dataclass(frozen=True)
class LeagueResult:
    """A league in order, with flags and money by entrant."""

    league: LeagueGiven
    terms: LeagueRule
    red: int
    blue: int
    standings: Sequence[Standing]
    rewards: Mapping[str, Reward]


@dataclass(frozen=True)
class Official:
    """The result of all leagues, as data and as bytes."""

    leagues: Sequence[LeagueResult]
    data: Row

    @property
    def content(self) -> bytes:
        return canonical(self.data)

    @property
    def digest(self) -> str:
        return digest_of(self.data)


def official(inputs: Inputs, book: Rulebook, rules: Mapping[str, Any]) -> Official:
    """Scores, places, flags and money of every league.

    ``rules`` is the rulebook as it was written, of which ``book`` was read: its digest is part of
    the result.
    """
    return result_of(inputs, book, rules, standings_of(inputs, book))


def result_of(
    inputs: Inputs,
    book: Rulebook,
    rules: Mapping[str, Any],
    found: Mapping[str, Sequence[Standing]],
) -> Official:
    """The same where the order of every league is known: labels move money and no place."""
    results = [
        _league_result(league, book, found[league.code], inputs.labels)
        for league in sorted(inputs.leagues, key=lambda one: one.code)
    ]
    data = {
        "format": FORMAT,
        "rulebook": digest_of(rules),
        "leagues": [_league_row(one, inputs.labels) for one in results],
        "award_fen": sum(
            one.award_fen for result in results for one in result.rewards.values() if not one.held
        ),
    }
    return Official(results, data)


def standings_of(inputs: Inputs, book: Rulebook) -> dict[str, list[Standing]]:
    """The order of every league by its code; those of points after the ones they rest on."""
    ground = Ground(inputs.sites, book)
    found: dict[str, list[Standing]] = {}
    for on_points in (False, True):
        for league in inputs.leagues:
            points = book.terms(league.code).aggregation is Aggregation.RANK_POINTS
            if points is on_points:
                found[league.code] = league_standings(league, book, ground, found)
    return found


def _league_result(
    league: LeagueGiven,
    book: Rulebook,
    standings: Sequence[Standing],
    labels: Mapping[tuple[str, str], str],
) -> LeagueResult:
    terms = book.terms(league.code)
    red = league.red if terms.red is None else terms.red
    blue = league.blue if terms.blue is None else terms.blue
    if not terms.published:
        red = blue = 0
    supported = None
    if terms.supported_required:
        supported = {
            one.entrant.key: labels.get((league.code, one.entrant.key)) == SUPPORTED
            for one in standings
        }
    given = rewards(standings, red=red, blue=blue, award_fen=terms.award_fen, supported=supported)
    return LeagueResult(league, terms, red, blue, standings, given)


def _league_row(one: LeagueResult, labels: Mapping[tuple[str, str], str]) -> Row:
    return {
        "code": one.league.code,
        "aggregation": one.terms.aggregation,
        "published": one.terms.published,
        "score_shown": one.terms.score_shown is not False,
        "red": one.red,
        "blue": one.blue,
        "entries": [
            entry_row(standing, one.rewards[standing.entrant.key])
            | _label(labels, one, standing.entrant.key)
            for standing in one.standings
        ],
    }


def _label(labels: Mapping[tuple[str, str], str], one: LeagueResult, key: str) -> Row:
    """The label where it decided about money."""
    return {"label": labels.get((one.league.code, key))} if one.terms.supported_required else {}


def entry_row(one: Standing, reward: Reward) -> Row:
    """One entrant as it stands in the official result."""
    exact = one.score
    return {
        "entrant": one.entrant.key,
        "unit": one.entrant.unit,
        "label": one.entrant.label,
        "status": one.status,
        "place": one.place,
        "score": None if exact is None else written_score(hundredths(exact)),
        "exact": None if exact is None else f"{exact.numerator}/{exact.denominator}",
        "sites": one.tally.count,
        "vetoes": one.tally.vetoes,
        "flag": reward.flag,
        "passed_over": reward.passed_over,
        "award_fen": reward.award_fen,
        "award_held": reward.held,
    }
