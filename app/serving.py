"""Everything on one machine: embedded PostgreSQL and S3, migrations, buckets, API and worker.

The API and the worker are the same programs as in production; only their settings point to the
embedded servers.
"""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import make_url

from app.citizens import keyfile as contact_keys
from app.config import Environment, Settings, environment_with
from app.infra import embedded_secrets, migrations
from app.infra.blobs import wait_until_usable
from app.infra.buckets import Buckets
from app.infra.db import Database, make_engine
from app.infra.embedded import Addresses, EmbeddedError, EmbeddedServers
from app.infra.supervisor import Program, supervise
from app.signing import service as signing

_READY_TIMEOUT_S = 2.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the service lies and listens."""

    data: Path
    host: str
    port: int
    env: Environment
    workers: int = 1
    pg_port: int | None = None
    s3_port: int | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def embedded_environment(addresses: Addresses, env: Environment, data: Path) -> dict[str, str]:
    """The variables that point a program to the embedded servers of a data folder."""
    return {
        "DUDAO_ENV": env.value,
        "DUDAO_DATABASE_URL": addresses.database_url,
        "DUDAO_S3_ENDPOINT": addresses.s3_endpoint,
        "DUDAO_S3_ACCESS_KEY": addresses.s3_access_key,
        "DUDAO_S3_SECRET_KEY": addresses.s3_secret_key,
        "DUDAO_SIGNING_KEY_FILE": str(data.resolve() / "signing-key.pem"),
        "DUDAO_CONTACT_KEYS_FILE": str(data.resolve() / "contact-keys"),
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_TRIM_THRESHOLD_": "131072",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }


def running_environment(data: Path) -> dict[str, str]:
    """The same variables for the servers that run on a data folder now, from its own two files."""
    try:
        run = json.loads((data / "run.json").read_text())
        at, env = run["addresses"], Environment(run["env"])
        database = make_url(at["database_url"])
        endpoint = str(at["s3_endpoint"])
        kept = embedded_secrets.load_or_make(data / "secrets.json", may_make=False)
    except PermissionError as problem:
        raise EmbeddedError(
            f"{problem.filename} is another user's: run this as its owner"
        ) from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EmbeddedError(
            f"nothing runs on the data folder {data}: start it with scripts/serve --data {data}"
        ) from problem
    url = database.set(password=kept.postgres_password).render_as_string(hide_password=False)
    return embedded_environment(
        Addresses(url, endpoint, kept.s3_access_key, kept.s3_secret_key), env, data
    )


def make_servers(place: Place, say: Say) -> EmbeddedServers:
    """The embedded servers of a data folder, not started yet."""
    return EmbeddedServers(
        place.data,
        pg_port=place.pg_port,
        s3_port=place.s3_port,
        s3_ready=wait_until_usable,
        say=say,
    )


def prepare(settings: Settings) -> None:
    """Bring the database to the newest revision, make keys and buckets that are missing."""
    engine = make_engine(settings)
    try:
        migrations.upgrade(engine)
        with Database(engine, settings.env).transaction() as tx:
            signing.prepare(tx, settings)
        contact_keys.make_if_missing(settings)
    finally:
        engine.dispose()
    Buckets(settings).make()


def serve_embedded(place: Place, say: Say, *, ready: Callable[[Settings], None]) -> int:
    """Run all of it until asked to stop; returns the exit code.

    ``ready`` is called with the settings once the database and the store are prepared.
    """

    def plan(addresses: Addresses) -> Sequence[Program]:
        variables = embedded_environment(addresses, place.env, place.data)
        settings = settings_from(variables)
        prepare(settings)
        ready(settings)
        count = settings.worker_processes
        return programs(place, environment_with(variables), worker_processes=count)

    servers = make_servers(place, say)
    about = {"env": place.env.value}
    return supervise(servers, plan, data=place.data, api_url=place.url, say=say, about=about)


def settings_from(variables: dict[str, str]) -> Settings:
    """Settings as a child with these variables would read them."""
    given = {key.removeprefix("DUDAO_").lower(): value for key, value in variables.items()}
    known = {key: value for key, value in given.items() if key in Settings.model_fields}
    return Settings.model_validate({"DATABASE_URL": known.pop("database_url"), **known})


def programs(place: Place, env: dict[str, str], *, worker_processes: int = 1) -> list[Program]:
    """The API and the workers as processes of their own."""
    logs = place.data / "logs"
    api = Program(
        name="api",
        argv=api_command(place.host, place.port, place.workers),
        env=env,
        ready=lambda: answers(place.url + "/readyz"),
        log=logs / "api.log",
    )
    command = [sys.executable, "-m", "app.worker"]
    return [api] + [
        Program(name=name, argv=command, env=env, log=logs / f"{name}.log")
        for name in worker_names(worker_processes)
    ]


def worker_names(count: int) -> list[str]:
    """What so many worker processes are called: ``worker``, ``worker-2`` and so on."""
    return ["worker", *(f"worker-{n}" for n in range(2, count + 1))]


def api_command(host: str, port: int, workers: int) -> list[str]:
    """The command line of the API, the same in every installation."""
    return [
        sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory",
        "--host", host, "--port", str(port), "--workers", str(workers),
        "--no-access-log", "--timeout-graceful-shutdown", "8", "--no-server-header",
    ]  # fmt: skip


def answers(url: str) -> bool:
    """Whether a page of ours answers 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=_READY_TIMEOUT_S) as reply:  # noqa: S310 - our own
            return bool(reply.status == HTTPStatus.OK)
    except urllib.error.URLError:
        return False


def run_api(host: str, port: int, workers: int) -> None:
    """Run the API in this process with the settings of the environment."""
    import uvicorn

    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=8,
    )


def write_openapi(folder: Path) -> None:
    """The committed description of the interface; needs neither database nor store."""
    from app.main import create_app
    from app.web import openapi

    app = create_app(settings_from({"DUDAO_DATABASE_URL": "postgresql://nobody@127.0.0.1/none"}))
    folder.mkdir(exist_ok=True)
    (folder / "openapi.json").write_text(openapi.dump(app), encoding="utf-8")
    (folder / "errors.md").write_text(openapi.errors_page(), encoding="utf-8")
