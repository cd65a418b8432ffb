"""Legal and illegal commands by everybody over several cases, one by one and at the same time.

The model is the table of moves, the permission table and the scope predicate alone. One by one,
the service answers as they say. At the same time, what it let happen must be what it wrote: every
history is a chain of moves that each was allowed to who made it, gives back its case, and holds
every move that was acknowledged; the worker's clock runs beside.
"""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlmodel import select

from app.auth.permissions import granted_by
from app.infra import business_time
from app.kit.ids import new_id
from app.kit.reach import Posting
from app.ledger import history, ringing
from app.ledger.case import Case, Resolution, replay, whole
from app.ledger.lifecycle import Action, Actor, Answerable, Chosen
from app.ledger.moves import BY_PEOPLE, lacks_mark, make_move, may
from app.ledger.tables import Problem, ProblemAlarm, ProblemEvent
from app.organisation import queries as organisation
from app.organisation.rules import Role, covers
from tests import factories as make
from tests.support import settle

_BEGIN = datetime.fromisoformat("2018-09-10T08:00:00+08:00")
_PEOPLE: dict[str, tuple[Role, str, tuple[str, ...]]] = {
    "office": (Role.HQ_ADMIN, make.CITY, (make.CITY,)),
    "second office": (Role.HQ_ADMIN, make.CITY, (make.CITY,)),
    "inspector": (Role.INSPECTOR, make.CITY, (make.CITY,)),
    "second inspector": (Role.INSPECTOR, make.CITY, (make.CITY,)),
    "auditor": (Role.AUDITOR, make.CITY, (make.CITY,)),
    "street": (Role.UNIT_COORDINATOR, make.MINSHENG, (make.MINSHENG,)),
    "handler": (Role.UNIT_HANDLER, make.MINSHENG, ()),
    "other street": (Role.UNIT_COORDINATOR, make.XINHUA, (make.XINHUA,)),
    "district": (Role.UNIT_COORDINATOR, make.JIEFANG, (make.JIEFANG,)),
    "foreign": (Role.UNIT_COORDINATOR, make.SHANYANG, (make.SHANYANG,)),
}
_STREETS = (make.MINSHENG, make.MINSHENG, make.XINHUA)
_WHY = {"reason": "原因"}
_UNTIL = ("2018-09-10T16:00:00+08:00", "2018-10-08T08:00:00+08:00", "2020-01-01T08:00:00+08:00")
# What is sent: its route, the move that it stands for, its permission, and what its body may say.
_VERBS: dict[str, tuple[str, Action, str, dict[str, Any]]] = {
    "verify": ("verify", Action.VERIFY, "verify", {}),
    "file": ("file", Action.FILE, "file", {}),
    "refuse": ("refuse", Action.REFUSE, "refuse", _WHY),
    "dispatch": ("dispatch", Action.DISPATCH, "dispatch", {"unit": [None, make.XINHUA]}),
    "return": ("return", Action.RETURN, "return", _WHY),
    "sign": ("sign", Action.SIGN, "sign", {}),
    "rectify": (
        "rectify", Action.RECTIFY, "rectify", {"resolution": ["solved", "explained"]} | _WHY,
    ),
    "pass": ("check", Action.CHECK_PASS, "check", {"result": "pass"}),
    "fail": ("check", Action.CHECK_FAIL, "check", {"result": "fail"} | _WHY),
    "unclear": ("check", Action.CHECK_UNCLEAR, "check", {"result": "unclear"} | _WHY),
    "close": ("close", Action.CLOSE, "close", {}),
    "rework": ("rework", Action.REWORK, "rework", _WHY),
    "extend": ("extend", Action.EXTEND, "extend", _WHY),
    "approve": ("approve-extension", Action.APPROVE_EXTENSION, "decide-extension", {}),
    "deny": ("refuse-extension", Action.REFUSE_EXTENSION, "decide-extension", _WHY),
    "suspend": ("suspend", Action.SUSPEND, "suspend", {"until": _UNTIL} | _WHY),
    "resume": ("resume", Action.RESUME, "resume", {}),
    "cancel": ("cancel", Action.CANCEL, "cancel", _WHY),
    "supervise": ("supervise", Action.SUPERVISE, "supervise", {"due_at": [None, *_UNTIL]} | _WHY),
    "urge": ("urge", Action.URGE, "urge", {}),
    "transfer": ("transfer", Action.TRANSFER, "transfer", {"unit": _STREETS[1:]} | _WHY),
    "reopen": ("reopen", Action.REOPEN, "reopen", _WHY),
    "appeal": ("appeal", Action.APPEAL, "appeal", _WHY),
    "accept": ("accept-appeal", Action.ACCEPT_APPEAL, "decide-appeal", {}),
    "reject": ("refuse-appeal", Action.REFUSE_APPEAL, "decide-appeal", _WHY),
    "merge": ("merge", Action.MERGE, "merge", {"into": [0, 1, 2]} | _WHY),
    "unmerge": ("unmerge", Action.UNMERGE, "unmerge", _WHY),
    "comment": ("comment", Action.COMMENT, "comment", {"text": "备注"}),
}  # fmt: skip
_UNVERSIONED = {"comment", "urge"}
_NEEDS = {action: permission for _, action, permission, _ in _VERBS.values()}
# What the table leaves to the effect of a move, or to the names in its body.
_MAY_STILL_FAIL = {
    "problem.same-unit", "problem.only-shortens", "problem.suspended-too-long",
    "problem.merge-cancelled",
}  # fmt: skip
_PLACES = st.integers(0, len(_STREETS) - 1)
_COMMANDS = st.tuples(
    st.sampled_from(sorted(_PEOPLE)), _PLACES, st.sampled_from(sorted(_VERBS)), st.integers(0, 3)
)
_BULKS = (("office", "dispatch"), ("inspector", "fail"), ("second inspector", "pass"))
_ALONG = ("file", "dispatch", "sign", "extend", "approve", "rectify", "pass", "close", "appeal")


