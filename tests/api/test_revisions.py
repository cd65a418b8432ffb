"""Revisions: a visit is never overwritten; standing and ledger follow the present revision."""

import copy
import random
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.infra import jobs
from app.infra.events import Event
from app.inspections.tables import Answer, Visit, VisitRevision
from app.kit import clock
from app.kit.ids import new_id
from app.ledger.tables import Problem
from app.organisation.rules import Role
from app.organisation.tables import Responsibility, Unit
from tests import factories as make
from tests.support import settle

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def round_(ground):
    return make.make_round(
        ground.tx,
        sites=[make.site_row("XD-1"), make.site_row("XD-2", unit=make.DONGFANGHONG)],
        leagues=make.league_rows("districts"),
    )


@pytest.fixture
def body(client, tx, runtime, inspector, round_):
    """Two rubbish finds and one on signage, without photos to wait for: see ``without_photos``."""
    plan = make.plan_visit(tx, round_.id, "XD-1", values={"BJ-02": 2, "BJ-03": 1})
    make.submit(client, inspector, plan.body).raise_for_status()
    settle(runtime)
    return plan.body


def revision_of(body, based_on=1, **changes):
    kept = ("started_at", "ended_at", "location", "note", "photos", "answers")
    content = copy.deepcopy({key: body[key] for key in kept})
    return {"id": str(new_id()), "based_on": based_on, "reason": "复核更正", **content} | changes


def revise(client, who, body, revision):
    path = f"/v1/visits/{body['id']}/revisions"
    return client.post(path, json=revision, headers=who.headers)


def better(body, item, value):
    """The same content with the best value for an item: its findings vanish."""
    revision = revision_of(body)
    answer = make.answer_of(revision, item)
    answer.update(value=value, findings=[])
    return revision


def ledger_of(client, who, round_):
    query = {"round_id": str(round_.id)}
    items = client.get("/v1/ledger", params=query, headers=who.headers).json()["items"]
    return {one["number"]: one | {"version": None} for one in items}


