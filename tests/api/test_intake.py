"""One ledger, many doors; and what is likely the same is named, never dropped."""

import pytest

from app.kit.ids import new_id
from app.organisation.rules import Role
from tests import factories as make
from tests.support import settle

CATEGORY = {"scheme": "jiaozuo-checklist-2018", "code": "E0112", "version": "2026-11-22"}
HERE = {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02", "accuracy_m": 5.0}


@pytest.fixture
def office(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def platform(tx):
    return make.signed_in(tx, Role.PLATFORM)


def report(client, who, status=201, **changes):
    body = {
        "id": str(new_id()),
        "line": "sanitation",
        "category": CATEGORY,
        "unit": make.MINSHENG,
        "location": HERE,
        "note": "道路不洁",
        "found_at": "2018-09-10T08:00:00+08:00",
    }
    answer = client.post("/v1/ledger/reports", json=body | changes, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def alarm(client, who, status=201, **changes):
    body = {
        "ref": "油烟-20180910-17",
        "source": "monitor",
        "line": "sanitation",
        "unit": make.MINSHENG,
        "note": "油烟浓度超标",
        "found_at": "2018-09-10T12:10:00+08:00",
    }
    answer = client.post("/v1/ledger/alarms", json=body | changes, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer


def test_an_alarm_is_one_entry_however_often_it_is_sent(client, tx, platform, inspector):
    first = alarm(client, platform)
    again = alarm(client, platform)
    assert again.json()["number"] == first.json()["number"]
    assert (first.headers.get("dudao-replayed"), again.headers["dudao-replayed"]) == (None, "true")
    assert (first.json()["source"], first.json()["external_ref"]) == (
        "monitor", "油烟-20180910-17",
    )  # fmt: skip
    assert alarm(client, platform, 409, note="另一件").json()["code"] == "problem.id-reused"
    case = alarm(client, platform, ref="12345-1", source="platform").json()
    assert case["number"] != first.json()["number"]
    other = make.signed_in(tx, Role.PLATFORM)
    assert alarm(client, other).json()["number"] != first.json()["number"]
    assert alarm(client, inspector, 403).json()["code"] == "auth.forbidden"


def test_a_machine_with_a_key_sends_alarms(client, tx, office):
    wanted = {
        "name": "油烟监测",
        "role": "platform",
        "unit": make.CITY,
        "areas": [make.CITY],
        "lines": [],
        "scopes": ["problem.send-alarm"],
        "expires_at": "2099-01-01T00:00:00+08:00",
    }
    made = client.post("/v1/api-keys", json=wanted, headers=office.headers)
    assert made.status_code == 201, made.text
    machine = make.Login(new_id(), "", {"Authorization": f"Bearer {made.json()['key']}"})
    number = alarm(client, machine).json()["number"]
    assert alarm(client, machine).json()["number"] == number
    case = client.get(f"/v1/ledger/{number}", headers=office.headers).json()
    assert (case["source"], case["history"][0]["by"]) == ("monitor", None)


def test_each_door_is_kept_as_the_source(client, tx, inspector):
    street = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.MINSHENG, areas=[make.MINSHENG])
    assert report(client, inspector)["source"] == "patrol"
    assert report(client, inspector, source="enterprise")["source"] == "enterprise"
    assert report(client, street, source="self")["source"] == "self"
    refused = report(client, inspector, 422, source="self")
    assert [fault["pointer"] for fault in refused["errors"]] == ["/source"]


def test_the_line_is_that_of_the_category_and_the_case_says_why_it_stands_where_it_does(
    client, tx, inspector, office, platform
):
    pothole = CATEGORY | {"code": "E0113"}
    told = report(client, inspector, line=None, category=pothole)
    assert told["line"]["code"] == "infrastructure"
    url = f"/v1/ledger/{told['number']}"
    begun = client.get(url, headers=office.headers).json()["history"][0]["data"]
    assert begun["place"] == {"area": make.MINSHENG, "by": "unit"}
    assert begun["answerable"]["unit"] == told["answerable_unit"]["code"]
    sent = alarm(client, platform, line=None, category=pothole).json()
    assert sent["line"]["code"] == "infrastructure"
    unknown = report(client, inspector, 422, line=None, category=None)
    assert [(one["pointer"], one["code"]) for one in unknown["errors"]] == [
        ("/line", "field.missing")
    ]
    toilets = {"version": 1, "category": CATEGORY | {"code": "C0301"}}
    filed = client.post(f"{url}/file", json=toilets, headers=office.headers).json()
    assert (filed["line"]["code"], filed["category"]["code"]) == ("infrastructure", "C0301")
    other = report(client, inspector)["number"]
    for line, status in (("nowhere", 422), ("green-space", 200)):
        body = {"version": 1, "line": line, "unit": make.JIEFANG}
        answer = client.post(f"/v1/ledger/{other}/file", json=body, headers=office.headers)
        assert answer.status_code == status, answer.text
    assert answer.json()["line"]["code"] == "green-space"
    assert answer.json()["answerable_unit"]["code"] == make.JIEFANG


def test_what_is_near_in_place_and_time_or_has_the_same_photo_is_likely_the_same(
    client, http, tx, runtime, office, inspector
):
    content = make.make_photo_bytes()
    photos = [make.upload_photo(client, http, inspector, content) for _ in range(2)]
    settle(runtime)
    first = report(client, inspector, photos=[photos[0]])
    near = report(client, inspector, location=HERE | {"lat": 35.2395})
    shifted = {"lat": 35.23965, "lon": 113.23563, "crs": "wgs84"}
    same_place = report(client, inspector, location=shifted)
    other = {
        "far": report(client, inspector, location=HERE | {"lat": 35.2399}),
        "later": report(client, inspector, found_at="2018-09-11T08:01:00+08:00"),
        "of another kind": report(client, inspector, category=CATEGORY | {"code": "E0107"}),
    }
    photo = report(
        client, inspector, photos=[photos[1]], unit=make.DONGFANGHONG, category=None,
        location=HERE | {"lat": 35.25}, found_at="2018-09-20T08:00:00+08:00",
    )  # fmt: skip
    answer = client.get(f"/v1/ledger/{first['number']}/duplicates", headers=office.headers)
    items = {one["number"]: one for one in answer.json()["items"]}
    assert set(items) == {near["number"], same_place["number"], photo["number"]}
    assert next(iter(items)) == photo["number"]
    assert items[photo["number"]]["same_photo"]
    assert 30 < items[near["number"]]["distance_m"] < 36
    assert items[same_place["number"]]["distance_m"] < 50
    assert not set(items) & {one["number"] for one in other.values()}
    sent = {"version": 1, "reason": "同一处", "into": first["number"]}
    merged = client.post(
        f"/v1/ledger/{near['number']}/merge", json=sent, headers=office.headers
    ).json()
    assert merged["state"] == "cancelled"
    left = client.get(f"/v1/ledger/{first['number']}/duplicates", headers=office.headers)
    assert near["number"] not in {one["number"] for one in left.json()["items"]}
