"""The whole service as processes of its own, and what a journey needs to look behind it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from app import loading, serving
from app.config import Settings, environment_with
from app.infra import children
from app.infra.blobs import Blobs
from tests.conftest import CITY, ROOT

_START_LIMIT_S = 90.0
_QUICK = {
    "DUDAO_JOB_LEASE_S": "5",
    "DUDAO_SWEEP_AFTER_S": "3",
    "DUDAO_SECOND_READ_S": "1",
    "DUDAO_LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True)
class Service:
    """A running service, its address, and its stores for arranging and looking."""

    data: Path
    url: str
    settings: Settings
    engine: sa.Engine
    blobs: Blobs

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """A session of our own; what it commits, the service sees."""
        with Session(self.engine, expire_on_commit=False) as tx:
            yield tx

    def pids(self) -> dict[str, int]:
        """Who runs now, by name."""
        found: dict[str, int] = json.loads((self.data / "run.json").read_text())["pids"]
        return found

    def kill(self, name: str) -> bool:
        """SIGKILL one of api, worker, postgres, s3; False where it is down already."""
        try:
            os.kill(self.pids()[name], signal.SIGKILL)
        except (ProcessLookupError, KeyError, OSError, ValueError):
            return False
        return True

    def is_ready(self) -> bool:
        """Whether the API says that nothing is missing."""
        return _is_ready(self.url)

    def wait_ready(self, limit_s: float = _START_LIMIT_S) -> None:
        """Until the API says that nothing is missing."""
        end = time.monotonic() + limit_s
        while not _is_ready(self.url):
            assert time.monotonic() < end, f"not ready: {self.log()}"
            time.sleep(0.1)

    def log(self) -> str:
        """The last words of everybody, for a test that fails."""
        logs = sorted((self.data / "logs").glob("*.log"))
        return "\n".join(f"== {log.name}\n{children.tail(log, 15)}" for log in logs)


def _is_ready(url: str) -> bool:
    try:
        return serving.answers(url + "/readyz")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(data: Path, *, with_city: bool = True) -> Iterator[Service]:
    """`dudao serve --embedded` on a folder, with the real city loaded unless told otherwise.

    It must end well when asked.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    (data / "logs").mkdir(parents=True, mode=0o711)
    argv = [
        sys.executable, "-m", "app.cli", "serve", "--embedded",
        "--data", str(data), "--port", str(port), "--env", "test",
    ]  # fmt: skip
    env = environment_with({"PYTHONPATH": str(ROOT), **_QUICK})
    process = children.spawn(
        argv, env=env, cwd=ROOT, log=data / "logs" / "serve.log", on_parent_death=signal.SIGTERM
    )
    try:
        _wait(url, process, data)
        settings = serving.settings_from(serving.running_environment(data))
        url_of_database = settings.database_url.get_secret_value()
        engine = sa.create_engine(url_of_database, poolclass=sa.NullPool)
        try:
            if with_city:
                _load_city(engine)
            yield Service(data, url, settings, engine, Blobs(settings))
        finally:
            engine.dispose()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            children.stop(process, [(signal.SIGTERM, 30.0)])


def _wait(url: str, process: "subprocess.Popen[Any]", data: Path) -> None:
    end = time.monotonic() + _START_LIMIT_S
    while not _is_ready(url):
        said = children.tail(data / "logs" / "serve.log", 30)
        assert process.poll() is None, f"it ended: {said}"
        assert time.monotonic() < end, f"it does not answer: {said}"
        time.sleep(0.1)


def _load_city(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as tx:
        loading.load_city(tx, CITY)
        tx.commit()
