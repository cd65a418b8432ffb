"""Why an entrant stands where it does: the gap to the next place, and what it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.scoring.rules import LeagueRule, Rulebook, TieBasis
from app.scoring.rules_losses import Cause, Losses, LostAnswer, losses_of
from app.scoring.rules_places import Standing, hundredths


@dataclass(frozen=True)
class Part:
    """What one cause makes of the gap: the points lost to it by this entrant and by the next."""

    cause: Cause
    key: str
    own: Fraction
    other: Fraction

    @property
    def points(self) -> Fraction:
        """Its part of the gap; below nothing where the next one lost more."""
        return self.own - self.other


@dataclass(frozen=True)
class Explanation:
    """An entrant's losses and, where one stands before it, the gap and its parts, most first.

    The parts sum to the gap exactly. On the basis of printed scores the gap is that of the printed
    ones.
    """

    standing: Standing
    losses: Losses
    ahead: Standing | None
    gap: Fraction | None
    parts: tuple[Part, ...]


def next_ahead(one: Standing, standings: Sequence[Standing]) -> Standing | None:
    """Who holds the next better place; None for the first and for those without a place."""
    if one.place is None:
        return None
    before = [other for other in standings if other.place is not None and other.place < one.place]
    return max(before, key=lambda other: (other.place or 0, other.entrant.key), default=None)


def explain(
    one: Standing,
    standings: Sequence[Standing],
    answers_of: Callable[[Standing], Sequence[LostAnswer]],
    terms: LeagueRule,
    book: Rulebook,
) -> Explanation:
    """The explanation of an entrant with a score; ``answers_of`` reads the lost answers of one."""
    own = _losses(one, answers_of, terms)
    ahead = next_ahead(one, standings)
    if ahead is None:
        return Explanation(one, own, None, None, ())
    other = _losses(ahead, answers_of, terms)
    mine, theirs = dict(own.parts), dict(other.parts)
    if own.base != other.base:
        raise ValueError("two entrants of a league that could not reach the same score")
    if book.tie_basis is TieBasis.PUBLISHED:
        mine[Cause.ROUNDING, ""] = _rounded_off(one)
        theirs[Cause.ROUNDING, ""] = _rounded_off(ahead)
    parts = [
        Part(*key, mine.get(key, Fraction(0)), theirs.get(key, Fraction(0)))
        for key in mine.keys() | theirs.keys()
    ]
    parts = [part for part in parts if part.own or part.other]
    parts.sort(key=lambda part: (-part.points, part.cause, part.key))
    return Explanation(one, own, ahead, _basis(ahead, book) - _basis(one, book), tuple(parts))


def _losses(
    one: Standing, answers_of: Callable[[Standing], Sequence[LostAnswer]], terms: LeagueRule
) -> Losses:
    """Where points of other leagues make the score, no answers are read."""
    return losses_of(one, answers_of(one) if one.points is None else (), terms)


def _basis(one: Standing, book: Rulebook) -> Fraction:
    score = one.score or Fraction(0)
    return Fraction(hundredths(score), 100) if book.tie_basis is TieBasis.PUBLISHED else score


def _rounded_off(one: Standing) -> Fraction:
    score = one.score or Fraction(0)
    return score - Fraction(hundredths(score), 100)


def in_whole(values: Sequence[Fraction], per: int) -> list[int]:
    """Values as whole ``per``-ths that sum to their rounded sum: the largest rests are rounded up.

    So what is printed of an explanation adds up too.
    """
    scaled = [value * per for value in values]
    whole = [value.numerator // value.denominator for value in scaled]
    total = sum(scaled, Fraction(0))
    missing = (2 * total.numerator + total.denominator) // (2 * total.denominator) - sum(whole)
    by_rest = sorted(range(len(values)), key=lambda n: (whole[n] - scaled[n], n))
    for n in by_rest[:missing]:
        whole[n] += 1
    return whole
