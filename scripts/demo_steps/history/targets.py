"""At what scores the leagues are aimed, so that one set of answers can give all their orders.

The bulletin publishes places, and scores for districts only. Bureaus and streets get strictly
falling scores. What a line loses in the whole city is divided among the districts (for traffic: the
squads) around the bureau's score, better and worse by the places in the league of that line.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scripts.demo_steps.city_files import STREET_LEAGUES, City
from scripts.demo_steps.history.ground import DISTRICTS, Entrant, Ground
from scripts.demo_steps.losses import targets

BUREAUS = "city-bureaus"
_BEST, _WORST = 9_550, 7_760  # hundredths, of the bureaus
_STEP = 150  # hundredths from one place of a line's league to the next
_UNEVEN = 15
Possible = Mapping[tuple[str, str], int]  # (street, line) -> thousandths


@dataclass(frozen=True)
class Column:
    """What one line is to score in some streets, in hundredths; nobody else counts it there."""

    line: str
    streets: frozenset[str]
    score: int


def street_scores(city: City, seed: str) -> dict[str, int]:
    """The aimed score of every ranked street."""
    scores: dict[str, int] = {}
    for league in STREET_LEAGUES:
        streets = city.published[league]
        draw = random.Random(f"{seed} {league}")
        scores |= dict(zip(streets, targets(len(streets), draw), strict=True))
    return scores


def columns(ground: Ground, possible: Possible, seed: str) -> list[Column]:
    """The aimed score of every ranked line in every district (or squad's streets)."""
    bureaus = [line for entrant in ground.places(BUREAUS) for line in sorted(entrant.lines)]
    draw = random.Random(f"{seed} {BUREAUS}")
    scores = targets(len(bureaus), draw, best=_BEST, worst=_WORST)
    found: list[Column] = []
    for line, score in zip(bureaus, scores, strict=True):
        found += _columns_of(ground, line, score, possible, random.Random(f"{seed} {line}"))
    return found


def _columns_of(
    ground: Ground, line: str, score: int, possible: Possible, draw: random.Random
) -> list[Column]:
    """A line's columns: better and worse than its bureau, and on the whole as good."""
    places = _places(ground, line)
    last = max(places.values(), default=1)
    above = {place: (1 + last - 2 * place) * _STEP // 2 for place in range(1, last + 1)}
    uneven = {place: draw.randint(-_UNEVEN, _UNEVEN) for place in above}
    parts: dict[frozenset[str], int] = {}
    for entrant, place in places.items():
        parts[_asked(entrant.streets, line, possible)] = above[place] + uneven[place]
    held = frozenset().union(*parts)
    for district in ground.leagues[DISTRICTS].entrants:
        rest = _asked(district.streets, line, possible) - held
        if rest:
            parts[rest] = 0
    weights = {part: sum(possible[street, line] for street in part) for part in parts}
    shift = sum(parts[part] * weights[part] for part in parts) // sum(weights.values())
    return [Column(line, part, score + extra - shift) for part, extra in parts.items()]


def _places(ground: Ground, line: str) -> dict[Entrant, int]:
    """The places in the league of a line's bodies in the districts; empty if there is none."""
    codes: Iterable[str] = [*ground.leagues, *ground.components]
    for code in codes:
        entrants = ground.league(code).entrants
        if code != BUREAUS and all(line in each.lines for each in entrants):
            return ground.places(code)
    return {}


def _asked(streets: Iterable[str], line: str, possible: Possible) -> frozenset[str]:
    return frozenset(street for street in streets if possible.get((street, line)))
