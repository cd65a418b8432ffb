"""Seeing the ledger: every filter of a coordinator, and the sums of a dashboard."""

from datetime import datetime
from functools import partial
from uuid import UUID

import pytest

from app import worker
from app.infra import business_time
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.scoring.rules_written import read_leagues
from app.scoring.tables_results import RankingRun
from tests import factories as make
from tests.support import settle

CATEGORY = {"scheme": "jiaozuo-checklist-2018", "code": "E0112", "version": "2026-11-22"}
HERE = {"lat": 35.2392, "lon": 113.2418, "crs": "wgs84"}


pytestmark = pytest.mark.usefixtures("ground")


def set_clock(tx, text):
    business_time.set_business_time(tx, instant=datetime.fromisoformat(f"{text}+08:00"))
    tx.commit()


@pytest.fixture
def move_clock(tx):
    return partial(set_clock, tx)


@pytest.fixture(scope="module")
def people(ground):
    tx = ground.tx
    set_clock(tx, "2018-09-10T08:00")
    minsheng = {"unit": make.MINSHENG, "areas": [make.MINSHENG]}
    return {
        "office": make.signed_in(tx, Role.HQ_ADMIN),
        "inspector": make.signed_in(tx, Role.INSPECTOR),
        "street": make.signed_in(tx, Role.UNIT_COORDINATOR, **minsheng),
        "district": make.signed_in(
            tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG]
        ),
    }


def send(client, who, path, **body):
    answer = client.post(f"/v1/ledger/{path}", json=body, headers=who.headers)
    assert answer.status_code < 300, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def filled(portal_client, http, ground, people):
    """One reported, one refused, one with the street, one closed late with its work done."""
    client, move_clock = portal_client, partial(set_clock, ground.tx)
    office, street = people["office"], people["street"]

    def report(unit=make.MINSHENG, **changes):
        body = {
            "id": str(new_id()), "line": "sanitation", "unit": unit, "note": "道路不洁",
            "category": CATEGORY, "found_at": "2018-09-10T07:30:00+08:00",
        }  # fmt: skip
        return send(client, people["inspector"], "reports", **body | changes)

    def go(case, who, verb, **body):
        return send(client, who, f"{case['number']}/{verb}", version=case["version"], **body)

    cases = {
        "new": report(make.DONGFANGHONG, note="公厕100%积水", location=HERE),
        "refused": go(report(), office, "refuse", reason="不属实"),
        "running": go(go(report(), office, "file"), office, "dispatch"),
    }
    case = go(go(go(report(), office, "file"), office, "dispatch"), street, "sign")
    photo = make.upload_photo(client, http, street, role="after")
    settle(ground.runtime)
    move_clock("2018-09-10T10:30")
    work = [{"kind": "清运垃圾", "quantity": "2.5", "unit": "立方米"}]
    case = go(case, street, "rectify", resolution="solved", photos=[photo], work=work)
    move_clock("2018-09-10T09:00")
    case = go(case, office, "check", result="pass")
    cases["closed"] = go(case, office, "close")
    return {name: one["number"] for name, one in cases.items()}


_FILTERS = (
    ({}, {"new", "refused", "running", "closed"}),
    ({"state": ["reported", "closed"]}, {"new", "closed"}),
    ({"unit": make.MINSHENG}, {"refused", "running", "closed"}),
    ({"unit": make.SHANYANG}, {"new"}),
    ({"category": "E0112"}, {"new", "refused", "running", "closed"}),
    ({"category": "/".join(CATEGORY.values())}, {"new", "refused", "running", "closed"}),
    ({"category": "digital-city-b/E0112/1"}, set()),
    ({"source": "patrol"}, {"new", "refused", "running", "closed"}),
    ({"source": "citizen"}, set()),
    ({"overdue": "true"}, set()),
    ({"overdue": "false"}, {"new", "refused", "running", "closed"}),
    ({"due_within_h": 2}, {"running"}),
    ({"text": "积水"}, {"new"}),
    ({"text": "100%"}, {"new"}),
    ({"text": "%"}, {"new"}),
    ({"bbox": "113.2,35.2,113.3,35.3"}, {"new"}),
    ({"text": "积"}, {"new"}),
    ({"text": "公厕100"}, {"new"}),
    ({"text": "水积"}, set()),
    ({"line": "sanitation"}, {"new", "refused", "running", "closed"}),
    ({"line": "signage"}, set()),
    ({"area": make.SHANYANG}, {"new"}),
    ({"order": "deadline"}, {"running"}),
    ({"bbox": "113.3,35.2,113.4,35.3"}, set()),
    ({"found_from": "2018-09-10T07:30:00+08:00"}, {"new", "refused", "running", "closed"}),
    ({"found_to": "2018-09-10T07:30:00+08:00"}, set()),
)


def test_every_filter_of_a_coordinator(client, people, filled, move_clock, subtests):
    names = {number: name for name, number in filled.items()}

    def found(who="office", **query):
        page = client.get("/v1/ledger", params=query, headers=people[who].headers)
        assert page.status_code == 200, page.text
        return {names[one["number"]] for one in page.json()["items"]}

    for query, expected in _FILTERS:
        with subtests.test(query=query):
            assert found(**query) == expected
    assert found(text=filled["running"]) == {"running"}
    command = {"code": "CMD", "kind": "command", "parent": "OFFICE", "name_zh": "环卫专项"}
    empty = {"sites": [], "members": [], "valid_from": "2018-01-01"}
    for body in (
        {"code": "OFFICE", "kind": "office", "name_zh": "办公室", "areas": [], "lines": []},
        command | {"lines": ["sanitation"], "areas": [make.SHANYANG]},
    ):
        answer = client.post("/v1/groups", json=empty | body, headers=people["office"].headers)
        assert answer.status_code == 201, answer.text
    assert found(group="CMD") == {"new"}
    assert found(mine="true") == {"new"}
    assert found("street", mine="true") == {"running"}
    assert found("inspector", mine="true") == set()
    move_clock("2018-09-10T11:00")
    assert found(overdue="true") == {"running"}


