"""What an entrant's sites come to: vetoes applied, then one exact score out of a hundred.

A site's score in a scope is ``100 x earned / possible`` over the lines of the scope. Vetoes of
those lines are applied after the arithmetic: deductions, then caps, then zero.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from app.checklists.rules import MILLI
from app.scoring.rules import Aggregation, LeagueRule, Rulebook, VetoEffect
from app.scoring.rules_inputs import EntrantGiven, LineMarks, SiteMarks

FULL = 100
Kind = tuple[str, int | Fraction, int]  # a site's category, thousandths earned, and possible


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


class Lot:
    """Sites that are looked at together: what they come to is summed once, whoever asks.

    ``kinds`` counts sites that are alike in category, thousandths earned and possible, which is
    all that scores depend on; a site by itself is looked at only where somebody wants its name.
    """

    def __init__(
        self,
        marks: Sequence[SiteMarks],
        alike: Sequence[Kind],
        vetoes: Mapping[int, tuple[str, ...]],
    ) -> None:
        self._marks = marks
        self._alike = alike
        self._vetoes = vetoes
        self.kinds = Counter(alike)

    def __len__(self) -> int:
        return len(self._alike)

    @cached_property
    def finished_on(self) -> date | None:
        """The day of the last visit."""
        return max((one.finished_on for one in self._marks if one.finished_on), default=None)

    @property
    def vetoes(self) -> Iterable[tuple[str, ...]]:
        """The classes of vetoes that failed at each site where any did."""
        return self._vetoes.values()

    @property
    def possible(self) -> Iterator[tuple[str, str, int]]:
        """Each site by name, its category, and what could be earned there."""
        for one, (category, _, of) in zip(self._marks, self._alike, strict=True):
            yield one.site, category, of

    @property
    def sites(self) -> Iterator[SiteScore]:
        """The sites one by one."""
        for number, (one, alike) in enumerate(zip(self._marks, self._alike, strict=True)):
            yield SiteScore(one.site, *alike, self._vetoes.get(number, ()), one.finished_on)


@dataclass(frozen=True)
class Tally:
    """An entrant's sites, and what its vetoes do to the whole of it."""

    lots: Sequence[Lot]
    vetoes: int
    barred_from_red: bool
    zeroed: bool

    @cached_property
    def count(self) -> int:
        """How many sites there are."""
        return sum(map(len, self.lots))

    @cached_property
    def kinds(self) -> Mapping[Kind, int]:
        """How many sites of each kind there are."""
        if len(self.lots) == 1:
            return self.lots[0].kinds
        found: Counter[Kind] = Counter()
        for lot in self.lots:
            found.update(lot.kinds)
        return found

    @cached_property
    def sites(self) -> Sequence[SiteScore]:
        """The sites one by one, in a fixed order."""
        return sorted(chain.from_iterable(lot.sites for lot in self.lots), key=_name)

    @property
    def categories(self) -> frozenset[str]:
        return frozenset(category for category, _, _ in self.kinds)

    @property
    def finished_on(self) -> date | None:
        """The day of the last visit."""
        return max((lot.finished_on for lot in self.lots if lot.finished_on), default=None)

    def with_sites(self, sites: Sequence[SiteScore]) -> "Tally":
        """The same had its sites come to this, none of them making the whole of it nothing."""
        marks = [SiteMarks(one.site, one.category, "", one.finished_on, ()) for one in sites]
        alike = [(one.category, one.earned, one.possible) for one in sites]
        vetoes = {number: one.vetoes for number, one in enumerate(sites) if one.vetoes}
        return replace(self, lots=(Lot(marks, alike, vetoes),), zeroed=False)


