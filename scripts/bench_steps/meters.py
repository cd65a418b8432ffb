"""What processes have used, read from ``/proc``; and how steady this machine is."""

import hashlib
import os
import statistics
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_WATCH_EVERY_S = 0.25
_BLOCK = bytes(1024 * 1024)


def cpu_ms(*roots: int) -> float:
    """CPU milliseconds of processes and all below them, ended ones included once reaped."""
    ticks = 0
    for pid in _with_children(roots):
        fields = _stat(pid)
        ticks += sum(int(value) for value in fields[11:15]) if fields else 0
    return ticks * _TICK_MS


def peak_mb(pid: int) -> float:
    """The largest resident memory that a process ever had, without its children."""
    return _kilobytes(pid, "status", "VmHWM:") / 1024


def largest_child_mb(pid: int) -> float:
    """The largest resident memory that any running process below another ever had."""
    return max((peak_mb(one) for one in _with_children([pid]) - {pid}), default=0.0)


def memory_mb(*roots: int) -> float:
    """What processes and all below them hold now; what several share counts once."""
    return sum(_kilobytes(pid, "smaps_rollup", "Pss:") for pid in _with_children(roots)) / 1024


def _kilobytes(pid: int, file: str, name: str) -> int:
    with suppress(OSError):
        for line in (_PROC / str(pid) / file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


@contextmanager
def watching(roots: Sequence[int]) -> Iterator[list[float]]:
    """Notes ``memory_mb`` of these all the time, until the block ends."""
    found, ended = [memory_mb(*roots)], threading.Event()

    def watch() -> None:
        while not ended.wait(_WATCH_EVERY_S):
            found.append(memory_mb(*roots))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def calibrate() -> float:
    """CPU milliseconds of a fixed piece of work: its spread over a run is the machine's noise."""
    started = time.process_time()
    for _ in range(40):
        hashlib.sha256(_BLOCK).digest()
        sum(range(50_000))
    return (time.process_time() - started) * 1000


def spread(values: Sequence[float]) -> float:
    """(largest - smallest) / median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _with_children(roots: Iterable[int]) -> set[int]:
    below: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields:
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += below.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields after the name: state, parent, ...; utime, stime, cutime, cstime are 11 to 14."""
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []
