"""The planned rounds, made once for all tests: planning one costs a good part of a second."""

from __future__ import annotations

import random

import pytest

from scripts.demo_steps.answers import PlannedVisit, plan_visits
from scripts.demo_steps.plan import DemoPlan, build_plan

SEEDS = (1, 2018)
Rounds = dict[int, tuple[DemoPlan, list[PlannedVisit]]]


@pytest.fixture(scope="session")
def rounds() -> Rounds:
    """By seed: the plan of a round and its visits."""
    made: Rounds = {}
    for seed in SEEDS:
        plan = build_plan(seed, random.Random(seed))
        made[seed] = (plan, plan_visits(plan))
    return made
