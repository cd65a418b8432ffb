"""Plays September 2018 through the service: its rules loaded, the round closed and published.

No place, score or flag goes in. What comes out is read over HTTP and held against the bulletin.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rich.console import Console

from scripts.demo_steps.answers import PlannedVisit, write_visits
from scripts.demo_steps.city_files import CITY_FOLDER, read_city
from scripts.demo_steps.history import reference
from scripts.demo_steps.history.comparing import Field, compare, compare_reports
from scripts.demo_steps.history.ground import Ground, Json, read_ground
from scripts.demo_steps.history.showing import print_comparison, print_leagues
from scripts.demo_steps.history.sites import kinds_by_street
from scripts.demo_steps.history.solving import solve
from scripts.demo_steps.plan import DemoPlan, build_plan
from scripts.demo_steps.results import Office, Outcome, report_row
from scripts.demo_steps.stage import Stage, set_clock

PHOTOS_PER_VISIT = 1  # where the checklist asks for none; drawing and checking them takes the time
PUBLISHED_AT = "2018-09-14T09:00:00+08:00"
_NOT_LOADED = ("history-*", "published-*", "README.md")


@dataclass(frozen=True)
class HistoricalRound:
    """The round of the bulletin, and what the reference makes of its answers."""

    plan: DemoPlan
    visits: list[PlannedVisit]
    ground: Ground
    expected: Json
    success: str = (
        "全部确认、只计一次、可从存储读回；十二个排序组、得分、红蓝旗和奖补资金与通报逐项一致"
        " · all acknowledged, counted once, read back; the bulletin field by field"
    )

    def city(self, files: Path) -> Path:
        """The city's files with the rulebook and the lists of September 2018."""
        folder = files / "city"
        shutil.copytree(CITY_FOLDER, folder, ignore=shutil.ignore_patterns(*_NOT_LOADED))
        shutil.copytree(CITY_FOLDER.parent / "national", folder.parent / "national")
        file = folder / "campaign.json"
        campaign = json.loads(file.read_text(encoding="utf-8"))
        history = json.loads((CITY_FOLDER / "history-rules.json").read_text(encoding="utf-8"))
        campaign["rulebook"] = history["rulebook"]
        campaign["leagues"] += history["leagues"]
        file.write_text(json.dumps(campaign, ensure_ascii=False, indent=1), encoding="utf-8")
        return folder

    def judge(
        self, console: Console, running: Stage, office: Office, round_id: UUID, outcome: Outcome
    ) -> Json:
        """Publish, and hold what comes out against the bulletin and the second reckoning."""
        set_clock(running, PUBLISHED_AT)
        publish(office, round_id)
        published = read_published(office, round_id, self.ground)
        result = published.report(self.ground)
        print_leagues(console, self.ground, result)
        paper = compare(self.ground, result) + published.compare_ledgers(self.ground)
        print_comparison(console, "与 2018-09-14 通报对照 · Beside the bulletin", paper)
        second = compare_reports(self.expected, result)
        print_comparison(console, "与独立核算对照 · Beside the second reckoning", second)
        outcome.faults += _faults("bulletin", paper) + _faults("second reckoning", second)
        compared = {"bulletin": _told(paper), "second_reckoning": _told(second)}
        return result | {"compared": compared}


def historical_round(seed: int) -> HistoricalRound:
    """Solve for the answers; they give the bulletin by the reference, or this raises."""
    ground = read_ground()
    plan = build_plan(seed, random.SystemRandom(), kinds=kinds_by_street(read_city()))
    answers = solve(plan, ground)
    return HistoricalRound(
        plan=plan,
        visits=write_visits(plan, answers, PHOTOS_PER_VISIT),
        ground=ground,
        expected=reference.published(ground, reference.answered(plan, answers)),
    )


def publish(office: Office, round_id: UUID) -> None:
    """Headquarters closes the round and publishes its result."""
    office.post(f"/v1/rounds/{round_id}/close")
    office.post(f"/v1/rounds/{round_id}/publish", {})


@dataclass(frozen=True)
class Published:
    """What the service says when it is asked for places, flags and awards."""

    lists: dict[str, list[Json]]  # by league, its entries
    flags: list[Json]
    awards: list[Json]  # by league and place

    def report(self, ground: Ground) -> Json:
        """In the form of the report."""
        rows = {code: [report_row(row) for row in some] for code, some in self.lists.items()}
        names = {
            row["entrant_id"]: (row["district"] or {"name": ""})["name"] + row["unit"]["name"]
            for some in self.lists.values()
            for row in some
        }
        return {
            "leagues": {code: rows[code] for code in ground.leagues},
            "component_leagues": {code: rows[code] for code in ground.components},
            "awards": [
                {"unit": names[each["entrant_id"]], "fen": each["fen"]} for each in self.awards
            ],
        }

    def compare_ledgers(self, ground: Ground) -> list[Field]:
        """Flags as they were given beside those of the leagues; kinds of awards, and the day."""
        given = sorted((each["entrant_id"], each["colour"]) for each in self.flags)
        shown = sorted(
            (row["entrant_id"], row["flag"])
            for some in self.lists.values()
            for row in some
            if row["flag"]
        )
        kinds = [each["kind"] for each in ground.paper["awards"]]
        days = {each["given_on"] for each in self.flags} | {
            each["decided_on"] for each in self.awards
        }
        return [
            Field("ledgers", "flags of leagues", shown, given),
            Field("ledgers", "kinds of awards", kinds, [each["name"] for each in self.awards]),
            Field("ledgers", "decided on", [ground.paper["date"]], sorted(days)),
        ]


def read_published(office: Office, round_id: UUID, ground: Ground) -> Published:
    """The published result, over HTTP."""
    codes = (*ground.leagues, *ground.components)
    asked = {"round": str(round_id), "standing": "true"}
    awards = office.pages("/v1/awards", **asked)
    return Published(
        lists={
            code: list(office.pages(f"/v1/rounds/{round_id}/rankings/{code}")) for code in codes
        },
        flags=list(office.pages("/v1/flags", **asked)),
        awards=sorted(
            awards, key=lambda each: (codes.index(each["league"]["code"]), each["place"])
        ),
    )


def _told(fields: Sequence[Field]) -> Json:
    return {"fields": len(fields), "different": sum(not each.same for each in fields)}


def _faults(name: str, fields: Sequence[Field]) -> list[str]:
    return [
        f"{name}, {each.part}, {each.name}: {each.published!r}, got {each.got!r}"
        for each in fields
        if not each.same
    ]
