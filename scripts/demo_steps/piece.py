"""What a demo plays: a round with its visits, and how what comes out of it is judged."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from rich.console import Console

from scripts.demo_steps import results, tables
from scripts.demo_steps.answers import PlannedVisit, plan_visits
from scripts.demo_steps.city_files import CITY_FOLDER, STREET_LEAGUES
from scripts.demo_steps.plan import ROUND_NAME, DemoPlan, build_plan
from scripts.demo_steps.results import Json, Office, Outcome
from scripts.demo_steps.stage import Stage

_NAMES = {
    "central-streets": "中心城区街道",
    "outer-towns": "非中心城区乡镇（街道）",
}


class Piece(Protocol):
    """One round as it will be played."""

    @property
    def plan(self) -> DemoPlan: ...

    @property
    def visits(self) -> list[PlannedVisit]: ...

    @property
    def success(self) -> str:
        """What is true if there was no fault."""

    def city(self, files: Path) -> Path:
        """The folder that the city is loaded from; `files` is there for what has to be made."""

    def judge(
        self, console: Console, running: Stage, office: Office, round_id: UUID, outcome: Outcome
    ) -> Json:
        """Print the order, add to the outcome what is wrong with it, and return it for the report.

        By then every visit was acknowledged and read back.
        """


@dataclass(frozen=True)
class UsualRound:
    """The streets of two leagues, with the live standing in the published order."""

    plan: DemoPlan
    visits: list[PlannedVisit]
    success: str = (
        "全部确认、只计一次、可从存储读回，名次与公布一致"
        " · all acknowledged, counted once, read back; order as published"
    )

    def city(self, files: Path) -> Path:  # noqa: ARG002 - it needs none of its own
        """The demo city as it lies there."""
        return CITY_FOLDER

    def judge(
        self,
        console: Console,
        running: Stage,  # noqa: ARG002 - nothing is published
        office: Office,  # noqa: ARG002 - the standing has been read
        round_id: UUID,  # noqa: ARG002
        outcome: Outcome,
    ) -> Json:
        """The two leagues, held against the published order."""
        outcome.faults += results.order_faults(outcome, self._published())
        for code, rows in outcome.leagues.items():
            tables.print_league(console, f"{ROUND_NAME} · {_NAMES[code]} · {code}", rows)
        rows_of = outcome.leagues.items()
        return {
            "leagues": {code: [results.report_row(row) for row in rows] for code, rows in rows_of}
        }

    def _published(self) -> dict[str, list[tuple[str, str]]]:
        city = self.plan.city
        return {
            code: [(street.district_name, street.name) for street in city.in_published_order(code)]
            for code in STREET_LEAGUES
        }


def usual_round(seed: int) -> UsualRound:
    """The usual round of a seed."""
    plan = build_plan(seed, random.SystemRandom())
    return UsualRound(plan, plan_visits(plan))
