"""Strict and lenient inspectors: how far a score depends on who went there.

Every visit's score is taken as the place's level, the category's, less the inspector's severity,
and chance. Where inspectors have been to the same places, the three can be told apart by taking
turns until nothing moves. An inspector with few visits is drawn towards the others (``ridge``), so
nobody is called severe for two bad streets. Where they have no place in common, nothing can be
told, and nothing is adjusted.

The official score is never adjusted: severity is shown to headquarters alone, and a flag that it
would move is provisional.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SCALE = 1_000_000  # a site's score is kept in millionths of a point
NOTABLE_POINTS = 3.0
_STILL = 1e-10
_MOST_TURNS = 2000
_LEAST_RIDGE = 1.0
_PLACES, _CATEGORIES, _INSPECTORS = range(3)


@dataclass(slots=True)
class Cell:
    """The visits of one inspector to one place in one category: how many, and sums of scores."""

    visits: int = 0
    total: int = 0
    squares: int = 0

    def add(self, earned: int, possible: int) -> None:
        """Take in a visit that earned so much of so much; one without marks tells nothing."""
        if possible:
            score = 100 * SCALE * earned // possible
            self.visits += 1
            self.total += score
            self.squares += score * score

    @property
    def mean(self) -> float:
        """The mean score, in points."""
        return self.total / (self.visits * SCALE)

    @property
    def within(self) -> float:
        """The sum of squares around the mean, in points squared."""
        return (self.visits * self.squares - self.total**2) / (self.visits * SCALE**2)


# Visits by (place, category, inspector).
Cells = Mapping[tuple[str, str, str], Cell]


@dataclass(frozen=True)
class Severity:
    """How many points an inspector gives less than the others would, and its standard error."""

    points: float
    error: float
    visits: int

    @property
    def is_notable(self) -> bool:
        """Whether to speak with the inspector: more than three points, and more than chance."""
        return abs(self.points) > max(NOTABLE_POINTS, 2 * self.error)


@dataclass(frozen=True)
class Severities:
    """What could be told of the inspectors.

    ``groups`` is into how many groups without a visit in common they fall: with more than one
    nobody is comparable, and ``of`` is empty. ``places`` are the levels of the places once severity
    and category are taken away.
    """

    groups: int
    ridge: float
    of: Mapping[str, Severity]
    places: Mapping[str, float]


def groups_in_common(pairs: Iterable[tuple[str, str]]) -> int:
    """Into how many groups (place, inspector) pairs fall that have neither in common."""
    above: dict[tuple[bool, str], tuple[bool, str]] = {}

    def top(node: tuple[bool, str]) -> tuple[bool, str]:
        while above.setdefault(node, node) != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for place, inspector in pairs:
        above[top((False, place))] = top((True, inspector))
    return sum(1 for node, higher in above.items() if node == higher)


def severities(cells: Cells, *, ridge: float | None = None) -> Severities:
    """The severity of every inspector of a round, if their visits can be compared.

    ``ridge`` is the variance of chance over that between inspectors; without one it is taken from
    the visits themselves. The order of the cells never matters.
    """
    seen = {key: cell for key, cell in cells.items() if cell.visits}
    groups = groups_in_common((place, inspector) for place, _, inspector in seen)
    if groups != 1:
        return Severities(groups, math.inf, {}, {})
    fit = _Fit(seen)
    if ridge is None:
        fit.take_turns(_LEAST_RIDGE)
        ridge = _ridge(fit)
    fit.take_turns(ridge)
    chance = fit.chance()
    found = {
        who: Severity(
            fit.severity[who],
            math.sqrt(chance / (fit.by_inspector.visits[who] + ridge)),
            fit.by_inspector.visits[who],
        )
        for who in fit.severity
    }
    return Severities(groups, ridge, found, fit.place)


def _ridge(fit: "_Fit") -> float:
    """Chance over the variance between inspectors, by what is left of it beyond their errors."""
    visits = fit.by_inspector.visits
    if len(visits) == 1:
        return math.inf
    chance = fit.chance()
    free = [fit.severity[who] * (n + _LEAST_RIDGE) / n for who, n in visits.items()]
    between = math.fsum(one * one for one in free) / (len(free) - 1) - math.fsum(
        chance / n for n in visits.values()
    ) / len(free)
    return max(_LEAST_RIDGE, chance / between) if between > 0 else math.inf


@dataclass
class _Side:
    """Visits and sums of scores by one of the three; and how often it met each of the others."""

    visits: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    met: dict[str, dict[tuple[int, str], int]] = field(default_factory=dict)

    def add(self, key: str, cell: Cell, others: tuple[tuple[int, str], ...]) -> None:
        self.visits[key] = self.visits.get(key, 0) + cell.visits
        self.totals[key] = self.totals.get(key, 0) + cell.total
        met = self.met.setdefault(key, {})
        for other in others:
            met[other] = met.get(other, 0) + cell.visits


class _Fit:
    """Places, categories and inspectors, each in turn fitted to what the other two leave."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.by_place: _Side = _Side()
        self.by_category: _Side = _Side()
        self.by_inspector: _Side = _Side()
        for (place, category, inspector), cell in cells.items():
            self.by_place.add(place, cell, ((_CATEGORIES, category), (_INSPECTORS, inspector)))
            self.by_category.add(category, cell, ((_PLACES, place), (_INSPECTORS, inspector)))
            self.by_inspector.add(inspector, cell, ((_PLACES, place), (_CATEGORIES, category)))
        self.place: dict[str, float] = dict.fromkeys(self.by_place.visits, 0.0)
        self.category: dict[str, float] = dict.fromkeys(self.by_category.visits, 0.0)
        self.severity: dict[str, float] = dict.fromkeys(self.by_inspector.visits, 0.0)
        self._effects: tuple[dict[str, float], ...] = (self.place, self.category, self.severity)

    def take_turns(self, ridge: float) -> None:
        """Fit until nothing moves any more."""
        for _ in range(_MOST_TURNS):
            moved = self._turn(self.by_place, self.place, 0.0, centred=False)
            moved = max(moved, self._turn(self.by_category, self.category, 0.0, centred=True))
            moved = max(moved, self._turn(self.by_inspector, self.severity, ridge, centred=True))
            if moved < _STILL:
                return

    def _turn(
        self, side: _Side, effects: dict[str, float], ridge: float, *, centred: bool
    ) -> float:
        sign = -1 if effects is self.severity else 1
        fresh = {}
        for key, visits in side.visits.items():
            left = [side.totals[key] / SCALE]
            for (kind, other), times in side.met[key].items():
                effect = times * self._effects[kind][other]
                left.append(effect if kind == _INSPECTORS else -effect)
            fresh[key] = sign * math.fsum(left) / (visits + ridge)
        middle = math.fsum(fresh.values()) / len(fresh) if centred else 0.0
        moved = 0.0
        for key, value in fresh.items():
            moved = max(moved, abs(value - middle - effects[key]))
            effects[key] = value - middle
        return moved

    def chance(self) -> float:
        """The variance of a visit's score that none of the three explains."""
        left = []
        for (place, category, who), cell in self.cells.items():
            off = cell.mean - self.place[place] - self.category[category] + self.severity[who]
            left.append(cell.within + cell.visits * off * off)
        visits = sum(self.by_place.visits.values())
        fitted = len(self.place) + len(self.category) + len(self.severity) - 2
        return math.fsum(left) / max(1, visits - fitted)


def shaken(
    official: Mapping[str, str | None], adjusted: Mapping[str, str | None]
) -> frozenset[str]:
    """The flagged entrants that would hold no flag, or another, had severity been taken away."""
    return frozenset(
        entrant
        for entrant, flag in official.items()
        if flag is not None and adjusted.get(entrant) != flag
    )
