"""Which unit a point lies in, decided from the boundaries that are known around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.organisation.rules import codes_of

NEAR_M = 50.0  # what a phone's fix may be off by


@dataclass(frozen=True)
class Seen:
    """One known boundary as a point sees it."""

    boundary_id: UUID
    unit_id: UUID
    path: str
    area_m2: float
    inside: bool
    outline_m: float

    @property
    def depth(self) -> int:
        return len(codes_of(self.path))


def deepest(seen: Iterable[Seen]) -> Seen | None:
    """The deepest known unit around the point; of several as deep the smallest, then by code."""
    inside = [one for one in seen if one.inside]
    return min(inside, key=lambda one: (-one.depth, one.area_m2, one.path), default=None)


def near_border(seen: Iterable[Seen], chosen: Seen) -> Sequence[Seen]:
    """Who else it could be, nearest first: as deep as the chosen one, and overlapping or near."""
    others = [
        one
        for one in seen
        if one.depth >= chosen.depth
        and one is not chosen
        and (one.inside or one.outline_m < NEAR_M)
    ]
    return sorted(others, key=lambda one: (not one.inside, one.outline_m, one.path))
