"""What an entrant's sites come to: vetoes applied, then one exact score out of a hundred.

A site's score in a scope is ``100 x earned / possible`` over the lines of the scope. Vetoes of
those lines are applied after the arithmetic: deductions, then caps, then zero.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
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
    """The sites of a round by place, so that an entrant meets its own alone."""

    def __init__(self, sites: Iterable[SiteMarks], book: Rulebook) -> None:
        self._book = book
        self._at: dict[str, list[SiteMarks]] = defaultdict(list)
        self._at_line: dict[tuple[str, str], list[SiteMarks]] = defaultdict(list)
        for site in sites:
            self._at[site.area_path].append(site)
            for marks in site.lines:
                self._at_line[site.area_path, marks.line].append(site)

    def tally(self, entrant: EntrantGiven) -> Tally:
        """The sites in an entrant's scope with something to be earned, in a fixed order."""
        scores = [score for site in self._sites(entrant) if (score := self._score(site, entrant))]
        effects = {
            self._book.veto(veto).effect for veto in {v for one in scores for v in one.vetoes}
        }
        return Tally(
            sites=sorted(scores, key=_name),
            vetoes=sum(len(one.vetoes) for one in scores),
            barred_from_red=VetoEffect.BAR_FROM_RED in effects,
            zeroed=VetoEffect.ZERO_ENTRANT in effects,
        )

    def _sites(self, entrant: EntrantGiven) -> Iterator[SiteMarks]:
        paths = [path for path in self._at if path.startswith(entrant.areas)]
        if not entrant.lines:
            for path in paths:
                yield from self._at[path]
        elif len(entrant.lines) == 1:
            line = next(iter(entrant.lines))
            for path in paths:
                yield from self._at_line.get((path, line), ())
        else:
            for path in paths:
                found = [self._at_line.get((path, line), ()) for line in sorted(entrant.lines)]
                yield from {one.site: one for several in found for one in several}.values()

    def _score(self, site: SiteMarks, entrant: EntrantGiven) -> SiteScore | None:
        earned = possible = 0
        vetoes: tuple[str, ...] = ()
        lines = entrant.lines
        for line, gained, of, failed in site.lines:
            if not lines or line in lines:
                earned += gained
                possible += of
                if failed:
                    vetoes += failed
        if not possible:
            return None
        exact: int | Fraction = earned
        if vetoes:
            vetoes = tuple(sorted(set(vetoes)))
            exact = after_vetoes(earned, possible, vetoes, self._book)
        return SiteScore(site.site, site.category, exact, possible, vetoes, site.finished_on)


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
    return FULL * Fraction(_earned(sites)) / sum(one.possible for one in sites)


def _earned(sites: Iterable[SiteScore]) -> int | Fraction:
    """The sum of what was earned; whole numbers apart, since most are and fractions are slow."""
    odd: list[Fraction] = []
    whole = 0
    for one in sites:
        if isinstance(one.earned, int):
            whole += one.earned
        else:
            odd.append(one.earned)
    return whole + sum(odd, Fraction(0)) if odd else whole


def _mean_of_sites(sites: Sequence[SiteScore]) -> Fraction | None:
    if not sites:
        return None
    earned: Counter[int] = Counter()
    odd = Fraction(0)
    for one in sites:  # few weights are different, so that few fractions are added
        if isinstance(one.earned, int):
            earned[one.possible] += one.earned
        else:
            odd += one.earned / one.possible
    whole = sum((Fraction(gained, of) for of, gained in earned.items()), odd)
    return FULL * whole / len(sites)


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
    parts = (weights[one] * Fraction(_earned(grouped[one])) / of for one, of in possible.items())
    return FULL * sum(parts, Fraction(0)) / total
