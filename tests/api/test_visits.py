"""Visits: stored once, checked to the last pointer, counted once, whatever arrives when."""

import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.inspections.tables import Answer, Finding, Visit, VisitRevision
from app.kit.ids import new_id
from app.ledger.tables import Problem
from app.organisation.rules import Role
from tests import factories as make
from tests.support import settle

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def round_(ground, inspector):
    sites = [
        make.site_row("BJ-1"),
        make.site_row("BJ-2", unit=make.DONGFANGHONG),
        make.site_row("GC-1", "公厕"),
    ]
    tasks = [make.task_row("BJ-1", members=[inspector.login])]
    return make.make_round(ground.tx, sites=sites, tasks=tasks)


@pytest.fixture
def plan(tx, round_):
    """Four rubbish finds and grade B on paving: the first worked case, 86.00."""
    return make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-01": "B", "BJ-02": 4})


@pytest.fixture
def body(plan):
    return plan.body


def read(client, who, visit_id):
    return client.get(f"/v1/visits/{visit_id}", headers=who.headers)


def count(tx, table):
    return tx.exec(select(sa.func.count()).select_from(table)).one()


def faults_of(answer):
    assert answer.status_code == 422, answer.text
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


class TestSubmitting:
    def test_a_visit_is_marked_and_answered(self, client, inspector, round_, plan):
        answer = make.submit(client, inspector, plan.body)
        assert answer.status_code == 201
        assert "dudao-replayed" not in answer.headers
        found = answer.json()
        assert found["id"] == plan.body["id"]
        assert (found["earned"], found["possible"], found["score"]) == (
            "86.000",
            "100.000",
            "86.00",
        )
        assert (found["revision"], found["outcome"]) == (1, "inspected")
        assert (found["counting"], found["late"]) == (True, False)
        assert found["missing_photos"] == sorted(plan.photos)

    def test_not_applicable_items_leave_the_sum(self, client, tx, inspector, round_):
        values = {"BJ-01": "B", "BJ-02": 4, "BJ-08": "na"}
        plan = make.plan_visit(tx, round_.id, "BJ-1", values=values)
        found = make.submit(client, inspector, plan.body).json()
        assert (found["earned"], found["possible"], found["score"]) == ("80.000", "94.000", "85.11")

    def test_a_site_where_nothing_applies_is_not_scored(self, client, tx, inspector, round_):
        values = {item.code: "na" for item in make.items_of(tx, "bj")}
        plan = make.plan_visit(tx, round_.id, "BJ-1", values=values)
        found = make.submit(client, inspector, plan.body).json()
        assert (found["earned"], found["possible"], found["score"]) == ("0.000", "0.000", None)

    def test_it_can_be_read_again_whole(self, client, tx, inspector, round_, plan):
        make.submit(client, inspector, plan.body).raise_for_status()
        found = read(client, inspector, plan.body["id"]).json()
        assert found["state"] == "waiting-for-photos"
        assert [answer["item"] for answer in found["answers"]] == [
            answer["item"] for answer in plan.body["answers"]
        ]
        rubbish = found["answers"][1]
        assert (rubbish["value"], rubbish["earned"]) == ("4", "7.000")
        assert [one["id"] for one in rubbish["findings"]] == [
            one["id"] for one in plan.body["answers"][1]["findings"]
        ]
        assert rubbish["line"]["code"] == "sanitation"
        assert rubbish["answerable_unit"]["code"] == make.MINSHENG

    def test_a_task_that_has_a_visit_is_done(self, client, tx, inspector, round_, body):
        body["task_id"] = str(make.task_at(tx, round_.id))
        tasks = client.get("/v1/tasks", headers=inspector.headers).json()["items"]
        assert [task["state"] for task in tasks] == ["open"]
        make.submit(client, inspector, body).raise_for_status()
        tasks = client.get("/v1/tasks", headers=inspector.headers).json()["items"]
        assert [task["state"] for task in tasks] == ["done"]
        assert tasks[0]["checklist"] == {"code": "bj", "version": 1}
        assert tasks[0]["site"]["unit"]["code"] == make.MINSHENG

    def test_only_ones_own_tasks_are_listed(self, client, tx, inspector, round_):
        other = make.signed_in(tx, Role.INSPECTOR)
        query = {"round_id": str(round_.id)}
        mine = client.get("/v1/tasks", params=query, headers=inspector.headers).json()
        theirs = client.get("/v1/tasks", params=query, headers=other.headers).json()
        assert (len(mine["items"]), theirs["items"]) == (1, [])

    def test_coordinators_submit_nothing(self, client, tx, body):
        coordinator = make.signed_in(tx, Role.UNIT_COORDINATOR)
        answer = make.submit(client, coordinator, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
        assert count(tx, Visit) == 0


class TestRounds:
    def test_rounds_are_listed_and_read(self, client, inspector, round_):
        listed = client.get("/v1/rounds", headers=inspector.headers).json()["items"]
        one = client.get(f"/v1/rounds/{round_.id}", headers=inspector.headers).json()
        assert one in listed
        assert (one["state"], one["source"], one["announced"]) == ("open", "city_team", True)
        assert one["campaign"]["code"] == make.CAMPAIGN

    def test_a_round_that_is_not_there(self, client, inspector):
        answer = client.get(f"/v1/rounds/{new_id()}", headers=inspector.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "round.not-found")

    def test_a_planned_round_takes_no_visits(self, client, tx, inspector, body):
        planned = make.make_round(tx, state="planned")
        answer = make.submit(client, inspector, body | {"round_id": str(planned.id)})
        assert (answer.status_code, answer.json()["code"]) == (409, "round.not-open")
        assert make.submit(client, inspector, body).status_code == 201

    @pytest.mark.parametrize("state", ["closed", "appeal", "published"])
    def test_what_comes_after_the_close_is_kept_as_late(self, client, tx, inspector, body, state):
        over = make.make_round(tx, state=state)
        found = make.submit(client, inspector, body | {"round_id": str(over.id)}).json()
        assert (found["late"], found["counting"]) == (True, False)

    def test_a_second_visit_to_a_site_is_stored_and_does_not_count(
        self, client, tx, inspector, round_, body
    ):
        second = make.plan_visit(tx, round_.id, "BJ-1").body
        assert make.submit(client, inspector, body).json()["counting"] is True
        assert make.submit(client, inspector, second).json()["counting"] is False

    def test_sources_are_kept_apart(self, client, tx, inspector, body):
        own = make.make_round(tx, source="self")
        assert make.submit(client, inspector, body).json()["counting"] is True
        again = make.plan_visit(tx, own.id, "BJ-1").body
        assert make.submit(client, inspector, again).json()["counting"] is True
        assert tx.exec(select(Visit.source).where(Visit.round_id == own.id)).one() == "self"


class TestRepeating:
    def test_the_same_content_gets_the_same_answer(self, client, tx, inspector, body):
        first = make.submit(client, inspector, body)
        second = make.submit(client, inspector, body)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["dudao-replayed"] == "true"
        assert (count(tx, Visit), count(tx, VisitRevision)) == (1, 1)

    def test_the_same_content_in_other_words_is_the_same_content(self, client, inspector, body):
        """Another order of keys, another offset of the same instant, an explicit null."""
        make.submit(client, inspector, body).raise_for_status()
        other = dict(reversed(list(copy.deepcopy(body).items())))
        other["started_at"] = "2018-09-10T01:00:00Z"
        other["task_id"] = None
        assert make.submit(client, inspector, other).headers["dudao-replayed"] == "true"

    def test_it_is_answered_after_the_close_as_before(self, client, tx, inspector, round_, body):
        first = make.submit(client, inspector, body).json()
        tx.exec(sa.text("UPDATE round SET state = 'closed'"))
        tx.commit()
        again = make.submit(client, inspector, body)
        assert (again.status_code, again.json()) == (201, first)

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            (lambda body: body.update(note="另有说明"), "/note"),
            (lambda body: body.update(ended_at="2018-09-10T09:26:00+08:00"), "/ended_at"),
            (lambda body: body.update(photos=[str(new_id())]), "/photos"),
            (lambda body: body["location"].update(lat=35.24), "/location"),
            (lambda body: body["answers"][2].update(na_reason="无墙面"), "/answers[BJ-03]"),
            (lambda body: body["answers"].pop(), "/answers[BJ-11]"),
            (lambda body: body.update(site="BJ-2"), "/site"),
        ],
        ids=["note", "end", "photos", "place", "answer", "missing answer", "site"],
    )
    def test_other_content_under_the_same_id_is_refused_by_name(
        self, client, tx, inspector, body, change, pointer
    ):
        make.submit(client, inspector, body).raise_for_status()
        other = copy.deepcopy(body)
        change(other)
        answer = make.submit(client, inspector, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.id-reused")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
        assert count(tx, VisitRevision) == 1

    def test_an_id_of_somebody_else_is_refused(self, client, tx, inspector, body):
        other = make.signed_in(tx, Role.INSPECTOR)
        make.submit(client, inspector, body).raise_for_status()
        answer = make.submit(client, other, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.id-reused")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/id"]

    def test_a_findings_id_of_another_visit_is_a_finding_of_its_own(
        self, client, tx, runtime, inspector, round_, body
    ):
        make.submit(client, inspector, body).raise_for_status()
        other = make.plan_visit(tx, round_.id, "BJ-2", values={"BJ-02": 1}).body
        taken = body["answers"][1]["findings"][0]["id"]
        make.answer_of(other, "BJ-02")["findings"][0]["id"] = taken
        make.submit(client, inspector, other).raise_for_status()
        settle(runtime)
        visits = tx.exec(select(Problem.visit_id).where(Problem.finding_id == UUID(taken))).all()
        assert sorted(map(str, visits)) == sorted([body["id"], other["id"]])


def _answer(position, **changes):
    return lambda body: body["answers"][position].update(changes)


def _finding_twice(body):
    findings = body["answers"][1]["findings"]
    findings[1] = dict(findings[0])


_TWICE = ["0190d5a2-0000-7000-8000-000000000001"] * 2
_WRONG_ANSWERS = {
    "unanswered": (lambda body: body["answers"].pop(3), ("/answers", "item.unanswered")),
    "unknown item": (_answer(3, item="BJ-99"), ("/answers/3/item", "item.unknown")),
    "answered twice": (
        lambda body: body["answers"].append(dict(body["answers"][3])),
        ("/answers/11/item", "field.duplicate"),
    ),
    "bad grade": (_answer(0, value="D"), ("/answers/0/value", "item.bad-value")),
    "negative": (_answer(2, value=-1), ("/answers/2/value", "item.bad-value")),
    "a word": (_answer(2, value="0"), ("/answers/2/value", "item.bad-value")),
    "huge count": (_answer(2, value=10**9), ("/answers/2/value", "item.bad-value")),
    "no reason": (_answer(3, value="na"), ("/answers/3/na_reason", "item.reason-missing")),
    "blank reason": (
        _answer(3, value="na", na_reason="  "),
        ("/answers/3/na_reason", "item.reason-missing"),
    ),
    "no finding": (_answer(0, findings=[]), ("/answers/0/findings", "item.finding-missing")),
    "wrong count": (_answer(1, value=3), ("/answers/1/findings", "item.finding-count")),
    "unexpected finding": (
        _answer(10, findings=[{"id": str(new_id())}]),
        ("/answers/10/findings", "item.unexpected-finding"),
    ),
    "no photo": (
        lambda body: body["answers"][0]["findings"][0].update(photos=[]),
        ("/answers/0/photos", "item.photo-missing"),
    ),
    "finding twice": (_finding_twice, ("/answers/1/findings/1/id", "field.duplicate")),
    "photo twice": (lambda body: body.update(photos=_TWICE), ("/photos/1", "field.duplicate")),
}


class TestFaults:
    """Each fault has its pointer, and all of them are told at once."""

    @pytest.mark.parametrize(
        ("changes", "faults"),
        [
            ({"round_id": str(new_id())}, {("/round_id", "field.unknown-reference")}),
            ({"site": "nowhere"}, {("/site", "field.unknown-reference")}),
            ({"task_id": str(new_id())}, {("/task_id", "field.unknown-reference")}),
            (
                {"checklist": {"code": "bj", "version": 2}},
                {("/checklist", "field.unknown-reference")},
            ),
            (
                {"checklist": {"code": "gc", "version": 1}},
                {("/checklist/code", "site.other-category")},
            ),
            ({"ended_at": "2018-09-10T08:59:59+08:00"}, {("/ended_at", "field.order")}),
            (
                {"site": "nowhere", "checklist": {"code": "x", "version": 1}},
                {("/site", "field.unknown-reference"), ("/checklist", "field.unknown-reference")},
            ),
        ],
    )
    def test_what_a_visit_stands_on(self, client, tx, inspector, body, changes, faults):
        answer = make.submit(client, inspector, body | changes)
        assert faults_of(answer) == faults
        assert answer.json()["code"] == "visit.invalid"
        assert make.submit(client, inspector, body).status_code == 201

    def test_a_site_outside_of_the_inspectors_areas_is_not_there_for_him(self, client, tx, body):
        sent_elsewhere = make.signed_in(tx, Role.INSPECTOR, areas=[make.SHANYANG])
        answer = make.submit(client, sent_elsewhere, body)
        assert faults_of(answer) == {("/site", "field.unknown-reference")}

    def test_a_task_of_somebody_else_is_not_there(self, client, tx, round_, body):
        other = make.signed_in(tx, Role.INSPECTOR)
        task = str(make.task_at(tx, round_.id))
        answer = make.submit(client, other, body | {"task_id": task})
        assert faults_of(answer) == {("/task_id", "field.unknown-reference")}

    @pytest.mark.parametrize("name", list(_WRONG_ANSWERS))
    def test_an_answer_that_does_not_fit(self, client, tx, inspector, body, name):
        change, fault = _WRONG_ANSWERS[name]
        wrong = copy.deepcopy(body)
        change(wrong)
        answer = make.submit(client, inspector, wrong)
        assert fault in faults_of(answer)
        assert answer.json()["code"] == "visit.invalid"
        assert count(tx, Visit) == 0
        assert make.submit(client, inspector, body).status_code == 201

    def test_all_faults_are_told_at_once_in_either_language(self, client, inspector, body):
        body["answers"][0]["value"] = "D"
        body["answers"][3]["value"] = "na"
        body["answers"].pop()
        answer = make.submit(client, inspector, body)
        assert len(answer.json()["errors"]) == 3
        messages = {
            language: [
                fault["message"]
                for fault in client.post(
                    "/v1/visits",
                    json=body,
                    headers=inspector.headers | {"Accept-Language": language},
                ).json()["errors"]
            ]
            for language in ("zh-CN", "en")
        }
        assert messages["en"][0] == "item BJ-01 takes A | B | C | na"
        assert messages["zh-CN"][0] == "条目 BJ-01 应答 A | B | C | na"

    @pytest.mark.parametrize("always", ["pass", "na"])
    def test_an_item_that_always_wants_a_photo(self, client, tx, inspector, round_, always):
        plan = make.plan_visit(tx, round_.id, "GC-1", checklist="gc", values={"GC-01": always})
        first = plan.body["answers"][0]
        first.pop("photos", None)
        answer = make.submit(client, inspector, plan.body)
        if always == "na":
            assert answer.status_code == 201
        else:
            assert faults_of(answer) == {("/answers/0/photos", "item.photo-missing")}

    def test_an_item_that_wants_no_photo_is_content_with_a_finding(
        self, client, tx, inspector, round_
    ):
        plan = make.plan_visit(tx, round_.id, "GC-1", checklist="gc", values={"GC-05": "C"})
        assert "photos" not in plan.body["answers"][4]["findings"][0]
        assert make.submit(client, inspector, plan.body).status_code == 201

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"id": "17"}, "/id"),
            ({"id": 17}, "/id"),
            ({"site": 17}, "/site"),
            ({"site": ""}, "/site"),
            ({"site": "a\x00b"}, "/site"),
            ({"note": "a\x00b"}, "/note"),
            ({"note": "长" * 2001}, "/note"),
            ({"note": ["x"]}, "/note"),
            ({"checklist": {"code": "bj", "version": 10**30}}, "/checklist/version"),
            ({"checklist": {"code": "bj", "version": 2**31}}, "/checklist/version"),
            ({"checklist": {"code": "bj", "version": 1.0}}, "/checklist/version"),
            ({"checklist": "bj"}, "/checklist"),
            ({"started_at": "2018-09-10 09:00"}, "/started_at"),
            ({"started_at": 1536541200}, "/started_at"),
            ({"started_at": "9999-99-99T00:00:00Z"}, "/started_at"),
            ({"location": {"lat": "35", "lon": 113.2, "crs": "wgs84"}}, "/location/lat"),
            ({"photos": ["x"]}, "/photos/0"),
            ({"photos": [str(new_id()) for _ in range(51)]}, "/photos"),
            ({"answers": []}, "/answers"),
            ({"answers": {}}, "/answers"),
            ({"answers": [None]}, "/answers/0"),
            ({"answers": [{"item": "BJ-01"}]}, "/answers/0/value"),
            (
                {"answers": [{"item": "BJ-01", "value": "x" * 13}]},
                "/answers/0/value/function-after",
            ),
            ({"unknown": 1}, "/unknown"),
        ],
    )
    def test_a_malformed_body_is_pointed_at(self, client, inspector, body, changes, pointer):
        answer = make.submit(client, inspector, body | changes)
        assert answer.status_code == 422
        assert answer.json()["code"] == "request.invalid"
        pointers = [fault["pointer"] for fault in answer.json()["errors"]]
        assert any(found == pointer or found.startswith(pointer) for found in pointers), pointers

    @pytest.mark.parametrize("value", [10**30, -(10**30), True, 1.5, None, "", "通过", "A\x00"])
    def test_no_value_of_an_answer_is_a_way_to_a_500(self, client, tx, inspector, body, value):
        for index in (0, 1, 7, 9):
            wrong = copy.deepcopy(body)
            wrong["answers"][index]["value"] = value
            assert make.submit(client, inspector, wrong).status_code == 422
        assert count(tx, Visit) == 0

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '{"note": "\\ud800"}', '{"note": NaN}', "[" * 100_000, "\xff\xfe"],
    )
    def test_what_is_no_object_of_json_is_refused(self, client, inspector, text):
        headers = inspector.headers | {"Content-Type": "application/json"}
        answer = client.post("/v1/visits", content=text.encode("latin-1"), headers=headers)
        assert answer.status_code == 422
        assert answer.json()["code"] == "request.invalid"

    def test_half_a_surrogate_pair_is_no_text(self, client, inspector, body):
        headers = inspector.headers | {"Content-Type": "application/json"}
        for change in ({"note": "\ud800"}, {"\ud800": 1}, {"site": "\udfff"}):
            text = json.dumps(body | change)
            answer = client.post("/v1/visits", content=text, headers=headers)
            assert answer.status_code == 422

    def test_a_body_that_is_too_large_is_refused(self, client, inspector, settings):
        headers = inspector.headers | {"Content-Type": "application/json"}
        text = b" " * (settings.max_body_bytes + 1)
        answer = client.post("/v1/visits", content=text, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too-large")


class TestPhotos:
    def test_photos_first_or_the_visit_first_ends_the_same(
        self, client, http, runtime, tx, inspector, round_
    ):
        results = []
        for order, site in (("photos", "BJ-1"), ("visit", "BJ-2")):
            contents = [make.make_photo_bytes() for _ in range(2)]
            photos = [make.announcement(content) for content in contents]
            ids = [photo["id"] for photo in photos]
            plan = make.plan_visit(tx, round_.id, site, values={"BJ-02": 1}, photos=ids)
            if order == "visit":
                answer = make.submit(client, inspector, plan.body)
                assert answer.json()["missing_photos"] == sorted(ids)
                settle(runtime)
                assert (
                    read(client, inspector, plan.body["id"]).json()["state"] == "waiting-for-photos"
                )
            for photo, content in zip(photos, contents, strict=True):
                make.upload_photo(client, http, inspector, content, id=photo["id"])
                settle(runtime)
            if order == "photos":
                answer = make.submit(client, inspector, plan.body)
                assert answer.json()["missing_photos"] == []
                settle(runtime)
            found = read(client, inspector, plan.body["id"]).json()
            results.append((found["state"], found["missing_photos"], found["score"]))
        assert results == [("complete", [], "98.00")] * 2

    def test_a_visit_without_photos_is_complete_by_itself(
        self, client, runtime, tx, inspector, round_
    ):
        plan = make.plan_visit(tx, round_.id, "BJ-1")
        make.submit(client, inspector, plan.body).raise_for_status()
        assert read(client, inspector, plan.body["id"]).json()["state"] == "waiting-for-photos"
        settle(runtime)
        assert read(client, inspector, plan.body["id"]).json()["state"] == "complete"

    def test_a_replay_tells_what_is_still_missing(
        self, client, http, runtime, tx, inspector, round_
    ):
        photo_id = str(new_id())
        plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}, photos=[photo_id])
        make.submit(client, inspector, plan.body).raise_for_status()
        make.upload_photo(client, http, inspector, id=photo_id)
        settle(runtime)
        assert make.submit(client, inspector, plan.body).json()["missing_photos"] == []

    def test_a_photo_of_somebody_else_is_pointed_at(self, client, http, tx, inspector, round_):
        other = make.signed_in(tx, Role.INSPECTOR)
        foreign = make.upload_photo(client, http, other)
        plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}, photos=[foreign])
        answer = make.submit(client, inspector, plan.body)
        assert faults_of(answer) == {("/answers/1/findings/0/photos/0", "photo.not-yours")}

    def test_a_rejected_photo_is_pointed_at(self, client, http, runtime, tx, inspector, round_):
        bad = make.upload_photo(client, http, inspector, b"nonsense")
        settle(runtime)
        plan = make.plan_visit(tx, round_.id, "BJ-1", photos=[bad])
        answer = make.submit(client, inspector, plan.body)
        assert faults_of(answer) == {("/photos/0", "photo.refused")}

    def test_a_photo_that_is_rejected_is_told_by_the_visit_with_its_reason(
        self, client, http, runtime, inspector, round_, tx
    ):
        content = make.make_photo_bytes()[:-2]
        photo_id = make.upload_photo(client, http, inspector, content)
        plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}, photos=[photo_id])
        make.submit(client, inspector, plan.body).raise_for_status()
        assert read(client, inspector, plan.body["id"]).json()["rejected_photos"] == []
        settle(runtime)
        found = read(client, inspector, plan.body["id"]).json()
        assert (found["state"], found["missing_photos"]) == ("waiting-for-photos", [photo_id])
        (rejected,) = found["rejected_photos"]
        assert (rejected["id"], rejected["state"]) == (photo_id, "rejected")
        assert rejected["problem"]["code"] == "photo.truncated"

    def test_under_a_finding_there_are_at_most_so_many_photos(
        self, client, inspector, round_, tx, with_settings
    ):
        plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-03": 1})
        (finding,) = make.answer_of(plan.body, "BJ-03")["findings"]
        finding["photos"] = [str(new_id()) for _ in range(10)]
        answer = make.submit(client, inspector, plan.body)
        place = next(i for i, one in enumerate(plan.body["answers"]) if one["item"] == "BJ-03")
        at = f"/answers/{place}/findings/0/photos"
        assert (at, "item.too-many-photos") in faults_of(answer)
        with_settings(photos_per_finding=10)
        assert make.submit(client, inspector, plan.body).status_code == 201

    def test_a_photo_that_somebody_else_announces_later_never_completes_the_visit(
        self, client, http, runtime, tx, inspector, round_
    ):
        other = make.signed_in(tx, Role.INSPECTOR)
        photo_id = str(new_id())
        plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}, photos=[photo_id])
        make.submit(client, inspector, plan.body).raise_for_status()
        make.upload_photo(client, http, other, id=photo_id)
        settle(runtime)
        found = read(client, inspector, plan.body["id"]).json()
        assert (found["state"], found["missing_photos"]) == ("waiting-for-photos", [photo_id])


