"""The change feed: one's own photos and visits, each change once and in its place."""

import pytest

from app.kit.ids import new_id
from app.kit.paging import encode_cursor
from app.organisation.rules import Role
from app.sync import queries
from tests import factories as make
from tests.support import read_again, settle


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


def changes(client, who, cursor=None, status=200):
    params = {"cursor": cursor} if cursor else {}
    answer = client.get("/v1/sync/changes", params=params, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def told(page):
    return [(one["kind"], one["photo_id"] or one["visit_id"], one["code"]) for one in page["items"]]


def test_whoever_sent_it_learns_what_became_of_it(
    client, tx, http, runtime, inspector, monkeypatch
):
    headquarters = make.signed_in(tx, Role.HQ_ADMIN)
    other = make.signed_in(tx, Role.INSPECTOR)
    begun = changes(client, inspector)
    assert (begun["items"], begun["more"]) == ([], False)
    good = make.upload_photo(client, http, inspector)
    bad = make.upload_photo(client, http, inspector, b"\xff\xd8\xff no picture")
    make.upload_photo(client, http, other)
    round_ = make.make_round(tx, sites=[make.site_row("BF-1")])
    plan = make.plan_visit(tx, round_.id, "BF-1", photos=[good])
    make.submit(client, inspector, plan.body).raise_for_status()
    settle(runtime)
    read_again(runtime)
    wanted = {"photo_id": good, "reason": "看不清楚"}
    path = f"/v1/visits/{plan.body['id']}/retakes"
    client.post(path, json=wanted, headers=headquarters.headers).raise_for_status()
    settle(runtime)

    whole = changes(client, inspector, begun["cursor"])
    expected = {
        ("photo.stored", good, None),
        ("photo.rejected", bad, "photo.undecodable"),
        ("photo.receipt-issued", good, None),
        ("visit.completed", plan.body["id"], None),
        ("retake.asked", good, None),
    }
    assert set(told(whole)) == expected
    assert len(whole["items"]) == len(expected)
    assert whole["items"][-1]["visit_id"] == plan.body["id"]
    places = [one["seq"] for one in whole["items"]]
    assert places == sorted(places)
    assert whole["more"] is False
    assert changes(client, inspector, whole["cursor"])["items"] == []

    monkeypatch.setattr(queries, "SPAN", 2)
    found, cursor, turns = [], begun["cursor"], 0
    while True:
        page = changes(client, inspector, cursor)
        found, cursor, turns = found + page["items"], page["cursor"], turns + 1
        if not page["more"]:
            break
    assert (found, cursor) == (whole["items"], whole["cursor"])
    assert turns > 3


def test_a_place_that_nobody_has_yet_and_one_that_is_none(client, inspector):
    found = changes(client, inspector, encode_cursor(10**30), status=410)
    assert found["code"] == "sync.cursor-ahead"
    assert changes(client, inspector, encode_cursor(-5))["cursor"]
    assert changes(client, inspector, encode_cursor(str(new_id())), status=422)
