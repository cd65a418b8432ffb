"""Bare loops as processes of their own, one or several at once; see ``photo_loop``."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from scripts.bench_steps.stack import Stack


@dataclass(frozen=True)
class Cost:
    """Processor time of one photo, and how many came through in a second."""

    cpu_ms: float
    per_s: float


class Loops:
    """So many loops over copies of one picture."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def measure(self, kind: str, count: int) -> Cost:
        """``count`` photos in each loop, begun together when all are uploaded."""
        for order in (f"{kind} {count}", "go"):
            for process in self._processes:
                _tell(process, order)
            said = [_hear(process).split() for process in self._processes]
        costs = [Cost(float(cpu_ms), float(per_s)) for cpu_ms, per_s in said]
        return Cost(sum(c.cpu_ms for c in costs) / len(costs), sum(c.per_s for c in costs))


@contextmanager
def running(stack: Stack, base: bytes, *, count: int = 1) -> Iterator[Loops]:
    """Loops that end with the block."""
    file = stack.data / f"picture-{len(base)}.jpg"
    file.write_bytes(base)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "scripts.bench_steps.photo_loop", str(file)],
            env=stack.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        yield Loops(processes)
    finally:
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=10)
            process.kill()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        raise AssertionError("it is a pipe")
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise AssertionError("it is a pipe")
    return process.stdout.readline()
