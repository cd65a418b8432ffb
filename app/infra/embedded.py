"""PostgreSQL and S3 below one data folder, for development, demo, tests and small installations.

`EmbeddedServers` starts both as children of this process and stops them again. What it promises:
one live run per data folder; a run that was killed in any way is recovered by the next start;
secrets are made once and kept in `secrets.json`; nothing listens beyond 127.0.0.1.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.infra import embedded_place, embedded_secrets
from app.infra.children import EmbeddedError
from app.infra.embedded_place import Place
from app.infra.embedded_ports import PortTakenError, require_free
from app.infra.embedded_postgres import PostgresServer
from app.infra.embedded_s3 import ReadyCheck, S3Server
from app.infra.embedded_secrets import Secrets

__all__ = ["Addresses", "EmbeddedError", "EmbeddedServers", "PortTakenError"]


@dataclass(frozen=True)
class Addresses:
    """Where the running servers are, with the passwords: never log this object."""

    database_url: str
    s3_endpoint: str
    s3_access_key: str
    s3_secret_key: str


class EmbeddedServers:
    """The two servers of one data folder; use it from the main thread (see children.spawn)."""

    def __init__(
        self,
        data: Path,
        *,
        pg_port: int | None = None,
        s3_port: int | None = None,
        s3_ready: ReadyCheck,
        say: Callable[[str], None],
    ) -> None:
        self._data = data.absolute()
        self._pg_port = pg_port
        self._s3_port = s3_port
        self._s3_ready = s3_ready
        self._say = say
        self._locks: list[int] = []
        self._postgres: PostgresServer | None = None
        self._s3: S3Server | None = None

    def start(self) -> Addresses:
        """Start both servers and return when both really answer; on failure nothing keeps running.

        A port that was given must be free. Ports that were not given are picked, for this run only.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("embedded servers are started from the main thread only")
        if self._locks:
            raise RuntimeError("these embedded servers are already started")
        try:
            self._prepare_folder()
            for port, what in ((self._pg_port, "PostgreSQL"), (self._s3_port, "S3")):
                if port is not None:
                    require_free(port, what)
            place = embedded_place.settle(self._data, say=self._say)
            if place.is_outside:
                # Also keeps cleaners of temporary files away from it while we run.
                self._lock(place.servers, os.O_RDONLY)
            secrets = embedded_secrets.load_or_make(
                self._data / "secrets.json", may_make=not place.has_cluster
            )
            self._rotate_logs()
            return self._start_servers(place, secrets)
        except OSError as problem:
            self.stop()
            raise EmbeddedError(f"the embedded servers cannot start: {problem}") from problem
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what runs and free the data folder; does nothing the second time."""
        s3, postgres = self._s3, self._postgres
        # PostgreSQL is the quicker one, and both are told before either is waited for.
        for server in (s3, postgres):
            if server:
                server.ask_to_stop()
        for server in (postgres, s3):
            if server:
                server.stop()
        self._s3 = self._postgres = None
        while self._locks:
            os.close(self._locks.pop())

    def pids(self) -> dict[str, int]:
        """The processes that run now, by "postgres" and "s3"."""
        return {
            server.name: server.pid
            for server in (self._postgres, self._s3)
            if server and server.pid is not None
        }

    def restart_dead(self) -> list[str]:
        """Start again, on the same port, each server that died; returns their names."""
        restarted = []
        for server in (self._postgres, self._s3):
            if server and server.pid is None:
                server.start()
                restarted.append(server.name)
        return restarted

    def _prepare_folder(self) -> None:
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._data / "logs").mkdir(mode=0o700, exist_ok=True)
            if self._data.stat().st_uid == os.geteuid():
                self._data.chmod(0o700)
        except OSError as problem:
            raise EmbeddedError(f"the data folder cannot be used: {problem}") from problem
        handle = self._lock(self._data / "lock", os.O_RDWR | os.O_CREAT)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        # The supervisor writes it; after a kill it would name processes that are gone.
        (self._data / "run.json").unlink(missing_ok=True)

    def _lock(self, path: Path, mode: int) -> int:
        """Hold an flock for the whole run."""
        try:
            handle = os.open(path, mode | os.O_NOFOLLOW, 0o600)
        except OSError as problem:
            raise EmbeddedError(f"the data folder cannot be used: {problem}") from problem
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            holder = "" if path.is_dir() else os.read(handle, 20).decode(errors="replace").strip()
            os.close(handle)
            raise EmbeddedError(
                f"the data folder {self._data} is in use by another run of Dudao"
                + (f" (process {holder})" if holder else "")
                + ": stop that one first or choose another data folder"
            ) from problem
        self._locks.append(handle)
        return handle

    def _rotate_logs(self) -> None:
        """Keep the log of the last run, for whoever asks why it ended, and no more."""
        for name in ("postgres.log", "s3.log"):
            log = self._data / "logs" / name
            with suppress(FileNotFoundError):
                log.replace(log.with_suffix(".log.1"))

    def _start_servers(self, place: Place, secrets: Secrets) -> Addresses:
        given = {self._pg_port, self._s3_port}
        for tries_left in (3, 2, 1, 0):
            try:
                return self._try_ports(place, secrets)
            except PortTakenError as problem:
                for server in (self._postgres, self._s3):
                    if server:
                        server.stop()
                if problem.port in given or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _try_ports(self, place: Place, secrets: Secrets) -> Addresses:
        self._postgres = PostgresServer(
            place,
            secrets,
            port=self._pg_port,
            log=self._data / "logs" / "postgres.log",
            say=self._say,
        )
        self._s3 = S3Server(
            place,
            secrets,
            port=self._s3_port,
            ready=self._s3_ready,
            log=self._data / "logs" / "s3.log",
            say=self._say,
        )
        self._s3.launch()
        self._postgres.start()
        self._s3.wait_ready()
        return Addresses(
            database_url=self._postgres.url,
            s3_endpoint=self._s3.endpoint,
            s3_access_key=secrets.s3_access_key,
            s3_secret_key=secrets.s3_secret_key,
        )
