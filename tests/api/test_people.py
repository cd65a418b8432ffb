"""Accounts, postings, deputies and one-time codes over HTTP, and who may do what to whom."""

import threading
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from typer.testing import CliRunner

from app.auth import accounts
from app.auth.tables import OneTimeCode
from app.cli import cli
from app.infra.events import Event
from app.kit import clock
from app.organisation.rules import Role
from app.people.tables import Person, PostingRow
from tests import factories as make
from tests.factories import sign_in
from tests.support import city_day

NEW = "新的密码总要够长"


@pytest.fixture
def admin(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def district(tx):
    return make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=(make.JIEFANG,))


@pytest.fixture
def handler(tx):
    return make.signed_in(tx, Role.UNIT_HANDLER, unit=make.MINSHENG, areas=(make.MINSHENG,))


def post(client, who, path, body=None):
    return client.post(path, json=body, headers=who.headers)


def code_of(answer):
    return answer.status_code, answer.json().get("code")


def posting(unit=make.MINSHENG, role="unit_handler", **more):
    return {"role": role, "unit": unit, "areas": [unit], **more}


def account(login="wang.fang", **posting_):
    return {"login": login, "name": "王芳", "postings": [posting(**posting_)]}


def redeem(client, login, code, password=NEW):
    body = {"login": login, "code": code, "new_password": password}
    return client.post("/v1/auth/reset", json=body)


def test_a_new_account_gets_a_code_shown_once_with_which_it_sets_its_password(client, tx, district):
    answer = post(client, district, "/v1/users", account())
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["user"]["postings"][0]["unit"]["code"] == make.MINSHENG
    code = made["one_time_code"]["code"]
    assert code not in str(tx.exec(select(OneTimeCode.code_hash)).all())
    assert redeem(client, "wang.fang", code.lower()).status_code == 204
    assert sign_in(client, "wang.fang", NEW).status_code == 200
    assert code_of(redeem(client, "wang.fang", code)) == (401, "auth.bad-code")
    event = tx.exec(select(Event).where(Event.kind == "person.created")).all()[-1]
    assert event.actor_id == district.id
    assert event.data["after"]["login"] == "wang.fang"


def test_an_account_may_be_made_with_a_password(client, admin):
    body = account() | {"password": NEW}
    made = post(client, admin, "/v1/users", body).json()
    assert made["one_time_code"] is None
    assert sign_in(client, "wang.fang", NEW).status_code == 200
    assert code_of(post(client, admin, "/v1/users", body)) == (409, "person.exists")
    weak = account("li") | {"password": "short"}
    assert code_of(post(client, admin, "/v1/users", weak)) == (422, "auth.weak-password")


def test_unknown_codes_in_an_account_are_all_named(client, admin):
    body = account(unit="nowhere", lines=["none"], valid_from="2018-02-01", valid_to="2018-01-01")
    answer = post(client, admin, "/v1/users", body)
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/postings/0/unit", "/postings/0/areas", "/postings/0/lines", "/postings/0/valid_to",
    }  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        posting(make.SHANYANG),
        posting(role="inspector"),
        {"role": "unit_handler", "unit": make.MINSHENG, "areas": [make.CITY]},
        {"role": "hq_admin"},
    ],
)
def test_a_coordinator_gives_nothing_beyond_his_own(client, district, handler, wanted):
    refused = (403, "posting.not-yours")
    path = f"/v1/users/{handler.login}/postings"
    assert code_of(post(client, district, path, wanted)) == refused
    body = {"login": "li.jianguo", "name": "李建国", "postings": [wanted]}
    assert code_of(post(client, district, "/v1/users", body)) == refused
    assert post(client, district, path, posting(valid_from="2030-01-01")).status_code == 201


def test_foreign_people_are_not_there_and_others_cannot_be_managed(client, tx, district, handler):
    foreign = make.signed_in(tx, Role.UNIT_HANDLER, unit=make.SHANYANG)
    inspector = make.signed_in(tx, Role.INSPECTOR, unit=make.MINSHENG)
    for login, expected in (
        (foreign.login, (404, "person.not-found")),
        ("nobody", (404, "person.not-found")),
        (inspector.login, (403, "person.not-yours")),
    ):
        for verb in ("disable", "enable", "reset"):
            assert code_of(post(client, district, f"/v1/users/{login}/{verb}")) == expected
        rename = post(client, district, f"/v1/users/{login}/rename", {"name": "某某"})
        assert code_of(rename) == expected
        sessions = client.get(f"/v1/users/{login}/sessions", headers=district.headers)
        assert code_of(sessions) == expected
    assert client.get(f"/v1/users/{inspector.login}", headers=district.headers).status_code == 200
    assert client.get(f"/v1/users/{foreign.login}", headers=district.headers).status_code == 404
    assert post(client, district, f"/v1/users/{handler.login}/reset").status_code == 200


