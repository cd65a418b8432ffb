"""The true scores of a league, drawn: from its sites, or from the leagues that its points rest on.

Draws are seeded from the digest of the official result and the code of the league, so that anybody
can repeat them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from app.checklists.rules import MILLI
from app.scoring.rules import Aggregation, LeagueRule
from app.scoring.rules_certainty import (
    DRAWS,
    Belief,
    Estimate,
    Places,
    as_measured,
    draw_order,
    draw_places,
    expected_ranks,
    places_of,
    seed_of,
    shrink,
)
from app.scoring.rules_official import LeagueResult, Official
from app.scoring.rules_places import Standing, Status
from app.scoring.rules_sampling import Stratum, Sums, by_mix, by_points, standard_errors
from app.scoring.rules_tallies import FULL, Kind

Estimates = Sequence[Estimate[str]]


@dataclass(frozen=True)
class Drawn:
    """A league's estimates and drawn places; none where its sites do not tell."""

    estimates: Sequence[Estimate[str]]
    expected: Mapping[str, float]
    places: Places[str]


def ranked_of(league: LeagueResult) -> list[Standing]:
    """The entrants of a league that have a place."""
    return [one for one in league.standings if one.status is Status.RANKED]


def site_share(one: Standing, terms: LeagueRule) -> Fraction:
    """The share of a score that its sites make; the rest comes from the closing rate."""
    if one.closing is None or terms.closing is None:
        return Fraction(1)
    return 1 - Fraction(terms.closing.weight_percent, 100)


def estimates_of(league: LeagueResult) -> list[Estimate[str]] | None:
    """Scores with standard errors; None where the sites of a league do not tell."""
    if league.terms.aggregation is Aggregation.RANK_POINTS:
        return None
    ranked = ranked_of(league)
    counted = {
        one.entrant.key: strata_of(one.tally.kinds, league.terms)
        for one in ranked
        if not one.tally.zeroed
    }
    errors = standard_errors(counted)
    found = []
    for one in ranked:
        key, score = one.entrant.key, float(one.score or 0)
        error = errors.get(key)
        if one.tally.zeroed:
            found.append(Estimate(key, score, 0.0, settled=True))
        elif error is None:
            return None
        else:
            found.append(Estimate(key, score, error * float(site_share(one, league.terms))))
    return found


def strata_of(kinds: Mapping[Kind, int], terms: LeagueRule) -> dict[str, Stratum]:
    """The strata of an entrant's score, by category of sites."""
    sums: dict[str, Sums] = {}
    for (category, earned, possible), times in kinds.items():
        one = sums.setdefault(category, Sums())
        whole = earned if isinstance(earned, int) else math.floor(earned + Fraction(1, 2))
        if terms.aggregation is Aggregation.MEAN_OF_SITES:
            one.add_alike(whole, possible, times)
        else:
            one.add(whole, possible, times)
    if terms.aggregation is Aggregation.CATEGORY_MIX:
        weights = {key: Fraction(value) for key, value in (terms.category_weights or {}).items()}
        return by_mix(sums, weights)
    return by_points(sums)


def from_sites(code: str, estimates: Sequence[Estimate[str]] | None, seed: str) -> Drawn | None:
    """A league whose scores come from its own sites; None where these do not tell."""
    if not estimates:
        return None
    beliefs = shrink(estimates)
    ranks = expected_ranks(beliefs)
    expected = {one.key: rank for one, rank in zip(beliefs, ranks, strict=True)}
    return Drawn(estimates, expected, draw_places(beliefs, _seed(seed, code)))


def _seed(digest: str, code: str) -> int:
    return seed_of(bytes.fromhex(digest), code)


@dataclass(frozen=True)
class _Component:
    """A league that gives points: what is known of it, and for whom each of it stands."""

    beliefs: Sequence[Belief[str]]
    stands_for: Sequence[Sequence[int]]


def from_components(
    league: LeagueResult,
    result: Official,
    estimates: Mapping[str, Estimates | None],
    seed: str,
) -> Drawn | None:
    """A league of points is drawn by drawing the leagues that it rests on.

    Its standard errors come from other visits to the same sites, its places from what is known of
    the true scores. A component in which nobody has a place gives nobody points.
    """
    ranked = sorted(ranked_of(league), key=lambda one: one.entrant.key)
    known: dict[str, Estimates] = {}
    for code in sorted(league.terms.components):
        if (found := estimates.get(code)) is not None:
            known[code] = found
    if not ranked or len(known) < len(league.terms.components):
        return None
    leagues = {one.league.code: one for one in result.leagues}
    random = Random(_seed(seed, league.league.code))  # noqa: S311 - to be repeated by anybody
    true, measured = (
        _scores_drawn(
            [_component(leagues[code], see(one), ranked) for code, one in known.items() if one],
            ranked,
            league.terms,
            random,
        )
        for see in (shrink, as_measured)
    )
    keys = [one.entrant.key for one in ranked]
    places = places_of(keys, true, random)
    expected = {
        key: sum(place * times for place, times in enumerate(row, start=1)) / DRAWS
        for key, row in places.counts.items()
    }
    errors = map(_deviation, zip(*measured, strict=True))
    found_all = [
        Estimate(one.entrant.key, float(one.score or 0), error)
        for one, error in zip(ranked, errors, strict=True)
    ]
    return Drawn(found_all, expected, places)


def _component(
    other: LeagueResult, beliefs: Sequence[Belief[str]], ranked: Sequence[Standing]
) -> _Component:
    entrants = {one.entrant.key: one.entrant for one in ranked_of(other)}
    ordered = sorted(beliefs, key=lambda one: one.key)
    return _Component(
        ordered,
        [
            [n for n, one in enumerate(ranked) if entrants[belief.key].lies_in(one.entrant.areas)]
            for belief in ordered
        ],
    )


def _scores_drawn(
    components: Sequence[_Component], ranked: Sequence[Standing], terms: LeagueRule, random: Random
) -> list[list[float]]:
    """The scores of the ranked in each of many draws of the leagues that give them points."""
    points = [one / MILLI for one in terms.points]
    shares = [float(site_share(one, terms)) / max(1, len(one.points or ())) for one in ranked]
    fixed = [float((1 - site_share(one, terms)) * FULL * (one.closing or 0)) for one in ranked]
    drawn = []
    for _ in range(DRAWS):
        totals = [0.0] * len(ranked)
        for component in components:
            _give_points(component, points, totals, random)
        drawn.append([a * b + c for a, b, c in zip(totals, shares, fixed, strict=True)])
    return drawn


def _give_points(
    component: _Component, points: Sequence[float], totals: list[float], random: Random
) -> None:
    """Add to each entrant what its best brings it in one draw."""
    seen: set[int] = set()
    for place, one in enumerate(draw_order(component.beliefs, random)):
        for entrant in component.stands_for[one]:
            if entrant not in seen and place < len(points):
                totals[entrant] += points[place]
            seen.add(entrant)


def _deviation(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((one - mean) * (one - mean) for one in values) / len(values))
