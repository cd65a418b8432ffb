"""Sends what comes in beside the round, and opens the demo's book with all cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from app.kit.geo import Point
from scripts.demo_steps.crowd import in_parallel
from scripts.demo_steps.ledger.book import Entry
from scripts.demo_steps.ledger.citizens import Citizens
from scripts.demo_steps.ledger.desks import Desk, Desks
from scripts.demo_steps.ledger.fates import Course, Facts, Fate, course_of, plan_courses
from scripts.demo_steps.ledger.reports import CITIZEN, Told, plan_repeats, plan_reports
from scripts.demo_steps.ledger.scenes import OFFICE, Scenes
from scripts.demo_steps.people import handler_of
from scripts.demo_steps.plan import DemoPlan
from scripts.demo_steps.stage import StageError

Json = dict[str, Any]
_SENDERS = 4
_MACHINES = ("monitor", "platform")


class Intake:
    """The doors of the ledger, from outside."""

    def __init__(self, plan: DemoPlan, desks: Desks, scenes: Scenes) -> None:
        self._plan = plan
        self._desks = desks
        self._scenes = scenes
        self._office = desks.of(OFFICE)
        self._places = {stop.place.code: stop.place for stop in plan.stops}
        self.citizens = Citizens(desks.public, scenes)

    def open_book(self) -> dict[str, Entry]:
        """All cases there are, each with what will become of it; the reports are sent here."""
        found = list(self._office.pages("/v1/ledger"))
        courses = plan_courses([self._facts(case) for case in found], self._plan.seed)
        free = {
            number
            for number, course in courses.items()
            if course.fate in (Fate.USUAL, Fate.LATE, Fate.REWORKED)
        }
        told = plan_reports(self._plan)
        told += plan_repeats(self._plan, self.citizens.known_categories(found), free)
        machine = self._machine()
        for number, one in in_parallel(
            lambda one: (self._send(one, machine), one), told, threads=_SENDERS
        ):
            courses[number] = self._course(number, one)
        cases = list(self._office.pages("/v1/ledger"))
        if {case["number"] for case in cases} != set(courses):
            raise StageError(f"{len(cases)} cases, but {len(courses)} in the demo's book")
        return {case["number"]: self._entry(case, courses[case["number"]]) for case in cases}

    def _facts(self, case: Json) -> Facts:
        category = case["category"]
        limits = self._plan.city.categories[category["code"]] if category else None
        return Facts(
            number=case["number"],
            district=case["district"]["code"],
            site=case["site"]["code"] if case["site"] else None,
            category=category["code"] if category else None,
            line=case["line"]["code"],
            note=case["note"],
            at=self._point(case),
            is_quick=limits is not None and limits.is_quick,
            long_condition=limits.long_condition if limits else None,
        )

    def _point(self, case: Json) -> Point | None:
        """Where it was found, else where its site is."""
        found = case["location"]
        if found is not None:
            return Point(found["lat"], found["lon"])
        place = self._places.get(case["site"]["code"]) if case["site"] else None
        return Point(place.lat, place.lon) if place else None

    def _course(self, number: str, told: Told) -> Course:
        """A citizen's report is looked at on the spot before it is filed."""
        facts = self._facts(self._office.get(f"/v1/ledger/{number}"))
        doubt = told.source == CITIZEN and told.fate is not Fate.MERGED
        return course_of(facts, told.fate, told.again, doubt=doubt)

    def _entry(self, case: Json, course: Course) -> Entry:
        category, unit, site = case["category"], case["answerable_unit"], case["site"]
        return Entry(
            number=case["number"],
            source=case["source"],
            district=case["district"]["code"],
            course=course,
            version=case["version"],
            unit=unit["code"] if unit else None,
            area=case["area"]["code"],
            site=site["code"] if site else None,
            category=category["code"] if category else None,
            line=case["line"]["code"],
            note=case["note"],
        )

    # -- the doors -----------------------------------------------------------------------------

    def _send(self, told: Told, machine: Desk) -> str:
        """The number of the case that a report opens."""
        if told.source == CITIZEN:
            return self._case_of(told, self.citizens.report(told, self._category(told)))
        body: Json = {
            "source": told.source,
            "line": told.line,
            "note": told.note,
            "found_at": self._scenes.now().isoformat(),
            "category": self._category(told),
            "site": told.place.code,
        }
        if told.source in _MACHINES:
            body["ref"] = f"{told.source}-{told.place.code}"
            opened = machine.post("/v1/ledger/alarms", body)
            if machine.post("/v1/ledger/alarms", body)["number"] != opened["number"]:
                raise StageError(f"one alarm, two cases: {opened['number']}")
            return str(opened["number"])
        body["id"] = str(uuid7())
        return str(self._reporter(told).post("/v1/ledger/reports", body)["number"])

    def _reporter(self, told: Told) -> Desk:
        if told.source == "self":
            return self._desks.of(handler_of(told.place.street.code))
        return self._desks.of(self._plan.inspectors()[-1]["login"])

    def _category(self, told: Told) -> Json:
        return dict(self._plan.city.categories[told.category].as_json)

    def _machine(self) -> Desk:
        """A key for the monitors and the city platform."""
        root = self._plan.city.root
        body = {
            "name": "油烟监测与城市平台",
            "role": "platform",
            "scopes": ["problem.send-alarm"],
            "unit": root,
            "areas": [root],
            "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        return self._desks.of_machine("monitors", self._office.post("/v1/api-keys", body)["key"])

    def _case_of(self, told: Told, report: str) -> str:
        """Headquarters finds a citizen's report by its words; the citizen's number is his own."""
        found = [
            case["number"]
            for case in self._office.pages("/v1/ledger", source=CITIZEN, text=told.place.name)
            if case["note"] == told.note
        ]
        if len(found) != 1:
            raise StageError(f"citizen report {report}: cases {found}")
        return str(found[0])
