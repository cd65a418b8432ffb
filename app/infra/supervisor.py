"""Keeps the embedded servers and our own programs running: `dudao serve --embedded`.

One loop, no threads: what died is started again with growing pauses, until a signal asks us to
stop; then the programs end before the servers they use. `run.json` in the data folder tells tests
and scripts what runs where; it holds no secret and exists only while we run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sqlalchemy import make_url

from app.infra import children
from app.infra.embedded import Addresses, EmbeddedError, EmbeddedServers
from app.infra.embedded_secrets import write_private

_POLL = 0.1
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_STABLE_AFTER = 30.0
_STOP_LIMIT = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Program:
    """One of our own processes; `env` is its whole environment. `ready` must answer quickly."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    log: Path | None = None


# Called once the servers answer: migrate, make buckets, and say which programs to run.
Plan = Callable[[Addresses], Sequence[Program]]


def supervise(
    servers: EmbeddedServers,
    plan: Plan,
    *,
    data: Path,
    api_url: str,
    say: Callable[[str], None],
    about: Mapping[str, str] | None = None,
) -> int:
    """Run everything until SIGINT, SIGTERM or SIGHUP; the process's exit code, 0 if asked to stop.

    An error before everything has been started once is raised as it is, with nothing left running.
    ``about`` is written into `run.json` as it is.
    """
    supervisor = _Supervisor(servers, data=data, api_url=api_url, say=say, about=about or {})
    before = [(sig, signal.getsignal(sig)) for sig in _SIGNALS]
    for sig, handler in before:
        if not (sig == signal.SIGHUP and handler == signal.SIG_IGN):  # nohup
            signal.signal(sig, supervisor.on_signal)
    try:
        supervisor.start(plan)
        supervisor.run()
    finally:
        supervisor.shut_down()
        for sig, handler in before:
            signal.signal(sig, handler)
    return 0


@dataclass
class _Pause:
    """How long to wait before something that died is started again."""

    seconds: float = _FIRST_PAUSE
    until: float = 0.0
    since: float = field(default_factory=time.monotonic)

    def begin(self) -> float:
        if time.monotonic() - self.since > _STABLE_AFTER:
            self.seconds = _FIRST_PAUSE
        pause = self.seconds
        self.until = time.monotonic() + pause
        self.seconds = min(pause * 2, _LONGEST_PAUSE)
        return pause

    def end(self) -> None:
        self.until, self.since = 0.0, time.monotonic()

    @property
    def is_on(self) -> bool:
        return self.until > 0

    @property
    def is_over(self) -> bool:
        return self.is_on and time.monotonic() >= self.until


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    pause: _Pause = field(default_factory=_Pause)
    is_ready: bool = False


class _Supervisor:
    def __init__(
        self,
        servers: EmbeddedServers,
        *,
        data: Path,
        api_url: str,
        say: Callable[[str], None],
        about: Mapping[str, str],
    ) -> None:
        self._servers = servers
        self._about = about
        self._run_file = data / "run.json"
        self._api_url = api_url
        self._say = say
        self._children: list[_Child] = []
        self._pauses: dict[str, _Pause] = {}
        self._addresses: dict[str, str] = {}
        self._written = ""
        self._told = False
        self._asked = False
        self._stopping = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Only a flag: an exception at any point could leave locks and half-made children behind.

        Asked again before the stopping began (a start may take long), we leave it to the kernel to
        end our children, see `children`. Once it began, more signals must not disturb it.
        """
        if self._asked and not self._stopping:
            os._exit(130)
        self._asked = True

    def start(self, plan: Plan) -> None:
        """Servers, then programs, unless asked to stop in between."""
        addresses = self._servers.start()
        database = make_url(addresses.database_url).set(password=None)
        self._addresses = {
            "s3_endpoint": addresses.s3_endpoint,
            "database_url": database.render_as_string(),
        }
        self._pauses = {name: _Pause() for name in self._servers.pids()}
        for program in () if self._asked else plan(addresses):
            self._children.append(_Child(program, _start(program)))

    def run(self) -> None:
        """Until asked to stop."""
        while not self._asked:
            self._write_run_file()
            self._look_after_servers()
            for child in self._children:
                self._look_after(child)
            if not self._told and all(child.is_ready for child in self._children):
                self._told = True
                self._say(f"ready at {self._api_url}")
            time.sleep(_POLL)
        self._say("stopping")

    def shut_down(self) -> None:
        """Programs first, so that none of them sees its database vanish; then the servers."""
        self._stopping = True
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_LIMIT
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            if child.process.poll() is None:
                self._say(f"{child.program.name} did not stop in time and was killed")
            children.kill_group(child.process.pid)
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(5)
        self._servers.stop()
        if self._written:
            self._run_file.unlink(missing_ok=True)

    def _look_after_servers(self) -> None:
        dead = self._pauses.keys() - self._servers.pids().keys()
        for name in dead:
            pause = self._pauses[name]
            if not pause.is_on:
                self._say(f"{name} died; starting it again in {pause.begin():.1f} s")
        if not any(self._pauses[name].is_over for name in dead):
            return
        try:
            restarted = self._servers.restart_dead()
        except (EmbeddedError, OSError) as problem:
            self._say(f"a server could not be started again: {problem}")
            for name in dead:
                self._pauses[name].begin()
            return
        for name in restarted:
            self._pauses[name].end()
            self._say(f"{name} runs again")

    def _look_after(self, child: _Child) -> None:
        name, pause = child.program.name, child.pause
        code = child.process.poll()
        if code is None:
            if not child.is_ready:
                with suppress(OSError):  # nobody listens yet
                    child.is_ready = child.program.ready is None or child.program.ready()
        elif not pause.is_on:
            children.kill_group(child.process.pid)  # its own children, if it had any
            self._say(f"{name} ended ({_ending(code)}); starting it again in {pause.begin():.1f} s")
        elif pause.is_over:
            child.process = _start(child.program)
            pause.end()

    def _write_run_file(self) -> None:
        programs = {one.program.name: one.process.pid for one in self._children}
        pids = {"supervisor": os.getpid(), **self._servers.pids(), **programs}
        content = {"api": self._api_url, **self._about, "pids": pids, "addresses": self._addresses}
        text = json.dumps(content, indent=2) + "\n"
        if text != self._written:
            with suppress(OSError):  # a full disk must not end what still runs; tried again soon
                write_private(self._run_file, text)
                self._written = text


def _start(program: Program) -> subprocess.Popen[bytes]:
    # SIGTERM at our death, so that a program which has processes of its own ends them too.
    return children.spawn(
        program.argv, env=program.env, log=program.log, on_parent_death=signal.SIGTERM
    )


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
