"""Would the order be another had every inspector been equally strict?

The official score stays as it is. Severity is estimated over the whole round, the places being the
smallest areas that it ranks, so that as many inspectors as possible have been to the same ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from app.scoring.rules import Aggregation, LeagueRule, Rulebook
from app.scoring.rules_draws import ranked_of, site_share
from app.scoring.rules_flags import rewards
from app.scoring.rules_inputs import LeagueGiven
from app.scoring.rules_official import LeagueResult, Official
from app.scoring.rules_places import Standing, placed, points_of
from app.scoring.rules_severity import SCALE, Cell, Severities, Severity, severities, shaken
from app.scoring.rules_tallies import FULL, Lot, Tally


class Inspection(NamedTuple):
    """Who gave a site how much: the marks of one visit, as the inspector gave them."""

    site: str
    category: str
    area_path: str
    inspector: str
    earned: int
    possible: int


def severities_of(visits: Iterable[Inspection], leagues: Sequence[LeagueGiven]) -> Severities:
    """The severity of every inspector of a round, if they can be compared."""
    areas = {area for league in leagues for one in league.entrants for area in one.areas}
    smallest: dict[str, str] = {}
    cells: dict[tuple[str, str, str], Cell] = {}
    for visit in visits:
        place = smallest.get(visit.area_path)
        if place is None:
            above = [area for area in areas if visit.area_path.startswith(area)]
            place = smallest[visit.area_path] = max(above, key=len, default="")
        if place:
            key = (place, visit.category, visit.inspector)
            cells.setdefault(key, Cell()).add(visit.earned, visit.possible)
    return severities(cells)


def shaken_flags(
    result: Official, book: Rulebook, visits: Iterable[Inspection], found: Mapping[str, Severity]
) -> dict[str, frozenset[str]]:
    """By league, the flagged entrants whose flag severity alone would move."""
    if not found:
        return {}
    regained = Regained(taken_from(visits, found))
    adjusted: dict[str, list[Standing]] = {}
    for on_points in (False, True):
        for one in result.leagues:
            if (one.terms.aggregation is Aggregation.RANK_POINTS) is on_points:
                adjusted[one.league.code] = _adjusted(one, book, regained, adjusted)
    return {
        one.league.code: shaken(_flags(one, one.standings), _flags(one, adjusted[one.league.code]))
        for one in result.leagues
    }


def taken_from(visits: Iterable[Inspection], found: Mapping[str, Severity]) -> dict[str, int]:
    """What severity took from each site's score, in millionths of a point.

    Where several inspected a site, each counts by the marks that could be earned with him.
    """
    known = {who: round(one.points * SCALE) for who, one in found.items()}
    points: dict[str, int] = defaultdict(int)
    weights: dict[str, int] = defaultdict(int)
    for site, _, _, who, _, possible in visits:
        if possible:
            points[site] += known.get(who, 0) * possible
            weights[site] += possible
    return {site: points[site] // weight for site, weight in weights.items()}


class Regained:
    """The points that scores would regain: what was taken at their sites, as these weigh in them.

    What was taken at sites that several leagues look at together is summed once.
    """

    def __init__(self, taken: Mapping[str, int]) -> None:
        self._taken = taken
        self._known: dict[Lot, Mapping[str, Sequence[int]]] = {}

    def of(self, tally: Tally, terms: LeagueRule) -> Fraction:
        """In points of the score."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for lot in tally.lots:
            for category, parts in self._at(lot).items():
                for number, part in enumerate(parts):
                    sums[category][number] += part
        if terms.aggregation is Aggregation.MEAN_OF_SITES:
            alike = sum(one for one, _, _ in sums.values())
            return Fraction(alike, max(1, tally.count) * SCALE)
        if terms.aggregation is Aggregation.CATEGORY_MIX:
            mix = {key: (terms.category_weights or {}).get(key, 0) for key in sums}
            rates = (mix[key] * Fraction(points, of) for key, (_, points, of) in sums.items())
            return sum(rates, Fraction(0)) / max(1, sum(mix.values())) / SCALE
        points, of = (sum(one[number] for one in sums.values()) for number in (1, 2))
        return Fraction(points, max(1, of) * SCALE)

    def _at(self, lot: Lot) -> Mapping[str, Sequence[int]]:
        """By category what was taken at the sites, the same by what each could earn, and that."""
        if lot not in self._known:
            sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
            for site, category, possible in lot.possible:
                taken, one = self._taken.get(site, 0), sums[category]
                one[0] += taken
                one[1] += taken * possible
                one[2] += possible
            self._known[lot] = sums
        return self._known[lot]


def _flags(league: LeagueResult, standings: Sequence[Standing]) -> dict[str, str | None]:
    given = rewards(standings, red=league.red, blue=league.blue, award_fen=())
    return {key: reward.flag for key, reward in given.items()}


def _adjusted(
    league: LeagueResult,
    book: Rulebook,
    regained: Regained,
    others: Mapping[str, Sequence[Standing]],
) -> list[Standing]:
    terms = league.terms
    fresh = []
    for one in ranked_of(league):
        score, share = one.score or Fraction(0), site_share(one, terms)
        if terms.aggregation is Aggregation.RANK_POINTS:
            points = points_of(one.entrant, terms, others)
            mean = sum(points.values(), Fraction(0)) / max(1, len(points))
            score = share * mean + (1 - share) * FULL * (one.closing or 0)
        elif not one.tally.zeroed:
            score += share * regained.of(one.tally, terms)
        fresh.append(replace(one, score=score))
    return placed(fresh, book, terms)