@dataclass
class World:
    """People with their offices, and what was acknowledged to them."""

    committed: Any
    logins: dict[str, make.Login] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    photos: dict[str, str] = field(default_factory=dict)
    units: dict[str, Answerable] = field(default_factory=dict)
    mine: threading.local = field(default_factory=threading.local)

    @property
    def client(self):
        if not hasattr(self.mine, "client"):
            self.mine.client = self.committed.new_client()
        return self.mine.client

    def begin(self, http):
        codes = {unit for _, unit, areas in _PEOPLE.values() for unit in (unit, *areas)}
        with self.committed.database.transaction() as tx:
            tx.commit = tx.flush  # the transaction ends with its block
            found = organisation.find_units(tx, [*codes, *_STREETS])
            self.units = {code: Answerable(unit.id, unit.path) for code, unit in found.items()}
            for name, (role, unit, areas) in _PEOPLE.items():
                who = make.signed_in(tx, role, unit=unit, areas=areas)
                paths = tuple(self.units[area].path for area in areas)
                posting = Posting(role, self.units[unit].path, paths, ())
                self.logins[name], self.actors[name] = who, Actor(who.id, (posting,))
        for name, actor in self.actors.items():
            if "photo.submit" in granted_by(actor.postings):
                login = self.logins[name]
                self.photos[name] = make.upload_photo(self.client, http, login, role="after")
        settle(self.committed.runtime)

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

    def sees(self, actor, problem, answerable_path):
        return covers(
            actor.postings,
            area_path=problem.area_path,
            line_id=problem.line_id,
            answerable_path=answerable_path,
        )


