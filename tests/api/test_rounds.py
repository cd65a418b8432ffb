"""Campaigns, rounds and series: who runs them, who may know of them, and what the clock does."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app import worker
from app.infra import business_time
from app.infra.events import Event
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.rounds.tables import Round
from tests import factories as make

TERMS = {
    "name_zh": "九月第二周督导",
    "name_en": "Second week of September",
    "period": "week",
    "announced": True,
    "timed": True,
    "opens_at": "2018-09-10T08:00:00+08:00",
    "closes_at": "2018-09-14T18:00:00+08:00",
}
NEW = TERMS | {"campaign": make.CAMPAIGN, "code": "w37", "source": "city_team"}


@pytest.fixture
def headquarters(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def district(tx):
    return make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG])


@pytest.fixture
def street(tx):
    return make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.MINSHENG, areas=[make.MINSHENG])


def post(client, who, path, body=None, status=200):
    answer = client.post(f"/v1{path}", json=body, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def get(client, who, path, status=200, **query):
    answer = client.get(f"/v1{path}", params=query, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def faults(page):
    return {(fault["pointer"], fault["code"]) for fault in page["errors"]}


def listed(client, who, **query):
    return {one["id"] for one in get(client, who, "/rounds", **query)["items"]}


def audit(tx, kind):
    return [row.data for row in tx.exec(select(Event).where(Event.kind == kind)).all()]


class TestCampaigns:
    def test_a_district_runs_a_campaign_of_its_own(self, client, tx, district, headquarters):
        body = {"code": "jf-2018", "name_zh": "解放区环境整治", "unit": make.JIEFANG}
        made = post(client, district, "/campaigns", body, 201)
        assert (made["unit"]["code"], made["ended_at"]) == (make.JIEFANG, None)
        assert get(client, headquarters, "/campaigns/jf-2018") == made
        named = {"name_zh": "解放区攻坚", "name_en": None}
        assert post(client, district, "/campaigns/jf-2018/rename", named)["name"] == "解放区攻坚"
        assert audit(tx, "campaign.renamed") == [
            {"before": {"name_zh": "解放区环境整治"}, "after": {"name_zh": "解放区攻坚"}}
        ]
        assert post(client, district, "/campaigns/jf-2018/end")["ended_at"] is not None
        answer = post(client, district, "/rounds", NEW | {"campaign": "jf-2018"}, 409)
        assert answer["code"] == "campaign.ended"

    def test_nobody_runs_a_campaign_above_his_unit_or_beside_it(self, client, tx, district):
        for unit in (make.CITY, make.SHANYANG):
            body = {"code": "x", "name_zh": "某活动", "unit": unit}
            answer = post(client, district, "/campaigns", body, 422)
            assert faults(answer) == {("/unit", "field.unknown-reference")}
        answer = post(client, district, f"/campaigns/{make.CAMPAIGN}/end", status=404)
        assert answer["code"] == "campaign.not-found"
        other = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.SHANYANG, areas=[make.SHANYANG])
        body = {"code": "sy", "name_zh": "山阳区活动", "unit": make.SHANYANG}
        post(client, other, "/campaigns", body, 201)
        assert get(client, district, "/campaigns/sy", 404)["code"] == "campaign.not-found"
        assert post(client, other, "/campaigns", body, 409)["code"] == "campaign.exists"
        codes = {one["code"] for one in get(client, district, "/campaigns")["items"]}
        assert codes == {make.CAMPAIGN}


class TestRounds:
    def test_a_round_is_planned_changed_opened_and_closed(self, client, tx, headquarters):
        made = post(client, headquarters, "/rounds", NEW, 201)
        assert (made["state"], made["unit"]["code"], made["area"]["code"]) == (
            "planned",
            make.CITY,
            make.CITY,
        )
        path = f"/rounds/{made['id']}"
        later = TERMS | {"closes_at": "2018-09-15T18:00:00+08:00"}
        changed = post(client, headquarters, f"{path}/change", later)
        assert changed["closes_at"].startswith("2018-09-15T10:00:00")
        assert [set(one["after"]) for one in audit(tx, "round.changed")] == [{"closes_at"}]
        assert post(client, headquarters, f"{path}/open")["state"] == "open"
        assert post(client, headquarters, f"{path}/open")["state"] == "open"
        assert post(client, headquarters, f"{path}/change", TERMS, 409)["code"] == (
            "round.wrong-state"
        )
        assert post(client, headquarters, f"{path}/close")["state"] == "closed"
        assert post(client, headquarters, f"{path}/close")["state"] == "closed"
        for command in ("open", "cancel"):
            body = {"reason": "大雨"}
            answer = post(client, headquarters, f"{path}/{command}", body, 409)
            assert answer["code"] == "round.wrong-state"
        assert len(audit(tx, "round.opened")) == len(audit(tx, "round.closed")) == 1

    def test_a_planned_round_is_cancelled_with_its_reason(self, client, tx, headquarters):
        made = post(client, headquarters, "/rounds", NEW, 201)
        path = f"/rounds/{made['id']}/cancel"
        for _ in range(2):
            assert (
                post(client, headquarters, path, {"reason": "暴雨红色预警"})["state"] == "cancelled"
            )
        assert [one["reason"] for one in audit(tx, "round.cancelled")] == ["暴雨红色预警"]

    def test_what_a_round_must_be(self, client, tx, headquarters, district):
        post(client, headquarters, "/rounds", NEW, 201)
        assert post(client, headquarters, "/rounds", NEW, 409)["code"] == "round.exists"
        wrong = {
            "/closes_at": {"closes_at": TERMS["opens_at"], "code": "b"},
            "/campaign": {"campaign": "x", "code": "b"},
            "/unit": {"unit": "x", "code": "b"},
            "/source": {"source": "district", "code": "b"},
            "/area": {"area": "x", "code": "b"},
        }
        for pointer, change in wrong.items():
            answer = post(client, headquarters, "/rounds", NEW | change, 422)
            assert {fault["pointer"] for fault in answer["errors"]} == {pointer}

    @pytest.mark.parametrize(
        ("unit", "area", "source", "fault"),
        [
            (make.JIEFANG, None, "district", None),
            (make.JIEFANG, make.MINSHENG, "district", None),
            (make.JIEFANG, make.SHANYANG, "district", ("/area", "field.unknown-reference")),
            (make.JIEFANG, None, "city_team", ("/source", "source.may-not-judge")),
            (make.MINSHENG, None, "self", None),
            (make.MINSHENG, None, "district", ("/source", "source.may-not-judge")),
            (make.SHANYANG, None, "district", ("/unit", "field.unknown-reference")),
        ],
    )
    def test_who_may_judge_whom(self, client, district, unit, area, source, fault):
        body = NEW | {"unit": unit, "area": area, "source": source}
        answer = post(client, district, "/rounds", body, 422 if fault else 201)
        if fault:
            assert faults(answer) == {fault}
        else:
            assert answer["area"]["code"] == (area or unit)

    def test_a_bureau_judges_in_the_whole_city(self, client, tx, headquarters):
        body = NEW | {"unit": make.URBAN_MANAGEMENT, "source": "bureau"}
        made = post(client, headquarters, "/rounds", body, 201)
        assert made["area"]["code"] == make.CITY

    def test_a_coordinator_runs_no_round_of_the_city(self, client, tx, headquarters, district):
        made = post(client, headquarters, "/rounds", NEW, 201)
        for command, body in (("open", None), ("cancel", {"reason": "x"}), ("change", TERMS)):
            answer = post(client, district, f"/rounds/{made['id']}/{command}", body, 404)
            assert answer["code"] == "round.not-found"
        post(client, headquarters, f"/rounds/{made['id']}/open")
        assert post(client, district, f"/rounds/{made['id']}/close", status=404)

    def test_lists_are_narrowed(self, client, tx, headquarters):
        first = post(client, headquarters, "/rounds", NEW, 201)["id"]
        october = {
            "code": "w41",
            "opens_at": "2018-10-08T08:00:00+08:00",
            "closes_at": "2018-10-12T18:00:00+08:00",
        }
        second = post(client, headquarters, "/rounds", NEW | october, 201)["id"]
        post(client, headquarters, f"/rounds/{second}/open")
        both = {first, second}
        asks = {
            frozenset(): {"campaign": "x"},
            frozenset({first}): {"state": "planned"},
            frozenset({second}): {"from": "2018-10-01T00:00:00+08:00"},
            frozenset({first, ""}): {"to": "2018-10-01T00:00:00+08:00"},
        }
        for expected, query in asks.items():
            assert listed(client, headquarters, **query) & both == set(expected) - {""}
        page = get(client, headquarters, "/rounds", limit=1)
        again = get(client, headquarters, "/rounds", limit=1, cursor=page["next_cursor"])
        assert {page["items"][0]["id"], again["items"][0]["id"]} == both


class TestUnannounced:
    """明察暗访: nobody who is inspected knows of the round before it is over."""

    @pytest.fixture
    def secret(self, tx):
        inspector = make.signed_in(tx)
        return inspector, make.make_round(
            tx,
            sites=[make.site_row("BJ-1")],
            tasks=[make.task_row("BJ-1", members=[inspector.login])],
            announced=False,
        )

    def test_it_is_there_for_headquarters_auditors_and_its_own_people(
        self, client, tx, secret, headquarters, district, street
    ):
        inspector, round_ = secret
        auditor = make.signed_in(tx, Role.AUDITOR)
        strangers = [district, street, make.signed_in(tx), make.signed_in(tx, Role.DASHBOARD)]
        paths = ["", "/coverage", "/matrix"]
        for who in (headquarters, auditor, inspector):
            assert str(round_.id) in listed(client, who)
            for path in paths:
                get(client, who, f"/rounds/{round_.id}{path}")
        for who in strangers:
            assert str(round_.id) not in listed(client, who)
            for path in paths:
                answer = get(client, who, f"/rounds/{round_.id}{path}", 404)
                assert answer["code"] == "round.not-found"
        assert get(client, district, f"/rounds/{round_.id}/tasks", 404)
        post(client, headquarters, f"/rounds/{round_.id}/close")
        for who in strangers:
            assert str(round_.id) in listed(client, who)
            get(client, who, f"/rounds/{round_.id}/coverage")

    def test_a_tag_of_before_is_worth_nothing_to_a_stranger(
        self, client, secret, headquarters, district
    ):
        _, round_ = secret
        path = f"/v1/rounds/{round_.id}/coverage"
        tag = client.get(path, headers=headquarters.headers).headers["etag"]
        answer = client.get(path, headers=district.headers | {"If-None-Match": tag})
        assert answer.status_code == 404

    def test_a_districts_own_secret_is_its_own(self, client, tx, headquarters, district, street):
        body = NEW | {"unit": make.JIEFANG, "source": "district", "announced": False}
        made = post(client, district, "/rounds", body, 201)["id"]
        assert made in listed(client, district)
        assert made in listed(client, headquarters)
        assert made not in listed(client, street)

    def test_a_self_inspection_is_not_for_the_neighbours(self, client, tx, street):
        other = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.XINHUA, areas=[make.XINHUA])
        body = NEW | {"unit": make.MINSHENG, "source": "self"}
        made = post(client, street, "/rounds", body, 201)["id"]
        assert made in listed(client, street)
        assert made not in listed(client, other)


SERIES = {
    "campaign": make.CAMPAIGN,
    "code": "daily",
    "name_zh": "一天一督导",
    "source": "city_team",
    "period": "day",
    "announced": True,
    "rule": "FREQ=DAILY",
    "first_at": "2018-09-01T08:00:00+08:00",
    "lasts_minutes": 600,
    "days_ahead": 3,
}


def at(text):
    return datetime.fromisoformat(text)


class TestSeries:
    @pytest.fixture
    def now(self, tx):
        def set_now(text):
            business_time.set_business_time(tx, instant=at(text))
            tx.commit()

        set_now("2018-09-10T12:00:00+08:00")
        return set_now

    def codes(self, tx, series_id):
        tx.expire_all()
        rows = tx.exec(select(Round).where(Round.series_id == series_id).order_by(Round.opens_at))
        return {row.code: row.state for row in rows}

    def test_rounds_are_planned_ahead_opened_and_closed_by_the_clock(
        self, client, tx, runtime, headquarters, now
    ):
        made = post(client, headquarters, "/round-series", SERIES, 201)
        assert self.codes(tx, made["id"]) == {
            f"daily-201809{day}0800": "planned" for day in (10, 11, 12, 13)
        }
        worker.keep_time(runtime)
        assert self.codes(tx, made["id"])["daily-201809100800"] == "open"
        now("2018-09-11T07:59:00+08:00")
        worker.keep_time(runtime)
        assert list(self.codes(tx, made["id"]).values()) == ["closed", *["planned"] * 3]
        now("2018-09-11T08:00:01+08:00")
        worker.keep_time(runtime)
        assert list(self.codes(tx, made["id"]).values()) == ["closed", "open", *["planned"] * 3]
        assert worker.keep_time(runtime) == 0

    def test_what_would_be_over_after_a_standstill_is_not_made(
        self, client, tx, runtime, headquarters, now
    ):
        made = post(client, headquarters, "/round-series", SERIES, 201)
        now("2018-09-20T19:00:00+08:00")
        worker.keep_time(runtime)
        found = self.codes(tx, made["id"])
        days = ["0910", "0911", "0912", "0913", "0921", "0922", "0923"]
        assert [code[-8:-4] for code in found] == days
        worker.keep_time(runtime)
        assert list(self.codes(tx, made["id"]).values()).count("open") == 0

    def test_a_cancelled_round_is_not_made_again_and_the_end_cancels_the_rest(
        self, client, tx, runtime, headquarters, now
    ):
        made = post(client, headquarters, "/round-series", SERIES, 201)
        worker.keep_time(runtime)
        rows = get(client, headquarters, "/rounds", state="planned")["items"]
        post(client, headquarters, f"/rounds/{rows[0]['id']}/cancel", {"reason": "国庆"})
        worker.keep_time(runtime)
        assert list(self.codes(tx, made["id"]).values()) == [
            "open",
            "cancelled",
            "planned",
            "planned",
        ]
        ended = post(
            client, headquarters, f"/round-series/{made['id']}/end", {"reason": "创建结束"}
        )
        assert ended["ended_at"] is not None
        now("2018-09-12T12:00:00+08:00")
        worker.keep_time(runtime)
        assert list(self.codes(tx, made["id"]).values()) == ["closed", *["cancelled"] * 3]

    def test_a_round_that_was_moved_keeps_its_place_in_the_series(
        self, client, tx, runtime, headquarters, now
    ):
        made = post(client, headquarters, "/round-series", SERIES, 201)
        row = get(client, headquarters, "/rounds", state="planned")["items"][-1]
        terms = TERMS | {
            "opens_at": "2018-09-13T10:00:00+08:00",
            "closes_at": "2018-09-13T20:00:00+08:00",
        }
        post(client, headquarters, f"/rounds/{row['id']}/change", terms)
        worker.keep_time(runtime)
        assert len(self.codes(tx, made["id"])) == 4

    def test_each_round_gets_its_tasks_by_a_draw(self, client, tx, runtime, headquarters, now):
        crew = [make.signed_in(tx) for _ in range(2)]
        make.make_team(tx, "T1", crew[0])
        make.make_team(tx, "T2", crew[1])
        make.make_round(tx, sites=[make.site_row(f"D-{n}", unit=make.XINHUA) for n in range(5)])
        plan = {
            "areas": [make.XINHUA],
            "checklists": [{"code": "bj", "version": 1}],
            "teams": ["T1", "T2"],
            "most": 4,
        }
        made = post(client, headquarters, "/round-series", SERIES | {"plan": plan}, 201)
        assert made["plan"] == plan | {"blind": 0}
        tasks = get(client, crew[0], "/tasks")["items"]
        assert len(tasks) == 2 * 4
        seeds = tx.exec(sa.text("SELECT seed, tasks FROM task_draw")).all()
        assert (len(set(seeds)), {row[1] for row in seeds}) == (4, {4})

    def test_a_plan_that_holds_no_more_stops_nothing(self, client, tx, runtime, headquarters, now):
        plan = {"areas": [make.XINHUA], "checklists": [{"code": "bj", "version": 1}]}
        post(client, headquarters, "/round-series", SERIES | {"plan": plan}, 201)
        assert [one["faults"] for one in audit(tx, "round.draw-failed")] == [
            ["task.nothing-to-draw"]
        ] * 4

    def test_a_rule_that_is_not_allowed_is_named(self, client, headquarters, now):
        body = SERIES | {"rule": "FREQ=SECONDLY"}
        answer = post(client, headquarters, "/round-series", body, 422)
        assert faults(answer) == {("/rule", "series.rule")}
        assert "FREQ=SECONDLY" in answer["errors"][0]["message"]

    def test_a_series_is_its_managers_own(self, client, tx, headquarters, district, now):
        made = post(client, headquarters, "/round-series", SERIES, 201)
        assert get(client, district, f"/round-series/{made['id']}", 404)
        assert get(client, district, "/round-series")["items"] == []
        assert post(client, district, f"/round-series/{made['id']}/end", {"reason": "x"}, 404)
        assert [one["id"] for one in get(client, headquarters, "/round-series")["items"]] == [
            made["id"]
        ]
        assert post(client, headquarters, "/round-series", SERIES, 409)["code"] == "series.exists"


class TestAtTheSameTime:
    """Real commits and real threads, on a database of their own."""

    def test_workers_that_tick_at_once_make_each_round_once(self, committed):
        with Session(committed.database.engine, expire_on_commit=False) as tx:
            who = make.signed_in(tx, Role.HQ_ADMIN)
            series = make.make_series(tx, made_by=who.id)
        with committed.database.transaction() as tx:
            business_time.set_business_time(tx, instant=at("2018-09-10T12:00:00+08:00"))
        gate = threading.Barrier(4)

        def tick(_):
            gate.wait()
            return [worker.keep_time(committed.runtime) for _ in range(3)]

        with ThreadPoolExecutor(4) as pool:
            done = [count for counts in pool.map(tick, range(4)) for count in counts]
        assert sum(done) == 4 + 1
        with committed.database.transaction() as tx:
            states = tx.exec(
                select(Round.state).where(Round.series_id == series.id).order_by(Round.opens_at)
            ).all()
            assert list(states) == ["open", "planned", "planned", "planned"]
            assert len(audit(tx, "round.opened")) == 1
            assert len(audit(tx, "round.planned")) == 4

    def test_a_visit_is_before_the_close_or_late(self, committed):
        """Whatever the order, what was answered as counting was in before the round closed."""
        with Session(committed.database.engine, expire_on_commit=False) as tx:
            people = [make.signed_in(tx) for _ in range(6)]
            boss = make.signed_in(tx, Role.HQ_ADMIN)
            sites = [make.site_row(f"BJ-{n}") for n in range(len(people))]
            round_ = make.make_round(tx, sites=sites)
            plans = [make.plan_visit(tx, round_.id, site["code"]) for site in sites]
        gate = threading.Barrier(len(people) + 1)

        def send(number):
            client = committed.new_client()
            gate.wait()
            if number == len(people):
                post(client, boss, f"/rounds/{round_.id}/close")
                return None
            return make.submit(client, people[number], plans[number].body).json()

        with ThreadPoolExecutor(len(people) + 1) as pool:
            answers = list(pool.map(send, range(len(people) + 1)))[:-1]
        assert all(one["counting"] is not one["late"] for one in answers)
        with committed.database.transaction() as tx:
            closed_at = tx.exec(select(Event.happened_at).where(Event.kind == "round.closed")).one()
            visits = tx.exec(sa.text("SELECT late, received_at FROM visit")).all()
        slack = timedelta(seconds=2)
        assert len(visits) == len(people)
        assert all(late or received < closed_at + slack for late, received in visits)
        late = make.submit(committed.new_client(), people[0], plans[0].body | {"id": str(new_id())})
        assert late.json()["late"] is True
