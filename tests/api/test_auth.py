"""Sign-in, refresh on a bad network, sign-out, and who am I."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.auth import passwords
from app.auth.tables import AccessToken, AuthSession, RefreshToken
from app.config import Environment
from app.infra import business_time
from app.infra.db import MAY_SHIFT, Database, shift_of
from app.infra.events import Event
from app.kit import clock
from app.kit.ids import token_digest
from app.organisation.rules import Role
from app.people.tables import Person, PostingRow
from tests import factories as make
from tests.factories import refresh, sign_in


@pytest.fixture
def person(tx):
    return make.make_person(tx, Role.INSPECTOR, areas=(make.JIEFANG,), lines=("signage",))


@pytest.fixture
def tokens(client, person):
    answer = sign_in(client, person.login)
    assert answer.status_code == 200
    return answer.json()


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def me(client, tokens, **headers):
    return client.get("/v1/me", headers=bearer(tokens) | headers)


def test_the_right_password_opens_a_session(client, person, tokens):
    found = me(client, tokens).json()
    assert UUID(found["id"]) == person.id
    assert found["login"] == person.login
    assert found["permissions"] == sorted(found["permissions"])
    assert "visit.submit" in found["permissions"]
    (posting,) = found["postings"]
    assert posting["role"] == "inspector"
    assert posting["unit"] == {"code": "410800", "name": "焦作市"}
    assert posting["areas"] == [make.JIEFANG]
    assert posting["lines"] == ["signage"]
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 900


def test_names_are_in_the_language_that_is_asked_for(client, tokens):
    found = me(client, tokens, **{"Accept-Language": "en"}).json()
    assert found["postings"][0]["unit"]["name"] == "Jiaozuo"


@pytest.mark.parametrize("password", ["wrong", "", make.PASSWORD + " "])
def test_a_wrong_password_is_refused(client, person, password):
    answer = sign_in(client, person.login, password)
    expected = 401 if password else 422
    assert answer.status_code == expected
    assert answer.json()["code"] == ("auth.bad-credentials" if password else "auth.bad-grant")


def test_an_unknown_account_is_refused_with_the_same_words(client, person):
    unknown, wrong = sign_in(client, "nobody"), sign_in(client, person.login, "wrong")
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json()["detail"] == wrong.json()["detail"]
    assert unknown.headers["www-authenticate"] == "Bearer"


def test_a_disabled_person_cannot_sign_in_nor_go_on(client, tx, person, tokens):
    tx.exec(sa.update(Person).where(Person.id == person.id).values(disabled_at=clock.real_now()))
    tx.commit()
    assert sign_in(client, person.login).status_code == 401
    assert me(client, tokens).status_code == 401
    assert refresh(client, tokens["refresh_token"]).status_code == 401


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"grant_type": "client_credentials"}, ["/grant_type"]),
        ({"grant_type": "password"}, ["/username", "/password"]),
        ({"grant_type": "refresh_token"}, ["/refresh_token"]),
    ],
)
def test_a_grant_without_its_parameters_names_them(client, fields, pointers):
    answer = client.post("/v1/auth/token", data=fields)
    assert answer.status_code == 422
    assert answer.json()["code"] == "auth.bad-grant"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == pointers


def test_the_form_itself_is_checked(client):
    for fields in ({}, {"grant_type": "password", "username": "a\x00b", "password": "x"}):
        answer = client.post("/v1/auth/token", data=fields)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def test_a_password_in_any_script_and_with_a_nul_is_just_a_wrong_password(client, person):
    assert sign_in(client, person.login, "错\x00误").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer \xff"])
def test_without_a_living_token_nobody_is_known(client, header):
    answer = client.get("/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")


def test_an_access_token_runs_out(client, tx, tokens):
    assert me(client, tokens).status_code == 200
    past = clock.real_now() - timedelta(seconds=1)
    tx.exec(sa.update(AccessToken).values(expires_at=past))
    tx.commit()
    assert me(client, tokens).status_code == 401


def test_only_digests_of_tokens_are_kept(tx, tokens):
    kept = {row.digest for row in tx.exec(select(AccessToken)).all()}
    assert token_digest(tokens["access_token"]) in kept
    assert tokens["access_token"] not in kept


def test_a_refresh_gives_a_new_pair_that_works(client, tokens):
    answer = refresh(client, tokens["refresh_token"])
    assert answer.status_code == 200
    fresh = answer.json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert me(client, fresh).status_code == 200


def test_a_lost_answer_to_a_refresh_does_not_sign_anybody_out(client, tokens):
    lost = refresh(client, tokens["refresh_token"])
    assert lost.status_code == 200
    again = refresh(client, tokens["refresh_token"])
    assert again.status_code == 200
    assert me(client, again.json()).status_code == 200
    assert refresh(client, again.json()["refresh_token"]).status_code == 200


def test_an_old_token_after_its_child_was_used_ends_the_session(client, tx, tokens):
    child = refresh(client, tokens["refresh_token"]).json()
    grandchild = refresh(client, child["refresh_token"]).json()
    stolen = refresh(client, tokens["refresh_token"])
    assert (stolen.status_code, stolen.json()["code"]) == (401, "auth.bad-refresh-token")
    assert me(client, grandchild).status_code == 401
    assert refresh(client, grandchild["refresh_token"]).status_code == 401
    kinds = tx.exec(select(Event.kind).where(Event.subject_type == "auth_session")).all()
    assert kinds.count("auth.session-ended") == 1


def test_a_replaced_token_after_its_window_ends_the_session(client, tx, tokens):
    child = refresh(client, tokens["refresh_token"]).json()
    past = clock.real_now() - timedelta(seconds=601)
    tx.exec(
        sa.update(RefreshToken)
        .values(superseded_at=past)
        .where(RefreshToken.parent_digest.is_(None))
    )
    tx.commit()
    assert refresh(client, tokens["refresh_token"]).status_code == 401
    assert me(client, child).status_code == 401


def test_a_refresh_token_runs_out(client, tx, tokens):
    past = clock.real_now() - timedelta(seconds=1)
    tx.exec(sa.update(RefreshToken).values(expires_at=past))
    tx.commit()
    answer = refresh(client, tokens["refresh_token"])
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.bad-refresh-token")
    assert me(client, tokens).status_code == 200


def test_an_unknown_refresh_token_is_refused(client):
    answer = refresh(client, "nonsense")
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.bad-refresh-token")


def test_signing_out_ends_all_tokens_of_the_session_and_no_other(client, person, tokens):
    other = sign_in(client, person.login).json()
    assert client.post("/v1/auth/revoke", headers=bearer(tokens)).status_code == 204
    assert me(client, tokens).status_code == 401
    assert refresh(client, tokens["refresh_token"]).status_code == 401
    assert me(client, other).status_code == 200


def test_the_device_is_kept_with_the_session(client, tx, person):
    device = "0190d5a2-0000-7000-8000-000000000001"
    assert sign_in(client, person.login, device_id=device).status_code == 200
    assert UUID(device) in tx.exec(select(AuthSession.device_id)).all()


def test_a_posting_that_has_ended_gives_nothing(client, tx, person, tokens):
    assert client.get("/v1/rounds", headers=bearer(tokens)).status_code == 200
    yesterday = clock.real_now().date() - timedelta(days=2)
    tx.exec(
        sa.update(PostingRow).where(PostingRow.person_id == person.id).values(valid_to=yesterday)
    )
    tx.commit()
    answer = client.get("/v1/rounds", headers=bearer(tokens))
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    found = me(client, tokens).json()
    assert (found["postings"], found["permissions"]) == ([], [])


def test_server_time_is_business_time_and_tokens_live_in_real_time(client, tx, person):
    september = datetime(2018, 9, 10, 9, tzinfo=UTC)
    business_time.set_business_time(tx, instant=september)
    tx.commit()
    answer = sign_in(client, person.login)
    shown = datetime.fromisoformat(answer.json()["server_time"])
    assert timedelta(0) <= shown - september < timedelta(minutes=1)
    assert me(client, answer.json()).status_code == 200
    event = tx.exec(select(Event).where(Event.kind == "auth.signed-in")).one()
    assert event.happened_at.year == 2018
    assert event.recorded_at.year > 2018


def test_production_never_reads_the_shift_of_the_clock(engine, tx):
    business_time.set_business_time(tx, instant=datetime(2018, 9, 10, tzinfo=UTC))
    tx.info[MAY_SHIFT] = Database(engine, Environment.PRODUCTION).may_shift
    assert shift_of(tx) == timedelta(0)
    tx.info[MAY_SHIFT] = Database(engine, Environment.DEMO).may_shift
    assert shift_of(tx) < timedelta(days=-365)


def test_a_sign_in_is_attributed(client, tx, person):
    sign_in(client, person.login).raise_for_status()
    event = tx.exec(select(Event).where(Event.kind == "auth.signed-in")).one()
    assert (event.actor_id, event.address) == (person.id, "testclient")
    assert event.request_id


def test_a_hash_costs_what_owasp_asks_for():
    """The tests themselves hash cheaply."""
    made = passwords.HASHER.hash(make.PASSWORD)
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
