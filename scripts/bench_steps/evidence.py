"""(f) Photos of two sizes with 1, 2 and 4 worker processes, beside bare loops on the same cores.

Photos are sent while the workers stand still, and then worked off: so the rate is that of the
workers alone, as that of the bare loops is theirs. A paced run at a part of what the whole path
takes tells how long one photo waits. In the end a backlog, and the memory meanwhile; and what the
second reading of kept bytes costs, which comes later and is put off until then.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from scripts.bench_steps import loops, meters, phones, photos, pictures
from scripts.bench_steps.drain import wait_until_idle
from scripts.bench_steps.loops import Cost, Loops
from scripts.bench_steps.phones import Phone
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import CLIENTS, in_parallel

# Neither a second reading nor one after a start of ours falls into what is measured.
GIVEN = {"DUDAO_SECOND_READ_S": "86400", "DUDAO_STORE_DOUBT_S": "0"}
_PROCESSES = (1, 2, 4)
_CPU_AIM = 1.3
_RATE_AIM = 0.8
_LOAD = 0.7
_WAIT_AIM_S = 2.0
_GROWTH_AIM = 1.1
_LARGE_SHARE = 4
_READ_AGAIN = 500
_EARLY, _LATE = (0.1, 0.4), (0.7, 1.0)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Model:
    """A size of photo, how many of it make a turn, and the loops that know it."""

    name: str
    base: bytes
    count: int
    bare: Loops


@dataclass
class Found:
    """What was measured with one size and so many workers."""

    processes: int
    model: Model
    bare: list[Cost] = field(default_factory=list)
    drained: list[photos.Turn] = field(default_factory=list)
    whole_per_s: list[float] = field(default_factory=list)
    paced_per_s: float = 0.0
    paced_p95_s: float = 0.0


@dataclass(frozen=True)
class Backlog:
    """Memory of the worker and its children while it was worked off, and how fast that was."""

    photos: int
    per_s: float
    memory_mb: Sequence[float]

    def peak_mb(self, part: tuple[float, float] = (0.0, 1.0)) -> float:
        """The largest in a part of the time."""
        total = len(self.memory_mb)
        some = self.memory_mb[int(part[0] * total) : max(1, int(part[1] * total))]
        return max(some, default=0.0)


def measure(
    stack: Stack, scene: Scene, *, count: int, backlog: int, turns: int, seconds: float, say: Say
) -> Part:
    """Every number of workers with every size; then the backlog with one worker."""
    small, large, cores = pictures.base_picture(), pictures.camera_picture(), os.cpu_count() or 1
    with (
        loops.running(stack, small, count=cores) as small_loops,
        loops.running(stack, large, count=cores) as large_loops,
    ):
        few = max(1, count // _LARGE_SHARE)
        models = (
            Model("300 KB", small, count, small_loops),
            Model("4 MB", large, few, large_loops),
        )
        found = []
        for processes in _PROCESSES:
            stack.run_workers(processes)
            photos.path(stack, scene, small, CLIENTS)  # every child is started
            found += [
                _measure(stack, scene, Found(processes, m), turns, seconds, say) for m in models
            ]
    stack.run_workers(1)
    say(f"evidence: a backlog of {backlog} photos")
    drained = _backlog(stack, scene, small, backlog)
    say("evidence: reading again")
    return _part(
        found, drained, _read_again_ms(stack, min(backlog, _READ_AGAIN)), (len(small), len(large))
    )


def _measure(
    stack: Stack,
    scene: Scene,
    found: Found,
    turns: int,
    seconds: float,
    say: Say,
) -> Found:
    model, cores = found.model, os.cpu_count() or 1
    for turn in range(1, turns + 1):
        say(f"evidence: {model.name}, {found.processes} workers, turn {turn} of {turns}")
        found.bare.append(model.bare.measure("ours", max(2, model.count // cores)))
        found.drained.append(_drain(stack, scene, model))
        found.whole_per_s.append(photos.path(stack, scene, model.base, model.count).per_s)
    _pace(stack, scene, found, seconds)
    stack.note_peaks()
    return found


def _drain(stack: Stack, scene: Scene, model: Model) -> photos.Turn:
    """Photos that wait when the workers begin."""
    api, workers = stack.pid("api"), stack.workers()
    api_cpu = meters.cpu_ms(api)
    with stack.halted_workers():
        sent = _send(stack, scene, model.base, model.count)
        worker_cpu, began = meters.cpu_ms(*workers), time.time()
    wait_until_idle(stack)
    worker_ms = meters.cpu_ms(*workers) - worker_cpu
    in_parallel(lambda client: _ask(stack, scene, client, sent[client]), len(sent))
    count = sum(len(some) for some in sent)
    uploaded, stored = phones.event_times(stack, [one for some in sent for one in some])
    return photos.Turn(
        api_ms=(meters.cpu_ms(api) - api_cpu) / count,
        worker_ms=worker_ms / count,
        per_s=count / (max(stored.values()) - began),
        delays_s=[stored[key] - uploaded[key] for key in stored],
    )


def _send(stack: Stack, scene: Scene, base: bytes, count: int) -> Sequence[list[UUID]]:
    """So many photos by up to sixteen phones, made as they are sent; the ids of each phone."""
    clients = min(CLIENTS, count)
    per_client = -(-count // clients)

    def send(client: int) -> list[UUID]:
        ids: list[UUID] = []
        with Phone(stack, scene, client) as phone:
            while len(ids) < per_client:
                few = min(phones.AT_ONCE, per_client - len(ids))
                some = [pictures.shot(base) for _ in range(few)]
                phone.send(some)
                ids += [one.id for one in some]
        return ids

    return in_parallel(send, clients)


def _ask(stack: Stack, scene: Scene, client: int, ids: Sequence[UUID]) -> None:
    with Phone(stack, scene, client) as phone:
        phone.ask_stored(ids)


def _pace(stack: Stack, scene: Scene, found: Found, seconds: float) -> None:
    """Photos at a part of the rate of the whole path, in threes, whether the last are done or not.

    The rate that was kept is told: phones that fall behind would make it look better than it is.
    """
    per_s = _LOAD * median(found.whole_per_s)
    groups = max(2, round(per_s * seconds / phones.AT_ONCE))
    step, began = phones.AT_ONCE / per_s, time.monotonic() + 0.2

    def send(client: int) -> list[UUID]:
        ids: list[UUID] = []
        with Phone(stack, scene, client) as phone:
            for number in range(client, groups, CLIENTS):
                some = [pictures.shot(found.model.base) for _ in range(phones.AT_ONCE)]
                time.sleep(max(0.0, began + number * step - time.monotonic()))
                phone.send(some)
                ids += [one.id for one in some]
        return ids

    ids = [one for some in in_parallel(send) for one in some]
    wait_until_idle(stack)
    uploaded, stored = phones.event_times(stack, ids)
    lasted = max(uploaded.values()) - min(uploaded.values()) + step
    found.paced_per_s = len(ids) / lasted
    found.paced_p95_s = meters.percentile([stored[k] - uploaded[k] for k in stored], 0.95)


def _backlog(stack: Stack, scene: Scene, base: bytes, count: int) -> Backlog:
    with stack.halted_workers():
        sent = _send(stack, scene, base, count)
    began = time.time()
    with meters.watching(stack.workers()) as memory_mb:
        wait_until_idle(stack, patience_s=120.0 + count, pause_s=0.25)
    ids = [one for some in sent for one in some]
    _, stored = phones.event_times(stack, ids)
    return Backlog(len(ids), len(ids) / (max(stored.values()) - began), list(memory_mb))


def _read_again_ms(stack: Stack, count: int) -> float:
    """CPU milliseconds of the worker for the second reading of one small photo and its receipt."""
    with stack.connect() as connection:
        due = connection.execute(
            "UPDATE blob_custody SET due_at = now(), recheck_at = now(),"
            " read_at = read_at - interval '2 days'"
            " WHERE sha256 IN (SELECT sha256 FROM blob WHERE size < 1000000"
            " ORDER BY kept_at DESC LIMIT %s) RETURNING sha256",
            [count],
        ).fetchall()
        began = meters.cpu_ms(*stack.workers())
        digests = [row[0] for row in due]
        left = "SELECT 1 FROM blob_custody WHERE sha256 = ANY(%s) AND recheck_at IS NOT NULL"
        deadline = time.monotonic() + 60 + len(due)
        while connection.execute(left + " LIMIT 1", [digests]).fetchone():
            if time.monotonic() > deadline:
                raise RuntimeError("kept bytes are not read again in time")
            time.sleep(0.1)
    return (meters.cpu_ms(*stack.workers()) - began) / len(due)


def _part(
    found: Sequence[Found], backlog: Backlog, again_ms: float, sizes: tuple[int, int]
) -> Part:
    figures = [_figures(one) for one in found]
    early, late = backlog.peak_mb(_EARLY), backlog.peak_mb(_LATE)
    rows = [row for one in found for row in _rows(one)]
    rows += [
        Row(
            f"backlog of {backlog.photos:,}, {backlog.per_s:.1f}/s: peak MB late / early",
            f"{late:.0f}",
            f"{early:.0f}",
            late / early,
            aim=_GROWTH_AIM,
        ),
        Row("… worker and its children at the most, MB", f"{backlog.peak_mb():.0f}"),
        Row("… second reading and receipt of a photo, CPU ms", f"{again_ms:.1f}"),
    ]
    about: dict[str, Any] = {
        "cpu_ratio": figures[0]["cpu_ratio"],
        "runs": figures,
        "backlog": {
            "photos": backlog.photos,
            "per_second": rounded(backlog.per_s),
            "peak_early_mb": rounded(early),
            "peak_late_mb": rounded(late),
            "peak_mb": rounded(backlog.peak_mb()),
        },
        "second_reading_cpu_ms": rounded(again_ms),
        "photo_bytes": sizes,
    }
    return Part("evidence", rows, about)


def _rows(one: Found) -> list[Row]:
    name = f"{one.model.name}, {one.processes} workers" if one.processes > 1 else ""
    name = name or f"{one.model.name}, 1 worker"
    api, worker = (
        median([t.api_ms for t in one.drained]),
        median([t.worker_ms for t in one.drained]),
    )
    bare, rate = median([c.cpu_ms for c in one.bare]), median([t.per_s for t in one.drained])
    bare_rate, pairs = median([c.per_s for c in one.bare]), _pairs(one)
    return [
        Row(
            f"{name}: CPU ms, API + worker / bare loop",
            f"{api + worker:.1f} ({api:.1f} + {worker:.1f})",
            f"{bare:.1f}",
            median([ratio for ratio, _ in pairs]),
            aim=_CPU_AIM,
            noise=meters.spread([ratio for ratio, _ in pairs]),
        ),
        Row(
            "… per second, worked off / bare loops on all cores",
            f"{rate:.1f}",
            f"{bare_rate:.1f}",
            median([ratio for _, ratio in pairs]),
            aim=_RATE_AIM,
            at_least=True,
            noise=meters.spread([ratio for _, ratio in pairs]),
        ),
        Row(
            f"… complete to stored, p95 s at {one.paced_per_s:.1f}/s"
            f" of {median(one.whole_per_s):.1f}/s",
            f"{one.paced_p95_s:.2f}",
            f"{_WAIT_AIM_S:.0f}",
            one.paced_p95_s / _WAIT_AIM_S,
            aim=1.0,
        ),
    ]


def _pairs(one: Found) -> list[tuple[float, float]]:
    """CPU and rate of each turn against the bare loops of the same turn."""
    return [
        ((turn.api_ms + turn.worker_ms) / bare.cpu_ms, turn.per_s / bare.per_s)
        for turn, bare in zip(one.drained, one.bare, strict=True)
    ]


def _figures(one: Found) -> dict[str, Any]:
    pairs = _pairs(one)
    return {
        "photo": one.model.name,
        "worker_processes": one.processes,
        "cpu_ratio": rounded(median([ratio for ratio, _ in pairs])),
        "rate_ratio": rounded(median([ratio for _, ratio in pairs])),
        "cpu_ms_api": series([turn.api_ms for turn in one.drained]),
        "cpu_ms_worker": series([turn.worker_ms for turn in one.drained]),
        "bare_loop_cpu_ms": series([cost.cpu_ms for cost in one.bare]),
        "per_second": series([turn.per_s for turn in one.drained]),
        "bare_loops_per_second": series([cost.per_s for cost in one.bare]),
        "whole_path_per_second": series(one.whole_per_s),
        "paced_per_second": rounded(one.paced_per_s),
        "paced_stored_after_s_p95": rounded(one.paced_p95_s),
    }
