"""What hangs on a single site: an entrant's place had one of its sites not been visited."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.scoring.rules import Aggregation, LeagueRule, Rulebook, TieBasis
from app.scoring.rules_draws import site_share
from app.scoring.rules_places import Standing, Status, hundredths
from app.scoring.rules_tallies import FULL, Kind


@dataclass(frozen=True)
class Without:
    """The exact score and the place without one site; None where it was the only one."""

    site: str
    score: Fraction | None
    place: int | None


@dataclass(frozen=True)
class Hanging:
    """The place by score alone, how many sites there are, and those without which it is another."""

    place: int
    sites: int
    changing: tuple[Without, ...]


def hanging(
    one: Standing, standings: Sequence[Standing], terms: LeagueRule, book: Rulebook
) -> Hanging | None:
    """Which sites decide an entrant's place, all others staying as they were.

    Ties are shared here, whatever the chain of tie-breaks says. None for scores that do not come
    from sites, and for those without a place.
    """
    if one.status is not Status.RANKED or one.points is not None or one.tally.zeroed:
        return None
    others = sorted(
        -_basis(other.score or Fraction(0), book)
        for other in standings
        if other.status is Status.RANKED and other is not one
    )
    place = _place(one.score, others, book)
    if place is None:
        return None
    scores = dict(_without_each(one, terms))
    places = {kind: _place(score, others, book) for kind, score in scores.items()}
    changing = [
        Without(site.site, scores[kind], places[kind])
        for site in one.tally.sites
        if places[kind := (site.category, site.earned, site.possible)] != place
    ]
    return Hanging(place, one.tally.count, tuple(changing))


def _basis(score: Fraction, book: Rulebook) -> Fraction | int:
    return hundredths(score) if book.tie_basis is TieBasis.PUBLISHED else score


def _place(score: Fraction | None, others: Sequence[Fraction | int], book: Rulebook) -> int | None:
    """One more than there are better ones."""
    return None if score is None else 1 + bisect_left(others, -_basis(score, book))


def _without_each(one: Standing, terms: LeagueRule) -> Iterator[tuple[Kind, Fraction | None]]:
    """The score without a site, for each kind of sites that are alike."""
    share = site_share(one, terms)
    rest = (1 - share) * FULL * (one.closing or 0)
    for kind, score in _site_scores(one.tally.kinds, terms):
        yield kind, None if score is None else share * score + rest


def _site_scores(
    kinds: Mapping[Kind, int], terms: LeagueRule
) -> Iterator[tuple[Kind, Fraction | None]]:
    if terms.aggregation is Aggregation.MEAN_OF_SITES:
        sites = sum(kinds.values())
        rates = {kind: Fraction(kind[1]) / kind[2] for kind in kinds}
        total = sum((rate * kinds[kind] for kind, rate in rates.items()), Fraction(0))
        for kind, rate in rates.items():
            yield kind, FULL * (total - rate) / (sites - 1) if sites > 1 else None
        return
    mix = terms.category_weights or {}
    is_mix = terms.aggregation is Aggregation.CATEGORY_MIX
    groups: dict[str, list[int | Fraction]] = {}
    for (category, earned, possible), times in kinds.items():
        group = groups.setdefault(category if is_mix else "", [0, 0, 0])
        group[0] += earned * times
        group[1] += possible * times
        group[2] = mix.get(category, 0) if is_mix else 1
    for kind in kinds:
        yield kind, _mixed(groups, kind[0] if is_mix else "", kind)


def _mixed(groups: dict[str, list[int | Fraction]], without: str, kind: Kind) -> Fraction | None:
    """The mix of all groups, one site fewer in one of them; a group without a site drops out."""
    score, weights = Fraction(0), Fraction(0)
    for name, (earned, possible, weight) in groups.items():
        if name == without:
            left_of, of_left = earned - kind[1], possible - kind[2]
        else:
            left_of, of_left = earned, possible
        if of_left and weight:
            score += weight * Fraction(left_of) / of_left
            weights += weight
    return FULL * score / weights if weights else None
