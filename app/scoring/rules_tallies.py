"""What an entrant's sites come to: vetoes applied, then one exact score out of a hundred.

A site's score in a scope is ``100 x earned / possible`` over the lines of the scope. Vetoes of
those lines are applied after the arithmetic: deductions, then caps, then zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from app.checklists.rules import MILLI
from app.scoring.rules import Aggregation, LeagueRule, Rulebook, VetoEffect
from app.scoring.rules_inputs import EntrantGiven, SiteMarks

FULL = 100


class SiteScore(NamedTuple):
    """A site in a scope: thousandths earned, vetoes applied, of possible.

    ``earned`` is a fraction only where a veto made it one.
    """

    site: str
    category: str
    earned: int | Fraction
    possible: int
    vetoes: tuple[str, ...]
    finished_on: date | None


@dataclass(frozen=True)
class Tally:
    """An entrant's sites, and what its vetoes do to the whole of it."""

    sites: Sequence[SiteScore]
    vetoes: int
    barred_from_red: bool
    zeroed: bool

    @property
    def categories(self) -> frozenset[str]:
        return frozenset(site.category for site in self.sites)

    @property
    def finished_on(self) -> date | None:
        """The day of the last visit."""
        return max((one.finished_on for one in self.sites if one.finished_on), default=None)


class Ground:
    """The sites of a round by place, so that an entrant meets its own alone.

    What sites come to in some lines is reckoned once, whoever is ranked by them.
    """

    def __init__(self, sites: Iterable[SiteMarks], book: Rulebook) -> None:
        self._book = book
        self._at: dict[str, list[SiteMarks]] = defaultdict(list)
        self._at_line: dict[tuple[str, str], list[SiteMarks]] = defaultdict(list)
        self._scored: dict[tuple[str, frozenset[str]], list[SiteScore]] = {}
        self._kept: dict[tuple[int, int, tuple[str, ...]], int | Fraction] = {}
        for site in sites:
            self._at[site.area_path].append(site)
            for marks in site.lines:
                self._at_line[site.area_path, marks.line].append(site)

    def tally(self, entrant: EntrantGiven) -> Tally:
        """The sites in an entrant's scope with something to be earned, in a fixed order."""
        scores: list[SiteScore] = []
        for path in self._at:
            if path.startswith(entrant.areas):
                scores += self._scores_at(path, entrant.lines)
        scores.sort(key=_name)
        vetoes = [one.vetoes for one in scores if one.vetoes]
        effects = {self._book.veto(veto).effect for veto in set(chain.from_iterable(vetoes))}
        return Tally(
            sites=scores,
            vetoes=sum(map(len, vetoes)),
            barred_from_red=VetoEffect.BAR_FROM_RED in effects,
            zeroed=VetoEffect.ZERO_ENTRANT in effects,
        )

    def _scores_at(self, path: str, lines: frozenset[str]) -> Sequence[SiteScore]:
        if (path, lines) not in self._scored:
            scores = (self._score(site, lines) for site in self._sites(path, lines))
            self._scored[path, lines] = [score for score in scores if score]
        return self._scored[path, lines]

    def _sites(self, path: str, lines: frozenset[str]) -> Iterable[SiteMarks]:
        """The sites at a place that have any of some lines."""
        if not lines:
            return self._at[path]
        found = [self._at_line.get((path, line), []) for line in sorted(lines)]
        return found[0] if len(found) == 1 else {one.site: one for one in chain(*found)}.values()

    def _score(self, site: SiteMarks, lines: frozenset[str]) -> SiteScore | None:
        earned = possible = 0
        vetoes: tuple[str, ...] = ()
        for line, gained, of, failed in site.lines:
            if not lines or line in lines:
                earned += gained
                possible += of
                vetoes += failed
        if not possible:
            return None
        if not vetoes:
            return SiteScore(site.site, site.category, earned, possible, (), site.finished_on)
        vetoes = tuple(sorted(set(vetoes)))
        kept = self._after_vetoes(earned, possible, vetoes)
        return SiteScore(site.site, site.category, kept, possible, vetoes, site.finished_on)

    def _after_vetoes(self, earned: int, possible: int, vetoes: tuple[str, ...]) -> int | Fraction:
        """Reckoned once for sites that are alike, of which there are many."""
        key = earned, possible, vetoes
        if key not in self._kept:
            self._kept[key] = after_vetoes(*key, self._book)
        return self._kept[key]


def _name(one: SiteScore) -> str:
    return one.site


def after_vetoes(
    earned: int, possible: int, vetoes: Iterable[str], book: Rulebook
) -> int | Fraction:
    """What a site keeps of what it earned; each class of vetoes works once."""
    kept: int | Fraction = earned
    found = [book.veto(one) for one in vetoes]
    for veto in found:
        if veto.effect is VetoEffect.DEDUCT and veto.points is not None:
            kept -= Fraction(veto.points * possible, FULL * MILLI)
    for veto in found:
        if veto.effect is VetoEffect.CAP and veto.points is not None:
            kept = min(kept, Fraction(veto.points * possible, FULL * MILLI))
    if any(veto.effect is VetoEffect.ZERO_SITE for veto in found):
        return 0
    return max(kept, 0)


def score_of_sites(tally: Tally, terms: LeagueRule) -> Fraction | None:
    """The exact score out of a hundred; None without a site, or without one of a category."""
    if tally.zeroed:
        return Fraction(0)
    if terms.aggregation is Aggregation.MEAN_OF_SITES:
        return _mean_of_sites(tally.sites)
    if terms.aggregation is Aggregation.CATEGORY_MIX:
        return _mix(tally.sites, terms.category_weights or {})
    return _rate(tally.sites)


def rate_of_category(tally: Tally, category: str) -> Fraction | None:
    """The score of an entrant's sites of one category."""
    return _rate([one for one in tally.sites if one.category == category])


def _rate(sites: Sequence[SiteScore]) -> Fraction | None:
    if not sites:
        return None
    return FULL * _earned(sites) / sum([one.possible for one in sites])


def _earned(sites: Iterable[SiteScore]) -> Fraction:
    """The sum of what was earned; by denominators, of which there are few: fractions are slow."""
    parts: dict[int, int] = defaultdict(int)
    for one in sites:
        parts[one.earned.denominator] += one.earned.numerator
    return sum((Fraction(up, down) for down, up in parts.items()), Fraction(0))


def _mean_of_sites(sites: Sequence[SiteScore]) -> Fraction | None:
    if not sites:
        return None
    parts: dict[int, int] = defaultdict(int)
    for one in sites:
        parts[one.earned.denominator * one.possible] += one.earned.numerator
    return FULL * sum((Fraction(up, of) for of, up in parts.items()), Fraction(0)) / len(sites)


def _mix(sites: Sequence[SiteScore], weights: Mapping[str, int]) -> Fraction | None:
    """Fixed weights over the categories that are there; other categories count for nothing."""
    grouped: dict[str, list[SiteScore]] = defaultdict(list)
    for one in sites:
        if one.category in weights:
            grouped[one.category].append(one)
    possible = {name: sum(one.possible for one in found) for name, found in grouped.items()}
    if not possible:
        return None
    total = sum(weights[category] for category in possible)
    parts = (weights[one] * _earned(grouped[one]) / of for one, of in possible.items())
    return FULL * sum(parts, Fraction(0)) / total
