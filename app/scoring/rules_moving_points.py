"""The fewest answers that would have moved an entrant up whose score comes from places.

They are answers of the leagues that give it points: its people there would have passed others, some
of them perhaps the people of those who stand before it, who then lose points. For each of those
leagues it is tried what each better place takes; these are put together with the least answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from app.scoring.rules import LeagueRule, Rulebook, TieBasis
from app.scoring.rules_draws import site_share
from app.scoring.rules_inputs import EntrantGiven
from app.scoring.rules_losses import LostAnswer
from app.scoring.rules_moving import Chances, Move, goal_of, put_right
from app.scoring.rules_places import Standing, Status, hundredths, placed, points_of
from app.scoring.rules_tallies import FULL

Lost = Mapping[str, Sequence[LostAnswer]]


@dataclass(frozen=True)
class Givers:
    """The leagues that give points: each in order, with sites where they are to be moved."""

    standings: Mapping[str, Sequence[Standing]]
    terms: Mapping[str, LeagueRule]


class _Way(NamedTuple):
    """So many answers, and the points that both then have, each in parts of its own score."""

    size: int
    own: Fraction
    other: Fraction
    answers: tuple[LostAnswer, ...]


def people_of(one: Standing, givers: Givers) -> list[Standing]:
    """Who has a place for an entrant in the leagues that give it points."""
    return [
        other
        for code in sorted(givers.standings)
        for other in givers.standings[code]
        if other.status is Status.RANKED and other.entrant.lies_in(one.entrant.areas)
    ]


def fewest_for_points(
    one: Standing,
    standings: Sequence[Standing],
    givers: Givers,
    lost: Lost,
    terms: LeagueRule,
    book: Rulebook,
) -> Move | None:
    """The fewest answers after which ``one`` stands before somebody who was better.

    None where all would not do, and where an answer counts for several who give points: then
    nothing is said. It is certain that no fewer would do where each league has one of its people,
    no tie-break could settle a place, and the answers for each better place are certain.
    """
    if _share_answers(givers):
        return None
    raised = {code: _raised(code, one, givers, lost, book) for code in terms.components}
    found = [
        way
        for other in standings
        if other.place is not None and one.place is not None and other.place < one.place
        for way in [_first(one, other, raised, terms, book)]
        if way is not None
    ]
    if not found:
        return None
    best = min(found, key=lambda way: (way.size, way.answers))
    sure = not book.tie_break and all(one.sure for one in raised.values())
    return Move(best.answers, smallest=sure or best.size == 1)


def _first(
    one: Standing,
    other: Standing,
    raised: Mapping[str, "_Raised"],
    terms: LeagueRule,
    book: Rulebook,
) -> _Way | None:
    """The fewest answers to pass one other."""
    ways = [_Way(0, Fraction(0), Fraction(0), ())]
    for code, options in raised.items():
        found = _best(
            _way(answers, code, after, one, other, terms) for answers, after in options.of
        )
        ways = _best(
            _Way(a.size + b.size, a.own + b.own, a.other + b.other, (*a.answers, *b.answers))
            for a in ways
            for b in found
        )
    for way in sorted(ways, key=lambda way: (way.size, way.answers)):
        if _basis(one, way.own, terms, book) > _basis(other, way.other, terms, book):
            return way
    return None


def _share_answers(givers: Givers) -> bool:
    everybody = [one.entrant for found in givers.standings.values() for one in found]
    return any(_meet(first, second) for first, second in combinations(everybody, 2))


def _meet(first: EntrantGiven, second: EntrantGiven) -> bool:
    if first.lines and second.lines and not first.lines & second.lines:
        return False
    return any(
        here.startswith(there) or there.startswith(here)
        for here in first.areas
        for there in second.areas
    )


@dataclass(frozen=True)
class _Raised:
    """The orders of one league after some answers; ``sure``: no fewer give any of them."""

    of: Sequence[tuple[tuple[LostAnswer, ...], Sequence[Standing]]]
    sure: bool


def _raised(code: str, one: Standing, givers: Givers, lost: Lost, book: Rulebook) -> _Raised:
    """Every better place of an entrant's people in one league."""
    standings, terms = givers.standings[code], givers.terms[code]
    people = people_of(one, Givers({code: standings}, {code: terms}))
    found: list[tuple[tuple[LostAnswer, ...], Sequence[Standing]]] = [((), standings)]
    sure = len(people) <= 1
    for person in people:
        own = lost[person.entrant.key]
        for move in _moves(person, standings, own, terms, book):
            sure = sure and move.smallest
            better, _ = put_right(person, own, move.answers, terms, book)
            after = [better if other is person else other for other in standings]
            found.append((move.answers, placed(after, book, terms)))
    return _Raised(found, sure)


def _moves(
    person: Standing,
    standings: Sequence[Standing],
    lost: Sequence[LostAnswer],
    terms: LeagueRule,
    book: Rulebook,
) -> Iterator[Move]:
    """To draw level with each of those who stand before it or beside it, and to pass them."""
    chances = Chances(person, lost, terms, book)
    for other in standings:
        if other is person or other.place is None or other.place > (person.place or 0):
            continue
        for level in (True, False):
            goal = goal_of(other, book, level=level)
            move = chances.fewest(goal)
            if move is not None and move.answers:
                yield move


def _way(
    answers: tuple[LostAnswer, ...],
    code: str,
    after: Sequence[Standing],
    one: Standing,
    better: Standing,
    terms: LeagueRule,
) -> _Way:
    own, other = (
        points_of(entrant.entrant, terms, {code: after}).get(code, Fraction(0))
        for entrant in (one, better)
    )
    return _Way(len(answers), own, other, answers)


def _best(ways: Iterable[_Way]) -> list[_Way]:
    """Those that none with as few answers is as good as."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda way: (way.size, -way.own, way.other, way.answers)):
        if not any(one.own >= way.own and one.other <= way.other for one in kept):
            kept.append(way)
    return kept


def _basis(one: Standing, points: Fraction, terms: LeagueRule, book: Rulebook) -> Fraction | int:
    share = site_share(one, terms)
    mean = points / max(1, len(one.points or ()))
    score = share * mean + (1 - share) * FULL * (one.closing or 0)
    return hundredths(score) if book.tie_basis is TieBasis.PUBLISHED else score
