"""Warnings, overdue marks and reminders happen once each, whoever dies while they do."""

import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from enum import Enum

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import select

from app.config import environment_with
from app.infra import business_time
from app.infra.events import Event
from app.kit.workdays import Limit, LimitUnit
from app.ledger import ringing
from app.ledger.case import Case, replay
from app.ledger.tables import Problem, ProblemAlarm, ProblemEvent
from tests import factories as make
from tests.conftest import ROOT

_EACH = ("warn-half", "warn-nine-tenths", "mark-overdue", "remind", "remind", "remind")


class Died(Exception):
    """A worker that is killed in the middle of a turn: its transaction ends with it."""


def arrange(committed, count):
    """So many cases whose deadlines have all passed long ago, with everything still to be done."""
    with committed.database.transaction() as tx:
        ids = make_cases(tx, committed.settings, count)
        later = business_time.now(tx) + timedelta(days=30)
        business_time.set_business_time(tx, instant=later)
    return ids


def make_cases(tx, settings, count):
    limit = Limit(2, LimitUnit.URGENT_HOUR)
    tx.commit = tx.flush  # the transaction ends with its block
    return make.dispatched_cases(tx, settings, count, limit=limit)


def look(committed, ids):
    """Everything happened once, and every history gives back its case."""
    with committed.database.transaction() as tx:
        counts = tx.exec(
            select(ProblemEvent.action, sa.func.count()).group_by(ProblemEvent.action)
        ).all()
        told = tx.exec(select(sa.func.count()).where(Event.kind == "problem.moved")).one()
        left = tx.exec(select(sa.func.count()).where(ProblemAlarm.done_at.is_(None))).one()
        found = {action.value: count for action, count in counts}
        expected = {action: len(ids) * _EACH.count(action) for action in _EACH}
        assert {name: found.get(name) for name in expected} == expected
        assert (told, left) == (len(ids) * len(_EACH), 0)
        for problem in tx.exec(select(Problem)).all():
            rows = tx.exec(
                select(ProblemEvent)
                .where(ProblemEvent.problem_id == problem.id)
                .order_by(ProblemEvent.seq)
            ).all()
            assert [one.seq for one in rows] == list(range(1, 4 + len(_EACH)))
            assert replay(one.changed for one in rows) == Case.of(problem)


def test_workers_that_die_in_the_middle_of_a_turn_do_nothing_twice(committed):
    ids = arrange(committed, 10)
    dice, deaths, failures = random.Random(7), [0], []

    def work():
        idle = 0
        while idle < 3:
            try:
                with committed.database.transaction() as tx:
                    done = ringing.ring(tx, committed.settings, batch=4)
                    if done and dice.random() < 0.4:
                        deaths[0] += 1
                        raise Died  # noqa: TRY301 - it ends the transaction
                idle = 0 if done else idle + 1
            except Died:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                failures.append(error)
                return

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert deaths[0] > 1
    look(committed, ids)


_WORKER = """
from app import worker
from app.config import read_settings
from app.infra.db import Database, make_engine
from app.ledger import ringing
settings = read_settings()
database = Database(make_engine(settings), settings.env)
while True:
    with database.transaction() as tx:
        ringing.ring(tx, settings, batch=25)
"""


@pytest.mark.long
def test_two_workers_killed_at_random_while_two_thousand_deadlines_pass(committed):
    ids = arrange(committed, 2000)
    dice = random.Random(11)
    environment = environment_with(variables_of(committed.settings) | {"PYTHONPATH": str(ROOT)})

    def start():
        return subprocess.Popen([sys.executable, "-c", _WORKER], cwd=ROOT, env=environment)

    workers, kills, ends = [start(), start()], 0, time.monotonic() + 280
    try:
        while _left(committed) and time.monotonic() < ends:
            time.sleep(dice.uniform(1.0, 4.0))
            place = dice.randrange(2)
            workers[place].send_signal(signal.SIGKILL)
            workers[place].wait()
            kills += 1
            workers[place] = start()
    finally:
        for one in workers:
            one.kill()
            one.wait()
    assert kills > 3
    look(committed, ids)


def variables_of(settings):
    """The settings as a process reads them from its environment."""
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings
    }
    return {
        f"DUDAO_{name.upper()}": str(value.value if isinstance(value, Enum) else value)
        for name, value in plain.items()
        if value is not None and not isinstance(value, tuple)
    }


def _left(committed):
    with committed.database.transaction() as tx:
        return tx.exec(select(sa.func.count()).where(ProblemAlarm.done_at.is_(None))).one()
