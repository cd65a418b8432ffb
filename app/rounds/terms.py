"""What is asked for when rounds, series and tasks are planned, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.rounds.rules import Period, Source

MOST_DRAWN = 5000


@dataclass(frozen=True)
class Terms:
    """What may be changed of a round while it is planned."""

    name_zh: str
    name_en: str | None
    period: Period
    announced: bool
    timed: bool
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class SeriesTerms:
    """What a series says of its rounds."""

    code: str
    name_zh: str
    name_en: str | None
    source: Source
    period: Period
    announced: bool
    rule: str
    first_at: datetime
    lasts_minutes: int
    days_ahead: int


@dataclass(frozen=True)
class TaskWish:
    """One task as asked for. Without ``members`` it is for all who are in the team that day."""

    site: str
    checklist: tuple[str, int]
    team: str | None = None
    members: tuple[str, ...] = ()
    blind: bool = False


@dataclass(frozen=True)
class DrawRule:
    """Which sites, with which checklist per category, over which teams.

    ``most`` limits how many sites are drawn; the first ``blind`` of them get a second team.
    """

    areas: tuple[str, ...]
    checklists: tuple[tuple[str, int], ...]
    teams: tuple[str, ...]
    most: int | None = None
    blind: int = 0


def read_plan(plan: Mapping[str, Any]) -> DrawRule:
    """The draw rule of a series from its JSON."""
    return DrawRule(
        areas=tuple(plan["areas"]),
        checklists=tuple((code, number) for code, number in plan["checklists"]),
        teams=tuple(plan["teams"]),
        most=plan["most"],
        blind=plan["blind"],
    )
