"""Work on hostile bytes in child processes that may take little memory and little time.

A pool belongs to one process and grows to as many *cells* as its threads use at once. A cell is a
piece of shared memory that the caller fills and a long-lived child that reads it, so that bytes
from outside are copied once and never pickled. The child is started afresh (no fork of ours with
its connections and secrets), with an empty environment; the kernel bounds its address space and
its processor time, we its time on the clock. It ends by itself when we do.

A child that ends before it has answered says something about the bytes only if it ended by its own
doing. So each piece of work gets a second try with a fresh child, and ``ChildLost`` tells both
endings; what a person, the kernel's memory killer or a hung machine has done is ``DISTURBED``.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import structlog

from app.infra.confined_child import ANSWERED, HEAD, READY

_TRIES = 2
_START_S = 60.0
_END_S = 5.0
_LONGEST_ANSWER = 32 * 1024 * 1024
_DISTURBING = frozenset(
    -number for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
)
_ROOT = str(Path(__file__).resolve().parents[2])
_log = structlog.get_logger("dudao.confined")


class Ending(StrEnum):
    """How a child ended that did not answer."""

    CRASHED = "crashed"
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"
    DISTURBED = "disturbed"


class ChildLost(Exception):
    """No child answered; ``endings`` says how each try went."""

    def __init__(self, endings: list[Ending]) -> None:
        super().__init__(", ".join(endings))
        self.endings = endings


class ChildWontStart(RuntimeError):
    """A child did not come up: a fault of the installation, never of the bytes."""


@dataclass(frozen=True)
class Confinement:
    """The program of the children and what one piece of work may take.

    ``memory_bytes`` is beside what the program itself needs; ``wall_s`` counts from the order to
    the answer; after ``uses`` pieces of work a child is replaced.
    """

    module: str
    memory_bytes: int
    cpu_s: int
    wall_s: float
    uses: int = 1000


Answer = tuple[dict[str, Any], list[bytes]]


class _Child:
    """One running child, and our end of the line to it."""

    def __init__(self, confinement: Confinement, shared: int) -> None:
        self._wall_s = confinement.wall_s
        self.uses = 0
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-m", confinement.module]
            argv += [str(theirs.fileno()), str(shared)]
            argv += [str(confinement.memory_bytes), str(confinement.cpu_s)]
            self.process = subprocess.Popen(  # noqa: S603 - nothing from outside in it
                argv,
                env={"PYTHONPATH": _ROOT, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), shared),
                start_new_session=True,
            )
        self._line = ours
        self._line.settimeout(_START_S)
        try:
            ready = self._line.recv(1)
        except OSError:
            ready = b""
        if ready != READY:
            self.end()
            raise ChildWontStart(f"{confinement.module} ended with {self.process.returncode}")

    def ask(self, order: bytes) -> Answer:
        """One answer; raises ``_Gone``."""
        self.uses += 1
        self._line.settimeout(self._wall_s)
        try:
            self._line.sendall(struct.pack(">I", len(order)) + order)
            status, head, *sizes = HEAD.unpack(self._receive(HEAD.size))
            if status != ANSWERED:
                raise _Gone(Ending.OUT_OF_MEMORY)
            said = json.loads(self._receive(head))
            return said, [self._receive(size) for size in sizes if size]
        except TimeoutError as error:
            raise _Gone(Ending.DISTURBED) from error
        except OSError as error:
            raise _Gone(self._ending()) from error

    def _receive(self, size: int) -> bytes:
        if size > _LONGEST_ANSWER:
            raise _Gone(Ending.CRASHED)
        received = bytearray(size)
        view, at = memoryview(received), 0
        while at < size:
            count = self._line.recv_into(view[at:])
            if not count:
                raise ConnectionResetError
            at += count
        return bytes(received)

    def _ending(self) -> Ending:
        code = self._wait()
        if code is None or code in _DISTURBING:
            return Ending.DISTURBED
        return Ending.OUT_OF_TIME if code == -signal.SIGXCPU else Ending.CRASHED

    def _wait(self) -> int | None:
        try:
            return self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End it, hard where it does not end by itself."""
        self._line.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class _Gone(Exception):
    """The child is of no use any more."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class Cell:
    """Shared memory and a child; used by one thread at a time."""

    def __init__(self, confinement: Confinement) -> None:
        self._confinement = confinement
        self._memory = _shared_memory()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The child's process, while there is one."""
        return self._child.process.pid if self._child else None

    def clear(self) -> None:
        """Forget what was written."""
        self._memory.seek(0)
        self._memory.truncate()

    def write(self, piece: bytes) -> None:
        """Append to what the child is going to read."""
        self._memory.write(piece)

    def content(self) -> bytes:
        """All that was written."""
        self._memory.seek(0)
        return self._memory.read()

    def ask(self, order: Mapping[str, Any]) -> Answer:
        """Let the child work on what was written; raises ``ChildLost`` after two endings."""
        text = json.dumps(order).encode()
        endings: list[Ending] = []
        while True:
            try:
                child = self._fresh_child() if endings else self._any_child()
                return child.ask(text)
            except _Gone as gone:
                _log.warning("child_lost", ending=gone.ending, module=self._confinement.module)
                endings += [gone.ending]
                self._drop()
                if len(endings) == _TRIES:
                    raise ChildLost(endings) from gone

    def _any_child(self) -> _Child:
        """The child at hand, or a new one where it is worn out or was killed while idle."""
        child = self._child
        is_fit = child and child.uses < self._confinement.uses and child.process.poll() is None
        return child if child and is_fit else self._fresh_child()

    def _fresh_child(self) -> _Child:
        self._drop()
        self._child = _Child(self._confinement, self._memory.fileno())
        return self._child

    def _drop(self) -> None:
        if self._child:
            self._child.end()
            self._child = None

    def close(self) -> None:
        """End the child and give the memory back."""
        self._drop()
        self._memory.close()


class ConfinedPool:
    """The cells of this process; children are started when they are needed first."""

    def __init__(self, confinement: Confinement) -> None:
        self._confinement = confinement
        self._lock = threading.Lock()
        self._idle: list[Cell] = []
        self._busy: list[Cell] = []

    @contextmanager
    def cell(self) -> Iterator[Cell]:
        """An empty cell for one piece of work; never waits for another thread's."""
        with self._lock:
            cell = self._idle.pop() if self._idle else Cell(self._confinement)
            self._busy.append(cell)
        try:
            cell.clear()
            yield cell
        finally:
            cell.clear()
            with self._lock:
                self._busy.remove(cell)
                self._idle.append(cell)

    def pids(self) -> list[int]:
        """The children that run now."""
        with self._lock:
            return [cell.pid for cell in (*self._idle, *self._busy) if cell.pid is not None]

    def close(self) -> None:
        """End all children; call it when no thread uses the pool any more."""
        with self._lock:
            for cell in self._idle:
                cell.close()
            self._idle.clear()


def _shared_memory() -> IO[bytes]:
    """Memory that a child can be handed; a file without a name where the system has no other."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("dudao"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)
