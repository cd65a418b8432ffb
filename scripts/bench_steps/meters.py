"""What processes have used, read from ``/proc``; and how steady this machine is."""

import hashlib
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_BLOCK = bytes(1024 * 1024)


def cpu_ms(*roots: int) -> float:
    """CPU milliseconds of processes and all below them, ended ones included once reaped."""
    ticks = 0
    for pid in _with_children(roots):
        fields = _stat(pid)
        ticks += sum(int(value) for value in fields[11:15]) if fields else 0
    return ticks * _TICK_MS


def peak_mb(pid: int) -> float:
    """The largest resident memory that a process ever had."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


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
