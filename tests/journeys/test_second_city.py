"""Another city, of another shape, set up by the documented steps alone and inspected by phones."""

import re
import shlex
import subprocess
import sys
import time

import httpx2
import pytest

from app.config import environment_with
from scripts.phone import Pace, Phone
from tests import factories as make
from tests.conftest import ROOT
from tests.journeys.service import running
from tests.support import passable_folder

_PACE = Pace(base_s=0.05, cap_s=0.5, poll_s=0.1, poll_cap_s=0.5, patience_s=30, retry_after_cap_s=1)
_TO_REST_S = 30.0
_STEP = re.compile(r"^ {3}```sh\n(.*?)^ {3}```", re.MULTILINE | re.DOTALL)
_FAILS = {"LT-03-1": "1", "LT-07-2": "2"}  # by the last part of the item that fails


@pytest.fixture(scope="module")
def county():
    """A service whose database is empty but for its tables."""
    with passable_folder() as data, running(data, with_city=False) as found:
        yield found


def documented_steps():
    page = (ROOT / "docs" / "city-setup.md").read_text(encoding="utf-8")
    return [line.strip() for block in _STEP.findall(page) for line in block.splitlines()]


def run(step, data, folder):
    """One line of the page, with the folders of this test in the places of its own."""
    words = shlex.split(step)
    assert words[0] == "scripts/dudao"
    argv = [str(data) if word == "data" else word for word in words[1:]]
    argv = [str(folder / word[5:]) if word.startswith("data/") else word for word in argv]
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *argv],
        cwd=ROOT,
        env=environment_with({"PYTHONPATH": str(ROOT), "COLUMNS": "200"}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.timeout(600)  # six commands and two phones, each a start of everything
@pytest.mark.long
def test_a_county_from_spreadsheets_to_its_standing(county, tmp_path):
    said = [run(step, county.data, tmp_path) for step in documented_steps()]
    assert "applied" in said[-3]
    assert "nothing to do" in said[-1]
    with httpx2.Client(base_url=county.url, trust_env=False) as http:
        office = sign_in(http, "office", "lanting example 1")
        round_id = http.get("/v1/rounds", headers=office).json()["items"][0]["id"]
        done = sum(
            inspect(county, tmp_path / login, login, password, round_id)
            for login, password in (("hewen", "lanting example 2"), ("lugang", "lanting example 3"))
        )
        assert done == 24
        check_results(http, office, round_id)


def sign_in(http, login, password):
    form = {"grant_type": "password", "username": login, "password": password}
    token = http.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def inspect(county, folder, login, password, round_id):
    with Phone(folder, county.url, login, password, pace=_PACE) as phone:
        phone.sign_in()
        tasks = phone.tasks(round_id)
        for task in tasks:
            phone.submit_visit(visit(phone, task, round_id))
        assert phone.sync_until_empty(90).is_clean
        mine = phone.read("/v1/tasks", {"round_id": round_id})["items"]
        assert {task["state"] for task in mine} == {"done"}
        return len(tasks)


def visit(phone, task, round_id):
    """The best answers, but for the items that fail, each with a finding and a photo."""
    named = task["checklist"]
    version = phone.checklist(named["code"], named["version"])
    failing = _FAILS.get(task["site"]["code"])
    answers = []
    for item in version["items"]:
        best = {"pass_fail": "pass", "grade_abc": "A", "count_deduct": 0, "number_min": 1}
        answer = {"item": item["code"], "value": best[item["answer_type"]]}
        if failing is not None and item["code"].endswith("-" + failing):
            worst = {"pass_fail": "fail", "grade_abc": "C", "count_deduct": 1, "number_min": 0}
            photo = phone.take_photo(make.make_photo_bytes(), "image/jpeg", "near")
            finding = {"id": str(make.new_id()), "note": "须整改", "photos": [str(photo)]}
            answer |= {"value": worst[item["answer_type"]], "findings": [finding]}
        answers.append(answer)
    at = phone.business_now().isoformat()
    return {
        "id": str(make.new_id()),
        "round_id": round_id,
        "task_id": task["id"],
        "site": task["site"]["code"],
        "checklist": named,
        "started_at": at,
        "ended_at": at,
        "location": None,
        "note": None,
        "photos": [],
        "answers": answers,
    }


def standing_at_rest(http, office, round_id):
    """The standing once the worker has judged every visit."""
    end = time.monotonic() + _TO_REST_S
    while True:
        answer = http.get(f"/v1/rounds/{round_id}/rankings/towns", headers=office)
        found = answer.raise_for_status().json()["items"]
        if not any(one["pending_visits"] for one in found) or time.monotonic() > end:
            return found
        time.sleep(0.2)


def check_results(http, office, round_id):
    found = standing_at_rest(http, office, round_id)
    assert [one["rank"] for one in found] == [*[1] * 10, 11, 12]
    assert {one["unit"]["code"]: one["score"] for one in found[-2:]} == {
        "999100103": "97.50",
        "999100107": "85.00",
    }
    assert {one["pending_visits"] for one in found} == {0}
    bureaus = http.get(f"/v1/rounds/{round_id}/rankings/bureaus", headers=office).json()["items"]
    assert len(bureaus) == 3
    ledger = http.get("/v1/ledger", headers=office).json()["items"]
    assert {one["answerable_unit"]["name"] for one in ledger} <= {
        "岚汀县水利局", "岚汀县商务局", "岚汀县交通局",
    }  # fmt: skip
    assert len(ledger) == 2
