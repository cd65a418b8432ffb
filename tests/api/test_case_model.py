"""Legal and illegal commands by everybody over several cases, against the pure table of moves.

The model is the table and the scope predicate alone: what the service lets happen, they must allow;
what it refuses, they must refuse; and every history must give back its case.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlmodel import select

from app.auth.permissions import granted_by
from app.kit.ids import new_id
from app.kit.reach import Posting
from app.ledger import history
from app.ledger.case import Case, replay
from app.ledger.lifecycle import Action, Actor
from app.ledger.moves import may
from app.ledger.tables import Problem, ProblemEvent
from app.organisation import queries as organisation
from app.organisation.rules import Role, covers
from tests import factories as make

_PEOPLE: dict[str, tuple[Role, str, tuple[str, ...]]] = {
    "office": (Role.HQ_ADMIN, make.CITY, (make.CITY,)),
    "second office": (Role.HQ_ADMIN, make.CITY, (make.CITY,)),
    "inspector": (Role.INSPECTOR, make.CITY, (make.CITY,)),
    "auditor": (Role.AUDITOR, make.CITY, (make.CITY,)),
    "street": (Role.UNIT_COORDINATOR, make.MINSHENG, (make.MINSHENG,)),
    "handler": (Role.UNIT_HANDLER, make.MINSHENG, ()),
    "other street": (Role.UNIT_COORDINATOR, make.XINHUA, (make.XINHUA,)),
    "district": (Role.UNIT_COORDINATOR, make.JIEFANG, (make.JIEFANG,)),
    "foreign": (Role.UNIT_COORDINATOR, make.SHANYANG, (make.SHANYANG,)),
}
# verb: the action it stands for, the permission, and what its body says.
_VERBS: dict[str, tuple[Action, str, dict[str, Any]]] = {
    "verify": (Action.VERIFY, "verify", {}),
    "file": (Action.FILE, "file", {}),
    "refuse": (Action.REFUSE, "refuse", {"reason": "不属实"}),
    "dispatch": (Action.DISPATCH, "dispatch", {}),
    "return": (Action.RETURN, "return", {"reason": "不属本单位"}),
    "sign": (Action.SIGN, "sign", {}),
    "extend": (Action.EXTEND, "extend", {"reason": "材料未到"}),
    "approve-extension": (Action.APPROVE_EXTENSION, "decide-extension", {}),
    "refuse-extension": (Action.REFUSE_EXTENSION, "decide-extension", {"reason": "不同意"}),
    "suspend": (
        Action.SUSPEND, "suspend", {"reason": "停工", "until": "2018-10-08T08:00:00+08:00"},
    ),
    "resume": (Action.RESUME, "resume", {}),
    "cancel": (Action.CANCEL, "cancel", {"reason": "误报"}),
    "supervise": (Action.SUPERVISE, "supervise", {"reason": "重点"}),
    "urge": (Action.URGE, "urge", {}),
    "transfer": (Action.TRANSFER, "transfer", {"reason": "转办", "unit": make.XINHUA}),
    "reopen": (Action.REOPEN, "reopen", {"reason": "反弹"}),
    "close": (Action.CLOSE, "close", {}),
    "check": (Action.CHECK_FAIL, "check", {"result": "fail", "reason": "未改"}),
    "rework": (Action.REWORK, "rework", {"reason": "返工"}),
    "comment": (Action.COMMENT, "comment", {"text": "备注"}),
    "rectify": (Action.RECTIFY, "rectify", {"resolution": "solved"}),
}  # fmt: skip
_UNVERSIONED = {"comment", "urge"}
# What the table alone does not know: another unit must be another one.
_MAY_STILL_FAIL = {"problem.same-unit"}


class World:
    """People with their offices, and cases of two streets."""

    def __init__(self, client, tx, app_settings):
        self.client, self.tx, self.settings = client, tx, app_settings
        codes = {unit for _, unit, areas in _PEOPLE.values() for unit in (unit, *areas)}
        paths = {code: unit.path for code, unit in organisation.find_units(tx, list(codes)).items()}
        self.logins, self.actors = {}, {}
        for name, (role, unit, areas) in _PEOPLE.items():
            who = make.signed_in(tx, role, unit=unit, areas=areas)
            posting = Posting(role, paths[unit], tuple(paths[area] for area in areas), ())
            self.logins[name], self.actors[name] = who, Actor(who.id, (posting,))
        self.numbers = [
            self.report(street) for street in (make.MINSHENG, make.MINSHENG, make.XINHUA)
        ]

    def report(self, street):
        body = {
            "id": str(new_id()), "line": "sanitation", "unit": street, "note": "垃圾未清",
            "found_at": "2018-09-10T07:30:00+08:00",
        }  # fmt: skip
        answer = self.client.post(
            "/v1/ledger/reports", json=body, headers=self.logins["inspector"].headers
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["number"]

    def problem(self, number):
        query = select(Problem).where(Problem.number == number)
        return self.tx.exec(query.execution_options(populate_existing=True)).one()

    def send(self, name, number, verb, **changes):
        body = dict(_VERBS[verb][2]) | changes
        if verb == "rectify":
            photo = make.announcement(b"x" + str(new_id()).encode(), role="after")
            made = make.announce(self.client, self.logins[name], photo)
            body["photos"] = [photo["id"] if made.status_code == 200 else str(new_id())]
        return self.client.post(
            f"/v1/ledger/{number}/{verb}", json=body, headers=self.logins[name].headers
        )

    def expected(self, name, number, verb):
        """The status by the tables: 403 without permission, 404 out of reach, 409 or 403."""
        actor, problem = self.actors[name], self.problem(number)
        action, permission, _ = _VERBS[verb]
        if f"ledger.{permission}" not in granted_by(actor.postings):
            return {403}
        if not self.sees(name, problem):
            return {404}
        step = history.open_desk(self.tx, self.settings).step(
            by=actor, reason="x", found_by=problem.reported_by
        )
        return {200} if may(Case.of(problem), action, step) else {403, 409}

    def sees(self, name, problem):
        return covers(
            self.actors[name].postings,
            area_path=problem.area_path,
            line_id=problem.line_id,
            answerable_path=problem.answerable_path,
        )

    def look(self):
        for number in self.numbers:
            problem = self.problem(number)
            rows = self.tx.exec(
                select(ProblemEvent)
                .where(ProblemEvent.problem_id == problem.id)
                .order_by(ProblemEvent.seq)
            ).all()
            assert [one.seq for one in rows] == list(range(1, problem.events + 1))
            assert replay(one.changed for one in rows) == Case.of(problem)
        for name, who in self.logins.items():
            page = self.client.get("/v1/ledger?limit=500", headers=who.headers).json()["items"]
            seen = {one["number"] for one in page} & set(self.numbers)
            assert seen == {n for n in self.numbers if self.sees(name, self.problem(n))}, name


class Commands(RuleBasedStateMachine):
    """One command after the other."""

    world: World

    def __init__(self):
        super().__init__()
        self.point = self.world.tx.connection().begin_nested()

    @rule(
        name=st.sampled_from(sorted(_PEOPLE)),
        case=st.integers(0, 2),
        verb=st.sampled_from(sorted(_VERBS)),
        behind=st.sampled_from([0, 0, 0, 0, 1]),
    )
    def command(self, name, case, verb, behind):
        self.tried(name, case, verb, behind)

    @rule(case=st.integers(0, 2), steps=st.integers(1, 6))
    def usual_way(self, case, steps):
        """So that states far from the beginning are reached as well."""
        unit = "street" if case < 2 else "other street"
        way = [("office", "file"), ("office", "dispatch"), (unit, "sign"), (unit, "extend"),
               ("office", "approve-extension"), (unit, "rectify")]  # fmt: skip
        for name, verb in way[:steps]:
            self.tried(name, case, verb, 0)

    def tried(self, name, case, verb, behind):
        world, number = self.world, self.world.numbers[case]
        before = world.problem(number)
        version, known = before.version, before.events
        expected = world.expected(name, number, verb)
        sent = {} if verb in _UNVERSIONED else {"version": version - behind or version + 1}
        if sent and sent["version"] != version and expected in ({200}, {403, 409}):
            expected = {409}
        answer = world.send(name, number, verb, **sent)
        if answer.status_code == 409 and answer.json()["code"] in _MAY_STILL_FAIL:
            expected = {409}
        if verb == "rectify" and expected != {200} and answer.status_code == 422:
            expected = {422}  # photos of somebody who may not send any
        assert answer.status_code in expected, f"{name} {verb} {before.state}: {answer.text}"
        after = world.problem(number)
        assert after.events - known == (answer.status_code == 200)

    def teardown(self):
        self.world.look()
        self.point.rollback()


@pytest.fixture
def world(client, tx, settings):
    return World(client, tx, settings)


def _run(world, examples, steps):
    machine = type("Machine", (Commands,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_no_forbidden_move_succeeds_and_every_history_gives_back_its_case(world):
    _run(world, 3, 10)


@pytest.mark.long
def test_the_same_for_long(world):
    _run(world, 120, 40)


def test_of_commands_at_the_same_time_one_wins_and_no_event_is_lost(committed):
    with committed.database.transaction() as tx:
        tx.commit = tx.flush  # the transaction ends with its block
        office = make.signed_in(tx, Role.HQ_ADMIN)
        inspector = make.signed_in(tx, Role.INSPECTOR)
    body = {
        "id": str(new_id()), "line": "sanitation", "unit": make.MINSHENG, "note": "垃圾未清",
        "found_at": "2018-09-10T07:30:00+08:00",
    }  # fmt: skip
    reported = committed.new_client().post(
        "/v1/ledger/reports", json=body, headers=inspector.headers
    )
    number, barrier = reported.json()["number"], threading.Barrier(6)

    def send(place):
        client, path = committed.new_client(), f"/v1/ledger/{number}"
        barrier.wait()
        verb = ("file", "refuse", "cancel")[place % 3]
        sent = {"version": 1} | ({} if verb == "file" else {"reason": "x"})
        one = client.post(f"{path}/{verb}", json=sent, headers=office.headers)
        two = client.post(f"{path}/comment", json={"text": "x"}, headers=office.headers)
        return one.status_code, two.status_code

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(send, range(6)))
    assert sorted(codes) == [(200, 200), *[(409, 200)] * 5]
    with committed.database.transaction() as tx:
        problem = tx.exec(select(Problem).where(Problem.number == number)).one()
        rows = tx.exec(
            select(ProblemEvent)
            .where(ProblemEvent.problem_id == problem.id)
            .order_by(ProblemEvent.seq)
        ).all()
        assert [one.seq for one in rows] == list(range(1, 9))
        assert replay(one.changed for one in rows) == Case.of(problem)
