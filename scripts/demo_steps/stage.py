"""Brings the service up for the demo, on a data folder of its own, and takes it down again.

The service is the same `dudao serve --embedded` that anybody starts; it runs as a child process,
and all that the demo does with it later goes over HTTP, apart from loading the city's files.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app import loading, serving
from app.config import Environment, environment_with
from app.infra import business_time, children
from app.infra.db import Database, make_engine
from app.organisation.importing_boundaries import set_boundaries
from scripts.demo_steps.city_files import CITY_FOLDER
from scripts.demo_steps.outlines import made_up_outlines
from scripts.demo_steps.plan import DemoPlan

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "2018-09-12T08:30:00+08:00"
_USUAL_PORT = 8000
_START_LIMIT_S = 120.0
_API_PROCESSES = "2"  # phones and desks ask for more than one of them can answer
_QUICK = {"DUDAO_SECOND_READ_S": "1"}  # nobody waits a minute for the receipt of a demo
_STOP_STEPS = ((signal.SIGTERM, 40.0),)


class StageError(RuntimeError):
    """The demo cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Stage:
    """A running service."""

    data: Path
    url: str
    process: subprocess.Popen[bytes]


def new_data_folder() -> Path:
    """A fresh folder for one demo, below the project's own data folder."""
    parent = ROOT / "data"
    parent.mkdir(mode=0o711, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="demo-", dir=parent))


def remove_data_folder(data: Path) -> None:
    """Remove a demo's folder, with the part that had to be kept outside of it (see embedded)."""
    note = data / "outside.json"
    if note.exists():
        shutil.rmtree(json.loads(note.read_text())["folder"], ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


@contextmanager
def running_service(data: Path, port: int | None) -> Iterator[Stage]:
    """The service until the block ends; its own words go to `logs/serve.log`."""
    chosen = port or _free_port()
    logs = data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    argv = [
        sys.executable, "-m", "app.cli", "serve", "--embedded",
        "--data", str(data), "--port", str(chosen), "--env", Environment.DEMO.value,
        "--workers", _API_PROCESSES,
    ]  # fmt: skip
    env = environment_with({"PYTHONPATH": str(ROOT), **_QUICK})
    process = children.spawn(argv, env=env, log=logs / "serve.log", on_parent_death=signal.SIGTERM)
    try:
        stage = Stage(data, f"http://127.0.0.1:{chosen}", process)
        _wait_until_ready(stage)
        yield stage
    finally:
        children.stop(process, _STOP_STEPS)


def _wait_until_ready(stage: Stage) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    log = stage.data / "logs" / "serve.log"
    while time.monotonic() < deadline:
        if stage.process.poll() is not None:
            break
        if (stage.data / "run.json").exists() and serving.answers(stage.url + "/readyz"):
            return
        time.sleep(0.2)
    raise StageError(f"the service did not come up:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    """The usual port, or one below the range that the kernel gives to clients."""
    for port in (_USUAL_PORT, *random.sample(range(18000, 19900), 200)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise StageError("no free port between 18000 and 19900")


def files_of(stage: Stage) -> Path:
    """The folder of the files that this demo loads."""
    files = stage.data / "files"
    files.mkdir(mode=0o700, exist_ok=True)
    return files


def load(stage: Stage, plan: DemoPlan, city: Path = CITY_FOLDER) -> UUID:
    """The city, its people, the round and the business clock; returns the round's id."""
    files = files_of(stage)
    with opened(stage) as database:
        with database.transaction() as tx:
            business_time.set_business_time(tx, instant=datetime.fromisoformat(BEGIN))
        with database.transaction() as tx:
            loading.load_city(tx, city)
        with database.transaction() as tx:
            loading.load_people(tx, _write(files / "users.json", plan.users))
        with database.transaction() as tx:
            file = _write(files / "round.json", plan.round_file)
            return loading.load_round(tx, file, city / "campaign.json").id


def set_clock(stage: Stage, instant: str) -> None:
    """From now on it is this time in the business."""
    with opened(stage) as database, database.transaction() as tx:
        business_time.set_business_time(tx, instant=datetime.fromisoformat(instant))


def load_clerks(stage: Stage, clerks: list[dict[str, Any]]) -> None:
    """Who handles cases in the units, beside the people of the round."""
    with opened(stage) as database, database.transaction() as tx:
        loading.load_people(tx, _write(stage.data / "files" / "clerks.json", clerks))


def draw_outlines(stage: Stage, plan: DemoPlan) -> int:
    """Made-up outlines where the city has none; returns how many."""
    with opened(stage) as database, database.transaction() as tx:
        return set_boundaries(tx, made_up_outlines(plan.city, plan.seed))


@contextmanager
def opened(stage: Stage) -> Iterator[Database]:
    """The service's database, for what the demo loads and counts itself."""
    settings = serving.settings_from(serving.running_environment(stage.data))
    engine = make_engine(settings)
    try:
        yield Database(engine, settings.env)
    finally:
        engine.dispose()


def _write(file: Path, content: Any) -> Path:
    file.touch(mode=0o600)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return file