class Ground:
    """The sites of a round by place, so that an entrant meets its own alone.

    What sites come to in some lines is reckoned once, whoever is ranked by them.
    """

    def __init__(self, sites: Iterable[SiteMarks], book: Rulebook) -> None:
        self._book = book
        self._at: dict[str, list[SiteMarks]] = defaultdict(list)
        self._at_line: dict[str, dict[str, list[tuple[SiteMarks, LineMarks]]]] = {}
        self._lots: dict[tuple[str, frozenset[str]], Lot] = {}
        self._kept: dict[tuple[int, int, tuple[str, ...]], int | Fraction] = {}
        for site in sites:
            self._at[site.area_path].append(site)

    def tally(self, entrant: EntrantGiven) -> Tally:
        """The sites in an entrant's scope with something to be earned."""
        paths = [path for path in self._at if path.startswith(entrant.areas)]
        lots = [lot for path in paths if (lot := self._lot(path, entrant.lines))]
        vetoes = [one for lot in lots for one in lot.vetoes]
        effects = {self._book.veto(veto).effect for veto in set(chain.from_iterable(vetoes))}
        return Tally(
            lots=lots,
            vetoes=sum(map(len, vetoes)),
            barred_from_red=VetoEffect.BAR_FROM_RED in effects,
            zeroed=VetoEffect.ZERO_ENTRANT in effects,
        )

    def _lot(self, path: str, lines: frozenset[str]) -> Lot:
        if (path, lines) not in self._lots:
            self._lots[path, lines] = self._scored(self._marks_at(path, lines))
        return self._lots[path, lines]

    def _scored(self, marks: Iterable[tuple[SiteMarks, int, int, tuple[str, ...]]]) -> Lot:
        sites: list[SiteMarks] = []
        alike: list[Kind] = []
        failed: dict[int, tuple[str, ...]] = {}
        for site, earned, possible, vetoes in marks:
            if not possible:
                continue
            if vetoes:
                classes = vetoes if len(vetoes) == 1 else tuple(sorted(set(vetoes)))
                failed[len(sites)] = classes
                kept = self._after_vetoes(earned, possible, classes)
                alike.append((site.category, kept, possible))
            else:
                alike.append((site.category, earned, possible))
            sites.append(site)
        return Lot(sites, alike, failed)

    def _marks_at(
        self, path: str, lines: frozenset[str]
    ) -> Iterator[tuple[SiteMarks, int, int, tuple[str, ...]]]:
        """The sites at a place, and what they earned in some lines of what was possible."""
        if len(lines) == 1:
            for site, marks in self._with_line(path, *lines):
                yield site, *marks[1:]
            return
        for site in self._at[path]:
            earned = possible = 0
            vetoes: tuple[str, ...] = ()
            for line, gained, of, failed in site.lines:
                if not lines or line in lines:
                    earned += gained
                    possible += of
                    if failed:
                        vetoes += failed
            yield site, earned, possible, vetoes

    def _with_line(self, path: str, line: str) -> Sequence[tuple[SiteMarks, LineMarks]]:
        if path not in self._at_line:
            found = self._at_line[path] = defaultdict(list)
            for site in self._at[path]:
                for marks in site.lines:
                    found[marks.line].append((site, marks))
        return self._at_line[path].get(line, ())

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
        return _mean_of_sites(tally.kinds)
    if terms.aggregation is Aggregation.CATEGORY_MIX:
        return _mix(tally.kinds, terms.category_weights or {})
    return _rate(tally.kinds.items())


def rate_of_category(tally: Tally, category: str) -> Fraction | None:
    """The score of an entrant's sites of one category."""
    return _rate([one for one in tally.kinds.items() if one[0][0] == category])


def _rate(sites: Collection[tuple[Kind, int]]) -> Fraction | None:
    if not sites:
        return None
    return FULL * _earned(sites) / sum([of * times for (_, _, of), times in sites])


def _earned(sites: Iterable[tuple[Kind, int]]) -> Fraction:
    """The sum of what was earned; by denominators, of which there are few: fractions are slow."""
    parts: dict[int, int] = defaultdict(int)
    for (_, earned, _), times in sites:
        parts[earned.denominator] += times * earned.numerator
    return sum((Fraction(up, down) for down, up in parts.items()), Fraction(0))


def _mean_of_sites(kinds: Mapping[Kind, int]) -> Fraction | None:
    if not kinds:
        return None
    parts: dict[int, int] = defaultdict(int)
    for (_, earned, possible), times in kinds.items():
        parts[earned.denominator * possible] += times * earned.numerator
    total = sum((Fraction(up, of) for of, up in parts.items()), Fraction(0))
    return FULL * total / sum(kinds.values())


def _mix(kinds: Mapping[Kind, int], weights: Mapping[str, int]) -> Fraction | None:
    """Fixed weights over the categories that are there; other categories count for nothing."""
    grouped: dict[str, list[tuple[Kind, int]]] = defaultdict(list)
    for one in kinds.items():
        if one[0][0] in weights:
            grouped[one[0][0]].append(one)
    if not grouped:
        return None
    total = sum(weights[category] for category in grouped)
    parts = (weights[name] * (_rate(found) or Fraction(0)) for name, found in grouped.items())
    return sum(parts, Fraction(0)) / total