def test_the_ledger_on_a_map_and_page_by_page(client, people, filled):
    def ask(path, **query):
        answer = client.get(path, params=query, headers=people["office"].headers)
        assert answer.status_code == 200, answer.text
        return answer

    answer = ask("/v1/ledger:geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = {one["id"]: one for one in answer.json()["features"]}
    assert set(features) == set(filled.values())
    place = features[filled["new"]]["geometry"]
    assert place == {"type": "Point", "coordinates": [HERE["lon"], HERE["lat"]]}
    assert {one["geometry"] for name, one in features.items() if name != filled["new"]} == {None}
    held = people["office"].headers | {"If-None-Match": answer.headers["etag"]}
    assert client.get("/v1/ledger:geojson", headers=held).status_code == 304
    for order in ("newest", "found", "deadline"):
        found, cursor = [], {}
        while True:
            page = ask("/v1/ledger", limit=1, order=order, **cursor).json()
            found += [one["number"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        wanted = {filled["running"]} if order == "deadline" else set(filled.values())
        assert sorted(found) == sorted(wanted)


def test_the_sums_of_the_ledger(client, people, filled, move_clock):
    move_clock("2018-09-10T11:00")
    answer = client.get("/v1/ledger/summary", headers=people["office"].headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    whole = found["all"]
    wanted = {
        "problems": 4, "closed": 1, "open": 2, "cancelled": 1, "overdue": 1, "solved": 1,
        "rework": 0, "merged": 0, "due_today": 0,
    }  # fmt: skip
    assert {name: whole[name] for name in wanted} == wanted
    assert {one["definition"]: (one["numerator"], one["denominator"], one["value"])
            for one in whole["rates"]} == {
        "filing-1": (2, 3, "66.67"),
        "on-time-closing-1": (0, 1, "0.00"),
        "rework-1": (0, 1, "0.00"),
    }  # fmt: skip
    districts = {one["about"]["code"]: one["counts"]["problems"] for one in found["by_district"]}
    assert districts == {make.JIEFANG: 3, make.SHANYANG: 1}
    units = {one["about"]["code"]: one["counts"]["problems"] for one in found["by_unit"]}
    assert (units[make.CITY], units[make.JIEFANG], units[make.MINSHENG]) == (4, 3, 3)
    assert {one["about"]["code"] for one in found["by_line"]} == {"sanitation"}
    assert {one["state"]: one["count"] for one in found["by_state"] if one["count"]} == {
        "reported": 1, "dispatched": 1, "closed": 1, "cancelled": 1,
    }  # fmt: skip
    assert {one["number"] for one in found["oldest"]} == {filled["new"], filled["running"]}
    assert found["work"] == [{"kind": "清运垃圾", "unit": "立方米", "quantity": "2.5"}]
    tagged = people["office"].headers | {"If-None-Match": answer.headers["etag"]}
    assert client.get("/v1/ledger/summary", headers=tagged).status_code == 304


def test_each_sees_the_sums_of_what_is_his(client, runtime, people, filled):
    sums = {
        name: client.get("/v1/ledger/summary", headers=people[name].headers).json()
        for name in ("street", "district")
    }
    assert {name: one["all"]["problems"] for name, one in sums.items()} == {
        "street": 3, "district": 3,
    }  # fmt: skip
    # The kept sums, folded or not, are what counting every case comes to.
    asked = {"found_from": "2000-01-01T00:00:00Z"}
    for _ in range(2):
        for who in ("office", "street", "district"):
            kept, counted = (
                client.get("/v1/ledger/summary", params=query, headers=people[who].headers).json()
                for query in ({}, asked)
            )
            assert kept | {"as_of": ""} == counted | {"as_of": ""}
        worker.fold(runtime)
    none = client.get(
        "/v1/ledger/summary", params={"line": "signage"}, headers=people["street"].headers
    ).json()
    assert none["all"]["problems"] == 0
    assert {one["value"] for one in none["all"]["rates"]} == {None}


def test_what_came_due_while_a_round_ran_goes_into_its_ranking(
    tx, client, people, filled, move_clock
):
    """One runs and is overdue, one was closed late and is excused; the rest was never due."""
    move_clock("2018-09-10T11:00")
    closed, office = f"{filled['closed']}/", people["office"]
    version = client.get(f"/v1/ledger/{filled['closed']}", headers=office.headers).json()["version"]
    appealed = send(client, people["street"], f"{closed}appeal", version=version, reason="停电")
    send(client, office, f"{closed}accept-appeal", version=appealed["version"])

    def counted(**span):
        leagues = make.league_rows("districts", "central-streets")
        round_ = make.make_round(tx, state="closed", leagues=leagues, **span)
        path = f"/v1/rounds/{round_.id}/publish"
        answer = client.post(path, json={}, headers=office.headers)
        assert answer.status_code == 201, answer.text
        run = tx.get_one(RankingRun, UUID(answer.json()["id"]))
        entrants = [one for league in read_leagues(run.inputs) for one in league.entrants]
        return {one.unit: (one.closed_on_time, one.due) for one in entrants if one.due}

    assert counted() == {make.JIEFANG: (1, 2), make.MINSHENG: (1, 2)}
    assert counted(closes_at="2018-09-10T09:00:00+08:00") == {}
