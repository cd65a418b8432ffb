"""What stands beside an official result: how sure each place is, and whether its flag is supported.

The companion is a function of the official result, as it is before anything is withheld for want
of support, and of who inspected; its draws are seeded from that result's digest. It is no part of
the result: only where a label gates money it becomes an input of the decision.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from app.scoring.rules import Aggregation, Rulebook
from app.scoring.rules_adjusting import Inspection, severities_of, shaken_flags
from app.scoring.rules_certainty import (
    DRAWS,
    Estimate,
    Support,
    all_overlap,
    flag_group,
    interval,
    percentile,
    prior_of,
    support,
)
from app.scoring.rules_draws import Drawn, estimates_of, from_components, from_sites, ranked_of
from app.scoring.rules_flags import Colour
from app.scoring.rules_inputs import digest_of
from app.scoring.rules_official import LeagueResult, Official
from app.scoring.rules_places import Standing, hundredths
from app.scoring.rules_tallies import FULL

FORMAT = 1


@dataclass(frozen=True)
class Beside:
    """What stands beside one place; None where the sites do not tell.

    Points in thousandths, probabilities in ten thousandths. ``places`` hold the true place with
    nine tenths. ``first`` and ``last``: of being truly in the group that red and blue ask for.
    """

    entrant: str
    sites: int
    error_milli: int | None
    low_hundredths: int | None
    high_hundredths: int | None
    expected_rank_milli: int | None
    percentile_milli: int | None
    places: tuple[int, int] | None
    first: int | None
    last: int | None
    support: Support | None
    shaken: bool


@dataclass(frozen=True)
class LeagueBeside:
    """A league's companion. ``rankability``: the share of its differences that is no chance."""

    code: str
    ranked: int
    first_group: int
    last_group: int
    rankability_milli: int | None
    all_overlap: bool | None
    entries: tuple[Beside, ...]


@dataclass(frozen=True)
class Companion:
    """All leagues, and whether the inspectors' severity could be compared (None: not looked at)."""

    leagues: tuple[LeagueBeside, ...]
    seed: str
    inspectors_comparable: bool | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The companion as data: integers and texts only."""
        return {
            "format": FORMAT,
            "draws": DRAWS,
            "seed": self.seed,
            "inspectors_comparable": self.inspectors_comparable,
            "leagues": [asdict(one) for one in self.leagues],
        }

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def labels(self) -> dict[tuple[str, str], str]:
        """How well a place with a flag or money is supported, by league and entrant."""
        return {
            (league.code, one.entrant): one.support.value
            for league in self.leagues
            for one in league.entries
            if one.support is not None
        }


def companion(result: Official, book: Rulebook, visits: Sequence[Inspection] = ()) -> Companion:
    """What stands beside a result that was made without labels.

    ``visits``: who gave which site how much; without them severity is not looked at.
    """
    seed = result.digest
    comparable, shaken = _shaken(result, book, visits)
    estimates = {one.league.code: estimates_of(one) for one in result.leagues}
    leagues = []
    for one in result.leagues:
        code = one.league.code
        if one.terms.aggregation is Aggregation.RANK_POINTS:
            drawn = from_components(one, result, estimates, seed)
        else:
            drawn = from_sites(code, estimates[code], seed)
        leagues.append(_beside(one, drawn, shaken.get(code, frozenset())))
    return Companion(tuple(leagues), seed, comparable)


def _shaken(
    result: Official, book: Rulebook, visits: Sequence[Inspection]
) -> tuple[bool | None, Mapping[str, frozenset[str]]]:
    if not visits:
        return None, {}
    found = severities_of(visits, [one.league for one in result.leagues])
    return found.groups == 1, shaken_flags(result, book, visits, found.of)


def _beside(league: LeagueResult, drawn: Drawn | None, shaken: frozenset[str]) -> LeagueBeside:
    ranked = ranked_of(league)
    paid = sum(1 for fen in league.terms.award_fen if fen)
    first = flag_group(max(league.red, paid), len(ranked))
    last = flag_group(league.blue, len(ranked))
    empty = [_unknown(one, league, one.entrant.key in shaken) for one in ranked]
    if drawn is None:
        return LeagueBeside(league.league.code, len(ranked), first, last, None, None, tuple(empty))
    known = {one.key: one for one in drawn.estimates}
    entries = [_entry(one, known[one.entrant], drawn, (first, last), league) for one in empty]
    return LeagueBeside(
        league.league.code,
        len(ranked),
        first,
        last,
        _milli(prior_of(drawn.estimates).rankability),
        all_overlap(drawn.estimates),
        tuple(entries),
    )


def _is_held(one: Standing, league: LeagueResult) -> bool:
    reward = league.rewards[one.entrant.key]
    return reward.flag is not None or reward.award_fen > 0


def _unknown(one: Standing, league: LeagueResult, shaken: bool) -> Beside:
    """Nothing is known, so that nothing is supported."""
    label = Support.NOT_SUPPORTED if _is_held(one, league) else None
    sites = one.tally.count
    return Beside(
        one.entrant.key, sites, None, None, None, None, None, None, None, None, label, shaken
    )


def _entry(
    bare: Beside,
    known: Estimate[str],
    drawn: Drawn,
    groups: tuple[int, int],
    league: LeagueResult,
) -> Beside:
    key = bare.entrant
    low, high = (Fraction(max(0.0, min(float(FULL), end))) for end in interval(known))
    expected = drawn.expected[key]
    times = drawn.places.first(key, groups[0]), drawn.places.last(key, groups[1])
    label = None
    if bare.support is not None:
        blue = league.rewards[key].flag is Colour.BLUE
        label = support(times[1] if blue else times[0], drawn.places.draws, shaken=bare.shaken)
    return replace(
        bare,
        error_milli=_milli(known.error),
        low_hundredths=hundredths(low),
        high_hundredths=hundredths(high),
        expected_rank_milli=_milli(expected),
        percentile_milli=_milli(percentile(expected, len(drawn.expected))),
        places=drawn.places.between(key),
        first=10_000 * times[0] // drawn.places.draws,
        last=10_000 * times[1] // drawn.places.draws,
        support=label,
    )


def _milli(value: float) -> int:
    return math.floor(1000 * value + 0.5)
