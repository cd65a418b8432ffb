"""The child's side of ``confined``: take limits upon oneself, then answer orders until the end.

Imports nothing but the standard library, for a child must be small and quick to start.
"""

import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY = b"R"
ANSWERED, NO_MEMORY = 0, 1
MOST_PARTS = 4
HEAD = struct.Struct(">BI" + "I" * MOST_PARTS)
_STATM = Path("/proc/self/statm")

Work = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], Sequence[bytes]]]


def serve(work: Work) -> None:
    """Answer orders until the other side closes the line.

    The arguments of the process are the line, the shared memory, bytes of memory and seconds of
    processor time per order.
    """
    line_fd, shared, memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:5])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(memory_bytes)
    with socket.socket(fileno=line_fd) as line, line.makefile("rb") as orders:
        line.sendall(READY)
        while size := orders.read(4):
            order = json.loads(orders.read(struct.unpack(">I", size)[0]))
            _limit_time(cpu_s)
            try:
                with _tied_to(line):
                    said, parts = work(order, os.pread(shared, os.fstat(shared).st_size, 0))
            except MemoryError:
                line.sendall(HEAD.pack(NO_MEMORY, 0, *[0] * MOST_PARTS))
                return
            _answer(line, said, parts)


@contextmanager
def _tied_to(line: socket.socket) -> Iterator[None]:
    """The kernel ends us in the midst of our work when the other side is no more.

    Nothing is said to us while we work: whatever stirs on the line is its end.
    """
    flags = fcntl.fcntl(line, fcntl.F_GETFL)
    fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(line, fcntl.F_SETSIG, signal.SIGKILL)  # ends a stopped process too
    fcntl.fcntl(line, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(line, fcntl.F_SETFL, flags)


def _answer(line: socket.socket, said: dict[str, Any], parts: Sequence[bytes]) -> None:
    text = json.dumps(said).encode()
    sizes = [len(part) for part in parts] + [0] * (MOST_PARTS - len(parts))
    line.sendall(HEAD.pack(ANSWERED, len(text), *sizes) + text)
    for part in parts:
        line.sendall(part)


def _limit_memory(memory_bytes: int) -> None:
    """So much more than the program takes now.

    Systems without ``/proc`` are no servers of ours: there the limit on time must do.
    """
    if _STATM.exists():
        now = int(_STATM.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory_bytes, now + memory_bytes))


def _limit_time(cpu_s: int) -> None:
    """The kernel ends us by SIGXCPU when this order has taken so many seconds."""
    most = int(time.process_time()) + 1 + cpu_s  # house: clock - our own processor time
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
