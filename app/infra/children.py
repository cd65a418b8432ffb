"""Child processes that cannot outlive us.

The embedded servers and the programs of `dudao serve --embedded` are ordinary child processes.
Three things are promised for each of them: it runs in a session of its own, so that Ctrl-C reaches
only us and we decide the order of stopping; the kernel signals it when we die, even by kill -9
(Linux); and it is ended hard when it does not end by itself within a limit.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: loading a library between fork and exec is not safe.
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)


class EmbeddedError(RuntimeError):
    """An embedded server cannot run; the text says why and is meant for the person at the shell."""


@dataclass(frozen=True)
class Account:
    """The unprivileged user that the servers run as when we are root."""

    uid: int
    gid: int


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    account: Account | None = None,
    on_parent_death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a child; its output goes to the end of `log`, or where ours goes.

    Call it from the main thread: the kernel ties the death signal to the thread that forked.
    """
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and nothing from outside in it
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            # Runs after the change of user, which would clear the death signal.
            preexec_fn=_death_signal(on_parent_death),  # noqa: PLW1509 - only prctl and getppid
        )
    finally:
        if output:
            output.close()


def run_as(
    account: Account | None, argv: Sequence[str], *, text: str = "", limit: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end as `account`, with a clean environment."""
    return subprocess.run(  # noqa: S603 - as above
        argv,
        cwd="/",
        env=clean_environment(),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=limit,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_death_signal(signal.SIGKILL),
    )


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing of the caller's PG*, AWS_* or proxy settings may reach a server."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "TZ": "UTC", "LANG": "C", **more}


def stop(
    process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]
) -> signal.Signals | None:
    """Send each signal and wait its seconds; then SIGKILL to the child's group. Says what ended it.

    None means that the child had ended before.
    """
    sent: signal.Signals | None = None
    for sent, limit in (*steps, (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return None
        if sent == signal.SIGKILL:
            kill_group(process.pid)
        else:
            process.send_signal(sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(limit)
            break
    return sent


def kill_group(pid: int) -> None:
    """SIGKILL the session that `spawn` made: what the child itself had started ends with it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_leftovers(program: str, folder: Path, *, limit: float, say: Callable[[str], None]) -> None:
    """Wait for processes of an earlier run that still work in `folder`, then end them hard.

    Only call this under the data folder's lock. A process counts when it executes a file called
    `program` and its working directory is `folder`, which holds for PostgreSQL and all its
    backends and for our S3 server, and for nobody's shell.
    """
    deadline = time.monotonic() + limit
    said = killed = False
    while pids := _working_in(program, folder):
        if not said:
            say(f"waiting for {program} of an earlier run to end ({_listed(pids)})")
            said = True
        if time.monotonic() > deadline:
            if killed:
                raise EmbeddedError(f"{program} of an earlier run does not end: {_listed(pids)}")
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            killed, deadline = True, time.monotonic() + 10
        time.sleep(0.05)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for a message about a server that would not start."""
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _death_signal(sig: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def ask() -> None:
        if _PRCTL is not None:
            _PRCTL(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return ask


def _working_in(program: str, folder: Path) -> list[int]:
    wanted = str(folder.resolve())
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or not ours to look at
            runs = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if runs == program and str((entry / "cwd").readlink()) == wanted:
                found.append(int(entry.name))
    return found


def _listed(pids: Sequence[int]) -> str:
    return ", ".join(str(pid) for pid in pids)
