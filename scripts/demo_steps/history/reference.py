"""The whole result worked out a second time: slowly, with fractions, straight from the answers.

It shares nothing with the service and nothing with the solver. By it the solver's answers are held
against the bulletin, and what the service publishes is held against it, score by score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from scripts.demo_steps.history.ground import DISTRICTS, Entrant, Ground, Json, League
from scripts.demo_steps.losses import Answers
from scripts.demo_steps.marks import mark
from scripts.demo_steps.plan import DemoPlan


@dataclass(frozen=True)
class Answered:
    """One answer that was given and applies."""

    site: str
    street: str
    line: str
    earned: int
    possible: int


def answered(plan: DemoPlan, answers: Answers) -> list[Answered]:
    """All answers that count, with what they earned."""
    found = []
    for stop in plan.stops:
        for item in stop.checklist.items:
            marks = mark(item, answers[stop.place.code][item.code])
            if marks.possible:
                street = stop.place.street.code
                found.append(
                    Answered(stop.place.code, street, item.line, marks.earned, marks.possible)
                )
    return found


def published(ground: Ground, given: Sequence[Answered]) -> Json:
    """What is to be published, in the form of the demo's report."""
    by_rate = _rate_scorer(given)
    lists = {
        code: _ranked(ground.league(code), by_rate, given)
        for code in (*ground.leagues, *ground.components)
    }
    lists[DISTRICTS] = _ranked(  # the score comes from places; the sites behind it are shown
        ground.leagues[DISTRICTS], lambda entrant: _mean_points(ground, lists, entrant), given
    )
    return {
        "leagues": {
            code: [_row(*each) for each in lists[code]] for code in ground.leagues
        },
        "component_leagues": {
            code: [_row(*each) for each in lists[code]] for code in ground.components
        },
        "awards": _awards(ground, lists),
    }  # fmt: skip


@dataclass(frozen=True)
class _Place:
    rank: int
    hundredths: int
    flag: str | None
    sites: int


_Ranked = tuple[Entrant, _Place]
_Scorer = Callable[[Entrant], Fraction]


def _rate_scorer(given: Sequence[Answered]) -> _Scorer:
    def rate(entrant: Entrant) -> Fraction:
        counted = [each for each in given if entrant.covers(each.street, each.line)]
        return Fraction(
            100 * sum(each.earned for each in counted), sum(each.possible for each in counted)
        )

    return rate


def _mean_points(ground: Ground, lists: dict[str, list[_Ranked]], entrant: Entrant) -> Fraction:
    """The mean of the placing points that a district's bodies brought it."""
    points = [
        ground.points[place.rank - 1]
        for code in ground.scored_by_points
        for each, place in lists[code]
        if each.district == entrant.district
    ]
    return Fraction(sum(points), len(points))


def _ranked(league: League, score: _Scorer, given: Sequence[Answered]) -> list[_Ranked]:
    scores = {each: _half_up(score(each)) for each in league.entrants}
    ranks = {
        each: 1 + sum(other > mine for other in scores.values()) for each, mine in scores.items()
    }
    order = sorted(league.entrants, key=lambda each: ranks[each])
    flags = _flags([ranks[each] for each in order], league)
    return [
        (each, _Place(ranks[each], scores[each], flag, _sites(each, given)))
        for each, flag in zip(order, flags, strict=True)
    ]


def _half_up(score: Fraction) -> int:
    """In hundredths."""
    return floor(100 * score + Fraction(1, 2))


def _flags(ranks: Sequence[int], league: League) -> list[str | None]:
    """Red up to the quota's place; blue to the last, as far as those who tie fit into the quota."""
    flags: list[str | None] = []
    for rank in ranks:
        from_here = sum(other >= rank for other in ranks)
        if rank <= league.red:
            flags.append("red")
        else:
            flags.append("blue" if from_here <= league.blue else None)
    return flags


def _sites(entrant: Entrant, given: Iterable[Answered]) -> int:
    return len({each.site for each in given if entrant.covers(each.street, each.line)})


def _awards(ground: Ground, lists: dict[str, list[_Ranked]]) -> list[Json]:
    """By place; those who share a place share the sums of the places that they fill."""
    awards = []
    for prize in ground.prizes:
        for entrant, place in lists[prize.league]:
            tied = sum(other.rank == place.rank for _, other in lists[prize.league])
            fen = sum(prize.fen[place.rank - 1 : place.rank - 1 + tied]) // tied
            if fen:
                awards.append({"unit": award_name(entrant), "fen": fen})
    return awards


def award_name(entrant: Entrant) -> str:
    """A unit as the list of awards names it: a street with its district."""
    return (entrant.district_name or "") + entrant.name


def _row(entrant: Entrant, place: _Place) -> Json:
    return {
        "rank": place.rank,
        "unit": entrant.name,
        "district": entrant.district_name,
        "line": entrant.label,
        "score": f"{place.hundredths // 100}.{place.hundredths % 100:02d}",
        "flag": place.flag,
        "sites": place.sites,
    }
