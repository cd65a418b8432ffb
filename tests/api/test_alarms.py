"""Warnings, overdue marks and reminders happen once each, whoever dies while they do."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from itertools import groupby

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
        problems = {one.id: one for one in tx.exec(select(Problem)).all()}
        events = tx.exec(
            select(ProblemEvent).order_by(ProblemEvent.problem_id, ProblemEvent.seq)
        ).all()
        histories = [(key, list(rows)) for key, rows in groupby(events, lambda one: one.problem_id)]
        assert [key for key, _ in histories] == sorted(ids)
        for problem_id, rows in histories:
            assert [one.seq for one in rows] == list(range(1, 4 + len(_EACH)))
            assert sorted(one.action.value for one in rows[3:]) == sorted(_EACH)
            assert replay(one.changed for one in rows) == Case.of(problems[problem_id])


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


# Imports once, then forks a worker for each line that it reads, and says which process it is.
_NURSERY = """
import os, signal, sys, threading
from app import worker
from app.config import read_settings
from app.infra.db import Database, make_engine
from app.ledger import ringing
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
settings = read_settings()
def whole():
    worker.Worker(worker.make_runtime(settings)).start()
    threading.Event().wait()
def clock_alone():
    database = Database(make_engine(settings), settings.env)
    while True:
        with database.transaction() as tx:
            ringing.ring(tx, settings, batch=4)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)  # what it logs is not for who reads the numbers
        {"whole": whole, "clock": clock_alone}[line.strip()]()
    print(pid, flush=True)
"""


@contextmanager
def nursery(committed):
    """Starts workers; whatever still runs of them in the end is killed."""
    environment = environment_with(variables_of(committed.settings) | {"PYTHONPATH": str(ROOT)})
    command, pids = [sys.executable, "-c", _NURSERY], set()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:

        def start(kind):
            process.stdin.write(f"{kind}\n")
            process.stdin.flush()
            pids.add(pid := int(process.stdout.readline()))
            return pid

        def kill(pid):
            os.kill(pid, signal.SIGKILL)
            pids.discard(pid)

        try:
            yield start, kill
        finally:
            for pid in tuple(pids):
                kill(pid)
            process.kill()


def kill_at_random(committed, *, kind, deadlines, kills, longest_s):
    """Two workers of which now the one, now the other is killed and replaced, until all is done."""
    ids, dice = arrange(committed, deadlines), random.Random(11)
    with nursery(committed) as (start, kill):
        workers, killed, ends = [start(kind), start(kind)], 0, time.monotonic() + longest_s
        while left := _left(committed):
            assert time.monotonic() < ends, f"{left} left after {killed} kills"
            time.sleep(dice.uniform(0.05, 0.3) if kind == "clock" else dice.uniform(0.3, 1.0))
            if killed < kills:
                place = dice.randrange(2)
                kill(workers[place])
                workers[place] = start(kind)
                killed += 1
    assert killed >= min(kills, 5)
    look(committed, ids)


def test_two_workers_killed_at_random_while_deadlines_pass(committed):
    kill_at_random(committed, kind="clock", deadlines=100, kills=10, longest_s=60)


@pytest.mark.long
def test_two_workers_killed_at_random_while_two_thousand_deadlines_pass(committed):
    kill_at_random(committed, kind="whole", deadlines=2000, kills=25, longest_s=900)


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
