"""Finds one set of answers that gives all the leagues' orders at once.

Every answer counts for a street and for a line. The lines are settled first: how much each loses in
a district is fixed, and which of its streets lose it is fitted to what the streets may lose. Street
cleaning and community work were ranked for nobody: they bring each street to its own score at the
end. All sums are integers and met exactly; the reference has the last word.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scripts.demo_steps.history import reference
from scripts.demo_steps.history.choosing import UnreachableError, choose, common_unit, street_of
from scripts.demo_steps.history.comparing import compare
from scripts.demo_steps.history.fitting import Cell, Sheet, fit
from scripts.demo_steps.history.ground import Ground
from scripts.demo_steps.history.targets import Column, columns, street_scores
from scripts.demo_steps.losses import Loss, Values, losses_of
from scripts.demo_steps.marks import NOT_APPLICABLE, full_value, half_up, mark
from scripts.demo_steps.plan import DemoPlan

_ATTEMPTS = 20
_LEFT_OUT = (2, 4)  # questions of a street that do not apply
_ENOUGH = 4  # questions of a line in a street, before one of them may not apply
_WHOLE = 10_000  # hundredths


class UnsolvedError(RuntimeError):
    """No answers were found: the city's files were changed too far."""


def solve(plan: DemoPlan, ground: Ground) -> dict[str, Values]:
    """The values of all answers, by site and item; the same for the same plan.

    What the reference makes of them is the bulletin, field by field.
    """
    reason = ""
    for attempt in range(_ATTEMPTS):
        try:
            answers = _Solver(plan, ground, f"history {plan.seed} {attempt}").solve()
        except UnreachableError as error:
            reason = str(error)
            continue
        result = reference.published(ground, reference.answered(plan, answers))
        wrong = [each for each in compare(ground, result) if not each.same]
        if not wrong:
            return answers
        reason = str(wrong[0])
    raise UnsolvedError(f"{_ATTEMPTS} attempts, the last: {reason}")


class _Solver:
    """One attempt."""

    def __init__(self, plan: DemoPlan, ground: Ground, name: str) -> None:
        self._plan = plan
        self._ground = ground
        self._name = name
        self._draw = random.Random(name)
        self._answers: dict[str, Values] = {
            stop.place.code: {item.code: full_value(item) for item in stop.checklist.items}
            for stop in plan.stops
        }

    def solve(self) -> dict[str, Values]:
        """What does not apply, then lines, then streets."""
        self._leave_out()
        sheet = Sheet(self._possible(), self._losses())
        goals = {
            street: sheet.of_street(street) * (_WHOLE - score) // _WHOLE
            for street, score in street_scores(self._plan.city, self._name).items()
        }
        asked = columns(self._ground, sheet.possible, self._name)
        lost = self._settle_lines(sheet, asked, goals)
        ranked = {column.line for column in asked}
        for street, goal in goals.items():
            rest = goal - lost[street]
            if rest < 0:
                raise UnreachableError(f"{street} has lost {-rest} too much")
            losses = [one for one in sheet.losses_in(street) if one.item.line not in ranked]
            self._take(choose(losses, _nearest(rest, losses), {street: rest}, self._draw))
        return self._answers

    def _settle_lines(
        self, sheet: Sheet, asked: Sequence[Column], goals: Mapping[str, int]
    ) -> Counter[str]:
        """Every ranked line in every district; returns what each street has lost by then.

        Of what a street got too much in one line, it gets less in the next.
        """
        lost: Counter[str] = Counter()
        owed = dict.fromkeys(goals, 0)
        for column, wanted in zip(asked, fit(sheet, asked, goals), strict=True):
            losses = sheet.losses_of(column.line, wanted)
            goal = _nearest(sheet.whole(column) * (_WHOLE - column.score) // _WHOLE, losses)
            due = {street: points + owed[street] for street, points in wanted.items()}
            for each in self._take(choose(losses, goal, due, self._draw)):
                due[street_of(each.site)] -= each.lost
                lost[street_of(each.site)] += each.lost
            owed |= due
        return lost

    def _take(self, losses: Iterable[Loss]) -> list[Loss]:
        taken = list(losses)
        for each in taken:
            self._answers[each.site][each.item.code] = each.value
        return taken

    def _leave_out(self) -> None:
        """Some questions do not apply, where a line has others; never in the unpublished lists.

        Two districts that share a place there must be asked the same.
        """
        lists = self._ground.components.values()
        alone = {line for code in lists for each in code.entrants for line in each.lines}
        by_street: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for stop in self._plan.stops:
            by_street[stop.place.street.code] += [
                (stop.place.code, item.code, item.line)
                for item in stop.checklist.items
                if item.na_allowed and not item.veto and item.photo_rule != "always"
            ]
        for asked in by_street.values():
            often = Counter(line for *_, line in asked)
            fit_ones = [one for one in asked if often[one[2]] > _ENOUGH and one[2] not in alone]
            for site, item, _ in self._draw.sample(fit_ones, self._draw.randint(*_LEFT_OUT)):
                self._answers[site][item] = NOT_APPLICABLE

    def _possible(self) -> dict[Cell, int]:
        possible: Counter[Cell] = Counter()
        for stop in self._plan.stops:
            values = self._answers[stop.place.code]
            for item in stop.checklist.items:
                points = mark(item, values[item.code]).possible
                possible[stop.place.street.code, item.line] += points
        return dict(possible)

    def _losses(self) -> dict[Cell, list[Loss]]:
        losses: defaultdict[Cell, list[Loss]] = defaultdict(list)
        for each in losses_of(self._plan.stops, self._answers):
            losses[street_of(each.site), each.item.line].append(each)
        return dict(losses)


def _nearest(points: int, losses: Sequence[Loss]) -> int:
    """The points nearest to these that the losses can give at all."""
    unit = common_unit(losses)
    return half_up(points, unit) * unit
