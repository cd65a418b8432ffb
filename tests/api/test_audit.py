"""The audit log: who, when, from where, what, before and after; filtered, paged, immutable."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.kit import clock
from app.organisation.rules import Role
from tests import factories as make
from tests.support import StatementCounter, settle


@pytest.fixture
def auditor(tx):
    return make.signed_in(tx, Role.AUDITOR)


@pytest.fixture
def renamed(client, tx, runtime):
    """An administrator who has renamed somebody."""
    admin, person = make.signed_in(tx, Role.HQ_ADMIN), make.make_person(tx)
    before = person.name
    answer = client.post(
        f"/v1/users/{person.login}/rename",
        json={"name": "新名"},
        headers=admin.headers | {"X-Request-ID": "audit-test-0001"},
    )
    assert answer.status_code == 200
    settle(runtime)
    return admin, person, before


def ask(client, auditor, **query):
    answer = client.get("/v1/audit", params=query, headers=auditor.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_change_is_shown_with_who_when_where_before_and_after(client, auditor, renamed):
    admin, person, before = renamed
    (found,) = ask(client, auditor, kind="person.renamed")
    assert found["kind"] == {"code": "person.renamed", "name": "改姓名"}
    assert found["actor"]["login"] == admin.login
    assert found["subject"] == {"type": "person", "id": str(person.id)}
    assert (found["before"], found["after"]) == ({"name": before}, {"name": "新名"})
    assert (found["address"], found["request_id"]) == ("testclient", "audit-test-0001")
    assert found["deputy_for"] == []
    english = client.get(
        "/v1/audit?kind=person.renamed", headers=auditor.headers | {"Accept-Language": "en"}
    ).json()["items"]
    assert english[0]["kind"]["name"] == "Person renamed"


def test_every_filter_finds_the_change_and_excludes_it(client, tx, auditor, renamed):
    admin, person, _ = renamed
    hour = timedelta(hours=1)
    now = clock.real_now()
    for finds, misses in (
        ({"actor": admin.login}, {"actor": person.login}),
        ({"actor_id": str(admin.id)}, {"actor_id": str(person.id)}),
        ({"subject_id": str(person.id)}, {"subject_id": str(admin.id)}),
        ({"subject_type": "person"}, {"subject_type": "round"}),
        ({"since": (now - hour).isoformat()}, {"since": (now + hour).isoformat()}),
        ({"until": (now + hour).isoformat()}, {"until": (now - hour).isoformat()}),
        ({"address": "testclient"}, {"address": "192.0.2.1"}),
        ({"request_id": "audit-test-0001"}, {"request_id": "audit-test-0002"}),
    ):
        assert "person.renamed" in {one["kind"]["code"] for one in ask(client, auditor, **finds)}
        assert not [
            one for one in ask(client, auditor, **misses) if one["kind"]["code"] == "person.renamed"
        ]
    unknown = client.get("/v1/audit?actor=nobody", headers=auditor.headers)
    assert unknown.status_code == 404


def test_the_log_is_read_by_auditors_and_administrators_alone(client, tx, renamed):
    for role in Role:
        who = make.signed_in(tx, role)
        expected = 200 if role in {Role.HQ_ADMIN, Role.AUDITOR} else 403
        assert client.get("/v1/audit", headers=who.headers).status_code == expected


def test_pages_run_from_the_newest_to_the_oldest_at_one_price(client, connection, auditor, renamed):
    whole = [one["seq"] for one in ask(client, auditor, limit=500)]
    assert whole == sorted(whole, reverse=True)
    seen, cursor, costs = [], None, set()
    while cursor is not None or not seen:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        with StatementCounter(connection) as counter:
            page = client.get("/v1/audit", params=query, headers=auditor.headers).json()
        seen += [one["seq"] for one in page["items"]]
        cursor = page["next_cursor"]
        costs.add(len(counter.statements))
        if len(seen) >= 6:
            break
    assert seen == whole[: len(seen)]
    assert max(costs) <= 5


def test_a_machine_is_named_by_its_key(client, tx, runtime, auditor, renamed):
    admin, _, _ = renamed
    body = {"name": "大屏", "role": "dashboard", "scopes": ["ranking.read"], "unit": make.CITY}
    body["expires_at"] = (clock.real_now() + timedelta(days=1)).isoformat()
    key = client.post("/v1/api-keys", json=body, headers=admin.headers).json()["about"]
    columns = "subject_type, subject_id, request_id, address, happened_at, recorded_at, data"
    tx.exec(
        sa.text(
            f"INSERT INTO event (id, seq, kind, actor_id, {columns})"
            f" SELECT gen_random_uuid(), (SELECT max(seq) + 1 FROM event), kind, :key, {columns}"
            " FROM event WHERE kind = 'person.renamed' LIMIT 1"
        ),
        params={"key": key["id"]},
    )
    tx.commit()
    (found,) = ask(client, auditor, actor_id=key["id"])
    assert found["actor"] == {"id": key["id"], "login": key["prefix"], "name": "大屏"}


@pytest.mark.parametrize("statement", ["UPDATE event SET address = 'x'", "DELETE FROM event"])
def test_nothing_in_the_log_is_changed_or_removed(tx, renamed, statement):
    with pytest.raises(IntegrityError, match="never changed or removed"):
        tx.exec(sa.text(statement))
