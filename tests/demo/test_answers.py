"""The planned round: the published order is reached, and every visit obeys its checklist."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise

import pytest

from scripts.demo_steps.answers import PlannedAnswer, plan_visits
from scripts.demo_steps.bodies import Ids, visit_body
from scripts.demo_steps.city_files import STREET_LEAGUES
from scripts.demo_steps.losses import OrderMissedError, check_order, street_scores
from scripts.demo_steps.marks import Item, mark
from scripts.demo_steps.plan import build_plan
from tests.demo.conftest import SEEDS, Rounds


@pytest.mark.parametrize("seed", SEEDS)
def test_each_league_comes_out_in_the_published_order(rounds: Rounds, seed: int) -> None:
    plan, visits = rounds[seed]
    earned: Counter[str] = Counter()
    possible: Counter[str] = Counter()
    for visit in visits:
        earned[visit.stop.place.street.code] += visit.marks.earned
        possible[visit.stop.place.street.code] += visit.marks.possible
    for league, places in zip(STREET_LEAGUES, (25, 15), strict=True):
        order = plan.city.published[league]
        scores = [(20_000 * earned[s] + possible[s]) // (2 * possible[s]) for s in order]
        assert len(scores) == places
        assert all(a > b for a, b in pairwise(scores)), scores


@pytest.mark.parametrize("seed", SEEDS)
def test_the_round_is_as_large_as_promised(rounds: Rounds, seed: int) -> None:
    plan, visits = rounds[seed]
    assert len(visits) == len({visit.stop.place.code for visit in visits}) == 400
    per_street = Counter(visit.stop.place.street.code for visit in visits)
    assert len(per_street) == 40
    assert min(per_street.values()) >= 10
    assert min(len(visit.slots) for visit in visits) >= 3
    assert 1_200 <= sum(len(visit.slots) for visit in visits) <= 1_500
    assert len(plan.inspectors()) >= 20
    assert all(plan.of(each["login"]) for each in plan.inspectors())


def needs_photos(item: Item, answer: PlannedAnswer) -> bool:
    if answer.value == "na" or item.photo_rule == "never":
        return False
    return item.photo_rule == "always" or mark(item, answer.value).lost > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_obeys_its_item(rounds: Rounds, seed: int) -> None:
    types: Counter[str] = Counter()
    for visit in rounds[seed][1]:
        items = visit.stop.checklist.items
        assert [answer.item for answer in visit.answers] == [item.code for item in items]
        for item, answer in zip(items, visit.answers, strict=True):
            photos = len(answer.photos) + sum(len(each.photos) for each in answer.findings)
            assert photos >= (item.photo_min if needs_photos(item, answer) else 0)
            assert (answer.na_reason is not None) is (answer.value == "na")
            lost = mark(item, answer.value).lost
            assert bool(answer.findings) is (lost > 0)
            if item.answer_type == "count_deduct" and answer.value != "na":
                assert len(answer.findings) == answer.value
            assert all(each.note and "{" not in each.note for each in answer.findings)
            types[item.answer_type] += lost > 0
        assert [slot.number for slot in visit.slots] == list(range(len(visit.slots)))
    assert set(types) == {"pass_fail", "grade_abc", "count_deduct", "number_min"}
    assert min(types.values()) > 0


def test_a_seed_gives_the_same_round_again_but_not_the_same_passwords(
    rounds: Rounds,
) -> None:
    plan, visits = rounds[1]
    again = build_plan(1, random.Random(99))
    assert again.round_file == plan.round_file
    assert plan_visits(again) == visits
    assert [each["name"] for each in again.users] == [each["name"] for each in plan.users]
    passwords = {each["password"] for each in plan.users + again.users}
    assert len(passwords) == 2 * len(plan.users)


def test_the_files_name_each_other_rightly(
    rounds: Rounds,
) -> None:
    plan, _ = rounds[1]
    logins = {each["login"] for each in plan.users}
    assert len(logins) == len(plan.users)
    sites = {each["code"] for each in plan.round_file["sites"]}
    for task in plan.round_file["tasks"]:
        assert task["site"] in sites
        assert set(task["members"]) <= logins
    roles = Counter(each["role"] for each in plan.users)
    assert (roles["hq_admin"], roles["auditor"], roles["unit_coordinator"]) == (1, 1, 6)
    assert json.loads(json.dumps([plan.round_file, plan.users])) == [plan.round_file, plan.users]


def test_a_wrong_order_is_noticed(
    rounds: Rounds,
) -> None:
    plan, visits = rounds[1]
    answers = {
        visit.stop.place.code: {answer.item: answer.value for answer in visit.answers}
        for visit in visits
    }
    check_order(plan, answers)
    last = plan.city.published["outer-towns"][-1]
    for visit in visits:
        if visit.stop.place.street.code == last:
            answers[visit.stop.place.code] = {
                item.code: "na" if index else answers[visit.stop.place.code][item.code]
                for index, item in enumerate(visit.stop.checklist.items)
            }
    assert street_scores(plan, answers)[last] != street_scores(plan, answers)["410802006"]
    with pytest.raises(OrderMissedError):
        check_order(plan, answers)


def test_a_body_carries_every_photo_once(
    rounds: Rounds,
) -> None:
    visit = max(rounds[1][1], key=lambda each: len(each.slots))
    photos = {slot.key: f"photo-{slot.number}" for slot in visit.slots}
    ids = Ids(visit="v", round="r", task=None, photos=photos, new=iter("abcdefghijkl").__next__)
    body = visit_body(visit, ids, started_at="s", ended_at="e", location=None)
    named = list(body["photos"])
    for answer in body["answers"]:
        named += answer["photos"] + [p for each in answer["findings"] for p in each["photos"]]
    assert sorted(named) == sorted(photos.values())
    assert body["site"] == visit.stop.place.code
    assert set(body["answers"][0]) == {"item", "value", "na_reason", "photos", "findings"}