class Commands(RuleBasedStateMachine):
    """Three cases of their own in each example; the clock only goes on."""

    world: World
    pool: ThreadPoolExecutor

    def __init__(self):
        super().__init__()
        self.now = _BEGIN
        self.set_clock()
        self.numbers = [self.world.report(street) for street in _STREETS]
        self.acknowledged = []

    def set_clock(self):
        with self.world.committed.database.transaction() as tx:
            business_time.set_business_time(tx, instant=self.now)

    def ring(self):
        with self.world.committed.database.transaction() as tx:
            return ringing.ring(tx, self.world.committed.settings)

    def desk(self, tx):
        return history.open_desk(tx, self.world.committed.settings)

    def problem(self, tx, place):
        return tx.exec(select(Problem).where(Problem.number == self.numbers[place])).one()

    def body(self, name, verb, dice):
        """What the command says: of each choice the one that the dice shows."""
        found = {}
        for key, value in _VERBS[verb][3].items():
            chosen = value[dice % len(value)] if isinstance(value, list | tuple) else value
            found[key] = self.numbers[chosen] if key == "into" else chosen
        if verb == "rectify":
            found["photos"] = [self.world.photos.get(name, str(new_id()))]
        return {key: value for key, value in found.items() if value is not None}

    def send(self, name, place, verb, dice, version):
        """Send it, and note what was acknowledged; returns the reply."""
        route, action, *_ = _VERBS[verb]
        sent = {} if verb in _UNVERSIONED else {"version": version}
        answer = self.world.client.post(
            f"/v1/ledger/{self.numbers[place]}/{route}",
            json=self.body(name, verb, dice) | sent,
            headers=self.world.logins[name].headers,
        )
        if answer.status_code == 200:
            self.acknowledged.append((place, self.world.actors[name].person_id, action))
        return answer

    @rule(command=_COMMANDS, behind=st.sampled_from([0, 0, 0, 0, 1]))
    def one(self, command, behind):
        self.tried(*command, behind)

    @rule(place=_PLACES, steps=st.integers(1, len(_ALONG)), dice=st.integers(0, 1))
    def usual_way(self, place, steps, dice):
        """So that states far from the beginning are reached as well."""
        unit = "street" if place < 2 else "other street"
        who = dict.fromkeys(("sign", "extend", "rectify", "appeal"), unit)
        who["pass"] = "second inspector"
        for verb in _ALONG[:steps]:
            self.tried(who.get(verb, "office"), place, verb, dice, 0)

    @rule(hours=st.sampled_from([3, 30, 200]))
    def later(self, hours):
        self.now += timedelta(hours=hours)
        self.set_clock()
        while self.ring():
            continue

    @rule(
        commands=st.lists(_COMMANDS, min_size=2, max_size=4),
        bulks=st.lists(st.sampled_from(_BULKS), max_size=2),
        hours=st.sampled_from([0, 12]),
    )
    def at_once(self, commands, bulks, hours):
        """All have seen the same, and the worker's clock runs meanwhile."""
        self.now += timedelta(hours=hours)
        self.set_clock()
        versions = self.versions()
        barrier = threading.Barrier(len(commands) + len(bulks) + 1)

        def together(send, *args):
            barrier.wait()
            return send(*args)

        sent = [
            self.pool.submit(together, self.send, name, place, verb, dice, versions[place])
            for name, place, verb, dice in commands
        ]
        sent += [self.pool.submit(together, self.send_many, *one, versions) for one in bulks]
        barrier.wait()
        self.ring()
        for said, one in zip([*commands, *bulks], sent, strict=True):
            answer = one.result()
            assert answer.status_code in {200, 403, 404, 409, 422}, f"{said}: {answer.text}"

    @rule(name=st.sampled_from(sorted(_PEOPLE)), verb=st.sampled_from(["dispatch", "pass", "fail"]))
    def many(self, name, verb):
        """All at once, by whoever may do it to one."""
        answer = self.send_many(name, verb, self.versions())
        permission = f"ledger.{_VERBS[verb][2]}"
        allowed = permission in granted_by(self.world.actors[name].postings)
        assert answer.status_code == (200 if allowed else 403), answer.text

    def versions(self):
        with self.world.committed.database.transaction() as tx:
            return [self.problem(tx, place).version for place in range(len(self.numbers))]

    def send_many(self, name, verb, versions):
        """One command for all; each has its own result."""
        route, action, *_ = _VERBS[verb]
        body, who = self.body(name, verb, 0), self.world.logins[name]
        items = [
            body | {"number": number, "version": version}
            for number, version in zip(self.numbers, versions, strict=True)
        ]
        answer = self.world.client.post(
            f"/v1/ledger:{route}", json={"items": items}, headers=who.headers
        )
        for result in answer.json()["items"] if answer.status_code == 200 else ():
            if result["done"]:
                place = self.numbers.index(result["number"])
                self.acknowledged.append((place, who.id, action))
        return answer

    def tried(self, name, place, verb, dice, behind):
        """One by one the answer is what the tables say, and only a 200 writes."""
        with self.world.committed.database.transaction() as tx:
            problem = self.problem(tx, place)
            expected = self.expected(tx, name, problem, verb)
            before, version, known = problem.state, problem.version, problem.events
            marked = lacks_mark(Case.of(problem), self.desk(tx).step())
        stated = version - behind or version + 1
        if verb not in _UNVERSIONED and stated != version and expected in ({200}, {403, 409}):
            expected = {409}
        answer = self.send(name, place, verb, dice, stated)
        if answer.status_code == 409 and answer.json()["code"] in _MAY_STILL_FAIL:
            expected = {409}
        if expected != {403} and answer.status_code == 422:
            assert self.names_wrongly(name, place, verb, dice), answer.text
            expected = {422}
        assert answer.status_code in expected, f"{name} {verb} {before}: {answer.text}"
        with self.world.committed.database.transaction() as tx:
            written = self.problem(tx, place).events - known
        assert written == (1 + marked if answer.status_code == 200 else 0)

    def expected(self, tx, name, problem, verb):
        """The status by the tables: 403 without permission, 404 out of reach, 409 or 403."""
        actor = self.world.actors[name]
        _, action, permission, _ = _VERBS[verb]
        if f"ledger.{permission}" not in granted_by(actor.postings):
            return {403}
        if not self.world.sees(actor, problem, problem.answerable_path):
            return {404}
        step = self.desk(tx).step(by=actor, reason="x", found_by=problem.reported_by)
        return {200} if may(Case.of(problem), action, step) else {403, 409}

    def names_wrongly(self, name, place, verb, dice):
        """Photos that are nobody's, or a case to be merged into itself."""
        if verb == "rectify":
            return name not in self.world.photos
        return verb == "merge" and dice % len(_STREETS) == place

    def teardown(self):
        with self.world.committed.database.transaction() as tx:
            desk = self.desk(tx)
            problems = [self.problem(tx, place) for place in range(len(self.numbers))]
            written = [
                (place, event.actor_id, event.action)
                for place, problem in enumerate(problems)
                for event in self.chain(tx, desk, problem)
                if event.action in BY_PEOPLE
            ]
        assert Counter(written) == Counter(self.acknowledged)
        for name, who in self.world.logins.items():
            page = self.world.client.get("/v1/ledger?limit=500", headers=who.headers)
            seen = {one["number"] for one in page.json()["items"]} & set(self.numbers)
            actor = self.world.actors[name]
            assert seen == {
                one.number for one in problems if self.world.sees(actor, one, one.answerable_path)
            }, name

    def chain(self, tx, desk, problem):
        """The history of a case, each of whose moves was allowed and did what the table says."""
        rows = tx.exec(
            select(ProblemEvent)
            .where(ProblemEvent.problem_id == problem.id)
            .order_by(ProblemEvent.seq)
        ).all()
        assert [one.seq for one in rows] == list(range(1, problem.events + 1))
        assert replay(one.changed for one in rows) == Case.of(problem)
        for seq, event in enumerate(rows[1:], start=1):
            before = replay(one.changed for one in rows[:seq])
            after = replay(one.changed for one in rows[: seq + 1])
            step = self.step_of(desk, problem, event)
            assert make_move(before, event.action, step) == after, (seq, event.action)
            if event.actor_id is not None:
                granted = granted_by(step.by.postings)
                assert f"ledger.{_NEEDS[event.action]}" in granted, (seq, event.action)
                assert self.world.sees(step.by, problem, before.answerable_path)
        rung = [(one.term, one.kind, one.place) for one in self.alarms(tx, problem) if one.done_at]
        marks = [one.data for one in rows if one.actor_id is None and "term" in one.data]
        assert len(marks) <= len(rung), "something rang twice"
        overdue = [one.data["term"] for one in rows if one.action is Action.MARK_OVERDUE]
        assert len(overdue) == len(set(overdue)), "a term was marked twice"
        return rows

    def alarms(self, tx, problem):
        return tx.exec(select(ProblemAlarm).where(ProblemAlarm.problem_id == problem.id)).all()

    def step_of(self, desk, problem, event):
        """The step that an event tells of."""
        data, changed = event.data, event.changed
        by = [one for one in self.world.actors.values() if one.person_id == event.actor_id]
        into = whole("merged_into_id", changed.get("merged_into_id"))
        filed = replay([changed]) if event.action is Action.FILE else None
        chosen = Chosen(filed.limit, filed.limit_basis, filed.condition) if filed else None
        return history.Desk(event.at, desk.calendar, desk.rules).step(
            by=by[0] if by else Actor(),
            reason=data.get("reason"),
            unit=self.world.units[data["unit"]] if "unit" in data else None,
            limit=chosen,
            until=datetime.fromisoformat(data["until"]) if "until" in data else None,
            resolution=Resolution(data["resolution"]) if "resolution" in data else None,
            into=into,
            found_by=problem.reported_by,
        )


@pytest.fixture
def machine(committed, http):
    world = World(committed)
    world.begin(http)
    with ThreadPoolExecutor(6) as pool:
        yield type("Machine", (Commands,), {"world": world, "pool": pool})


def _run(machine, examples, steps):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )


def test_no_forbidden_move_succeeds_and_every_history_gives_back_its_case(machine):
    _run(machine, 3, 8)


@pytest.mark.long
def test_the_same_for_long(machine):
    _run(machine, 30, 30)
