"""How sure a score is, from how the sites differ: the design-based standard error.

A round visits some of an entrant's sites, drawn within strata (site categories). Were others
drawn, the score would be another; the standard error says by how much, as a rule. Only sums over
sites are needed, so a million answers are read once, in any order, and never kept.

    s^2 = sum over strata of  weight^2 x (1 - n/N) x v / n

``v`` is the variance, within the stratum, of what each site earned beyond its share; ``weight``
the stratum's share of the score. Sums are exact integers; the roots alone are rounded.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

E = TypeVar("E", bound=Hashable)  # how the caller names an entrant
C = TypeVar("C", bound=Hashable)  # how the caller names a category of sites
WHOLE = 10**9  # a site's own rate, where every site counts alike, in parts of this


@dataclass(slots=True)
class Sums:
    """Sums over the sites of one stratum: enough for its rate and for how its sites differ."""

    sites: int = 0
    earned: int = 0
    possible: int = 0
    earned_squares: int = 0
    products: int = 0
    possible_squares: int = 0

    def add(self, earned: int, possible: int, sites: int = 1) -> None:
        """Take in sites that earned so much of so much; one where nothing was possible is none."""
        if possible:
            self.sites += sites
            self.earned += sites * earned
            self.possible += sites * possible
            self.earned_squares += sites * earned * earned
            self.products += sites * earned * possible
            self.possible_squares += sites * possible * possible

    def add_alike(self, earned: int, possible: int, sites: int = 1) -> None:
        """The same where every site counts alike, whatever could be earned there."""
        if possible:
            self.add((2 * WHOLE * earned + possible) // (2 * possible), WHOLE, sites)

    def spread(self, rate: Fraction) -> Fraction | None:
        """Variance between sites of what was earned beyond ``rate``, in points; None for one site.

        A point is a hundredth of what an average site of the stratum could earn.
        """
        if self.sites <= 1:
            return None
        up, down = rate.numerator, rate.denominator
        squares = (
            down * down * self.earned_squares
            - 2 * up * down * self.products
            + up * up * self.possible_squares
        )
        beyond = down * self.earned - up * self.possible
        around_mean = self.sites * squares - beyond * beyond
        scale = down * self.possible
        return Fraction(10_000 * around_mean * self.sites, (self.sites - 1) * scale * scale)


@dataclass(frozen=True)
class Stratum:
    """A stratum's part in one entrant's score: its weight, its sites, how they differ.

    ``frame`` is the number of sites that could have been drawn; None where it is not known, and
    then as good as endless.
    """

    weight: Fraction
    sites: int
    spread: Fraction | None
    frame: int | None = None


@dataclass
class _Pool:
    """Variances put together over the entrants of a league, for strata too small to tell."""

    freedom: dict[Hashable, int] = field(default_factory=dict)
    squares: dict[Hashable, Fraction] = field(default_factory=dict)

    def add(self, category: Hashable, stratum: Stratum) -> None:
        if stratum.spread is not None:
            freedom = stratum.sites - 1
            self.freedom[category] = self.freedom.get(category, 0) + freedom
            squares = self.squares.get(category, Fraction(0))
            self.squares[category] = squares + freedom * stratum.spread

    def of(self, category: Hashable) -> Fraction | None:
        """The category's own pooled variance; without one, that of all categories together."""
        if category in self.freedom:
            return self.squares[category] / self.freedom[category]
        freedom = sum(self.freedom.values())
        return sum(self.squares.values(), Fraction(0)) / freedom if freedom else None


def by_points(strata: Mapping[C, Sums], frames: Mapping[C, int] | None = None) -> dict[C, Stratum]:
    """The strata of a score that is the sum of points: each weighs what could be earned in it.

    Sites counted alike by ``add_alike`` make it the mean of the sites' scores.
    """
    earned = sum(one.earned for one in strata.values())
    possible = sum(one.possible for one in strata.values())
    if not possible:
        return {}
    rate = Fraction(earned, possible)
    return {
        category: Stratum(
            Fraction(one.possible, possible),
            one.sites,
            one.spread(rate),
            (frames or {}).get(category),
        )
        for category, one in strata.items()
        if one.sites
    }


def by_mix(
    strata: Mapping[C, Sums], weights: Mapping[C, Fraction], frames: Mapping[C, int] | None = None
) -> dict[C, Stratum]:
    """The strata of a score that mixes the visited categories by fixed weights."""
    seen = {key: one for key, one in strata.items() if one.sites and weights.get(key)}
    total = sum((weights[key] for key in seen), Fraction(0))
    return {
        category: Stratum(
            weights[category] / total,
            one.sites,
            one.spread(Fraction(one.earned, one.possible)),
            (frames or {}).get(category),
        )
        for category, one in seen.items()
    }


def standard_errors(
    league: Mapping[E, Mapping[C, Stratum]], *, pool_below: int = 2
) -> dict[E, float | None]:
    """The standard error of each entrant's score, in points.

    A stratum with fewer than ``pool_below`` sites takes the variance that the whole league shows
    in its category. None for everybody where no two sites of a stratum can be compared at all,
    and for an entrant without a site.
    """
    pool = _Pool()
    for strata in league.values():
        for category, stratum in strata.items():
            pool.add(category, stratum)
    return {key: _error(strata, pool, pool_below) for key, strata in league.items()}


def _error(strata: Mapping[C, Stratum], pool: _Pool, pool_below: int) -> float | None:
    parts: list[float] = []
    for category, one in strata.items():
        own = one.spread if one.sites >= pool_below else None
        spread = pool.of(category) if own is None else own
        if spread is None:
            return None
        parts.append(float(one.weight**2 * _unseen(one) * spread / one.sites))
    return math.sqrt(math.fsum(parts)) if parts else None


def _unseen(stratum: Stratum) -> Fraction:
    """The share of a stratum that was not visited: a full count leaves nothing to chance."""
    if stratum.frame is None:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(stratum.sites, stratum.frame))


def tally(sites: Iterable[tuple[C, int, int]]) -> dict[C, Sums]:
    """Sums per category over (category, earned, possible) of an entrant's sites."""
    found: dict[C, Sums] = {}
    for category, earned, possible in sites:
        found.setdefault(category, Sums()).add(earned, possible)
    return found
