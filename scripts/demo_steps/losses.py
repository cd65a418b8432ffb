"""Chooses which answers lose points, so that every street comes out at its published place.

The bulletin gives an order but no scores for streets. So each place gets a target, strictly falling
with some unevenness, and faults are spread over the street's sites until the street's rate reaches
its target. All of it is integers; `aim` checks the order at the end and says so if it is not there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from scripts.demo_steps.city_files import STREET_LEAGUES
from scripts.demo_steps.marks import (
    NOT_APPLICABLE,
    Item,
    Marks,
    Value,
    full_value,
    hundredths,
    losing_values,
    mark,
    total,
)
from scripts.demo_steps.plan import DemoPlan, Stop

BEST = 9_640  # hundredths of a point: the first place of a league, about
WORST = 7_480  # the last
MOST_FAULTS = 5  # of one item at one site
NA_PER_STREET = (2, 4)
_POINT = 1_000  # thousandths

Values = dict[str, Value]  # item code -> value
Answers = Mapping[str, Values]  # site code -> its values


@dataclass(frozen=True)
class Loss:
    """One way to lose points: an item of a site answered with a lesser value."""

    site: str
    item: Item
    value: Value
    lost: int

    @cached_property
    def liking(self) -> float:
        """How gladly it is taken: heavy ones (few photos say much), vetoes rarely."""
        photos = self.item.photo_min if self.item.photo_rule == "on_fail" else 0
        heaviness = math.pow(self.lost / _POINT, 1.5) / (1 + photos)
        return heaviness * (0.2 if self.item.veto else 1.0)


class OrderMissedError(RuntimeError):
    """The answers do not give the published order: the city's files were changed too far."""


def aim(plan: DemoPlan) -> dict[str, Values]:
    """The values of all answers of all sites, by site and item, in the published order."""
    by_street: dict[str, list[Stop]] = {}
    for stop in plan.stops:
        by_street.setdefault(stop.place.street.code, []).append(stop)
    answers: dict[str, Values] = {}
    for league in STREET_LEAGUES:
        streets = plan.city.published[league]
        goals = targets(len(streets), random.Random(f"targets {plan.seed} {league}"))
        for street, goal in zip(streets, goals, strict=True):
            draw = random.Random(f"answers {plan.seed} {street}")
            answers |= _fill_street(by_street[street], goal, draw)
    check_order(plan, answers)
    return answers


def targets(places: int, draw: random.Random, *, best: int = BEST, worst: int = WORST) -> list[int]:
    """Strictly falling scores in hundredths, unevenly spaced, from `best` to about `worst`."""
    if places == 1:
        return [best]
    gaps = [draw.uniform(0.7, 1.3) for _ in range(places - 1)]
    unit = (best - worst) / sum(gaps)
    scores = [best]
    for gap in gaps:
        scores.append(scores[-1] - round(gap * unit))
    return scores


def street_scores(plan: DemoPlan, answers: Answers) -> dict[str, int]:
    """The rate of each street in hundredths, over all answers of all its sites."""
    marks: dict[str, list[Marks]] = {}
    for stop in plan.stops:
        values = answers[stop.place.code]
        marks.setdefault(stop.place.street.code, []).extend(
            mark(item, values[item.code]) for item in stop.checklist.items
        )
    return {street: hundredths(total(each)) for street, each in marks.items()}


def check_order(plan: DemoPlan, answers: Answers) -> None:
    """Raises unless every league falls strictly from the published first to the last."""
    scores = street_scores(plan, answers)
    for league in STREET_LEAGUES:
        listed = [scores[street] for street in plan.city.published[league]]
        if any(later >= earlier for earlier, later in pairwise(listed)):
            raise OrderMissedError(f"{league}: {listed}")


def _fill_street(stops: Sequence[Stop], goal: int, draw: random.Random) -> dict[str, Values]:
    """Answers for one street: all well, then some not applicable, then faults up to the goal."""
    answers: dict[str, Values] = {
        stop.place.code: {item.code: full_value(item) for item in stop.checklist.items}
        for stop in stops
    }
    _leave_out(stops, answers, draw)
    possible = total(
        mark(item, answers[stop.place.code][item.code])
        for stop in stops
        for item in stop.checklist.items
    ).possible
    to_lose = possible * (10_000 - goal) // 10_000
    for loss in _choose(losses_of(stops, answers), to_lose, draw):
        answers[loss.site][loss.item.code] = loss.value
    return answers


def _leave_out(stops: Sequence[Stop], answers: dict[str, Values], draw: random.Random) -> None:
    """Marks a few items as not applicable: never a veto item nor one that always needs a photo."""
    fit = [
        (stop.place.code, item.code)
        for stop in stops
        for item in stop.checklist.items
        if item.na_allowed and not item.veto and item.photo_rule != "always"
    ]
    for site, item in draw.sample(fit, min(len(fit), draw.randint(*NA_PER_STREET))):
        answers[site][item] = NOT_APPLICABLE


def losses_of(stops: Iterable[Stop], answers: Answers) -> list[Loss]:
    """Every way to lose points at these sites that leaves all later questions to be asked.

    What is not applicable loses none.
    """
    return [
        Loss(stop.place.code, item, value, mark(item, value).lost)
        for stop in stops
        for item in stop.checklist.items
        if answers[stop.place.code][item.code] != NOT_APPLICABLE
        for value in losing_values(item, MOST_FAULTS)
        if item.keeps is None or value in item.keeps
    ]


def _choose(losses: Sequence[Loss], to_lose: int, draw: random.Random) -> list[Loss]:
    """Losses of distinct items that sum up to just below `to_lose`, spread over the sites.

    One that leaves almost nothing to lose is taken as soon as there is one, which ends the search.
    """
    open_losses = list(losses)
    chosen: list[Loss] = []
    faults = dict.fromkeys((each.site for each in losses), 0)
    while True:
        open_losses = [each for each in open_losses if each.lost <= to_lose]
        if not open_losses:
            return chosen
        fewest = min(faults[each.site] for each in open_losses)
        near = [each for each in open_losses if faults[each.site] == fewest]
        last = [each for each in near if to_lose - each.lost < _POINT]
        pick = draw.choices(last or near, [each.liking for each in last or near])[0]
        chosen.append(pick)
        to_lose -= pick.lost
        faults[pick.site] += 1
        open_losses = [
            each
            for each in open_losses
            if (each.site, each.item.code) != (pick.site, pick.item.code)
        ]
