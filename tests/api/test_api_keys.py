"""Keys of machines: shown once, scoped, expiring, revocable, counted by the hour."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.auth.tables import ApiKey
from app.infra.events import Event
from app.kit import clock
from app.kit.ids import token_digest
from app.organisation.rules import Role
from tests import factories as make
from tests.support import StatementCounter


@pytest.fixture
def admin(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


def body(**changes):
    return {
        "name": "市数字城管平台",
        "role": "platform",
        "scopes": ["ledger.read", "organisation.read"],
        "unit": make.CITY,
        "areas": [make.JIEFANG],
        "lines": ["signage"],
        "expires_at": (clock.real_now() + timedelta(days=90)).isoformat(),
    } | changes


def create(client, admin, **changes):
    return client.post("/v1/api-keys", json=body(**changes), headers=admin.headers)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def made(client, admin):
    answer = create(client, admin)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_key_is_shown_once_and_kept_as_its_digest(client, tx, admin, made):
    key = made["key"]
    assert key.startswith("dudao_")
    assert key.startswith(made["about"]["prefix"])
    assert tx.exec(select(ApiKey.digest)).one() == token_digest(key)
    listed = client.get("/v1/api-keys", headers=admin.headers)
    assert key not in listed.text
    (about,) = listed.json()["items"]
    assert about == made["about"]
    assert about["created_by"]["login"] == admin.login
    event = tx.exec(select(Event).where(Event.kind == "api-key.created")).one()
    assert event.actor_id == admin.id
    assert key not in str(event.data)
    assert event.data["after"]["scopes"] == ["ledger.read", "organisation.read"]


def test_a_key_does_what_its_scopes_say_and_no_more(client, made):
    headers = bearer(made["key"])
    assert client.get("/v1/ledger", headers=headers).status_code == 200
    assert client.get("/v1/units", headers=headers).status_code == 200
    refused = client.get("/v1/photos", params={"id": str(made["about"]["id"])}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.forbidden")
    me = client.get("/v1/me", headers=headers).json()
    assert (me["name"], me["login"]) == ("市数字城管平台", made["about"]["prefix"])
    assert me["permissions"] == ["ledger.read", "organisation.read"]
    assert me["postings"][0]["areas"] == [make.JIEFANG]


def test_what_is_for_people_is_not_for_machines(client, made):
    headers = bearer(made["key"])
    for answer in (
        client.get("/v1/auth/sessions", headers=headers),
        client.post(f"/v1/auth/sessions/{made['about']['id']}/revoke", headers=headers),
        client.post(
            "/v1/auth/password",
            json={"current_password": "x", "new_password": "long enough"},
            headers=headers,
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.people-only")
    assert client.post("/v1/auth/revoke", headers=headers).status_code == 204
    assert client.get("/v1/me", headers=headers).status_code == 200


def test_a_key_ends_by_revocation_and_by_its_time(client, tx, admin, made):
    headers, path = bearer(made["key"]), f"/v1/api-keys/{made['about']['id']}/revoke"
    other = bearer(create(client, admin, name="大屏").json()["key"])
    for _ in range(2):
        assert client.post(path, headers=admin.headers).json()["revoked_at"]
    assert client.get("/v1/units", headers=headers).status_code == 401
    assert client.get("/v1/units", headers=other).status_code == 200
    past = clock.real_now() - timedelta(seconds=1)
    tx.exec(sa.update(ApiKey).values(created_at=past - timedelta(days=1), expires_at=past))
    tx.commit()
    assert client.get("/v1/units", headers=other).status_code == 401
    assert client.get("/v1/units", headers=bearer("dudao_nonsense")).status_code == 401
    assert tx.exec(select(Event.kind)).all().count("api-key.revoked") == 1
    unknown = client.post(f"/v1/api-keys/{admin.id}/revoke", headers=admin.headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "api-key.not-found")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"role": "hq_admin"}, "/role"),
        ({"scopes": ["ledger.read", "people.manage"]}, "/scopes/1"),
        ({"unit": "nowhere"}, "/unit"),
        ({"areas": ["nowhere"]}, "/areas"),
        ({"lines": ["none"]}, "/lines"),
        ({"expires_at": "2018-09-14T00:00:00+08:00"}, "/expires_at"),
    ],
)
def test_a_faulty_key_is_refused_at_its_place(client, admin, changes, pointer):
    answer = create(client, admin, **changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_use_is_kept_to_the_hour_with_one_write(client, tx, connection, admin, made):
    headers = bearer(made["key"])
    with StatementCounter(connection) as first:
        client.get("/v1/units", headers=headers).raise_for_status()
    with StatementCounter(connection) as second:
        client.get("/v1/units", headers=headers).raise_for_status()
    assert len(second.statements) == len(first.statements) - 1
    about = client.get("/v1/api-keys", headers=admin.headers).json()["items"][0]
    assert about["last_used_at"].endswith(":00:00Z")


def test_keys_are_paged(client, admin, made):
    create(client, admin, name="大屏", role="dashboard", scopes=["ranking.read"])
    first = client.get("/v1/api-keys?limit=1", headers=admin.headers).json()
    query = {"limit": 1, "cursor": first["next_cursor"]}
    second = client.get("/v1/api-keys", params=query, headers=admin.headers).json()
    names = [one["name"] for one in first["items"] + second["items"]]
    assert names == ["大屏", "市数字城管平台"]
