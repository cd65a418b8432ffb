"""Rounds, visits, revisions, decisions, photos and jobs in random order against a slow model.

The model is a few plain dictionaries that know nothing of the code. Whatever happened before, the
visits that count are those of the model at every step; once all jobs have run, in whatever order
and however often, so are the points of the standing, the ledger and what waits for photos.
"""

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlmodel import select

from app import worker
from app.evidence import service as evidence
from app.evidence.rules import PhotoState
from app.evidence.tables import Photo
from app.infra import jobs
from app.infra.events import Event
from app.infra.jobs import Job
from app.inspections.tables import Retake, Visit
from app.kit import clock
from app.kit.ids import new_id
from app.ledger.tables import Problem
from app.organisation.rules import Role
from app.scoring import queries as scoring
from tests import factories as make
from tests.support import settle

_SITES = ("MODEL-1", "MODEL-2")
_KEPT = ("started_at", "ended_at", "location", "note", "photos", "answers", "outcome")
_COUNTED = "BJ-02"


@dataclass
class Modelled:
    """What the model knows of one visit."""

    first: dict[str, Any]
    owner: int
    site: str
    content: dict[str, Any]
    late: bool
    why_not: str | None
    number: int = 1
    decision: str | None = None
    ever: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    waived: set[str] = field(default_factory=set)

    @property
    def inspected(self) -> bool:
        return self.content.get("outcome", "inspected") == "inspected"

    def findings(self) -> dict[str, str]:
        return {
            finding["id"]: finding["note"]
            for answer in self.content["answers"]
            for finding in answer.get("findings", [])
        }

    def photos(self) -> set[str]:
        named = set(self.content["photos"])
        for answer in self.content["answers"]:
            named |= set(answer.get("photos", []))
            for finding in answer.get("findings", []):
                named |= set(finding.get("photos", []))
        return named


