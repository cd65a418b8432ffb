"""From scores to places: who is ranked at all, in what order, and who shares a place."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from app.checklists.rules import MILLI
from app.scoring.rules import (
    Aggregation,
    LeagueRule,
    Missing,
    Rulebook,
    TieBasis,
    TieBreak,
)
from app.scoring.rules_inputs import EntrantGiven, LeagueGiven
from app.scoring.rules_tallies import FULL, Ground, Tally, rate_of_category, score_of_sites


class Status(StrEnum):
    """``incomplete`` ones are listed and have no place; ``unscored`` had nothing to score."""

    RANKED = "ranked"
    INCOMPLETE = "incomplete"
    UNSCORED = "unscored"


@dataclass(frozen=True)
class Standing:
    """One entrant: its exact score of a hundred, its place among the ranked, and what it rests on.

    ``points`` are those of the component leagues, by league, where the score comes from places.
    """

    entrant: EntrantGiven
    tally: Tally
    score: Fraction | None
    status: Status
    place: int | None = None
    closing: Fraction | None = None
    points: Mapping[str, Fraction] | None = None


def hundredths(score: Fraction) -> int:
    """A score as it is printed: half up to two decimals."""
    return (200 * score.numerator + score.denominator) // (2 * score.denominator)


def league_standings(
    league: LeagueGiven,
    book: Rulebook,
    ground: Ground,
    others: Mapping[str, Sequence[Standing]],
) -> list[Standing]:
    """A league in order: by place, then those without one; equals by the name of the entrant."""
    terms = book.terms(league.code)
    rates = closing_rates(league.entrants, terms)
    found = []
    for entrant in league.entrants:
        if terms.aggregation is Aggregation.RANK_POINTS:
            points = points_of(entrant, terms, others)
            tally = _sites_alone(ground.tally(entrant))
            score = sum(points.values(), Fraction(0)) / len(points) if points else None
        else:
            points = None
            tally = ground.tally(entrant)
            score = score_of_sites(tally, terms)
        rate = rates.get(entrant.key)
        if score is not None and rate is not None and terms.closing is not None:
            share = Fraction(terms.closing.weight_percent, 100)
            score = (1 - share) * score + share * FULL * rate
        status = _status(tally, score, terms)
        found.append(Standing(entrant, tally, score, status, closing=rate, points=points))
    return placed(found, book, terms)


def _sites_alone(tally: Tally) -> Tally:
    """The sites behind a score of places: vetoes have had their effect in the other leagues."""
    return replace(tally, vetoes=0, barred_from_red=False, zeroed=False)


def _status(tally: Tally, score: Fraction | None, terms: LeagueRule) -> Status:
    if score is None:
        return Status.UNSCORED
    if terms.aggregation is Aggregation.RANK_POINTS:
        return Status.RANKED
    missing = set(terms.required_categories or ()) - tally.categories
    if missing or tally.count < (terms.minimum_sites or 0):
        return Status.INCOMPLETE
    return Status.RANKED


def closing_rates(entrants: Sequence[EntrantGiven], terms: LeagueRule) -> Mapping[str, Fraction]:
    """On-time closing rates drawn towards the league's mean; none where nothing was due at all."""
    due = sum(one.due for one in entrants)
    closing = terms.closing
    if closing is None or not closing.weight_percent or not due:
        return {}
    mean = Fraction(sum(one.closed_on_time for one in entrants), due)
    return {one.key: shrunk(one.closed_on_time, one.due, mean, closing.prior) for one in entrants}


def shrunk(on_time: int, due: int, mean: Fraction, prior: int) -> Fraction:
    """``(k x mean + x) / (k + n)``: a unit with one case is neither first nor last."""
    return (prior * mean + on_time) / (prior + due) if prior + due else mean


def points_of(
    entrant: EntrantGiven, terms: LeagueRule, others: Mapping[str, Sequence[Standing]]
) -> dict[str, Fraction]:
    """What an area gets of each component: the points of whoever stands there for it.

    Of several from one area the best counts, so that nobody loses by improving; a place beyond
    the table brings nothing.
    """
    found: dict[str, Fraction] = {}
    for code in terms.components:
        places = [
            one.place
            for one in others.get(code, ())
            if one.place is not None and one.entrant.lies_in(entrant.areas)
        ]
        if places:
            best = min(places)
            given = terms.points[best - 1] if best <= len(terms.points) else 0
            found[code] = Fraction(given, MILLI)
        elif terms.missing is Missing.ZERO:
            found[code] = Fraction(0)
    return found


def placed(found: Sequence[Standing], book: Rulebook, terms: LeagueRule) -> list[Standing]:
    """Places by score and the chain of tie-breaks; those who are not ranked come last."""
    heaviest = _heaviest(found, terms) if TieBreak.HEAVIEST_CATEGORY in book.tie_break else None
    ranked = [one for one in found if one.status is Status.RANKED]
    keys = {one.entrant.key: _order(one, book, heaviest) for one in ranked}
    ranked.sort(key=lambda one: (keys[one.entrant.key], one.entrant.key))
    placed: list[Standing] = []
    for number, one in enumerate(ranked, start=1):
        before = placed[-1] if placed else None
        equal = before is not None and keys[before.entrant.key] == keys[one.entrant.key]
        placed.append(replace(one, place=before.place if before and equal else number))
    rest = [one for one in found if one.status is not Status.RANKED]
    return placed + sorted(rest, key=lambda one: (one.status, one.entrant.key))


def _order(one: Standing, book: Rulebook, heaviest: str | None) -> tuple[Any, ...]:
    score = one.score or Fraction(0)
    basis = hundredths(score) if book.tie_basis is TieBasis.PUBLISHED else score
    return (-basis, *(_step(step, one, book, heaviest) for step in book.tie_break))


def _step(step: TieBreak, one: Standing, book: Rulebook, heaviest: str | None) -> Any:
    """Smaller is better."""
    if step is TieBreak.FEWER_VETOES:
        return one.tally.vetoes
    if step is TieBreak.HEAVIEST_CATEGORY:
        return -((rate_of_category(one.tally, heaviest) if heaviest else None) or Fraction(0))
    if step is TieBreak.CLOSING_RATE:
        return -(one.closing or Fraction(0))
    if step is TieBreak.EARLIER_FINISH:
        day = one.tally.finished_on
        return day.isoformat() if day else "~"
    return hashlib.sha256(f"{book.ticket_seed}:{one.entrant.key}".encode()).hexdigest()


def _heaviest(found: Sequence[Standing], terms: LeagueRule) -> str | None:
    """The category of most weight: by the rulebook's mix, else by the points that it held."""
    weights: Counter[str] = Counter(terms.category_weights or {})
    if not weights:
        for one in found:
            for (category, _, possible), times in one.tally.kinds.items():
                weights[category] += possible * times
    return min(weights, key=lambda name: (-weights[name], name), default=None)
