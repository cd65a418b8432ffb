"""The smallest set of answers that would have moved an entrant up one place.

All else stays as it was, and an answer that is put right earns all. Where no veto works on a site
its answers add up, so the largest are taken first. A veto works until all answers of its class are
put right; so for such a site it is tried what one answer brings, two, and so on, and these are
put together with the others for the least number.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, chain, combinations

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
    first: list[LostAnswer] = []
    if one.tally.zeroed:
        first = [answer for answer in lost if _effect(answer, book) is VetoEffect.ZERO_ENTRANT]
        one, lost = _put_right(one, lost, first, terms, book)
    score = one.score or Fraction(0)
    if goal.is_reached(score):
        return Move(tuple(first))
    if one.points is not None:
        return None
    unit, plain, sites = _choices(one, lost, terms, book)
    if not plain and not sites:
        return None
    found = _Search(plain, sites, unit * score, Goal(unit * goal.score, goal.passed)).run()
    return None if found is None else replace(found, answers=(*first, *found.answers))


def _effect(answer: LostAnswer, book: Rulebook) -> VetoEffect:
    return VetoEffect.NONE if answer.veto is None else book.veto(answer.veto).effect


def _put_right(
    one: Standing,
    lost: Sequence[LostAnswer],
    right: Sequence[LostAnswer],
    terms: LeagueRule,
    book: Rulebook,
) -> tuple[Standing, list[LostAnswer]]:
    """The entrant as it would stand with some answers put right, and what it would still lose."""
    rest = [answer for answer in lost if answer not in right]
    at: dict[str, list[LostAnswer]] = defaultdict(list)
    for answer in rest:
        at[answer.site].append(answer)
    sites = [_settled(site, at[site.site], book) for site in one.tally.sites]
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
        greedy = self._by_density()
        if greedy is None or not self.sites:
            return greedy
        most = len(greedy.answers)
        if most > _MOST:
            return replace(greedy, smallest=False)
        return self._least(most) or greedy

    def _by_density(self) -> Move | None:
        """A set that will do: the site choices that bring most per answer, then single ones.

        Without vetoed sites it is the smallest.
        """
        rates = [max(site, key=lambda one: (one[0] / len(one[1]), one[0])) for site in self.sites]
        bundles = [(gain, answers) for gain, answers in rates]
        bundles += [
            (self.sums[n + 1] - self.sums[n], one.answers) for n, one in enumerate(self.plain)
        ]
        most = math.lcm(*{len(answers) for _, answers in bundles})
        bundles.sort(key=lambda one: (-one[0] * (most // len(one[1])), one[1]))
        taken: list[LostAnswer] = []
        gained = 0
        for gain, answers in bundles:
            gained += gain
            taken += answers
            if gained >= self.needed:
                return Move(tuple(taken))
        return self._everything()

    def _everything(self) -> Move | None:
        """All that brings anything, where only all of it might do."""
        best = [site[-1] for site in self.sites]
        if self.sums[-1] + sum(gain for gain, _ in best) < self.needed:
            return None
        answers = [one.answers for one in self.plain] + [answers for _, answers in best]
        return Move(tuple(chain.from_iterable(answers)))

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