class Machine(RuleBasedStateMachine):
    """One round with two sites, two inspectors and headquarters."""

    world: Any  # set by the test: client, tx, runtime, people, loss per find

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        self.client, self.tx, self.runtime = world.client, world.tx, world.runtime
        self.people, self.headquarters = world.people, world.headquarters
        sites = [make.site_row(f"{code}-{new_id().hex[-8:]}") for code in _SITES]
        self.sites = [site["code"] for site in sites]
        self.round = make.make_round(self.tx, sites=sites)
        self.state = "open"
        self.visits: list[Modelled] = []
        self.photos: dict[str, str] = {}  # named at any time -> missing | stored | rejected

    # -- what people do ---------------------------------------------------------------------

    @rule(site=st.sampled_from((0, 1)), who=st.sampled_from((0, 1)), finds=st.integers(0, 2))
    def submit(self, site, who, finds):
        plan = make.plan_visit(self.tx, self.round.id, self.sites[site], values={_COUNTED: finds})
        self._submit(plan.body, who)

    @rule(site=st.sampled_from((0, 1)), who=st.sampled_from((0, 1)))
    def find_it_closed(self, site, who):
        body = make.plan_visit(self.tx, self.round.id, self.sites[site]).body
        shut = {"outcome": "not_accessible", "answers": [], "note": "无人"}
        self._submit(body | shut | {"photos": [str(new_id())]}, who)

    def _submit(self, body, who):
        answer = make.submit(self.client, self.people[who], body)
        assert answer.status_code == 201, answer.text
        late = self.state != "open"
        inspected = body.get("outcome", "inspected") == "inspected"
        taken = any(v.why_not is None for v in self.visits if v.site == body["site"])
        why_not = "late" if late else None if inspected else "outcome"
        if why_not is None and taken:
            why_not = "double"
        one = Modelled(body, who, body["site"], body, late, why_not)
        self.visits.append(one)
        self._named(one)

    def _named(self, one):
        one.ever |= set(one.findings())
        for photo in one.photos():
            self.photos.setdefault(photo, "missing")

    @precondition(lambda self: self.visits)
    @rule(data=st.data())
    def replay(self, data):
        one = data.draw(st.sampled_from(self.visits))
        answer = make.submit(self.client, self.people[one.owner], one.first)
        assert (answer.status_code, answer.headers.get("dudao-replayed")) == (201, "true")
        assert answer.json()["revision"] == one.number

    @precondition(lambda self: self.visits)
    @rule(
        data=st.data(),
        by_headquarters=st.booleans(),
        stale=st.sampled_from((False, False, True)),
        shut=st.sampled_from((False, False, False, True)),
    )
    def revise(self, data, by_headquarters, stale, shut):
        one = data.draw(st.sampled_from(self.visits))
        content = self._other_content(data, one, shut=shut)
        revision = {
            "id": str(new_id()),
            "based_on": one.number + (1 if stale else 0),
            "reason": "更正",
            **{key: content[key] for key in _KEPT if key in content},
        }
        who = self.headquarters if by_headquarters else self.people[one.owner]
        path = f"/v1/visits/{one.first['id']}/revisions"
        answer = self.client.post(path, json=revision, headers=who.headers)
        allowed = self.state == "open" or (by_headquarters and self.state == "closed")
        if not allowed or stale:
            assert answer.status_code == 409, answer.text
            return
        assert answer.status_code == 201, answer.text
        again = self.client.post(path, json=revision, headers=who.headers)
        assert (again.status_code, again.headers["dudao-replayed"]) == (201, "true")
        self._revised(one, content)

    def _revised(self, one, content):
        one.content, one.number = content, one.number + 1
        if not one.inspected and one.why_not is None:
            one.why_not = "outcome"
        elif one.inspected and one.why_not == "outcome":
            others = [v for v in self.visits if v.site == one.site and v is not one]
            one.why_not = "double" if any(v.why_not is None for v in others) else None
        self._named(one)

    def _other_content(self, data, one, *, shut):
        """Findings kept, dropped, said otherwise and new; the photo kept or another one."""
        if shut:
            fresh = {"photos": sorted(one.photos())[:1] or [str(new_id())]}
            return one.content | {"outcome": "gone", "answers": [], "note": "已拆除"} | fresh
        plan = make.plan_visit(self.tx, self.round.id, one.site)
        kept = (
            data.draw(st.lists(st.sampled_from(sorted(one.ever)), unique=True, max_size=2))
            if (one.ever)
            else []
        )
        ids = kept + [str(new_id()) for _ in range(data.draw(st.integers(0, 1)))]
        findings = [
            {"id": key, "note": data.draw(st.sampled_from(("垃圾", "污水")))} for key in ids
        ]
        if findings:
            mine = sorted(one.photos())
            reuse = bool(mine) and data.draw(st.booleans())
            findings[0]["photos"] = [mine[0] if reuse else str(new_id())]
        make.answer_of(plan.body, _COUNTED).update(value=len(ids), findings=findings)
        return {key: plan.body[key] for key in _KEPT if key in plan.body}

    @rule()
    def close(self):
        if self.state == "open" and len(self.visits) > 3:
            self._move("closed")

    @precondition(lambda self: self.state == "closed" and len(self.visits) > 6)
    @rule()
    def publish(self):
        self._move("published")

    def _move(self, state):
        self.state = state
        self.tx.exec(
            sa.text("UPDATE round SET state = :state WHERE id = :id"),
            params={"state": state, "id": self.round.id},
        )
        self.tx.commit()

    @precondition(lambda self: self.visits)
    @rule(data=st.data(), word=st.sampled_from(("count", "accept-late", "refuse-late")))
    def decide(self, data, word):
        one = data.draw(st.sampled_from(self.visits))
        path = f"/v1/visits/{one.first['id']}/{word}"
        answer = self.client.post(path, json={"reason": "决定"}, headers=self.headquarters.headers)
        done = self._count(one) if word == "count" else self._late(one, word)
        assert answer.status_code == (200 if done else 409), (word, answer.text)

    def _count(self, one):
        if self.state == "published":
            return False
        if one.why_not is None:
            return True
        if not one.inspected or (one.late and one.decision != "accepted"):
            return False
        for other in self.visits:
            if other.site == one.site and other.why_not is None:
                other.why_not = "replaced"
        one.why_not = None
        return True

    def _late(self, one, word):
        decision = "accepted" if word == "accept-late" else "refused"
        if self.state == "published" or not one.late:
            return False
        if one.decision is not None:
            return one.decision == decision
        one.decision = decision
        if decision == "accepted":
            taken = any(v.why_not is None for v in self.visits if v.site == one.site)
            one.why_not = "outcome" if not one.inspected else "double" if taken else None
        return True

    # -- photos -----------------------------------------------------------------------------

    @precondition(lambda self: "missing" in self.photos.values())
    @rule(data=st.data(), good=st.sampled_from((True, True, False)))
    def decide_photo(self, data, good):
        """The verifier has looked at a photo; whoever named it took it."""
        waiting = sorted(key for key, state in self.photos.items() if state == "missing")
        photo = data.draw(st.sampled_from(waiting))
        owner = next(v.owner for v in self.visits if photo in v.photos() or photo in str(v.first))
        self._take(photo, owner)
        verdict = (
            evidence.Kept("image/jpeg", 1, 1) if good else evidence.Refused("photo.undecodable")
        )
        with self.runtime.database.transaction() as tx:
            tx.exec(
                sa.update(Photo)
                .where(Photo.id == UUID(photo))
                .values(state=PhotoState.VERIFYING, sweep_at=None)
            )
            evidence.apply_verdict(tx, self.runtime.settings, photo_id=UUID(photo), verdict=verdict)
        self.photos[photo] = "stored" if good else "rejected"

    def _take(self, photo, owner):
        announced = make.announcement(photo.encode(), id=photo)
        make.announce(self.client, self.people[owner], announced).raise_for_status()

    @rule(data=st.data(), waive=st.booleans())
    def answer_retake(self, data, waive):
        ids = [UUID(v.first["id"]) for v in self.visits]
        asked = self.tx.exec(
            select(Retake)
            .where(Retake.visit_id.in_(ids), Retake.state == "open")
            .order_by(Retake.id)
            .execution_options(populate_existing=True)
        ).all()
        if not asked:
            return
        retake = data.draw(st.sampled_from(list(asked)))
        one = next(v for v in self.visits if v.first["id"] == str(retake.visit_id))
        old = str(retake.photo_id)
        path = f"/v1/retakes/{retake.id}/"
        if waive:
            answer = self.client.post(
                path + "waive", json={"reason": "免"}, headers=self.headquarters.headers
            )
            assert answer.status_code == (409 if self.state == "published" else 200)
            if answer.status_code == 200:
                one.waived.add(old)
            return
        new = str(new_id())
        answer = self.client.post(
            path + "fulfil", json={"photo_id": new}, headers=self.people[one.owner].headers
        )
        assert answer.status_code == (201 if self.state == "open" else 409), answer.text
        if answer.status_code == 201:
            self._revised(one, _replaced(one.content, old, new))

    # -- jobs -------------------------------------------------------------------------------

    @rule(seed=st.integers(0, 999))
    def run_some_jobs(self, seed):
        worker.place_events(self.runtime)
        self._shuffle(seed)
        worker.run_jobs(self.runtime)

    @rule(seed=st.integers(0, 999))
    def repeat_a_job(self, seed):
        events = self.tx.exec(
            select(Event.id).where(
                Event.kind.in_(("visit.submitted", "visit.revised")),
                Event.subject_id.in_([UUID(v.first["id"]) for v in self.visits]),
                Event.seq.is_not(None),
            )
        ).all()
        if not events:
            return
        event = random.Random(seed).choice(sorted(events))
        names = ("ledger.open_problems", "inspections.judge_visit")
        jobs.enqueue(self.tx, [(event, name) for name in names], at=clock.real_now())
        self.tx.commit()

    def _shuffle(self, seed):
        waiting = sorted(self.tx.exec(select(Job.id)).all())
        random.Random(seed).shuffle(waiting)
        for position, job in enumerate(waiting):
            at = sa.text(f"now() - interval '1 day' + interval '{position} seconds'")
            self.tx.exec(sa.update(Job).where(Job.id == job).values(run_at=at))
        self.tx.commit()

    @rule(seed=st.integers(0, 999))
    def settle(self, seed):
        worker.place_events(self.runtime)
        self._shuffle(seed)
        settle(self.runtime)
        for one in self.visits:
            one.opened |= set(one.findings())
        self._compare_ledger()
        self._compare_completeness_and_standing()

    # -- comparing --------------------------------------------------------------------------

    def check_invariants(self, *args, **kwargs):
        super().check_invariants(*args, **kwargs)
        rows = self.tx.connection().execute(
            sa.text(
                "SELECT id::text, not_counting_reason, counting, late_decision FROM visit"
                " WHERE round_id = :id"
            ),
            {"id": self.round.id},
        )
        found = {row[0]: tuple(row[1:]) for row in rows}
        assert found == {
            v.first["id"]: (v.why_not, v.why_not is None, v.decision) for v in self.visits
        }

    def _compare_ledger(self):
        rows = self.tx.connection().execute(
            sa.select(Problem.visit_id, Problem.finding_id, Problem.state, Problem.note).where(
                Problem.round_id == self.round.id
            )
        )
        found = {(str(row[0]), str(row[1])): (row[2].value, row[3]) for row in rows}
        for one in self.visits:
            mine = {key[1]: value for key, value in found.items() if key[0] == one.first["id"]}
            present = one.findings()
            assert set(present) <= one.opened <= set(mine) <= one.ever
            for finding, (state, note) in mine.items():
                if finding in present:
                    assert (state, note) == ("reported", present[finding])
                else:
                    assert state == "cancelled"

    def _compare_completeness_and_standing(self):
        earned = possible = 0
        rows = self.tx.exec(
            select(Visit)
            .where(Visit.round_id == self.round.id)
            .execution_options(populate_existing=True)
        ).all()
        complete = {str(row.id) for row in rows if row.completed_at}
        for one in self.visits:
            there = all(
                self.photos[photo] == "stored" or photo in one.waived for photo in one.photos()
            )
            assert (one.first["id"] in complete) is there, (one, self.photos)
            if there and one.why_not is None:
                loss = min(self.world.most, self.world.loss * len(one.findings()))
                earned, possible = earned + 100_000 - loss, possible + 100_000
        cells = scoring.read_cells(self.tx, self.round.id)
        assert sum(cell.earned for cell in cells) == earned
        assert sum(cell.possible for cell in cells) == possible

    def teardown(self):
        self.settle(0)


def _replaced(content, old, new):
    """The same text with one id for another."""
    import json

    return json.loads(json.dumps(content).replace(old, new))


@dataclass
class World:
    client: Any
    tx: Any
    runtime: Any
    people: list[Any]
    headquarters: Any
    loss: int
    most: int


@pytest.fixture
def world(client, tx, runtime):
    item = next(one for one in make.items_of(tx, "bj") if one.code == _COUNTED)
    people = [make.signed_in(tx, Role.INSPECTOR) for _ in range(2)]
    headquarters = make.signed_in(tx, Role.HQ_ADMIN)
    loss = int(item.params["deduct_per"]) * 1000
    return World(client, tx, runtime, people, headquarters, loss, item.weight)


def test_whatever_happens_the_model_says_the_same(request, world):
    long = request.config.getoption("--long")
    few = settings(
        max_examples=100 if long else 4,
        stateful_step_count=50 if long else 25,
        derandomize=not long,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine = type("Bound", (Machine,), {"world": world})
    run_state_machine_as_test(machine, settings=few)
