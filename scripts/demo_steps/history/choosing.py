"""Chooses faults that lose an exact number of points, spread as wanted over streets and sites."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from scripts.demo_steps.losses import Loss

_FINISH = 16_000  # thousandths: from here on what is left is met exactly
_TAKEN = 0.4  # how often a question of a street that misses something is taken at the finish
_HEAVY, _DEAR = 3.0, 3.0  # how much heavy losses are liked, and photos shunned
Question = tuple[str, str]  # site and item


class UnreachableError(RuntimeError):
    """No choice of faults loses exactly that much."""


def common_unit(losses: Iterable[Loss]) -> int:
    """The greatest number that divides every loss."""
    return reduce(math.gcd, (each.lost for each in losses), 0) or 1


def choose(
    losses: Sequence[Loss], goal: int, wanted: Mapping[str, int], draw: random.Random
) -> list[Loss]:
    """Losses of distinct questions that sum to `goal` thousandths.

    `wanted` says how much each street should lose of it, about. Raises `UnreachableError` where the
    questions do not give that sum.
    """
    chosen = _rough(losses, goal, wanted, draw)
    while True:
        missing = Counter(wanted)
        for each in chosen:
            missing[street_of(each.site)] -= each.lost
        taken = {_question(each) for each in chosen}
        left = [each for each in losses if _question(each) not in taken]
        finish = _exactly(left, goal - sum(each.lost for each in chosen), missing, draw)
        if finish is not None:
            return chosen + finish
        if not chosen:
            raise UnreachableError(f"{goal} of {len(losses)} losses")
        chosen.pop()


def street_of(site: str) -> str:
    """The street in a site's code."""
    return site.partition("-")[0]


def _question(loss: Loss) -> Question:
    return loss.site, loss.item.code


def _pick(losses: Sequence[Loss], draw: random.Random) -> Loss:
    """Heavy losses most of all, so that few photos are needed; failed vetoes rarely."""
    return draw.choices(losses, [_weight(each) for each in losses])[0]


def _weight(loss: Loss) -> float:
    photos = loss.item.photo_min if loss.item.photo_rule == "on_fail" else 0
    heaviness = math.pow(loss.lost / 1000, _HEAVY) / (1 + _DEAR * photos)
    return heaviness * (0.2 if loss.item.veto else 1.0)


def _rough(
    losses: Sequence[Loss], goal: int, wanted: Mapping[str, int], draw: random.Random
) -> list[Loss]:
    """Losses up to shortly before the goal, where most is wanted and fewest were found first."""
    missing = dict(wanted)
    faults: Counter[str] = Counter()
    chosen: list[Loss] = []
    rest = goal
    open_losses = list(losses)
    while rest > _FINISH:
        open_losses = [each for each in open_losses if each.lost <= rest]
        if not open_losses:
            break
        here = max({street_of(each.site) for each in open_losses}, key=lambda s: (missing[s], s))
        near = [each for each in open_losses if street_of(each.site) == here]
        fewest = min(faults[each.site] for each in near)
        near = [each for each in near if faults[each.site] == fewest]
        pick = _pick(near, draw)
        chosen.append(pick)
        rest -= pick.lost
        missing[here] -= pick.lost
        faults[pick.site] += 1
        open_losses = [each for each in open_losses if _question(each) != _question(pick)]
    return chosen


def _exactly(
    losses: Sequence[Loss], goal: int, missing: Mapping[str, int], draw: random.Random
) -> list[Loss] | None:
    """Some losses of distinct questions that sum to the goal, or None if there are none.

    Streets that still miss something are asked first. `reach[n]` has a bit for every sum that the
    questions from the n-th on can give.
    """
    unit = common_unit(losses)
    if goal % unit:
        return None
    questions: dict[Question, list[Loss]] = {}
    for each in losses:
        questions.setdefault(_question(each), []).append(each)
    order = list(questions.values())
    draw.shuffle(order)
    order.sort(key=lambda options: -missing[street_of(options[0].site)])
    reach = [1]
    for options in reversed(order):
        sums = reach[-1]
        for each in options:
            sums |= reach[-1] << (each.lost // unit)
        reach.append(sums & ((2 << (goal // unit)) - 1))
    reach.reverse()
    rest = goal // unit
    if not reach[0] >> rest & 1:
        return None
    chosen: list[Loss] = []
    for options, later in zip(order, reach[1:], strict=True):
        fit = [
            each
            for each in options
            if each.lost // unit <= rest and later >> (rest - each.lost // unit) & 1
        ]
        can_pass = bool(later >> rest & 1)
        due = missing[street_of(options[0].site)] > 0 and draw.random() < _TAKEN
        if fit and (due or not can_pass):
            pick = _pick(fit, draw)
            chosen.append(pick)
            rest -= pick.lost // unit
    return chosen
