"""From marks to an order: score rates, published values, places. Integers only.

``score_rate``: 100 x sum(earned) / sum(possible) over all answers in an entrant's scope. The
published value is rounded half-up to two decimals; places follow it, equal values share a place
and the next place is skipped (1, 2, 2, 4). An entrant without a scored site has no place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kit.marks import published_hundredths


@dataclass(frozen=True)
class Cell:
    """Marks of one line in one area."""

    area_path: str
    line_id: UUID
    earned: int
    possible: int


@dataclass(frozen=True)
class SiteGroup:
    """How many visits in an area were scored in exactly these lines, and how many sites that is."""

    area_path: str
    line_ids: frozenset[UUID]
    sites: int
    pending: int


@dataclass(frozen=True)
class Scope:
    """What counts for an entrant: answers in its areas and lines (no line means all)."""

    area_paths: tuple[str, ...]
    line_ids: frozenset[UUID]

    def has_area(self, area_path: str) -> bool:
        return area_path.startswith(self.area_paths)

    def has_line(self, line_id: UUID) -> bool:
        return not self.line_ids or line_id in self.line_ids


@dataclass(frozen=True)
class Standing:
    """One entrant's result: hundredths of a point as published, or None without a score."""

    entrant_id: UUID
    hundredths: int | None
    rank: int | None
    sites: int
    pending: int


def score_rate(cells: Iterable[Cell], scope: Scope) -> int | None:
    """The published score of a scope; None when nothing in it could be earned."""
    earned = possible = 0
    for cell in cells:
        if scope.has_line(cell.line_id) and scope.has_area(cell.area_path):
            earned += cell.earned
            possible += cell.possible
    return published_hundredths(earned, possible) if possible else None


def count_sites(groups: Iterable[SiteGroup], scope: Scope) -> tuple[int, int]:
    """Scored sites in a scope, and visits in it that still wait for photos."""
    sites = pending = 0
    for group in groups:
        in_lines = not scope.line_ids or not scope.line_ids.isdisjoint(group.line_ids)
        if in_lines and scope.has_area(group.area_path):
            sites += group.sites if group.line_ids else 0
            pending += group.pending
    return sites, pending


def rank(scores: Sequence[tuple[UUID, int | None]]) -> Mapping[UUID, int | None]:
    """Places by published score, highest first, ties sharing a place (1224)."""
    values = sorted((score for _, score in scores if score is not None), reverse=True)
    first: dict[int, int] = {}
    for place, value in enumerate(values, start=1):
        first.setdefault(value, place)
    return {entrant: None if score is None else first[score] for entrant, score in scores}


def standings(
    entrants: Sequence[tuple[UUID, Scope]], cells: Sequence[Cell], groups: Sequence[SiteGroup]
) -> list[Standing]:
    """The order of one league: by place, then unranked, each in the order of entry."""
    scores = [(entrant, score_rate(cells, scope)) for entrant, scope in entrants]
    places = rank(scores)
    rows = []
    for (entrant, scope), (_, score) in zip(entrants, scores, strict=True):
        sites, pending = count_sites(groups, scope)
        rows.append(Standing(entrant, score, places[entrant], sites, pending))
    return sorted(rows, key=lambda row: (row.rank is None, row.rank or 0))