class TestRevising:
    def test_a_revision_becomes_the_present_one_and_the_first_stays(
        self, client, tx, inspector, body
    ):
        revision = better(body, "BJ-03", 0)
        answer = revise(client, inspector, body, revision)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["revision"], answer.json()["earned"]) == (2, "96.000")
        listed = client.get(f"/v1/visits/{body['id']}/revisions", headers=inspector.headers).json()
        assert [(one["number"], one["reason"]) for one in listed["items"]] == [
            (1, None),
            (2, "复核更正"),
        ]
        first, second = (
            client.get(f"/v1/visits/{body['id']}/revisions/{n}", headers=inspector.headers).json()
            for n in (1, 2)
        )
        assert [make.answer_of(one, "BJ-03")["value"] for one in (first, second)] == ["1", "0"]
        present = client.get(f"/v1/visits/{body['id']}", headers=inspector.headers).json()
        assert present == second

    def test_repeating_it_gives_the_same_answer(self, client, tx, inspector, body):
        revision = better(body, "BJ-03", 0)
        first = revise(client, inspector, body, revision)
        again = revise(client, inspector, body, revision)
        assert again.json() == first.json()
        assert again.headers["dudao-replayed"] == "true"
        assert tx.exec(select(sa.func.count()).select_from(VisitRevision)).one() == 2
        other = revise(client, inspector, body, revision | {"reason": "另一原因"})
        assert (other.status_code, other.json()["code"]) == (409, "visit.revision-id-reused")
        assert [fault["pointer"] for fault in other.json()["errors"]] == ["/reason"]

    def test_a_replay_of_the_first_submission_is_still_known(self, client, inspector, body):
        revise(client, inspector, body, better(body, "BJ-03", 0)).raise_for_status()
        again = make.submit(client, inspector, body)
        assert (again.status_code, again.headers["dudao-replayed"]) == (201, "true")
        assert again.json()["revision"] == 2

    def test_a_stale_one_is_told_the_present_number(self, client, inspector, headquarters, body):
        revise(client, inspector, body, better(body, "BJ-03", 0)).raise_for_status()
        late = revise(client, headquarters, body, revision_of(body, 1))
        assert (late.status_code, late.json()["code"]) == (409, "visit.revision-stale")
        assert late.json()["errors"][0]["params"] == {"present": 2}
        assert revise(client, headquarters, body, revision_of(body, 2)).status_code == 201

    def test_its_content_is_checked_like_a_visit(self, client, inspector, body):
        revision = revision_of(body)
        make.answer_of(revision, "BJ-03")["value"] = 3
        answer = revise(client, inspector, body, revision)
        assert (answer.status_code, answer.json()["code"]) == (422, "visit.invalid")
        assert revise(client, inspector, body, revision_of(body, reason="")).status_code == 422

    @pytest.mark.parametrize(
        ("state", "own", "headquarters_"),
        [
            ("open", 201, 201),
            ("closed", (409, "visit.round-over"), 201),
            ("appeal", (409, "visit.round-over"), 201),
            ("published", (409, "visit.published"), (409, "visit.published")),
        ],
    )
    def test_who_may_revise_and_until_when(
        self, client, tx, inspector, headquarters, body, state, own, headquarters_
    ):
        other = make.signed_in(tx, Role.INSPECTOR)
        tx.exec(sa.text("UPDATE round SET state = :state"), params={"state": state})
        tx.commit()
        stranger = revise(client, other, body, revision_of(body))
        assert (stranger.status_code, stranger.json()["code"]) == (409, "visit.not-yours")
        for number, (who, expected) in enumerate(
            ((inspector, own), (headquarters, headquarters_)), start=1
        ):
            based_on = number if own == 201 else 1
            answer = revise(client, who, body, revision_of(body, based_on))
            code = answer.json().get("code")
            assert expected in (answer.status_code, (answer.status_code, code)), answer.text

    def test_the_crew_may_revise_and_only_headquarters_sees_who_was_there(
        self, client, tx, inspector, headquarters, round_
    ):
        mate = make.signed_in(tx, Role.INSPECTOR, areas=[make.SHANYANG])
        plan = make.plan_visit(tx, round_.id, "XD-1", crew=[mate.login])
        make.submit(client, inspector, plan.body).raise_for_status()
        path = f"/v1/visits/{plan.body['id']}"
        seen = client.get(path, headers=headquarters.headers).json()
        assert seen["submitted_by"]["code"] == inspector.login
        assert [person["code"] for person in seen["crew"]] == [mate.login]
        own = client.get(path, headers=mate.headers).json()
        assert (own["submitted_by"], own["crew"]) == (None, None)
        assert len(own["answers"]) == 11
        answer = revise(client, mate, plan.body, revision_of(plan.body, crew=[mate.login]))
        assert answer.status_code == 201
        unknown = make.plan_visit(tx, round_.id, "XD-2", crew=["nobody"]).body
        assert make.submit(client, inspector, unknown).json()["errors"][0]["pointer"] == "/crew/0"

    def test_attribution_stays_as_the_first_submission_froze_it(
        self, client, tx, runtime, inspector, headquarters, round_, body
    ):
        before = {
            row.item_id: row.answerable_unit_id
            for row in tx.exec(select(Answer).join(VisitRevision)).all()
        }
        other = tx.exec(select(Unit.id).where(Unit.code == "SY-CGJ")).one()
        tx.exec(sa.update(Responsibility).values(unit_id=other))
        tx.exec(
            sa.text("UPDATE site SET unit_id = :unit WHERE code = 'XD-1'"), params={"unit": other}
        )
        tx.commit()
        revise(client, inspector, body, better(body, "BJ-03", 0)).raise_for_status()
        settle(runtime)
        rows = tx.exec(
            select(Answer)
            .join(Visit, Visit.current_revision_id == Answer.revision_id)
            .where(Visit.id == UUID(body["id"]))
        ).all()
        assert {row.item_id: row.answerable_unit_id for row in rows} == before
        assert {row.area_path for row in rows} == {"/410800/410802/410802001/"}
        areas = {one["area"]["code"] for one in ledger_of(client, headquarters, round_).values()}
        assert areas == {make.MINSHENG}


