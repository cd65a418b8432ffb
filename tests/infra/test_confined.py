"""Children that decode: killed, hung, exhausted, worn out; and whose fault each of these is."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.evidence import decoding
from app.evidence.rules import Refusal, Unfit
from app.infra.confined import ChildLost, ChildWontStart, ConfinedPool, Confinement, Ending
from tests.conftest import ROOT
from tests.factories import make_photo_bytes
from tests.hostile import many_scans, png

_MODULE = "app.evidence.decoder"
_MIB = 2**20
_PHOTO = make_photo_bytes(1)


@contextmanager
def pool_of(**changes):
    limits = {"memory_bytes": 320 * _MIB, "cpu_s": 15, "wall_s": 60.0} | changes
    pool = ConfinedPool(Confinement(limits.pop("module", _MODULE), **limits))
    try:
        yield pool
    finally:
        pool.close()


@pytest.fixture(scope="module")
def pool():
    """One for the tests after which its one child, whichever that is, is as good as new."""
    with pool_of() as pool:
        yield pool


@pytest.fixture(scope="module")
def large():
    """Takes long enough, and enough memory, to be caught at it."""
    return png(5000, 3000)


def read(pool, content, attempt=1):
    with pool.cell() as cell:
        cell.write(content)
        return decoding.read_picture(cell, max_pixels=60_000_000, attempt=attempt)


@contextmanager
def signalling(pool, number, times):
    """Sends a signal to each of so many children once it is at work on something large."""
    done, stop = [], threading.Event()

    def watch():
        while len(done) < times and not stop.wait(0.005):
            for pid in set(pool.pids()) - set(done):
                if _resident_mb(pid) > 60:
                    os.kill(pid, number)
                    done.append(pid)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def _resident_mb(pid):
    with suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) // 1024
    return 0


def test_a_photo_whose_child_was_killed_from_outside_is_read_by_the_next(pool, large):
    with signalling(pool, signal.SIGKILL, times=1) as killed:
        assert read(pool, large).width == 5000
        assert len(killed) == 1
        assert pool.pids() != killed


def test_a_hung_child_is_ended_and_its_photo_read_by_the_next(large):
    with pool_of(wall_s=2.0) as pool, signalling(pool, signal.SIGSTOP, times=1) as hung:
        began = time.monotonic()
        assert read(pool, large).width == 5000
        assert time.monotonic() - began > 2
        assert not Path(f"/proc/{hung[0]}").exists()


@pytest.mark.long
def test_killed_again_and_again_is_nobodys_verdict_until_the_last_attempt(large):
    with pool_of() as pool:
        with signalling(pool, signal.SIGKILL, times=2), pytest.raises(ChildLost) as lost:
            read(pool, large)
        assert lost.value.endings == [Ending.DISTURBED, Ending.DISTURBED]
        with signalling(pool, signal.SIGKILL, times=2), pytest.raises(Unfit) as unfit:
            read(pool, large, attempt=decoding.LAST_ATTEMPT)
        assert unfit.value.refusal is Refusal.TOO_HEAVY
        assert read(pool, large).width == 5000


def test_a_photo_that_makes_children_crash_is_refused_after_two_tries(large):
    with pool_of() as pool, signalling(pool, signal.SIGSEGV, times=9) as crashed:
        with pytest.raises(Unfit) as unfit:
            read(pool, large)
        assert unfit.value.refusal is Refusal.UNDECODABLE
        assert len(crashed) == 2


def test_a_crash_and_a_kill_are_no_verdict(large):
    with pool_of() as pool, signalling(pool, signal.SIGSEGV, times=1):
        read(pool, large)
        with signalling(pool, signal.SIGKILL, times=1):
            assert read(pool, _PHOTO).width == 96


@pytest.mark.long
def test_too_much_processor_time_is_the_photos_fault():
    slow = many_scans(make_photo_bytes(1, (4000, 3000), progressive=True), 50)
    with pool_of(cpu_s=0) as pool:
        with pytest.raises(Unfit) as unfit:
            read(pool, slow)
        assert unfit.value.refusal is Refusal.TOO_HEAVY
        assert "out-of-time" in str(unfit.value)
        assert read(pool, _PHOTO).width == 96


def test_too_much_memory_is_the_photos_fault(large):
    with pool_of(memory_bytes=40 * _MIB) as pool:
        with pytest.raises(Unfit) as unfit:
            read(pool, large)
        assert unfit.value.refusal is Refusal.TOO_HEAVY
        assert "out-of-memory" in str(unfit.value)
        assert read(pool, _PHOTO).width == 96


def test_a_child_that_died_while_idle_costs_no_try(pool):
    read(pool, _PHOTO)
    (old,) = pool.pids()
    os.kill(old, signal.SIGKILL)
    time.sleep(0.1)
    assert read(pool, _PHOTO).width == 96
    assert pool.pids() != [old]


def test_a_child_is_replaced_when_it_is_worn_out():
    with pool_of(uses=2) as pool:
        seen = []
        for _ in range(5):
            read(pool, _PHOTO)
            seen += pool.pids()
        assert [seen.index(pid) for pid in seen] == [0, 0, 2, 2, 4]


def test_what_was_written_for_one_photo_is_gone_for_the_next(pool):
    read(pool, make_photo_bytes(2, (640, 480)))
    with pool.cell() as cell:
        assert cell.content() == b""
        with pytest.raises(Unfit) as unfit:
            decoding.read_picture(cell, max_pixels=1)
    assert unfit.value.refusal is Refusal.UNSUPPORTED_TYPE


def test_threads_do_not_wait_for_each_other_and_get_their_own_answers():
    photos = [make_photo_bytes(n, (96 + n, 72)) for n in range(12)]
    with pool_of() as pool, ThreadPoolExecutor(3) as threads:
        widths = list(threads.map(lambda content: read(pool, content).width, photos))
        assert widths == [96 + n for n in range(12)]
        assert len(pool.pids()) <= 3


def test_a_child_knows_no_secret_and_leaves_no_core(monkeypatch):
    monkeypatch.setenv("DUDAO_DATABASE_URL", "postgresql://dudao:secret@host/dudao")
    with pool_of() as pool:
        read(pool, _PHOTO)
        (pid,) = pool.pids()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text()
        sockets = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    assert b"secret" not in environment
    assert b"DUDAO" not in environment
    assert "Max core file size        0 " in limits
    assert len([name for name in sockets if name.startswith("socket:")]) == 1


def test_a_program_that_does_not_start_is_no_verdict_on_a_photo():
    with pool_of(module="app.evidence.nothing") as pool, pytest.raises(ChildWontStart):
        read(pool, _PHOTO)


_PARENT = f"""
import sys, threading, time
from app.infra.confined import *
pool = ConfinedPool(Confinement({_MODULE!r}, 320 * 2**20, 60, 60.0))
def ask():
    with pool.cell() as cell:
        cell.write(sys.stdin.buffer.read())
        cell.ask({{"max_pixels": 60_000_000}})
        time.sleep(60)
threading.Thread(target=ask, daemon=True).start()
while not pool.pids():
    time.sleep(0.01)
print(pool.pids()[0], flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "doing",
    [
        pytest.param("nothing", marks=pytest.mark.long),
        "its work",
        pytest.param("its work, stopped", marks=pytest.mark.long),
    ],
)
def test_children_end_with_their_parent(doing):
    """Even where it is killed hard: at once, not only when their work is done."""
    busy = doing != "nothing"
    content = many_scans(make_photo_bytes(1, (4000, 3000), progressive=True), 100)
    argv = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        parent.stdin.write(content if busy else b"x")
        parent.stdin.close()
        pid = int(parent.stdout.readline())
        _wait_until(lambda: not busy or _state(pid) == "R")
        if "stopped" in doing:
            time.sleep(0.3)  # of the many seconds that it takes
            os.kill(pid, signal.SIGSTOP)
        parent.kill()
    _wait_until(lambda: _state(pid) in "XZ", limit_s=4.0)


def _wait_until(is_so, limit_s=20.0):
    end = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end, "it does not come so far"
        time.sleep(0.02)


def _state(pid):
    """As ``ps`` shows it; X where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"
