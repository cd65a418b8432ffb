"""The embedded stack of one run in a temporary folder: servers, API, worker; and its end."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.config import Environment, Settings, environment_with
from app.infra import children, embedded_ports
from app.infra.db import Database, make_engine
from app.infra.supervisor import Program
from app.serving import (
    Place,
    embedded_environment,
    make_servers,
    prepare,
    programs,
    settings_from,
    worker_names,
)
from scripts.bench_steps import meters

_READY_LIMIT_S = 60.0
_STOP_STEPS = ((signal.SIGTERM, 15.0),)
FACTORY = "app.main:create_app"
MOST_WORKERS = 4


@dataclass
class Stack:
    """Use it as a context manager: everything that it started is gone afterwards."""

    data: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="dudao-bench-")).resolve()
    )
    notes: list[str] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        port = embedded_ports.pick(["api"], avoid=lambda _name, _port: False)["api"]
        self._place = Place(self.data, "127.0.0.1", port, Environment.PRODUCTION)
        self._servers = make_servers(self._place, self.notes.append)
        try:
            addresses = self._servers.start()
            variables = embedded_environment(addresses, Environment.PRODUCTION, self.data)
            variables |= {"DUDAO_ACCESS_TOKEN_S": "7200"}  # one sign-in for the run
            variables |= self.given
            self.settings: Settings = settings_from(variables)
            self.variables = environment_with(variables)
            prepare(self.settings)
            self.database = Database(make_engine(self.settings), self.settings.env)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.database.dispose()
        self._end()

    @property
    def url(self) -> str:
        """Where the API listens."""
        return self._place.url

    @property
    def postgres(self) -> int:
        """The process that all backends are children of."""
        return self._servers.pids()["postgres"]

    def pid(self, name: str) -> int:
        """The process of ``api`` or ``worker``."""
        return self._running[name].pid

    def workers(self) -> list[int]:
        """The processes of all workers that run, without their children."""
        return [one.pid for name, one in self._running.items() if name.startswith("worker")]

    def run_workers(self, count: int) -> None:
        """Start or stop workers until so many run."""
        names = worker_names(MOST_WORKERS)
        for name in names[count:]:
            self.stop(name)
        for name in names[:count]:
            if name not in self._running:
                self.start(name)

    @contextmanager
    def halted_workers(self) -> Iterator[None]:
        """Nobody works meanwhile: the workers stand still and need not start again."""
        for pid in self.workers():
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in self.workers():
                os.kill(pid, signal.SIGCONT)

    def connect(self, database: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        """A plain connection, for baselines and bulk loading."""
        return psycopg.connect(self.address(database), autocommit=True)

    def address(self, database: str | None = None) -> str:
        """Where a database of this stack is, as psycopg reads it; by default the service's own."""
        url = make_url(self.settings.database_url.get_secret_value())
        chosen = url.set(drivername="postgresql", database=database or url.database)
        return chosen.render_as_string(hide_password=False)

    def copy_database(self, name: str) -> None:
        """A copy of the service's database beside it; nothing may be running on it."""
        self.database.dispose()
        own = sql.Identifier(str(make_url(self.address()).database))
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), own)
            )

    def start(self, name: str, *, factory: str = FACTORY, database: str | None = None) -> None:
        """Start ``api`` or ``worker`` and wait until it answers."""
        program = next(one for one in self._programs(database) if one.name == name)
        argv = [factory if part == FACTORY else part for part in program.argv]
        process = children.spawn(argv, env=program.env, log=program.log)
        self._running[name] = process
        deadline = time.monotonic() + _READY_LIMIT_S
        while program.ready is not None and not _is_ready(program):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not start:\n{_tail(program)}")
            time.sleep(0.05)

    def stop(self, *names: str) -> None:
        """Stop them, and remember how much memory they had at most."""
        for name in names or tuple(self._running):
            process = self._running.pop(name, None)
            if process is not None:
                self.note_peak(name, process.pid)
                children.stop(process, _STOP_STEPS)

    def note_peaks(self) -> None:
        """Remember the memory of what runs."""
        for name, process in self._running.items():
            self.note_peak(name, process.pid)

    def note_peak(self, name: str, pid: int) -> None:
        """Remember the memory of one process, and of the largest of its children."""
        kind = name.partition("-")[0]
        found = {kind: meters.peak_mb(pid), f"{kind}'s child": meters.largest_child_mb(pid)}
        for what, size in found.items():
            self.peaks[what] = max(self.peaks.get(what, 0.0), size)

    def _programs(self, database: str | None) -> Sequence[Program]:
        variables = self.variables
        if database is not None:
            variables = {**variables, "DUDAO_DATABASE_URL": self.address(database)}
        return programs(self._place, variables, worker_processes=MOST_WORKERS)

    def _end(self) -> None:
        self.stop()
        self._servers.stop()
        outside = self.data / "outside.json"
        if outside.exists():
            shutil.rmtree(json.loads(outside.read_text())["folder"], ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)


def _is_ready(program: Program) -> bool:
    try:
        return program.ready is None or program.ready()
    except OSError:
        return False


def _tail(program: Program) -> str:
    return children.tail(program.log) if program.log else ""
