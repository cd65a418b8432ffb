"""What comes in beside the round: citizens, monitors, patrols, units themselves, firms, a platform.

Who reports what and where is drawn from the seed; some citizens report what a visit has found
already. Everything goes through the door that is made for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.demo_steps.city_files import ReportText
from scripts.demo_steps.ledger.fates import Fate
from scripts.demo_steps.places import Place
from scripts.demo_steps.plan import DemoPlan

Json = dict[str, Any]
CITIZEN = "citizen"
_PER_DISTRICT = {CITIZEN: 2, "monitor": 1, "patrol": 1, "self": 1, "enterprise": 1, "platform": 1}
# What becomes of them, district by district.
_FATES: Mapping[str, tuple[Fate, ...]] = {
    CITIZEN: (Fate.USUAL, Fate.USUAL, Fate.REFUSED, Fate.USUAL, Fate.LATE),
    "monitor": (Fate.USUAL, Fate.USUAL, Fate.REFUSED, Fate.LATE),
    "patrol": (Fate.USUAL, Fate.EXTENDED),
    "self": (Fate.USUAL,),
    "enterprise": (Fate.USUAL, Fate.STAGED, Fate.EXPLAINED),
    "platform": (Fate.TRANSFERRED, Fate.USUAL),
}


@dataclass(frozen=True)
class Told:
    """One report as it will be sent; ``again`` is the case that it repeats."""

    source: str
    place: Place
    note: str
    line: str
    category: str
    fate: Fate
    again: str | None = None
    found_at: Json | None = None

    @property
    def location(self) -> Json:
        """Where it is: at the fault that it repeats, else at its place."""
        found = self.found_at or self.place.location
        return {"lat": found["lat"], "lon": found["lon"], "crs": found["crs"], "accuracy_m": 12.0}


def plan_reports(plan: DemoPlan) -> list[Told]:
    """What is reported without a task: some of each source in every district."""
    draw = random.Random(f"reports {plan.seed}")
    told: list[Told] = []
    for district in plan.city.districts:
        places = [stop.place for stop in plan.stops if stop.place.street.district == district]
        chosen = iter(draw.sample(places, sum(_PER_DISTRICT.values())))
        for source, count in _PER_DISTRICT.items():
            for _ in range(count):
                text = draw.choice(plan.city.phrases.reports[source])
                turn = sum(each.source == source for each in told)
                fates = _FATES[source]
                told.append(_told(source, next(chosen), text, fates[turn % len(fates)]))
    return told


def plan_repeats(plan: DemoPlan, cases: Sequence[Json], free: set[str]) -> Iterator[Told]:
    """One citizen in each district reports what a visit has found: one of the ``free`` cases."""
    places = {stop.place.code: stop.place for stop in plan.stops}
    text = plan.city.phrases.reports["citizen-again"][0].text
    for district in plan.city.districts:
        fit = [
            case
            for case in cases
            if case["number"] in free
            and case["district"]["code"] == district
            and case["category"] is not None
            and case["site"]["code"] in places
        ]
        fit.sort(key=lambda case: (case["site"]["code"], case["note"]))
        if fit:
            case = random.Random(f"again {plan.seed} {district}").choice(fit)
            place = places[case["site"]["code"]]
            yield Told(
                CITIZEN,
                place,
                text.format(site=place.name, note=case["note"]),
                case["line"]["code"],
                case["category"]["code"],
                Fate.MERGED,
                again=case["number"],
                found_at=case["location"],
            )


def _told(source: str, place: Place, text: ReportText, fate: Fate) -> Told:
    note = text.text.format(site=place.name)
    return Told(source, place, note, text.line, text.category, fate)
