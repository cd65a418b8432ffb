"""The embedded PostgreSQL: `initdb` once, then `postgres` itself as our child.

Without `pg_ctl`, since a server that we did not start ourselves would outlive us. A cluster is
made beside its final place and moved there whole, so a start that is interrupted leaves nothing
that looks like a database.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from app.infra import children
from app.infra.children import EmbeddedError
from app.infra.embedded_place import Place
from app.infra.embedded_ports import PortTakenError, is_free, pick, require_free
from app.infra.embedded_secrets import Secrets, write_private

# LC_CTYPE decides which characters are letters to pg_trgm: under "C" no Chinese one is, and every
# similarity search finds nothing. Sorting stays with the built-in provider, whose order does not
# change when the operating system is upgraded.
_CTYPES = ("C.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may not be longer than about 100 bytes
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_READY_LIMIT = 120.0  # recovery after a kill may take its time
_STOP_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))  # fast, then immediate shutdown


class PostgresServer:
    """One PostgreSQL below `place`, on one port for its whole life."""

    name = "postgres"

    def __init__(
        self,
        place: Place,
        secrets: Secrets,
        *,
        port: int | None,
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        self.port = port or pick(["port"], avoid=lambda _name, _port: False)["port"]
        self._place = place
        self._secrets = secrets
        self._log = log
        self._say = say
        self._home = place.servers / "postgres"
        self._data = self._home / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy; it holds the password."""
        password = self._secrets.postgres_password
        return f"postgresql+psycopg://dudao:{password}@127.0.0.1:{self.port}/dudao"

    @property
    def pid(self) -> int | None:
        """None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

    def start(self) -> None:
        """Start, recover what a killed run left, and return when the database answers."""
        children.end_leftovers("postgres", self._data, limit=10, say=self._say)
        if not self._place.has_cluster:
            self._make_cluster()
        require_free(self.port, "PostgreSQL")
        if Path("/proc/self").exists():
            # Nothing works in this folder any more, see above; yet after a restart of the machine
            # or container the pid in the file may belong to some other process of the same user.
            (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._process = children.spawn(
            [self._place.programs.postgres("postgres"), "-D", str(self._data), *options],
            cwd=self._data,
            env=children.clean_environment(),
            log=self._log,
            account=self._place.account,
            on_parent_death=signal.SIGINT,
        )
        try:
            with self._wait_ready() as admin:
                self._ensure_database(admin)
        except psycopg.Error as problem:
            raise EmbeddedError(f"the database cannot be prepared: {problem}") from problem

    def ask_to_stop(self) -> None:
        """Tell it to stop without waiting."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(_STOP_STEPS[0][0])

    def stop(self) -> None:
        """Stop it, hard after a limit."""
        if self._process and children.stop(self._process, _STOP_STEPS) == signal.SIGKILL:
            self._say("PostgreSQL did not stop in time and was killed; it recovers at next start")
        self._process = None

    def _make_cluster(self) -> None:
        self._say("making the database (first start only)")
        draft = self._home / "data.new"
        children.end_leftovers("postgres", draft, limit=1, say=self._say)
        self._home.mkdir(mode=0o711, exist_ok=True)
        password = self._home / "password"
        write_private(password, self._secrets.postgres_superuser_password + "\n")
        self._place.give(password)
        try:
            for ctype in _CTYPES:
                shutil.rmtree(draft, ignore_errors=True)
                self._place.make_folder("postgres", "data.new")
                done = self._initdb(draft, password, ctype)
                if done.returncode == 0:
                    break
            else:
                raise EmbeddedError(f"the database cannot be made: {done.stdout.strip()}")
        finally:
            password.unlink()
        if self._data.exists():
            self._data.rmdir()  # never had a cluster; refuses if something lies in it
        draft.rename(self._data)

    def _initdb(self, draft: Path, password: Path, ctype: str) -> subprocess.CompletedProcess[str]:
        command = [
            self._place.programs.postgres("initdb"),
            f"--pgdata={draft}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--locale=C",
            f"--lc-ctype={ctype}",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        return children.run_as(self._place.account, command, limit=120)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        # Every setting that PG* variables of the caller could change is named here.
        return psycopg.connect(
            host="127.0.0.1",
            hostaddr="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self._secrets.postgres_superuser_password,
            dbname="postgres",
            sslmode="disable",
            gssencmode="disable",
            options="",
            connect_timeout=5,
            autocommit=True,
        )

    def _wait_ready(self) -> psycopg.Connection[tuple[object, ...]]:
        deadline = time.monotonic() + _READY_LIMIT
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError as problem:
                if self.pid is None:
                    if not is_free(self.port):
                        raise PortTakenError(self.port, "PostgreSQL") from problem
                    raise EmbeddedError(
                        f"PostgreSQL ended at once; its log says:\n{children.tail(self._log)}"
                    ) from problem
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL does not answer: {problem}") from problem
            time.sleep(0.03)

    def _ensure_database(self, admin: psycopg.Connection[tuple[object, ...]]) -> None:
        """Each step by itself, since a first start may have been killed between them."""
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'dudao'").fetchone():
            # CREATEDB: the tests make databases of their own.
            make = sql.SQL("CREATE ROLE dudao LOGIN CREATEDB PASSWORD {}")
            admin.execute(make.format(self._secrets.postgres_password))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'dudao'").fetchone():
            with suppress(psycopg.errors.DuplicateDatabase):
                admin.execute("CREATE DATABASE dudao OWNER dudao")