class TestTheLedgerFollows:
    def test_a_vanished_finding_is_withdrawn_and_comes_back_as_the_same_entry(
        self, client, tx, runtime, inspector, headquarters, round_, body
    ):
        before = ledger_of(client, headquarters, round_)
        assert {one["state"] for one in before.values()} == {"reported"}
        revise(client, inspector, body, better(body, "BJ-03", 0)).raise_for_status()
        settle(runtime)
        after = ledger_of(client, headquarters, round_)
        assert sorted(one["state"] for one in after.values()) == [
            "cancelled",
            "reported",
            "reported",
        ]
        gone = next(number for number, one in after.items() if one["state"] == "cancelled")
        assert "修订" in after[gone]["cancel_reason"]
        revise(client, inspector, body, revision_of(body, 2)).raise_for_status()
        settle(runtime)
        assert ledger_of(client, headquarters, round_) == before
        kinds = [
            event.kind
            for event in tx.exec(
                select(Event)
                .join(Problem, Problem.id == Event.subject_id)
                .where(Problem.number == gone)
                .order_by(Event.id)
            ).all()
        ]
        assert kinds == ["problem.opened", "problem.withdrawn", "problem.reported-again"]

    def test_changes_are_taken_over_with_before_and_after(
        self, client, tx, runtime, inspector, headquarters, round_, body
    ):
        revision = revision_of(body)
        finding = make.answer_of(revision, "BJ-03")["findings"][0]
        new_photo = str(new_id())
        finding["note"], finding["photos"] = "门头牌匾破损", [new_photo]
        revise(client, inspector, body, revision).raise_for_status()
        settle(runtime)
        (event,) = tx.exec(select(Event).where(Event.kind == "problem.changed")).all()
        assert event.data["before"]["note"] == "墙根堆放生活垃圾"
        assert event.data["after"]["note"] == "门头牌匾破损"
        assert event.data["after"]["photos"] == [new_photo]
        notes = [one["note"] for one in ledger_of(client, headquarters, round_).values()]
        assert sorted(set(notes)) == sorted({"墙根堆放生活垃圾", "门头牌匾破损"})

    def test_a_new_finding_opens_an_entry(
        self, client, runtime, inspector, headquarters, round_, body
    ):
        revision = revision_of(body)
        answer = make.answer_of(revision, "BJ-02")
        answer["value"] = 3
        answer["findings"].append({"id": str(new_id()), "note": "绿化带内有垃圾"})
        revise(client, inspector, body, revision).raise_for_status()
        settle(runtime)
        assert len(ledger_of(client, headquarters, round_)) == 4

    def test_any_order_and_number_of_jobs_ends_in_the_same_state(
        self, client, tx, runtime, inspector, headquarters, round_, body
    ):
        revise(client, inspector, body, better(body, "BJ-03", 0)).raise_for_status()
        settle(runtime)
        wanted = ledger_of(client, headquarters, round_)
        kinds = ("visit.submitted", "visit.revised")
        events = list(tx.exec(select(Event.id).where(Event.kind.in_(kinds))).all()) * 2
        for seed in range(3):
            random.Random(seed).shuffle(events)
            for event in events:
                jobs.enqueue(tx, [(event, "ledger.open_problems")], at=clock.real_now())
                tx.commit()
                settle(runtime)
        assert ledger_of(client, headquarters, round_) == wanted

    def test_an_entry_that_people_cancelled_stays_cancelled(
        self, client, tx, runtime, inspector, headquarters, round_, body
    ):
        tx.exec(sa.text("UPDATE problem SET state = 'cancelled'"))
        tx.commit()
        revise(client, inspector, body, revision_of(body, note="已复核")).raise_for_status()
        settle(runtime)
        states = {one["state"] for one in ledger_of(client, headquarters, round_).values()}
        assert states == {"cancelled"}


class TestTheStandingFollows:
    def test_the_present_revision_counts_and_missing_photos_make_it_incomplete(
        self, client, http, tx, runtime, inspector, headquarters, round_
    ):
        plan = make.plan_visit(tx, round_.id, "XD-2", values={"BJ-02": 1})
        finding = make.answer_of(plan.body, "BJ-02")["findings"][0]
        finding["photos"] = [make.upload_photo(client, http, inspector)]
        make.submit(client, inspector, plan.body).raise_for_status()
        settle(runtime)

        def standing():
            path = f"/v1/rounds/{round_.id}/rankings/districts"
            items = client.get(path, headers=headquarters.headers).json()["items"]
            rows = {one["unit"]["code"]: one for one in items}
            return rows[make.SHANYANG]["score"], rows[make.SHANYANG]["pending_visits"]

        assert standing() == ("98.00", 0)
        revise(client, inspector, plan.body, better(plan.body, "BJ-02", 0)).raise_for_status()
        settle(runtime)
        assert standing() == ("100.00", 0)
        later = make.announcement(content := make.make_photo_bytes())
        revision = revision_of(plan.body, 2)
        make.answer_of(revision, "BJ-02")["findings"][0]["photos"] = [later["id"]]
        answer = revise(client, inspector, plan.body, revision)
        assert answer.json()["missing_photos"] == [later["id"]]
        settle(runtime)
        assert standing() == (None, 1)
        make.upload_photo(client, http, inspector, content, id=later["id"])
        settle(runtime)
        assert standing() == ("98.00", 0)