class TestReading:
    @pytest.mark.parametrize(
        ("role", "posting", "items"),
        [
            (Role.HQ_ADMIN, {}, 11),
            (Role.UNIT_COORDINATOR, {"unit": "410802", "areas": ["410802"]}, 11),
            (Role.UNIT_COORDINATOR, {"unit": "JZ-CGJ", "lines": ["signage"]}, 1),
            (Role.UNIT_COORDINATOR, {"unit": "410811", "areas": ["410811"]}, None),
            (Role.UNIT_HANDLER, {"unit": "JF-ZJJ", "areas": []}, 4),
        ],
        ids=["headquarters", "district", "bureau", "another district", "answerable unit"],
    )
    def test_each_sees_the_answers_in_his_reach(
        self, client, tx, inspector, body, role, posting, items
    ):
        make.submit(client, inspector, body).raise_for_status()
        who = make.signed_in(tx, role, **({"areas": [make.CITY]} | posting))
        answer = read(client, who, body["id"])
        if items is None:
            assert (answer.status_code, answer.json()["code"]) == (404, "visit.not-found")
        else:
            assert len(answer.json()["answers"]) == items

    def test_a_visit_that_is_not_there(self, client, inspector):
        answer = read(client, inspector, new_id())
        assert (answer.status_code, answer.json()["code"]) == (404, "visit.not-found")


