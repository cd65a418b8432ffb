"""Outcomes, doubles, late arrivals, and photos that are to be taken again."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.infra import events, jobs
from app.infra.events import Event
from app.inspections.tables import Retake, Visit
from app.kit import clock
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.rounds.tables import Task
from app.sites.rules import SiteState
from app.sites.tables import Site
from tests import factories as make
from tests.support import settle

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def other(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def round_(ground):
    sites = [make.site_row("JD-1"), make.site_row("JD-2", unit=make.DONGFANGHONG)]
    return make.make_round(ground.tx, sites=sites)


def close(tx, state="closed"):
    tx.exec(sa.text("UPDATE round SET state = :state"), params={"state": state})
    tx.commit()


def not_inspected(plan, outcome="not_accessible", **changes):
    fields = {"outcome": outcome, "answers": [], "note": "大门紧锁", "photos": [str(new_id())]}
    return plan.body | fields | changes


def decide(client, who, visit, word, reason="指挥部决定"):
    path = f"/v1/visits/{visit['id']}/{word}"
    return client.post(path, json={"reason": reason}, headers=who.headers)


def pointers(answer):
    assert answer.status_code == 422, answer.text
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


class TestOutcomes:
    @pytest.mark.parametrize("outcome", ["not_accessible", "gone"])
    def test_a_site_that_could_not_be_inspected_is_kept_and_the_next_inspection_counts(
        self, client, tx, runtime, inspector, round_, outcome
    ):
        plan = make.plan_visit(tx, round_.id, "JD-1")
        found = make.submit(client, inspector, not_inspected(plan, outcome)).json()
        assert (found["outcome"], found["score"], found["possible"]) == (outcome, None, "0.000")
        assert (found["counting"], found["not_counting_reason"]) == (False, "outcome")
        later = make.plan_visit(tx, round_.id, "JD-1").body
        assert make.submit(client, inspector, later).json()["counting"] is True

    def test_it_needs_a_reason_and_a_photo_and_has_no_answers(self, client, tx, inspector, round_):
        plan = make.plan_visit(tx, round_.id, "JD-1")
        body = not_inspected(plan, note=" ", photos=[], answers=plan.body["answers"])
        assert pointers(make.submit(client, inspector, body)) == {
            ("/note", "outcome.reason-missing"),
            ("/photos", "outcome.photo-missing"),
            ("/answers", "outcome.answers"),
        }

    def test_who_has_the_area_and_all_lines_sees_it(self, client, tx, inspector, round_):
        body = not_inspected(make.plan_visit(tx, round_.id, "JD-1"))
        make.submit(client, inspector, body).raise_for_status()
        for unit, areas, lines, status in (
            (make.JIEFANG, [make.JIEFANG], [], 200),
            (make.SHANYANG, [make.SHANYANG], [], 404),
            (make.URBAN_MANAGEMENT, [make.CITY], ["signage"], 404),
        ):
            who = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=unit, areas=areas, lines=lines)
            answer = client.get(f"/v1/visits/{body['id']}", headers=who.headers)
            assert answer.status_code == status, unit

    def test_a_revision_may_change_the_outcome_both_ways(self, client, tx, inspector, round_):
        plan = make.plan_visit(tx, round_.id, "JD-1")
        make.submit(client, inspector, not_inspected(plan)).raise_for_status()
        kept = ("started_at", "ended_at", "answers", "photos", "note")
        content = {key: plan.body[key] for key in kept}
        path = f"/v1/visits/{plan.body['id']}/revisions"
        revision = {"id": str(new_id()), "based_on": 1, "reason": "后来进入", **content}
        found = client.post(path, json=revision, headers=inspector.headers).json()
        assert (found["counting"], found["score"]) == (True, "100.00")
        back = revision | {
            "id": str(new_id()), "based_on": 2, "outcome": "gone", "answers": [], "note": "已拆除",
            "photos": [str(new_id())],
        }  # fmt: skip
        found = client.post(path, json=back, headers=inspector.headers).json()
        assert (found["counting"], found["not_counting_reason"]) == (False, "outcome")


class TestDoubles:
    @pytest.fixture
    def pair(self, client, tx, runtime, inspector, other, round_):
        plans = [
            make.plan_visit(tx, round_.id, "JD-1", values=values).body
            for values in ({}, {"BJ-02": 1, "BJ-01": "B"})
        ]
        for who, body in zip((inspector, other), plans, strict=True):
            make.submit(client, who, body).raise_for_status()
        settle(runtime)
        return plans

    def test_who_inspected_himself_is_blind_until_the_close(
        self, client, tx, inspector, other, pair
    ):
        first, second = (f"/v1/visits/{body['id']}" for body in pair)
        third = make.signed_in(tx, Role.INSPECTOR)

        def statuses(who):
            listed = client.get("/v1/visits", headers=who.headers).json()["items"]
            found = [client.get(path, headers=who.headers).status_code for path in (first, second)]
            seen = {one["id"] for one in listed}
            assert [body["id"] in seen for body in pair] == [code == 200 for code in found]
            return found

        assert [statuses(who) for who in (inspector, other, third)] == [
            [200, 404],
            [404, 200],
            [200, 200],
        ]
        close(tx)
        assert [statuses(who) for who in (inspector, other)] == [[200, 200]] * 2

    def test_the_ledger_does_not_tell_one_what_the_other_found(
        self, client, tx, inspector, other, headquarters, pair
    ):
        def found_by(who):
            listed = client.get("/v1/ledger", headers=who.headers).json()["items"]
            for one in listed:
                answer = client.get(f"/v1/ledger/{one['number']}", headers=who.headers)
                assert answer.json()["visit_id"] == one["visit_id"]
            return {one["number"]: one["visit_id"] for one in listed}

        every = found_by(headquarters)
        assert set(every.values()) == {pair[1]["id"]}
        assert found_by(inspector) == {}
        for number in every:
            answer = client.get(f"/v1/ledger/{number}", headers=inspector.headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "problem.not-found")
        assert found_by(other) == found_by(make.signed_in(tx, Role.INSPECTOR)) == every
        close(tx)
        assert found_by(inspector) == every

    def test_headquarters_compares_them(self, client, inspector, headquarters, pair):
        path = f"/v1/visits/{pair[0]['id']}/double"
        found = client.get(path, headers=headquarters.headers).json()
        (one,) = found["others"]
        assert (one["visit_id"], one["counting"]) == (pair[1]["id"], False)
        assert one["not_counting_reason"] == "double"
        assert [(d["item"], d["value"], d["other"]) for d in one["differing"]] == [
            ("BJ-01", "A", "B"),
            ("BJ-02", "0", "1"),
        ]
        assert len(one["agreeing"]) == 9
        assert client.get(path, headers=inspector.headers).status_code == 403

    def test_headquarters_chooses_which_counts(self, client, tx, headquarters, pair):
        chosen = decide(client, headquarters, pair[1], "count").json()
        assert (chosen["counting"], chosen["not_counting_reason"]) == (True, None)
        assert decide(client, headquarters, pair[1], "count").json() == chosen
        first = tx.exec(select(Visit).where(Visit.id == UUID(pair[0]["id"]))).one()
        assert (first.counting, first.not_counting_reason) == (False, "replaced")
        changes = tx.exec(select(Event).where(Event.kind == "visit.counting-changed")).all()
        assert len(changes) == 2
        assert {event.data["reason"] for event in changes} == {"指挥部决定"}

    def test_what_cannot_count_is_not_chosen(self, client, tx, inspector, headquarters, round_):
        body = not_inspected(make.plan_visit(tx, round_.id, "JD-2"))
        make.submit(client, inspector, body).raise_for_status()
        answer = decide(client, headquarters, body, "count")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.not-inspected")
        close(tx)
        late = make.plan_visit(tx, round_.id, "JD-2").body
        make.submit(client, inspector, late).raise_for_status()
        answer = decide(client, headquarters, late, "count")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.late")
        close(tx, "published")
        answer = decide(client, headquarters, late, "count")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.published")

    def test_visits_of_a_refused_site_count_no_more(
        self, client, tx, runtime, headquarters, round_, pair
    ):
        visit = tx.exec(select(Visit).where(Visit.id == UUID(pair[0]["id"]))).one()
        for _ in range(2):
            events.record(tx, "site.refused", subject=("site", visit.site_id), reason="不属点位")
            tx.commit()
            settle(runtime)
        path = f"/v1/visits/{pair[0]['id']}"
        found = client.get(path, headers=headquarters.headers).json()
        assert (found["counting"], found["not_counting_reason"]) == (False, "site_refused")

    def test_a_visit_that_comes_in_after_the_refusal_counts_neither(
        self, client, tx, runtime, headquarters, inspector, round_
    ):
        site = tx.exec(select(Site).where(Site.code == "JD-1")).one()
        site.state, site.valid_to = SiteState.CLOSED, site.valid_from
        tx.add(site)
        events.record(tx, "site.refused", subject=("site", site.id), reason="不属点位")
        tx.commit()
        settle(runtime)
        body = make.plan_visit(tx, round_.id, "JD-1").body
        make.submit(client, inspector, body).raise_for_status()
        settle(runtime)
        found = client.get(f"/v1/visits/{body['id']}", headers=headquarters.headers).json()
        assert (found["counting"], found["not_counting_reason"]) == (False, "site_refused")

    def test_who_has_a_blind_task_sees_nothing_before_he_has_been_there(
        self, client, tx, inspector, other
    ):
        task = make.task_row("JD-3", members=[other.login])
        round_ = make.make_round(tx, sites=[make.site_row("JD-3")], tasks=[task])
        body = make.plan_visit(tx, round_.id, "JD-3").body
        make.submit(client, inspector, body).raise_for_status()
        path = f"/v1/visits/{body['id']}"
        assert client.get(path, headers=other.headers).status_code == 200
        tx.execute(sa.update(Task).where(Task.round_id == round_.id).values(blind=True))
        tx.commit()
        assert client.get(path, headers=other.headers).status_code == 404
        assert client.get(path, headers=inspector.headers).status_code == 200


class TestLateArrivals:
    @pytest.fixture
    def late(self, client, tx, inspector, round_):
        make.submit(client, inspector, make.plan_visit(tx, round_.id, "JD-1").body)
        close(tx)
        bodies = [make.plan_visit(tx, round_.id, site).body for site in ("JD-1", "JD-2", "JD-2")]
        for body in bodies:
            make.submit(client, inspector, body).raise_for_status()
        return bodies

    def undecided(self, client, who, round_):
        query = {"round_id": str(round_.id), "late": True, "undecided": True}
        items = client.get("/v1/visits", params=query, headers=who.headers).json()["items"]
        return {one["id"] for one in items}

    def test_they_are_listed_accepted_and_refused(
        self, client, tx, inspector, headquarters, round_, late
    ):
        assert self.undecided(client, headquarters, round_) == {body["id"] for body in late}
        taken, counts, refused = late
        found = decide(client, headquarters, taken, "accept-late").json()
        assert (found["counting"], found["not_counting_reason"]) == (False, "double")
        found = decide(client, headquarters, counts, "accept-late").json()
        assert (found["counting"], found["late_decision"]) == (True, "accepted")
        found = decide(client, headquarters, refused, "refuse-late").json()
        assert (found["counting"], found["not_counting_reason"]) == (False, "late")
        assert self.undecided(client, headquarters, round_) == set()
        assert decide(client, inspector, refused, "accept-late").status_code == 403

    def test_it_is_decided_once_and_before_publication(
        self, client, tx, inspector, headquarters, late
    ):
        first = decide(client, headquarters, late[1], "accept-late").json()
        assert decide(client, headquarters, late[1], "accept-late").json() == first
        answer = decide(client, headquarters, late[1], "refuse-late")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.late-decided")
        close(tx, "published")
        answer = decide(client, headquarters, late[2], "accept-late")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.published")

    def test_what_came_in_time_is_not_to_be_decided(
        self, client, tx, inspector, headquarters, round_
    ):
        body = make.plan_visit(tx, round_.id, "JD-1").body
        make.submit(client, inspector, body).raise_for_status()
        answer = decide(client, headquarters, body, "accept-late")
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.not-late")


class TestTheList:
    def test_filters_and_pages(self, client, tx, runtime, inspector, headquarters, round_):
        bodies = [make.plan_visit(tx, round_.id, site).body for site in ("JD-1", "JD-1", "JD-2")]
        bodies.append(not_inspected(make.plan_visit(tx, round_.id, "JD-2")))
        for body in bodies:
            make.submit(client, inspector, body).raise_for_status()
        settle(runtime)
        ids = [body["id"] for body in bodies]

        def listed(who=headquarters, **query):
            query = {"round_id": str(round_.id)} | query
            answer = client.get("/v1/visits", params=query, headers=who.headers)
            assert answer.status_code == 200, answer.text
            return [one["id"] for one in answer.json()["items"]]

        assert listed() == ids[::-1]
        assert listed(unit=make.JIEFANG) == [ids[1], ids[0]]
        assert listed(site="JD-2", counting=True) == [ids[2]]
        assert listed(counting=False) == [ids[3], ids[1]]
        assert listed(complete=False) == [ids[3]]
        assert listed(outcome="not_accessible") == [ids[3]]
        assert listed(source="self") == listed(late=True) == []
        assert listed(submitter=inspector.login) == ids[::-1]
        assert listed(inspector, submitter=inspector.login) == ids[::-1]
        refused = client.get(
            "/v1/visits", params={"submitter": headquarters.login}, headers=inspector.headers
        )
        assert refused.status_code == 403
        joined, cursor = [], None
        while True:
            query = {"limit": 1, "round_id": str(round_.id)} | (
                {"cursor": cursor} if cursor else {}
            )
            page = client.get("/v1/visits", params=query, headers=headquarters.headers).json()
            joined += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert joined == ids[::-1]

    @pytest.mark.parametrize("cursor", ["x", "WyJhIiwiYiJd", "WyIyMDE4LTAxLTAxIiwiMSJd"])
    def test_a_bad_cursor_is_pointed_at(self, client, headquarters, cursor):
        answer = client.get("/v1/visits", params={"cursor": cursor}, headers=headquarters.headers)
        assert pointers(answer) == {("/cursor", "field.bad-cursor")}


class TestRetakes:
    @pytest.fixture
    def waiting(self, client, http, tx, runtime, inspector, round_):
        """A visit that names a photo which ends refused."""
        photo = str(new_id())
        plan = make.plan_visit(tx, round_.id, "JD-1", values={"BJ-02": 1}, photos=[photo])
        make.submit(client, inspector, plan.body).raise_for_status()
        make.upload_photo(client, http, inspector, b"nonsense", id=photo)
        settle(runtime)
        return plan.body, photo

    def mine(self, client, who, **query):
        answer = client.get("/v1/retakes", params={"mine": True} | query, headers=who.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def state(self, client, who, body):
        return client.get(f"/v1/visits/{body['id']}", headers=who.headers).json()["state"]

    def test_a_refused_photo_is_asked_for_again_once(
        self, client, tx, runtime, inspector, other, waiting
    ):
        body, photo = waiting
        (one,) = self.mine(client, inspector)
        assert (one["visit_id"], one["photo_id"], one["state"]) == (body["id"], photo, "open")
        assert self.mine(client, other) == []
        events = tx.exec(
            select(Event.id).where(Event.kind.in_(("photo.rejected", "visit.submitted")))
        ).all()
        for event in events:
            jobs.enqueue(tx, [(event, "inspections.judge_visits_of_photo")], at=clock.real_now())
        tx.commit()
        settle(runtime)
        assert len(tx.exec(select(Retake)).all()) == 1

    def test_another_photo_in_its_place_fulfils_it_as_a_revision(
        self, client, http, tx, runtime, inspector, waiting
    ):
        body, _ = waiting
        (one,) = self.mine(client, inspector)
        new = make.upload_photo(client, http, inspector)
        path = f"/v1/retakes/{one['id']}/fulfil"
        done = client.post(path, json={"photo_id": new}, headers=inspector.headers)
        assert (done.status_code, done.json()["revision"]) == (201, 2), done.text
        again = client.post(path, json={"photo_id": new}, headers=inspector.headers)
        assert again.headers["dudao-replayed"] == "true"
        settle(runtime)
        assert self.state(client, inspector, body) == "complete"
        (one,) = self.mine(client, inspector, state="fulfilled")
        assert one["new_photo_id"] == new
        answer = client.post(path, json={"photo_id": str(new_id())}, headers=inspector.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "retake.decided")

    def test_headquarters_may_do_without_it(
        self, client, runtime, inspector, headquarters, waiting
    ):
        body, _ = waiting
        (one,) = self.mine(client, inspector)
        path = f"/v1/retakes/{one['id']}/waive"
        wanted = {"reason": "现场已无法补拍"}
        assert client.post(path, json=wanted, headers=inspector.headers).status_code == 403
        done = client.post(path, json=wanted, headers=headquarters.headers)
        assert done.json()["state"] == "waived"
        settle(runtime)
        assert self.state(client, inspector, body) == "complete"

    def test_headquarters_asks_by_hand_for_a_photo_that_the_visit_names(
        self, client, inspector, headquarters, tx, round_
    ):
        photo = str(new_id())
        plan = make.plan_visit(tx, round_.id, "JD-2", values={"BJ-02": 1}, photos=[photo])
        make.submit(client, inspector, plan.body).raise_for_status()
        path = f"/v1/visits/{plan.body['id']}/retakes"
        wanted = {"photo_id": photo, "reason": "照片模糊"}
        first = client.post(path, json=wanted, headers=headquarters.headers)
        assert (first.status_code, first.json()["reason"]) == (201, "照片模糊")
        assert client.post(path, json=wanted, headers=headquarters.headers).json() == first.json()
        strange = {"photo_id": str(new_id()), "reason": "照片模糊"}
        answer = client.post(path, json=strange, headers=headquarters.headers)
        assert pointers(answer) == {("/photo_id", "field.unknown-reference")}
        (one,) = self.mine(client, inspector)
        used = {"photo_id": photo}
        answer = client.post(
            f"/v1/retakes/{one['id']}/fulfil", json=used, headers=inspector.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "retake.same-photo")
