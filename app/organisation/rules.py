"""Units, reach and answerability, decided without a database.

A unit's ``path`` lists the codes from the root to itself, ``/9901/990102/990102001/``; "at or
below" is a prefix of paths. A *reach* is what a caller may see: rows whose area lies in one of a
posting's areas and whose line is one of its lines, or whose answerable unit is at or below the
posting's unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.kit.reach import Posting

ROOT = "/"


class UnitKind(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    BUREAU = "bureau"
    DISTRICT_BUREAU = "district_bureau"
    SQUAD = "squad"
    ENTERPRISE = "enterprise"
    EXTERNAL = "external"


class Role(StrEnum):
    HQ_ADMIN = "hq_admin"
    HQ_EDITOR = "hq_editor"
    INSPECTOR = "inspector"
    TEAM_LEAD = "team_lead"
    UNIT_COORDINATOR = "unit_coordinator"
    UNIT_HANDLER = "unit_handler"
    AUDITOR = "auditor"
    PLATFORM = "platform"
    DASHBOARD = "dashboard"


class CategoryKind(StrEnum):
    EVENT = "event"
    COMPONENT = "component"
    EXTENSION = "extension"


def child_path(parent_path: str, code: str) -> str:
    """The path of a unit below ``parent_path`` (``ROOT`` for the top)."""
    return f"{parent_path}{code}/"


def codes_of(path: str) -> list[str]:
    """The codes from the root down to the unit itself."""
    return [code for code in path.split("/") if code]


def is_at_or_below(path: str, upper: str) -> bool:
    """Whether the unit at ``path`` is ``upper`` itself or lies below it."""
    return path.startswith(upper)


def covers(
    postings: Iterable[Posting], *, area_path: str, line_id: UUID, answerable_path: str | None
) -> bool:
    """The scope predicate for one row; ``queries.within_reach`` is the same in SQL."""
    return any(
        _by_area(posting, area_path, line_id)
        or (answerable_path is not None and is_at_or_below(answerable_path, posting.unit_path))
        for posting in postings
    )


def _by_area(posting: Posting, area_path: str, line_id: UUID) -> bool:
    in_line = not posting.line_ids or line_id in posting.line_ids
    return in_line and any(is_at_or_below(area_path, area) for area in posting.area_paths)


@dataclass(frozen=True)
class Responsibility:
    """Who answers for a line in an area, from a day on and, where given, until one."""

    area_path: str
    line_id: UUID
    unit_id: UUID
    unit_path: str
    valid_from: date
    valid_to: date | None


def answerable_units(
    responsibilities: Iterable[Responsibility], *, area_path: str, on: date
) -> Mapping[UUID, Responsibility]:
    """Per line, the responsibility that holds at ``area_path`` on a day: the nearest area wins."""
    found: dict[UUID, Responsibility] = {}
    for candidate in responsibilities:
        if not _holds(candidate, area_path, on):
            continue
        best = found.get(candidate.line_id)
        if best is None or len(candidate.area_path) > len(best.area_path):
            found[candidate.line_id] = candidate
    return found


def _holds(candidate: Responsibility, area_path: str, on: date) -> bool:
    begun_not_ended = is_valid(candidate.valid_from, candidate.valid_to, on)
    return begun_not_ended and is_at_or_below(area_path, candidate.area_path)


def parents_first(parents: Mapping[str, str | None]) -> Sequence[str]:
    """Codes in an order in which each parent precedes its children; ValueError on a cycle."""
    ordered: list[str] = []
    placed: set[str] = set()
    for start in parents:
        chain: list[str] = []
        code: str | None = start
        while code is not None and code not in placed and code in parents:
            if code in chain:
                raise ValueError(f"units form a circle: {' > '.join([*chain, code])}")
            chain.append(code)
            code = parents[code]
        ordered += reversed(chain)
        placed.update(chain)
    return ordered


def is_valid(valid_from: date, valid_to: date | None, on: date) -> bool:
    """Whether a period holds on a day; its last day belongs to it."""
    return valid_from <= on and (valid_to is None or on <= valid_to)


def manages(postings: Iterable[Posting], path: str) -> bool:
    """Whether a caller runs the organisation at ``path``: headquarters, within their areas."""
    return any(
        is_at_or_below(path, area)
        for posting in postings
        if posting.role == Role.HQ_ADMIN
        for area in posting.area_paths
    )