def test_nobody_raises_his_own_rights(client, tx, admin, district, handler):
    for who in (admin, district):
        answer = post(client, who, f"/v1/users/{who.login}/postings", posting())
        assert code_of(answer) == (403, "person.self")
    mine = client.get(f"/v1/users/{handler.login}", headers=district.headers).json()["postings"]
    term = {"valid_from": str(city_day()), "valid_to": str(city_day())}
    body = {"deputy": district.login, "posting_id": mine[0]["id"], **term}
    answer = post(client, district, f"/v1/users/{handler.login}/deputies", body)
    assert code_of(answer) == (403, "person.self")


def test_lists_are_filtered_and_paged(client, tx, admin, district, handler):
    make.make_person(tx, Role.UNIT_HANDLER, unit=make.SHANYANG, login="zz-foreign")
    post(client, admin, f"/v1/users/{handler.login}/rename", {"name": "张100%_秀英"})

    def logins(who, **query):
        answer = client.get("/v1/users", params=query, headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [user["login"] for user in answer.json()["items"]]

    assert "zz-foreign" in logins(admin, unit=make.SHANYANG)
    assert "zz-foreign" not in logins(admin, unit=make.JIEFANG)
    assert logins(district) == sorted([district.login, handler.login])
    assert logins(district, unit=make.SHANYANG) == []
    assert logins(district, role="unit_handler") == [handler.login]
    assert logins(admin, text="100%_秀") == [handler.login]
    assert logins(admin, state="disabled") == []
    first = client.get("/v1/users", params={"limit": 1}, headers=district.headers).json()
    after = {"limit": 1, "cursor": first["next_cursor"]}
    second = client.get("/v1/users", params=after, headers=district.headers).json()
    found = [user["login"] for user in first["items"] + second["items"]]
    assert found == logins(district)
    assert second["next_cursor"] is None
    assert client.get("/v1/users?unit=none", headers=admin.headers).status_code == 404


def test_a_posting_has_days_and_ends_at_once_or_on_a_day(client, admin, handler):
    path = f"/v1/users/{handler.login}/postings"
    added = post(client, admin, path, posting(make.XINHUA, lines=["signage"])).json()
    new = next(one for one in added["postings"] if one["unit"]["code"] == make.XINHUA)
    assert (new["valid_from"], new["is_valid"]) == (str(city_day()), True)
    assert code_of(post(client, admin, path, posting(make.XINHUA))) == (409, "posting.exists")
    later = {"last_day": str(city_day() + timedelta(days=30))}
    kept = post(client, admin, f"{path}/{new['id']}/end", later).json()
    assert next(one for one in kept["postings"] if one["id"] == new["id"])["is_valid"]
    gone = post(client, admin, f"{path}/{new['id']}/end", {}).json()
    ended = next(one for one in gone["postings"] if one["id"] == new["id"])
    assert (ended["is_valid"], ended["valid_to"]) == (False, str(city_day() - timedelta(days=1)))
    assert code_of(post(client, admin, f"{path}/{new['id']}/end", {})) == (409, "posting.ended")
    assert post(client, admin, path, posting(make.XINHUA)).status_code == 201
    assert post(client, admin, f"{path}/{admin.id}/end", {}).status_code == 404
    other = next(one for one in gone["postings"] if one["id"] != new["id"])
    early = {"last_day": "1999-01-01"}
    assert post(client, admin, f"{path}/{other['id']}/end", early).status_code == 422


def test_a_deputy_carries_the_posting_for_a_time_and_the_log_says_for_whom(
    client, tx, admin, district, handler
):
    held = client.get(f"/v1/users/{district.login}", headers=admin.headers).json()["postings"]
    path = f"/v1/users/{district.login}/deputies"
    term = {"valid_from": str(city_day()), "valid_to": str(city_day() + timedelta(days=2))}
    body = {"deputy": handler.login, "posting_id": held[0]["id"], "reason": "外出培训"} | term
    made = post(client, district, path, body)
    assert made.status_code == 201, made.text
    me = client.get("/v1/me", headers=handler.headers).json()
    assert [one["holder"]["login"] for one in me["acting_for"]] == [district.login]
    assert "people.read" in me["permissions"]
    assert "people.manage" not in me["permissions"]
    lender = client.get("/v1/me", headers=district.headers).json()
    assert [one["deputy"]["login"] for one in lender["deputies"]] == [handler.login]
    client.post("/v1/auth/revoke", headers=handler.headers)
    event = tx.exec(select(Event).where(Event.kind == "auth.session-ended")).all()[-1]
    assert (event.actor_id, event.deputy_for) == (handler.id, [district.id])
    listed = client.get(path, headers=district.headers).json()["items"]
    assert [one["reason"] for one in listed] == ["外出培训"]
    again = make.token_for(tx, tx.get(Person, handler.id))
    assert post(client, district, f"{path}/{made.json()['id']}/end").status_code == 204
    assert post(client, district, f"{path}/{made.json()['id']}/end").status_code == 204
    me = client.get("/v1/me", headers=again.headers).json()
    assert (me["acting_for"], "people.read" in me["permissions"]) == ([], False)
    assert post(client, district, f"{path}/{admin.id}/end").status_code == 404


def test_a_deputy_ends_by_itself(client, tx, admin, district, handler):
    from app.infra import business_time

    held = client.get(f"/v1/users/{district.login}", headers=admin.headers).json()["postings"]
    body = {"deputy": handler.login, "posting_id": held[0]["id"]}
    body |= {"valid_from": str(city_day()), "valid_to": str(city_day() + timedelta(days=2))}
    path = f"/v1/users/{district.login}/deputies"
    assert post(client, admin, path, body).status_code == 201
    seen = client.get("/v1/users", headers=handler.headers).json()["items"]
    assert {user["login"] for user in seen} == {district.login, handler.login}
    business_time.set_business_time(tx, instant=clock.real_now() + timedelta(days=4))
    tx.commit()
    assert client.get("/v1/users", headers=handler.headers).status_code == 403


def test_a_faulty_deputy_is_refused_at_its_place(client, admin, district, handler):
    held = client.get(f"/v1/users/{district.login}", headers=admin.headers).json()["postings"]
    path = f"/v1/users/{district.login}/deputies"
    good = {"deputy": handler.login, "posting_id": held[0]["id"]}
    good |= {"valid_from": str(city_day()), "valid_to": str(city_day())}
    for change, pointer in (
        ({"deputy": "nobody"}, "/deputy"),
        ({"deputy": district.login}, "/deputy"),
        ({"posting_id": str(admin.id)}, "/posting_id"),
        ({"valid_to": "2000-01-01"}, "/valid_to"),
        ({"valid_to": "2999-01-01"}, "/valid_to"),
    ):
        answer = post(client, admin, path, good | change)
        assert answer.status_code == 422, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    past = {"valid_from": "2001-01-01", "valid_to": "2001-01-02"}
    assert code_of(post(client, admin, path, good | past)) == (409, "posting.ended")


def test_shutting_an_account_ends_its_sessions_for_good(client, tx, district, handler):
    assert client.get("/v1/me", headers=handler.headers).status_code == 200
    for _ in range(2):
        shut = post(client, district, f"/v1/users/{handler.login}/disable")
        assert shut.json()["disabled_at"]
    assert client.get("/v1/me", headers=handler.headers).status_code == 401
    for _ in range(2):
        opened = post(client, district, f"/v1/users/{handler.login}/enable")
        assert opened.json()["disabled_at"] is None
    assert client.get("/v1/me", headers=handler.headers).status_code == 401
    assert sign_in(client, handler.login).status_code == 200
    kinds = tx.exec(select(Event.kind).where(Event.subject_id == handler.id)).all()
    assert (kinds.count("person.disabled"), kinds.count("person.enabled")) == (1, 1)


def test_a_reset_kills_password_and_sessions_and_a_new_code_the_old_one(client, district, handler):
    path = f"/v1/users/{handler.login}/reset"
    first = post(client, district, path).json()["code"]
    assert sign_in(client, handler.login).status_code == 401
    assert client.get("/v1/me", headers=handler.headers).status_code == 401
    second = post(client, district, path).json()["code"]
    assert code_of(redeem(client, handler.login, first)) == (401, "auth.bad-code")
    assert code_of(redeem(client, handler.login, second, "short")) == (422, "auth.weak-password")
    assert redeem(client, handler.login, second).status_code == 204
    assert sign_in(client, handler.login, NEW).status_code == 200


def test_a_code_dies_with_its_tries_and_with_its_time(client, tx, district, handler):
    path = f"/v1/users/{handler.login}/reset"
    code = post(client, district, path).json()["code"]
    for _ in range(5):
        assert redeem(client, handler.login, "22222-22222").status_code == 401
    assert code_of(redeem(client, handler.login, code)) == (401, "auth.bad-code")
    code = post(client, district, path).json()["code"]
    tx.exec(sa.update(OneTimeCode).values(expires_at=clock.real_now() - timedelta(seconds=1)))
    tx.commit()
    unknown, late = redeem(client, "nobody", code), redeem(client, handler.login, code)
    assert code_of(unknown) == code_of(late) == (401, "auth.bad-code")
    assert unknown.json()["detail"] == late.json()["detail"]


def test_the_last_administrator_stays(client, tx, admin):
    path = f"/v1/users/{admin.login}"
    last = (409, "person.last-administrator")
    assert code_of(post(client, admin, f"{path}/disable")) == last
    mine = client.get(path, headers=admin.headers).json()["postings"][0]["id"]
    assert code_of(post(client, admin, f"{path}/postings/{mine}/end", {})) == last
    make.make_person(tx, Role.HQ_ADMIN)
    assert post(client, admin, f"{path}/postings/{mine}/end", {}).status_code == 200
    assert client.get(path, headers=admin.headers).status_code == 403


def at_once(*calls):
    """Run calls in threads that start together; their results."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        barrier.wait()
        results[index] = call()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_administrators_cannot_shut_each_other_out(committed):
    with Session(committed.database.engine, expire_on_commit=False) as tx:
        one, two = (make.signed_in(tx, Role.HQ_ADMIN) for _ in range(2))
    with committed.new_client() as client:
        for round_ in range(3):
            paths = [f"/v1/users/{who.login}/disable" for who in (two, one)]
            answers = at_once(
                partial(post, client, one, paths[0]), partial(post, client, two, paths[1])
            )
            assert [answer.status_code for answer in answers].count(200) == 1, answers
            with Session(committed.database.engine, expire_on_commit=False) as tx:
                left = tx.exec(select(Person).where(Person.disabled_at.is_(None))).all()
                assert len(left) == 1, round_
                tx.exec(sa.update(Person).values(disabled_at=None))
                one, two = (make.token_for(tx, tx.get(Person, who.id)) for who in (one, two))


def test_a_code_is_redeemed_once_however_many_come_at_once(committed):
    with Session(committed.database.engine, expire_on_commit=False) as tx:
        person = make.make_person(tx)
    with committed.database.transaction() as tx:
        code = accounts.issue_code(tx, committed.settings, person_id=person.id).code
    with committed.new_client() as client:
        calls = [
            partial(redeem, client, person.login, code, f"第{n}个人的新密码") for n in range(4)
        ]
        answers = at_once(*calls)
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401]


def test_two_processes_that_start_at_once_make_one_first_administrator(committed):
    def start():
        with committed.database.transaction() as tx:
            return accounts.make_first_administrator(tx)

    made = [one for one in at_once(start, start, start) if one is not None]
    assert len(made) == 1
    with committed.database.transaction() as tx:
        assert len(tx.exec(select(PostingRow).where(PostingRow.role == Role.HQ_ADMIN)).all()) == 1
    with committed.new_client() as client:
        token = sign_in(client, made[0].login, made[0].password).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        me = client.get("/v1/me", headers=headers).json()
        assert me["postings"] == [{"role": "hq_admin", "unit": None, "areas": [], "lines": []}]
        assert "people.manage" in me["permissions"]
        users = client.get("/v1/users", headers=headers).json()["items"]
        assert [user["login"] for user in users] == [made[0].login]
        body = account() | {"password": NEW}
        assert client.post("/v1/users", json=body, headers=headers).status_code == 201


def test_the_commands_show_a_secret_once_and_never_to_a_log(committed, monkeypatch):
    url = committed.settings.database_url.get_secret_value()
    monkeypatch.setenv("DUDAO_DATABASE_URL", url)
    monkeypatch.setenv("DUDAO_ENV", "production")
    run = CliRunner().invoke
    piped = run(cli, ["migrate"])
    assert "dudao first-admin" in piped.output
    with committed.database.transaction() as tx:
        assert tx.exec(select(Person)).all() == []
    made = run(cli, ["first-admin"])
    assert made.exit_code == 0, made.output
    password = made.output.strip().split(" ")[-1]
    assert run(cli, ["first-admin"]).exit_code == 1
    assert "first-admin" not in run(cli, ["migrate"]).output
    code = run(cli, ["reset-code", "admin"]).output.split(" · ")[1]
    with committed.new_client() as client:
        assert sign_in(client, "admin", password).status_code == 401
        assert redeem(client, "admin", code).status_code == 204
        assert sign_in(client, "admin", NEW).status_code == 200
