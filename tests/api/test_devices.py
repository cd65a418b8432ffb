"""Throttles, passwords, sessions on devices, and the oldest app that is served."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app.auth.tables import AuthSession
from app.infra.events import Event
from app.infra.throttles import Throttle
from app.kit import clock
from app.organisation.rules import Role
from tests import factories as make
from tests.factories import refresh, sign_in

NEW = "新的密码总要够长"
OLD_APP = {"Dudao-App-Version": "1.9.3"}


@pytest.fixture
def person(tx):
    return make.make_person(tx, Role.INSPECTOR)


@pytest.fixture
def few_tries(with_settings):
    return with_settings(sign_in_account_tries=3, sign_in_address_tries=5)


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def change(client, tokens, current, new):
    body = {"current_password": current, "new_password": new}
    return client.post("/v1/auth/password", json=body, headers=bearer(tokens))


def test_wrong_passwords_use_up_the_tries_of_an_account(client, person, few_tries):
    for left in (2, 1, 0):
        answer = sign_in(client, person.login, "wrong")
        assert answer.status_code == 401
        assert answer.headers["ratelimit-policy"] == '"sign-in";q=3;w=900'
        assert answer.headers["ratelimit"].startswith(f'"sign-in";r={left};t=')
    refused = sign_in(client, person.login)
    assert (refused.status_code, refused.json()["code"]) == (429, "auth.too-many")
    wait_s = int(refused.headers["retry-after"])
    assert 290 <= wait_s <= 300
    assert refused.headers["ratelimit"] == f'"sign-in";r=0;t={wait_s}'
    assert str(wait_s) in refused.json()["detail"]


def test_unknown_accounts_are_throttled_like_known_ones(client, tx, person, few_tries):
    for login in ("nobody", person.login):
        answers = [sign_in(client, login, "wrong").status_code for _ in range(4)]
        assert answers[:2] == [401, 401]
        assert 429 in answers
        tx.exec(sa.delete(Throttle))
        tx.commit()
    assert "nobody" not in str(tx.exec(select(Throttle)).all())


def test_the_right_password_gives_the_tries_back(client, tx, person, few_tries):
    for _ in range(4):
        assert sign_in(client, person.login, "wrong").status_code == 401
        assert sign_in(client, person.login).status_code == 200
        tx.exec(sa.delete(Throttle).where(Throttle.key.startswith("address:")))
        tx.commit()


def test_an_address_has_tries_of_its_own_and_time_brings_them_back(client, tx, few_tries):
    answers = [sign_in(client, f"nobody-{n}", "wrong").status_code for n in range(6)]
    assert answers == [401] * 5 + [429]
    tx.exec(sa.update(Throttle).values(busy_until=Throttle.busy_until - timedelta(seconds=181)))
    tx.commit()
    assert sign_in(client, "nobody-7", "wrong").status_code == 401
    assert sign_in(client, "nobody-8", "wrong").status_code == 429


def test_refused_sign_ins_are_in_the_log_without_what_was_typed(client, tx, person):
    sign_in(client, person.login, "wrong")
    sign_in(client, "my-password-by-mistake", "wrong")
    found = tx.exec(select(Event).where(Event.kind == "auth.sign-in-refused")).all()
    assert {event.subject_id for event in found} == {person.id, UUID(int=0)}
    assert {event.address for event in found} == {"testclient"}
    assert "my-password" not in str([event.data for event in found])


def test_the_throttle_lets_no_more_through_when_all_come_at_once(committed, with_settings):
    with_settings(sign_in_account_tries=3)
    with Session(committed.database.engine, expire_on_commit=False) as tx:
        person = make.make_person(tx)
    answers, barrier = [], threading.Barrier(8)

    def guess(client, n):
        barrier.wait()
        answers.append(sign_in(client, person.login, f"guess {n}").status_code)

    with committed.new_client() as client:
        threads = [threading.Thread(target=guess, args=(client, n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [401] * 3 + [429] * 5


def test_a_new_password_ends_the_other_sessions(client, person):
    mine, other = (sign_in(client, person.login).json() for _ in range(2))
    assert change(client, mine, make.PASSWORD, NEW).status_code == 204
    assert client.get("/v1/me", headers=bearer(mine)).status_code == 200
    assert client.get("/v1/me", headers=bearer(other)).status_code == 401
    assert refresh(client, other["refresh_token"]).status_code == 401
    assert sign_in(client, person.login).status_code == 401
    assert sign_in(client, person.login, NEW).status_code == 200


def test_a_password_is_not_changed_without_the_present_one(client, person, few_tries):
    tokens = sign_in(client, person.login).json()
    wrong = [change(client, tokens, "wrong", NEW) for _ in range(4)]
    assert [answer.status_code for answer in wrong] == [403, 403, 403, 429]
    assert wrong[0].json()["code"] == "auth.wrong-password"


@pytest.mark.parametrize("new", ["short", None])
def test_a_weak_password_is_refused_at_its_place(client, person, new):
    tokens = sign_in(client, person.login).json()
    answer = change(client, tokens, make.PASSWORD, new or person.login.upper())
    assert (answer.status_code, answer.json()["code"]) == (422, "auth.weak-password")
    assert answer.json()["errors"][0]["pointer"] == "/new_password"


def test_a_refresh_token_is_bound_to_its_device(client, person):
    device, other = str(uuid4()), str(uuid4())
    token = sign_in(client, person.login, device_id=device).json()["refresh_token"]
    for form in ({}, {"device_id": other}):
        answer = refresh(client, token, **form)
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.bad-refresh-token")
    assert refresh(client, token, device_id=device).status_code == 200


def test_my_sessions_show_device_and_app_and_can_be_ended(client, tx, person):
    client.headers["Dudao-App-Version"] = "2.1.0"
    device = {"device_id": str(uuid4()), "device_name": "督导一号机"}
    phone = sign_in(client, person.login, **device).json()
    del client.headers["Dudao-App-Version"]
    desk = sign_in(client, person.login).json()
    found = client.get("/v1/auth/sessions", headers=bearer(desk)).json()["items"]
    assert [one["is_current"] for one in found] == [True, False]
    assert (found[1]["device_name"], found[1]["app_version"]) == ("督导一号机", "2.1.0")
    assert found[1]["device_id"] == device["device_id"]
    assert found[1]["address"] == "testclient"
    path = f"/v1/auth/sessions/{found[1]['id']}/revoke"
    stranger = make.signed_in(tx)
    assert client.post(path, headers=stranger.headers).status_code == 404
    for _ in range(2):
        assert client.post(path, headers=bearer(desk)).status_code == 204
    assert client.get("/v1/me", headers=bearer(phone)).status_code == 401
    left = client.get("/v1/auth/sessions", headers=bearer(desk)).json()["items"]
    assert [one["id"] for one in left] == [found[0]["id"]]


def test_a_refresh_says_when_a_session_was_last_used(client, tx, person):
    tokens = sign_in(client, person.login).json()
    past = clock.real_now() - timedelta(days=3)
    tx.exec(sa.update(AuthSession).values(last_used_at=past))
    tx.commit()
    fresh = refresh(client, tokens["refresh_token"]).json()
    (found,) = client.get("/v1/auth/sessions", headers=bearer(fresh)).json()["items"]
    assert found["last_used_at"] > (clock.real_now() - timedelta(hours=1)).isoformat()


def test_an_administrator_sees_and_ends_the_sessions_of_others(client, tx, person):
    admin = make.signed_in(tx, Role.HQ_ADMIN)
    tokens = sign_in(client, person.login).json()
    path = f"/v1/users/{person.login}/sessions"
    (found,) = client.get(path, headers=admin.headers).json()["items"]
    assert found["is_current"] is False
    ended = client.post(f"{path}/{found['id']}/revoke", headers=admin.headers)
    assert ended.status_code == 204
    assert client.get("/v1/me", headers=bearer(tokens)).status_code == 401
    assert client.get(path, headers=admin.headers).json()["items"] == []
    assert client.post(f"{path}/{person.id}/revoke", headers=admin.headers).status_code == 404


def test_an_old_app_is_refused_but_never_locked_out_with_what_it_has(client, tx, with_settings):
    with_settings(min_app_version="2.0")
    who = make.signed_in(tx)
    answer = client.get("/v1/units", headers=who.headers | OLD_APP)
    assert (answer.status_code, answer.json()["code"]) == (426, "app.too-old")
    assert answer.headers["upgrade"] == "dudao-app/2.0"
    assert "2.0" in answer.json()["detail"]
    for version in ("2.0.0", "10.1"):
        headers = who.headers | {"Dudao-App-Version": version}
        assert client.get("/v1/units", headers=headers).status_code == 200
    assert client.get("/v1/units", headers=who.headers).status_code == 200
    me = client.get("/v1/me", headers=who.headers | OLD_APP)
    assert me.json()["minimum_app_version"] == "2.0"
    assert client.get("/healthz", headers=OLD_APP).status_code == 200
    client.headers.update(OLD_APP)
    try:
        token = sign_in(client, who.login).json()["refresh_token"]
        assert refresh(client, token).status_code == 200
        photo = make.announcement(b"evidence")
        assert make.announce(client, who, photo).status_code in {200, 201, 202}
        assert client.post("/v1/visits", json={}, headers=who.headers).status_code == 422
    finally:
        del client.headers["Dudao-App-Version"]