class TestTheDatabase:
    @pytest.mark.parametrize("table", ["visit_revision", "answer", "finding"])
    @pytest.mark.parametrize(
        "verb", ["UPDATE {} SET revision_id = revision_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
    )
    def test_what_was_found_is_never_changed(self, client, tx, inspector, body, table, verb):
        make.submit(client, inspector, body).raise_for_status()
        statement = verb.format(table)
        if table == "visit_revision":
            statement = statement.replace("revision_id", "number")
        tx.exec(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        with pytest.raises(sa.exc.DBAPIError, match="never changed"):
            tx.exec(sa.text(statement))

    def test_answers_freeze_who_answers(self, client, tx, inspector, body):
        make.submit(client, inspector, body).raise_for_status()
        rows = tx.exec(select(Answer)).all()
        assert len(rows) == 11
        assert {row.area_path for row in rows} == {"/410800/410802/410802001/"}
        assert count(tx, Finding) == 5


class TestAtTheSameTime:
    """Real commits and real threads, on a database of their own."""

    @pytest.fixture
    def ground(self, committed):
        from sqlmodel import Session

        with Session(committed.database.engine, expire_on_commit=False) as tx:
            people = [make.signed_in(tx, Role.INSPECTOR) for _ in range(4)]
            round_ = make.make_round(tx, sites=[make.site_row("BJ-1")])
            plans = [make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}) for _ in people]
        return people, plans

    def test_fifty_equal_posts_are_one_visit(self, committed, ground):
        people, plans = ground
        body = plans[0].body
        gate = threading.Barrier(10)

        def send(_):
            client = committed.new_client()
            gate.wait()
            return [make.submit(client, people[0], body) for _ in range(5)]

        with ThreadPoolExecutor(10) as pool:
            answers = [answer for found in pool.map(send, range(10)) for answer in found]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        assert sum("dudao-replayed" not in answer.headers for answer in answers) == 1
        with committed.database.transaction() as tx:
            assert (count(tx, Visit), count(tx, VisitRevision), count(tx, Finding)) == (1, 1, 1)

    def test_of_several_visits_to_one_site_exactly_one_counts(self, committed, ground):
        people, plans = ground
        gate = threading.Barrier(len(people))

        def send(number):
            client = committed.new_client()
            gate.wait()
            return make.submit(client, people[number], plans[number].body)

        with ThreadPoolExecutor(len(people)) as pool:
            answers = list(pool.map(send, range(len(people))))
        assert [answer.status_code for answer in answers] == [201] * 4
        assert sorted(answer.json()["counting"] for answer in answers) == [
            False,
            False,
            False,
            True,
        ]

    def test_one_id_with_different_content_at_the_same_time_is_one_visit(self, committed, ground):
        people, plans = ground
        bodies = [plan.body | {"id": plans[0].body["id"]} for plan in plans]
        gate = threading.Barrier(len(bodies))

        def send(body):
            client = committed.new_client()
            gate.wait()
            return make.submit(client, people[0], body)

        with ThreadPoolExecutor(len(bodies)) as pool:
            answers = list(pool.map(send, bodies))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        with committed.database.transaction() as tx:
            assert count(tx, Visit) == 1

    def test_a_photo_and_its_visit_at_the_same_time_complete_each_other(
        self, committed, ground, http
    ):
        """Two workers handle the last photo and the visit; at least one sees both."""
        from app import worker

        people, _ = ground
        client = committed.new_client()
        for _ in range(5):
            photo_id = make.upload_photo(client, http, people[0])
            with committed.database.transaction() as tx:
                round_id = tx.exec(sa.text("SELECT id FROM round")).one()[0]
                plan = make.plan_visit(tx, round_id, "BJ-1", values={"BJ-02": 1}, photos=[photo_id])
            make.submit(client, people[0], plan.body).raise_for_status()
            worker.place_events(committed.runtime)
            with ThreadPoolExecutor(4) as pool:
                for _ in range(6):
                    list(pool.map(lambda _: worker.run_jobs(committed.runtime), range(4)))
                    worker.place_events(committed.runtime)
            settle(committed.runtime)
            assert read(client, people[0], plan.body["id"]).json()["state"] == "complete"


def test_ids_travel_as_text(client, inspector, body):
    found = make.submit(client, inspector, body).json()
    assert UUID(found["id"])
