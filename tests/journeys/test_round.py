"""A round as it happens: two phones on a bad network, to the standing and the ledger."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx2
import pytest

from app.infra import business_time
from app.organisation.rules import Role
from scripts.phone import Fault, Faults, Pace, Phone, Rates
from tests import factories as make

_PACE = Pace(base_s=0.05, cap_s=0.5, poll_s=0.1, poll_cap_s=0.5, patience_s=30, retry_after_cap_s=1)
_RATES = Rates(
    lost_request=0.05, lost_reply=0.1, repeated=0.1, cut_upload=0.1, skipped_complete=0.1
)
_ANSWERS = {
    "410802001": {"BJ-01": "B", "BJ-02": 4},
    "410802002": {"BJ-02": 1},
    "410802003": {"BJ-06": 1},
    "410802004": {},
    "410811001": {"BJ-03": 3, "BJ-08": "na"},
    "410811002": {"BJ-11": "fail"},
}


@pytest.fixture
def ground(service):
    """A round in September 2018 with a site in each of six streets, and who takes part."""
    service.wait_ready()
    with service.looking() as tx:
        business_time.set_business_time(tx, instant=datetime(2018, 9, 12, 1, tzinfo=UTC))
        tx.commit()
        people = [make.make_person(tx) for _ in range(2)]
        editor = make.signed_in(tx, Role.HQ_EDITOR)
        jiefang = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG])
        prefix = people[0].login[-6:]
        sites = [make.site_row(f"{prefix}-{street}", unit=street) for street in _ANSWERS]
        tasks = [
            make.task_row(site["code"], members=[people[n % 2].login])
            for n, site in enumerate(sites)
        ]
        leagues = make.league_rows("districts", "central-streets", "city-bureaus")
        round_ = make.make_round(tx, sites=sites, tasks=tasks, leagues=leagues)
        plans = {
            site["code"]: make.plan_visit(
                tx, round_.id, site["code"], values=_ANSWERS[site["unit"]]
            ).body
            for site in sites
        }
    return people, editor, jiefang, round_, plans


def inspect(service, folder, login, seed, round_id, plans):
    """What an inspector does, task by task, by the phone alone."""
    forced = {("visit", 1): Fault.LOST_REPLY, ("put", 2): Fault.REPEATED}
    faults = Faults(seed, rates=_RATES, forced=forced)
    with Phone(folder, service.url, login, make.PASSWORD, faults=faults, pace=_PACE) as phone:
        me = phone.sign_in()
        assert me["server_time"].startswith("2018-09-12")
        tasks = phone.tasks(round_id)
        assert len(tasks) == 3
        for task in tasks:
            version = phone.checklist(task["checklist"]["code"], task["checklist"]["version"])
            body = plans[task["site"]["code"]] | {"task_id": task["id"]}
            assert [item["code"] for item in version["items"]] == [
                answer["item"] for answer in body["answers"]
            ]
            for answer in body["answers"]:
                for finding in answer.get("findings", ()):
                    photo = phone.take_photo(make.make_photo_bytes(), "image/jpeg", "near")
                    finding["photos"] = [str(photo)]
            phone.submit_visit(body)
        progress = phone.sync_until_empty(90)
        assert progress.is_clean, progress
        mine = phone.read("/v1/tasks", {"round_id": str(round_id)})["items"]
        assert {task["state"] for task in mine} == {"done"}
        return faults.counters


def test_a_round_from_the_pocket_to_the_standing_and_the_ledger(service, ground, tmp_path):
    people, editor, jiefang, round_, plans = ground
    gate = threading.Barrier(2)

    def run(number):
        gate.wait()
        folder = tmp_path / str(number)
        return inspect(service, folder, people[number].login, number, round_.id, plans)

    with ThreadPoolExecutor(2) as pool:
        played = sum(pool.map(run, range(2)), start=type(Faults(0).counters)())
    assert played[Fault.LOST_REPLY] >= 2
    with httpx2.Client(base_url=service.url, trust_env=False) as http:
        _check_standing(http, editor, jiefang, round_)
        _check_ledger(http, editor, jiefang, round_)


def _check_standing(http, editor, jiefang, round_):
    path = f"/v1/rounds/{round_.id}/rankings/central-streets"
    items = http.get(path, headers=editor.headers).json()["items"]
    assert [(one["rank"], one["unit"]["code"], one["score"]) for one in items[:6]] == [
        (1, "410802004", "100.00"),
        (2, "410802002", "98.00"),
        (2, "410802003", "98.00"),
        (4, "410811001", "96.81"),
        (5, "410811002", "95.00"),
        (6, "410802001", "86.00"),
    ]
    assert {one["pending_visits"] for one in items} == {0}
    districts = http.get(
        f"/v1/rounds/{round_.id}/rankings/districts", headers=editor.headers
    ).json()["items"]
    assert [(one["unit"]["name"], one["score"]) for one in districts[:2]] == [
        ("山阳区", "95.88"),
        ("解放区", "95.50"),
    ]
    assert http.get(path, headers=jiefang.headers).status_code == 404


def _check_ledger(http, editor, jiefang, round_):
    query = {"round_id": str(round_.id)}
    whole = http.get("/v1/ledger", params=query, headers=editor.headers).json()["items"]
    assert len(whole) == 1 + 4 + 1 + 1 + 3 + 1
    assert all(one["number"].startswith("2018-") for one in whole)
    assert all(len(one["photos"]) == 1 for one in whole)
    photo = http.get(whole[0]["photos"][0]["thumb_url"])
    assert photo.headers["content-type"] == "image/jpeg"
    mine = http.get("/v1/ledger", params=query, headers=jiefang.headers).json()["items"]
    assert {one["district"]["code"] for one in mine} == {make.JIEFANG}
    assert len(mine) == 7
