"""Flags by quota and money by place.

Red goes to the first n, and to all who share the last of these places. Blue goes to the last m; a
group that shares a place and does not fit whole gets none, and nobody before it either. Who has
red gets no blue. Who is barred from red is passed over: the next take the flag and the money.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from app.scoring.rules_places import Standing


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Reward:
    """What an entrant gets: ``award_fen`` by its place, ``held`` where it is not paid yet.

    Held money is withheld until the place is supported; nobody else gets it.
    """

    flag: Colour | None = None
    award_fen: int = 0
    passed_over: bool = False
    held: bool = False


def rewards(
    standings: Sequence[Standing],
    *,
    red: int,
    blue: int,
    award_fen: Sequence[int],
    supported: Mapping[str, bool] | None = None,
) -> dict[str, Reward]:
    """Flags and money of one league by entrant; ``supported`` where money needs it."""
    groups = _groups(standings)
    reds, passed = _reds(groups, red)
    blues = _blues(groups, blue) - reds
    money = dict(_money(groups, award_fen))
    found = {}
    for one in standings:
        key = one.entrant.key
        flag = Colour.RED if key in reds else Colour.BLUE if key in blues else None
        fen = money.get(key, 0)
        held = bool(fen) and supported is not None and not supported.get(key, False)
        found[key] = Reward(flag, fen, key in passed, held)
    return found


def _groups(standings: Sequence[Standing]) -> list[list[Standing]]:
    """The ranked in order, those who share a place together."""
    ranked = [one for one in standings if one.place is not None]
    return [list(several) for _, several in groupby(ranked, key=lambda one: one.place)]


def _eligible(groups: Sequence[Sequence[Standing]]) -> Iterator[tuple[int, list[str]]]:
    """Who may have red and money: how many stand before, and who shares the place."""
    before = 0
    for group in groups:
        keys = [one.entrant.key for one in group if not one.tally.barred_from_red]
        if keys:
            yield before, keys
        before += len(keys)


def _reds(groups: Sequence[Sequence[Standing]], quota: int) -> tuple[set[str], set[str]]:
    """Who gets red, and who would have, were he not barred."""
    reds = {key for before, keys in _eligible(groups) if before < quota for key in keys}
    due: set[str] = set()
    before = 0
    for group in groups:
        if before < quota:
            due |= {one.entrant.key for one in group}
        before += len(group)
    barred = {one.entrant.key for group in groups for one in group if one.tally.barred_from_red}
    return reds, due & barred


def _blues(groups: Sequence[Sequence[Standing]], quota: int) -> set[str]:
    blues: set[str] = set()
    for group in reversed(groups):
        if len(blues) + len(group) > quota:
            break
        blues |= {one.entrant.key for one in group}
    return blues


def _money(
    groups: Sequence[Sequence[Standing]], award_fen: Sequence[int]
) -> Iterator[tuple[str, int]]:
    """Who shares places shares their sum equally; what does not divide stays unspent."""
    for before, keys in _eligible(groups):
        share = sum(award_fen[before : before + len(keys)]) // len(keys)
        for key in keys:
            yield key, share
