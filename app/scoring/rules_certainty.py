"""How sure an order is: what stands beside a place, and whether a flag is supported.

The official order is the plain order of scores. Beside it stands what the scores can carry. Each
entrant's true score is taken to lie around the league's mean, and its own score counts the more
the smaller its standard error (empirical Bayes). From what is then known of the true scores come
the expected place, and by drawing them many times the probability of being truly among the first
or last. Draws are seeded from the run's digest, and the arithmetic is the same on every machine.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Generic, TypeVar

from app.kit import normal

K = TypeVar("K")
DRAWS = 2000
LEVEL = 0.90


@dataclass(frozen=True)
class Estimate(Generic[K]):
    """A score in points with its standard error; ``settled`` where a rule and no count made it."""

    key: K
    score: float
    error: float
    settled: bool = False


@dataclass(frozen=True)
class Belief(Generic[K]):
    """What is known of a true score: mean and variance, in points."""

    key: K
    mean: float
    variance: float


@dataclass(frozen=True)
class Prior:
    """How the true scores of a league lie: around ``mean``, with variance ``between``.

    ``rankability`` is the share of the scores' differences that is true: at 0 all of it is chance.
    """

    mean: float
    between: float
    rankability: float


def prior_of(league: Sequence[Estimate[K]]) -> Prior:
    """How the true scores of a league lie, by what is left of their variance beyond the errors."""
    counted = [one for one in league if not one.settled] or list(league)
    mean = math.fsum(one.score for one in counted) / len(counted)
    if len(counted) == 1:
        return Prior(mean, 0.0, 0.0)
    squares = math.fsum(_square(one.score - mean) for one in counted)
    errors = sorted(_square(one.error) for one in counted)
    between = max(0.0, squares / (len(counted) - 1) - math.fsum(errors) / len(errors))
    middle = (errors[(len(errors) - 1) // 2] + errors[len(errors) // 2]) / 2
    total = between + middle
    return Prior(mean, between, between / total if total else 0.0)


def _square(value: float) -> float:
    """``**`` calls the C library, which need not round alike everywhere; a product does."""
    return value * value


def shrink(league: Sequence[Estimate[K]]) -> list[Belief[K]]:
    """What is known of each true score, once the league as a whole is taken into account."""
    prior = prior_of(league)
    return [_belief(one, prior) for one in league]


def as_measured(league: Sequence[Estimate[K]]) -> list[Belief[K]]:
    """What each score says by itself, as if nothing were known of the others."""
    return [Belief(one.key, one.score, _square(one.error)) for one in league]


def _belief(one: Estimate[K], prior: Prior) -> Belief[K]:
    own = _square(one.error)
    if one.settled or not own:
        return Belief(one.key, one.score, 0.0)
    share = prior.between / (prior.between + own)
    return Belief(one.key, prior.mean + share * (one.score - prior.mean), share * own)


def better(one: Belief[K], other: Belief[K]) -> float:
    """The probability that ``one`` is truly better than ``other``."""
    distance = one.mean - other.mean
    spread = math.sqrt(one.variance + other.variance)
    if spread:
        return normal.below(distance / spread)
    return 0.5 if not distance else float(distance > 0)


def expected_ranks(league: Sequence[Belief[K]]) -> list[float]:
    """The mean place of each: 1 and the probabilities of the others being truly better."""
    return [
        1 + math.fsum(better(other, one) for other in league if other is not one) for one in league
    ]


def percentile(expected_rank: float, entrants: int) -> float:
    """An expected place on a scale from 0 (first) to 100 (last), whatever the league's size."""
    return 100 * (expected_rank - 0.5) / entrants


def seed_of(digest: bytes, name: str) -> int:
    """The seed for one league: from the run's official digest and the league's code alone."""
    return int.from_bytes(hashlib.sha256(digest + b"\n" + name.encode()).digest())


@dataclass(frozen=True)
class Places(Generic[K]):
    """How often each entrant took each place, over many draws of the true scores."""

    draws: int
    counts: Mapping[K, Sequence[int]]

    def first(self, key: K, group: int) -> int:
        """In how many draws it was among the first ``group``."""
        return sum(self.counts[key][:group])

    def last(self, key: K, group: int) -> int:
        """In how many draws it was among the last ``group``."""
        return sum(self.counts[key][max(0, len(self.counts) - group) :])

    def between(self, key: K, level: float = LEVEL) -> tuple[int, int]:
        """The first and last place of the middle ``level`` of its draws."""
        cut = (1 - level) / 2 * self.draws
        return self._reached(key, cut), self._reached(key, self.draws - cut)

    def _reached(self, key: K, wanted: float) -> int:
        seen = 0
        for place, count in enumerate(self.counts[key], start=1):
            seen += count
            if seen > wanted or seen == self.draws:
                return place
        raise ValueError("nothing was drawn")


