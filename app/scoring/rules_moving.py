"""The smallest set of answers that would have moved an entrant up one place.

All else stays as it was, and an answer that is put right earns all. Where no veto works on a site
its answers add up, so the largest are taken first. A veto works until all answers of its class are
put right; so for such a site it is tried what one answer brings, two, and so on, and these are
put together with the others for the least number. Of very many answers it is first looked at what
brings most for each; mostly no smaller set can be, else the set is said not to be proved smallest.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, chain, combinations, pairwise

from app.scoring.rules import LeagueRule, Rulebook, TieBasis, VetoEffect
from app.scoring.rules_draws import site_share
from app.scoring.rules_losses import LostAnswer, whole_worth, worth_at
from app.scoring.rules_places import Standing, hundredths
from app.scoring.rules_tallies import SiteScore, after_vetoes, score_of_sites

_MOST = 300
_WORKING = {VetoEffect.ZERO_SITE, VetoEffect.CAP, VetoEffect.DEDUCT}


@dataclass(frozen=True)
class Goal:
    """The exact score that is to be reached, or passed where it alone would not do."""

    score: Fraction
    passed: bool

    def is_reached(self, score: Fraction) -> bool:
        """Whether a score will do."""
        return score > self.score if self.passed else score >= self.score


@dataclass(frozen=True)
class Move:
    """Answers that move an entrant; ``smallest`` where it is certain that no fewer would."""

    answers: tuple[LostAnswer, ...]
    smallest: bool = True


@dataclass(frozen=True)
class _Choice:
    """What putting these answers of one site right adds to the score, in parts of a point."""

    gain: int | Fraction
    answers: tuple[LostAnswer, ...]


def goal_of(ahead: Standing, book: Rulebook, *, level: bool = False) -> Goal:
    """What has to be reached to stand before somebody, or ``level`` with him."""
    score = ahead.score or Fraction(0)
    if book.tie_basis is TieBasis.EXACT:
        return Goal(score, passed=not level)
    printed = hundredths(score) if level else hundredths(score) + 1
    return Goal(Fraction(2 * printed - 1, 200), passed=False)


def least_gain(earned: int, possible: int, goal: Goal) -> int:
    """How much more would have had to be earned of ``possible`` to reach a goal."""
    needed = goal.score * possible / 100 - earned
    least = -(-needed.numerator // needed.denominator)
    return max(0, least + 1 if goal.passed and least == needed else least)


def fewest(
    one: Standing, lost: Sequence[LostAnswer], goal: Goal, terms: LeagueRule, book: Rulebook
) -> Move | None:
    """The fewest answers that, put right, reach a goal; None where even all would not do.

    For scores that come from sites.
    """
    return Chances(one, lost, terms, book).fewest(goal)


class Chances:
    """What putting answers right could bring an entrant, weighed once for any number of goals."""

    def __init__(
        self, one: Standing, lost: Sequence[LostAnswer], terms: LeagueRule, book: Rulebook
    ) -> None:
        self._first: list[LostAnswer] = []
        if one.tally.zeroed:
            zeroing = VetoEffect.ZERO_ENTRANT
            self._first = [answer for answer in lost if _effect(answer, book) is zeroing]
            one, lost = put_right(one, lost, self._first, terms, book)
        self._score = one.score or Fraction(0)
        none: tuple[int, list[_Choice], list[list[_Choice]]] = (1, [], [])
        found = none if one.points is not None else _choices(one, lost, terms, book)
        self._unit, self._plain, self._sites = found

    def fewest(self, goal: Goal) -> Move | None:
        """The fewest answers that reach a goal; None where even all would not do."""
        if goal.is_reached(self._score):
            return Move(tuple(self._first))
        if not self._plain and not self._sites:
            return None
        there = Goal(self._unit * goal.score, goal.passed)
        found = _Search(self._plain, self._sites, self._unit * self._score, there).run()
        return None if found is None else replace(found, answers=(*self._first, *found.answers))


def _effect(answer: LostAnswer, book: Rulebook) -> VetoEffect:
    return VetoEffect.NONE if answer.veto is None else book.veto(answer.veto).effect


def put_right(
    one: Standing,
    lost: Sequence[LostAnswer],
    right: Sequence[LostAnswer],
    terms: LeagueRule,
    book: Rulebook,
) -> tuple[Standing, list[LostAnswer]]:
    """The entrant as it would stand with some answers put right, and what it would still lose."""
    chosen = set(right)
    rest = [answer for answer in lost if answer not in chosen]
    touched = {answer.site for answer in right}
    at: dict[str, list[LostAnswer]] = defaultdict(list)
    for answer in rest:
        at[answer.site].append(answer)
    sites = [
        _settled(site, at[site.site], book) if site.site in touched else site
        for site in one.tally.sites
    ]
    tally = one.tally.with_sites(sites)
    before = score_of_sites(one.tally, terms) or Fraction(0)
    after = score_of_sites(tally, terms) or Fraction(0)
    score = (one.score or Fraction(0)) + site_share(one, terms) * (after - before)
    return replace(one, tally=tally, score=score), rest


def _settled(site: SiteScore, lost: Sequence[LostAnswer], book: Rulebook) -> SiteScore:
    vetoes = tuple(sorted({answer.veto for answer in lost if answer.veto is not None}))
    raw = site.possible - sum(answer.lost for answer in lost)
    return site._replace(earned=after_vetoes(raw, site.possible, vetoes, book), vetoes=vetoes)


def _choices(
    one: Standing, lost: Sequence[LostAnswer], terms: LeagueRule, book: Rulebook
) -> tuple[int, list[_Choice], list[list[_Choice]]]:
    """Single answers where they add up; by site, the best choice of each number, where not.

    Before them the part of a point in which gains are told.
    """
    unit, worth = whole_worth(worth_at(one, terms))
    at: dict[str, list[LostAnswer]] = defaultdict(list)
    for answer in lost:
        at[answer.site].append(answer)
    plain: list[_Choice] = []
    sites: list[list[_Choice]] = []
    for site in one.tally.sites:
        mine, each = at[site.site], worth.get(site.site, 0)
        if any(book.veto(veto).effect in _WORKING for veto in site.vetoes):
            sites.append(_choices_at(site, mine, each, book))
        else:
            plain += [_Choice(each * answer.lost, (answer,)) for answer in mine if each]
    plain.sort(key=lambda choice: (-choice.gain, choice.answers))
    return unit, plain, [choices for choices in sites if choices]


def _choices_at(
    site: SiteScore, lost: Sequence[LostAnswer], each: int, book: Rulebook
) -> list[_Choice]:
    """The most that one answer brings at a site, and two, and so on, as long as it is more."""
    working = [veto for veto in site.vetoes if book.veto(veto).effect in _WORKING]
    best: dict[int, _Choice] = {}
    for lifted in chain.from_iterable(combinations(working, n) for n in range(len(working) + 1)):
        right = [answer for answer in lost if answer.veto in lifted]
        rest = sorted((a for a in lost if a.veto not in lifted), key=lambda a: (-a.lost, a))
        left = [veto for veto in site.vetoes if veto not in lifted]
        for count in range(len(rest) + 1):
            answers = (*right, *rest[:count])
            raw = site.possible - sum(answer.lost for answer in rest[count:])
            gain = each * (after_vetoes(raw, site.possible, left, book) - site.earned)
            if answers and (len(answers) not in best or gain > best[len(answers)].gain):
                best[len(answers)] = _Choice(gain, answers)
    found: list[_Choice] = []
    for count in sorted(best):
        if best[count].gain > (found[-1].gain if found else 0):
            found.append(best[count])
    return found


_Chosen = tuple[int, tuple[LostAnswer, ...]]  # what a choice brings, in whole parts; its answers


class _Search:
    """The least number of answers, over single ones and the choices of vetoed sites."""

    def __init__(
        self,
        plain: Sequence[_Choice],
        sites: Sequence[Sequence[_Choice]],
        score: Fraction,
        goal: Goal,
    ) -> None:
        parts = {choice.gain.denominator for choice in chain(plain, *sites)}
        scale = math.lcm(goal.score.denominator, score.denominator, *parts)
        self.plain = plain
        self.sites = [[(int(one.gain * scale), one.answers) for one in site] for site in sites]
        needed = int((goal.score - score) * scale)
        self.needed = needed + 1 if goal.passed else needed
        self.sums = list(accumulate((int(one.gain * scale) for one in plain), initial=0))

    def run(self) -> Move | None:
        """None where even all answers would not do."""
        found = _Climb(self.plain, self.sums, self.sites, self.needed).run()
        if found is None:
            return None
        move, at_least = found
        if len(move.answers) <= at_least:
            return move
        if len(move.answers) > _MOST:
            return replace(move, smallest=False)
        return self._least(len(move.answers)) or move

    def _least(self, most: int) -> Move | None:
        """The fewest answers, if they are no more than ``most``."""
        best: list[tuple[int, tuple[LostAnswer, ...]] | None] = [(0, ())] + [None] * most
        for site in self._worth_trying(most):
            for total in range(most, 0, -1):
                for gain, answers in site:
                    before = best[total - len(answers)] if len(answers) <= total else None
                    now = best[total]
                    if before and (now is None or before[0] + gain > now[0]):
                        best[total] = (before[0] + gain, (*before[1], *answers))
        for total in range(most + 1):
            for vetoed, one in enumerate(best[: total + 1]):
                single = min(total - vetoed, len(self.plain))
                if one is not None and one[0] + self.sums[single] >= self.needed:
                    alone = chain.from_iterable(c.answers for c in self.plain[:single])
                    return Move((*one[1], *alone))
        return None

    def _worth_trying(self, most: int) -> list[list[tuple[int, tuple[LostAnswer, ...]]]]:
        """Of each number of answers no more sites can be used than fit into ``most``."""
        by_count: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, site in enumerate(self.sites):
            for gain, answers in site:
                by_count[len(answers)].append((-gain, number))
        kept = {
            number
            for count, gains in by_count.items()
            for _, number in sorted(gains)[: most // count]
        }
        return [self.sites[number] for number in sorted(kept)]


@dataclass(frozen=True)
class _Step:
    """From one choice of a site to the next that is worth it, or one more single answer."""

    gain: int
    count: int
    site: int | None
    to: _Chosen


class _Climb:
    """A set that will do, and a number of answers that no set is below.

    Of each site only those choices are climbed that bring most per answer, the best steps of all
    sites first. Were the last step divisible, nothing could be smaller: so its part that is needed
    tells the least number there can be. Mostly the last step can be replaced by that few.
    """

    def __init__(
        self,
        plain: Sequence[_Choice],
        sums: Sequence[int],
        sites: Sequence[Sequence[_Chosen]],
        needed: int,
    ) -> None:
        self.plain = plain
        self.sums = sums
        self.sites = sites
        self.needed = needed
        self.taken: dict[int, _Chosen] = {}
        self.single = 0

    def run(self) -> tuple[Move, int] | None:
        """None where even all of them would not do."""
        gained = count = 0
        for step in self._steps():
            if gained + step.gain >= self.needed:
                missing = self.needed - gained
                at_least = count - (-missing * step.count // step.gain)
                self._finish(step, missing)
                return self._move(), at_least
            self._take(step)
            gained += step.gain
            count += step.count
        return None

    def _steps(self) -> list[_Step]:
        steps = [
            _Step(self.sums[n + 1] - self.sums[n], 1, None, (0, one.answers))
            for n, one in enumerate(self.plain)
        ]
        for number, site in enumerate(self.sites):
            for (gain, answers), to in pairwise(_worth_it(site)):
                steps.append(_Step(to[0] - gain, len(to[1]) - len(answers), number, to))
        whole = math.lcm(*{step.count for step in steps})
        steps.sort(key=lambda step: (-step.gain * (whole // step.count), step.to[1]))
        return steps

    def _take(self, step: _Step) -> None:
        if step.site is None:
            self.single += 1
        else:
            self.taken[step.site] = step.to

    def _finish(self, step: _Step, missing: int) -> None:
        """The step, or something smaller that will do as well: a choice, single answers, both."""
        best: tuple[int, int, int | None, _Chosen] = (step.count, 0, step.site, step.to)
        if step.site is None:
            best = (1, 1, None, step.to)
        for number, site in enumerate([] if step.count == 1 else [*self.sites, [(0, ())]]):
            gain, answers = self.taken.get(number, (0, ()))
            for to in site:
                single = self._singles(missing - (to[0] - gain))
                count = len(to[1]) - len(answers) + (single or 0)
                if single is not None and 0 < count < best[0]:
                    best = (count, single, number if to[1] else None, to)
        _, single, chosen, to = best
        self.single += single
        if chosen is not None:
            self.taken[chosen] = to

    def _singles(self, missing: int) -> int | None:
        """How many more single answers bring what is missing; None where all do not."""
        if missing <= 0:
            return 0
        end = bisect_left(self.sums, self.sums[self.single] + missing, lo=self.single)
        return end - self.single if end < len(self.sums) else None

    def _move(self) -> Move:
        alone = chain.from_iterable(one.answers for one in self.plain[: self.single])
        vetoed = chain.from_iterable(self.taken[number][1] for number in sorted(self.taken))
        return Move((*vetoed, *alone))


def _worth_it(site: Sequence[_Chosen]) -> list[_Chosen]:
    """From nothing to everything, the choices that no mix of two others betters."""
    found: list[_Chosen] = [(0, ())]
    for gain, answers in site:
        while len(found) > 1 and _bends_up(found[-2], found[-1], (gain, answers)):
            found.pop()
        found.append((gain, answers))
    return found


def _bends_up(first: _Chosen, middle: _Chosen, last: _Chosen) -> bool:
    before = (middle[0] - first[0]) * (len(last[1]) - len(middle[1]))
    return before <= (last[0] - middle[0]) * (len(middle[1]) - len(first[1]))
