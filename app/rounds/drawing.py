"""The double-random draw (双随机): which sites are inspected, and which team goes where.

A pure function of its inputs and a recorded seed, without a random generator whose sequence could
differ between versions: everything is put in the order of SHA-256(seed, code), then dealt in turn.
Anybody who knows the seed can repeat the draw.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Dealt:
    """One place with the team that goes there; ``blind`` is the second, independent team."""

    place: str
    team: str | None
    blind: bool


def shuffled(codes: Sequence[str], seed: str) -> list[str]:
    """The codes in the order that the seed gives them."""
    return sorted(
        set(codes), key=lambda code: (hashlib.sha256(f"{seed}\n{code}".encode()).digest(), code)
    )


def deal(
    places: Sequence[str],
    teams: Sequence[str],
    *,
    seed: str,
    most: int | None = None,
    blind: int = 0,
) -> list[Dealt]:
    """Draw up to ``most`` places and deal them over the teams, evenly to within one.

    The first ``blind`` of the drawn places get a second team, other than the first; ValueError
    where there is no other team. Without teams the tasks belong to nobody yet.
    """
    if blind and len(set(teams)) < 2:  # noqa: PLR2004 - a second team
        raise ValueError("blind doubles need two teams")
    drawn = shuffled(places, seed)[:most]
    order = shuffled(teams, seed)
    if not order:
        return [Dealt(place, None, blind=False) for place in drawn]
    size = len(order)
    first = [Dealt(place, order[n % size], blind=False) for n, place in enumerate(drawn)]
    # In turn from where the first dealing ended; an offset that is never 0 is never the same team.
    offset = len(drawn) % size or 1
    second = [
        Dealt(place, order[(n + offset) % size], blind=True)
        for n, place in enumerate(drawn[:blind])
    ]
    return first + second