def draw_places(league: Sequence[Belief[K]], seed: int, draws: int = DRAWS) -> Places[K]:
    """Places over many draws of the true scores; those that cannot be told apart share the luck.

    The order in which the entrants are given plays no part: they are drawn in that of their names.
    """
    ordered = sorted(league, key=lambda one: str(one.key))
    random = Random(seed)  # noqa: S311 - to be repeated by anybody, not to be secret
    counts = [[0] * len(ordered) for _ in ordered]
    for _ in range(draws):
        for place, entrant in enumerate(draw_order(ordered, random)):
            counts[entrant][place] += 1
    return Places(draws, {one.key: row for one, row in zip(ordered, counts, strict=True)})


def draw_order(league: Sequence[Belief[K]], random: Random) -> list[int]:
    """One order of true scores, best first, as positions in ``league``."""
    return _order_of(
        [one.mean + math.sqrt(one.variance) * normal.draw(random) for one in league], random
    )


def places_of(keys: Sequence[K], drawn: Sequence[Sequence[float]], random: Random) -> Places[K]:
    """The places that drawn scores come to; each draw holds them in the order of ``keys``."""
    counts = [[0] * len(keys) for _ in keys]
    for scores in drawn:
        for place, entrant in enumerate(_order_of(scores, random)):
            counts[entrant][place] += 1
    return Places(len(drawn), dict(zip(keys, counts, strict=True)))


def _order_of(scores: Sequence[float], random: Random) -> list[int]:
    """Positions by score, best first; equals in an order that is drawn."""
    luck = [(score, random.getrandbits(32)) for score in scores]
    return sorted(range(len(scores)), key=luck.__getitem__, reverse=True)


class Support(StrEnum):
    SUPPORTED = "supported"
    PROVISIONAL = "provisional"
    NOT_SUPPORTED = "not_supported"


SUPPORT_LABELS: dict[Support, tuple[str, str]] = {
    Support.SUPPORTED: ("有充分依据", "supported"),
    Support.PROVISIONAL: ("暂定，须复查", "provisional: to be inspected again"),
    Support.NOT_SUPPORTED: ("依据不足", "not supported"),
}


def flag_group(quota: int, entrants: int) -> int:
    """Among how many first or last an entrant must truly be for its flag: never fewer than a fifth.

    "Exactly the last two" cannot be known with any number of visits that a city can make.
    """
    return max(quota, -(-entrants // 5))


def support(times: int, draws: int = DRAWS, *, shaken: bool = False) -> Support:
    """The label of a flag whose entrant was truly in its group so many ``times`` in ``draws``.

    From nine tenths on it is supported, from a half on provisional; ``shaken``, where the
    inspectors' severity alone would move the entrant across the line, it is provisional at best.
    """
    if 10 * times >= 9 * draws:
        return Support.PROVISIONAL if shaken else Support.SUPPORTED
    return Support.PROVISIONAL if 2 * times >= draws else Support.NOT_SUPPORTED


def interval(one: Estimate[K], level: float = LEVEL) -> tuple[float, float]:
    """Between what the true score lies with this probability, by its own standard error."""
    reach = normal.quantile((1 + level) / 2) * one.error
    return one.score - reach, one.score + reach


def all_overlap(league: Sequence[Estimate[K]], level: float = LEVEL) -> bool:
    """Whether one true score could be everybody's: every interval overlaps every other one."""
    spans = [interval(one, level) for one in league]
    return len(spans) > 1 and max(low for low, _ in spans) <= min(high for _, high in spans)


def proved_places(league: Sequence[Estimate[K]], level: float = LEVEL) -> list[tuple[int, int]]:
    """The places that each can hold for sure: only differences count that no chance explains.

    All pairs are compared at once (Bonferroni), so these are wide; they prove who is worse than
    whom.
    """
    pairs = len(league) * (len(league) - 1) // 2
    bound = normal.quantile(1 - (1 - level) / (2 * pairs)) if pairs else 0.0
    found = []
    for one in league:
        worse = sum(_is_proved_better(one, other, bound) for other in league)
        ahead = sum(_is_proved_better(other, one, bound) for other in league)
        found.append((1 + ahead, len(league) - worse))
    return found


def _is_proved_better(one: Estimate[K], other: Estimate[K], bound: float) -> bool:
    return one.score - other.score > bound * math.sqrt(_square(one.error) + _square(other.error))
