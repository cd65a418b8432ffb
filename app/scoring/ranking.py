"""From marks to an order: score rates, published values, places. Integers only.

``score_rate``: 100 x sum(earned) / sum(possible) over all answers in an entrant's scope. The
published value is rounded half-up to two decimals; places follow it, equal values share a place
and the next place is skipped (1, 2, 2, 4). An entrant without a scored site has no place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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


def by_points(
    rows: Sequence[Standing],
    scopes: Mapping[UUID, Scope],
    lists: Sequence[Sequence[Standing]],
    points: Sequence[int],
) -> list[Standing]:
    """A league whose scores are the means of points, in thousandths, for places in other lists.

    In each list the best counts of those who are judged within an entrant's areas alone; a list
    in which nobody is counts for nothing.
    """
    scores = []
    for row in rows:
        areas = scopes[row.entrant_id].area_paths
        given = []
        for one in lists:
            places = [
                other.rank
                for other in one
                if other.rank is not None
                and all(path.startswith(areas) for path in scopes[other.entrant_id].area_paths)
            ]
            if places:
                given.append(points[min(places) - 1] if min(places) <= len(points) else 0)
        scores.append((row.entrant_id, _mean_hundredths(given) if given else None))
    places_now = rank(scores)
    found = [
        replace(row, hundredths=score, rank=places_now[row.entrant_id])
        for row, (_, score) in zip(rows, scores, strict=True)
    ]
    return sorted(found, key=lambda row: (row.rank is None, row.rank or 0))


def _mean_hundredths(thousandths: Sequence[int]) -> int:
    """The mean of thousandths, half-up in hundredths."""
    unit = 10 * len(thousandths)
    return (2 * sum(thousandths) + unit) // (2 * unit)
