"""What the tests put between themselves and the service: a shared connection, a checked client.

Nothing here stands in for our own code; faults come from thin wrappers around the real parts.
"""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import anyio.to_thread
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, BaseTransport, ByteStream, Client, Request, Response
from jsonschema_rs import Draft202012Validator
from sqlmodel import Session, col

from app import worker
from app.config import Environment, Settings
from app.evidence.tables import Custody
from app.infra.blobs import Blobs
from app.infra.db import MAY_SHIFT, Database
from app.infra.handlers import Runtime
from app.infra.jobs import Job
from app.kit import clock

# As committed: another test holds it current, and making it anew takes seconds.
INTERFACE: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "openapi" / "openapi.json").read_text(encoding="utf-8")
)
_PROBLEM = "application/problem+json"
_MOST_TURNS = 500
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A new folder that any user may pass through, unlike pytest's own; gone afterwards.

    It lies in memory where there is enough: each new database makes a thousand small files.
    """
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    path = Path(tempfile.mkdtemp(prefix="dudao-test-", dir=_MEMORY if has_room else None))
    path.chmod(0o711)
    try:
        yield path / "data"
    finally:
        note = path / "data" / "outside.json"
        if note.exists():
            shutil.rmtree(json.loads(note.read_text())["folder"], ignore_errors=True)
        shutil.rmtree(path, ignore_errors=True)


class SharedConnection(Database):
    """Every transaction is a savepoint on one connection, which the test rolls back at its end."""

    def __init__(self, engine: sa.Engine, connection: sa.Connection) -> None:
        super().__init__(engine, Environment.TEST)
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A fresh session, so that nothing that an earlier request loaded is still in memory."""
        session = Session(
            self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        with session as tx, tx.begin():
            tx.info[MAY_SHIFT] = self.may_shift
            yield tx

    def dispose(self) -> None:
        """The engine outlives the test."""


@contextmanager
def standing(
    app: FastAPI, engine: sa.Engine
) -> Iterator[tuple[sa.Connection, SharedConnection, Session]]:
    """What the tests of a module share, on one connection that is rolled back at the end.

    A module whose tests change something each lets ``connection`` be a savepoint on it.
    """
    kept = app.state.database
    with engine.connect() as connection:
        outer = connection.begin()
        app.state.database = database = SharedConnection(engine, connection)
        try:
            with Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as tx:
                yield connection, database, tx
        finally:
            app.state.database = kept
            outer.rollback()


@contextmanager
def plain_savepoints(engine: sa.Engine) -> Iterator[None]:
    """Savepoints go straight to the driver: of all that the tests say, every third is one.

    SQLAlchemy compiles each of them anew, for each has a name of its own.
    """
    verbs = {
        "do_savepoint": "SAVEPOINT",
        "do_release_savepoint": "RELEASE SAVEPOINT",
        "do_rollback_to_savepoint": "ROLLBACK TO SAVEPOINT",
    }
    for method, verb in verbs.items():
        setattr(engine.dialect, method, partial(_say, verb))
    try:
        yield
    finally:
        for method in verbs:
            delattr(engine.dialect, method)


def _say(verb: str, connection: sa.Connection, name: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"{verb} {name}", prepare=False)


class CheckedClient(TestClient):
    """A client that fails the test when a reply does not fit the OpenAPI document."""

    def send(self, request: Any, **kwargs: Any) -> Response:
        response = super().send(request, **kwargs)
        check_reply(response)
        return response


class InThisThread(BaseTransport):
    """The application on the caller's own thread, which has one request at a time.

    What a request leaves to a thread is done at once in the same copy of the context: between one
    caller and his answer, threads and loops that wake each other are a third of all the work.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = ASGITransport(app, raise_app_exceptions=False, client=("testclient", 50000))
        self._loop = asyncio.new_event_loop()
        self._life = app.router.lifespan_context(app)
        self._loop.run_until_complete(self._life.__aenter__())

    def handle_request(self, request: Request) -> Response:
        """The whole reply; an exception that nobody caught is a 500, as it is behind a server."""
        kept, anyio.to_thread.run_sync = anyio.to_thread.run_sync, _at_once
        try:
            return self._loop.run_until_complete(self._answer(request))
        finally:
            anyio.to_thread.run_sync = kept

    async def _answer(self, request: Request) -> Response:
        found = await self._app.handle_async_request(request)
        body = b"".join([part async for part in found.aiter_raw()])
        return Response(found.status_code, headers=found.headers.raw, stream=ByteStream(body))

    def close(self) -> None:
        """Ends the application's life too."""
        self._loop.run_until_complete(self._life.__aexit__(None, None, None))
        self._loop.close()


async def _at_once(work: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
    return copy_context().run(work, *arguments)


class OnlyCaller(Client):
    """The checked client of tests in which nobody else calls at the same time."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(transport=InThisThread(app), base_url="http://testserver")
        self.app = app

    def send(self, request: Request, **kwargs: Any) -> Response:
        response = super().send(request, **kwargs)
        check_reply(response)
        return response


def check_reply(response: Response) -> None:
    """The reply is one that the document promises for this operation and status."""
    method, path = response.request.method.lower(), response.request.url.path
    found = _operation(method, path)
    kind = response.headers.get("content-type", "").split(";")[0]
    at = f"{method.upper()} {path} -> {response.status_code}"
    if kind == _PROBLEM:
        _fits({"$ref": "#/components/schemas/ProblemBody"}, response.json(), at)
    if found is None or response.status_code >= 500 or response.status_code in (304, 405, 413):
        return
    described = found["responses"].get(str(response.status_code))
    assert described is not None, (
        f"{at} is not documented, if `scripts/dudao openapi` was run: {response.text[:300]}"
    )
    content = described.get("content", {})
    if not response.content:
        assert not content, f"{at} is documented with a body and has none"
        return
    assert kind in content, f"{at}: {kind} is not documented"
    if content[kind].get("schema", {}).get("format") == "binary":
        return
    _fits(content[kind].get("schema", {}), response.json(), at)


def _fits(schema: dict[str, Any], body: Any, at: str) -> None:
    faults = list(_validator(repr(schema), schema.get("$ref")).iter_errors(body))
    where = f"{at} does not fit its schema"
    assert not faults, f"{where}: {faults[0].instance_path} {faults[0].message}"


_SCHEMAS: dict[str, Draft202012Validator] = {}
_REF = re.compile(r"#/components/schemas/([\w.-]+)")


def _validator(key: str, ref: str | None) -> Draft202012Validator:
    if key not in _SCHEMAS:
        components = {"schemas": _referred(ref)} if ref else {}
        schema = {"$ref": ref, "components": components} if ref else {}
        _SCHEMAS[key] = Draft202012Validator(schema)
    return _SCHEMAS[key]


def _referred(ref: str) -> dict[str, Any]:
    """The shapes that a reference leads to, and no others: all of them would take far longer."""
    everything, found = INTERFACE["components"]["schemas"], {}
    names = set(_REF.findall(ref))
    while names:
        name = names.pop()
        found[name] = everything[name]
        names |= set(_REF.findall(json.dumps(everything[name]))) - found.keys()
    return found


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for pattern, operations in _patterns():
        if pattern.fullmatch(path) and method in operations:
            operation: dict[str, Any] = operations[method]
            return operation
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Fixed paths before those with parameters, as the router finds them."""
    paths = sorted(INTERFACE["paths"].items(), key=lambda entry: entry[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), ops) for path, ops in paths]


def city_day() -> date:
    """Today where the city is: from 16:00 UTC on, the date of UTC is yesterday's there."""
    zone: str = Settings.model_fields["timezone"].default
    return clock.real_now().astimezone(ZoneInfo(zone)).date()


def settle(runtime: Runtime, *, retries: bool = False) -> None:
    """Let the worker do all there is to do: sequencer, jobs, feeds, until nothing is left.

    A job that fails fails the test, unless ``retries``: then its next attempt is made at once,
    until it is done or dead.
    """
    for _ in range(_MOST_TURNS):
        if worker.place_events(runtime) + worker.run_jobs(runtime) + worker.bump_feeds(runtime):
            continue
        waiting = _waiting(runtime)
        if not waiting:
            return
        assert retries, f"a job failed: {waiting}"
        bring_forward(runtime)
    raise AssertionError(f"the worker does not come to rest: {_waiting(runtime)}")


def settle_once(runtime: Runtime) -> None:
    """Like ``settle``, but jobs that failed stay where they are, waiting for their next attempt."""
    for _ in range(_MOST_TURNS):
        if not worker.place_events(runtime) + worker.run_jobs(runtime) + worker.bump_feeds(runtime):
            return
    raise AssertionError("the worker does not come to rest")


def bring_forward(runtime: Runtime) -> None:
    """Make every waiting attempt due now, whatever its pause or lease."""
    with runtime.database.transaction() as tx:
        tx.exec(sa.update(Job).where(~Job.dead).values(run_at=sa.text("now() - interval '1 day'")))


def read_again(runtime: Runtime) -> None:
    """A minute later: what waits for its second reading is read, and gets its receipts."""
    minute = sa.text("interval '1 minute'")
    with runtime.database.transaction() as tx:
        waiting = sa.update(Custody).where(col(Custody.recheck_at).is_not(None))
        tx.exec(waiting.values(recheck_at=sa.func.now() - minute, read_at=Custody.read_at - minute))
    worker.recheck(runtime)


def _waiting(runtime: Runtime) -> list[tuple[Any, ...]]:
    with runtime.database.transaction() as tx:
        rows = tx.exec(sa.select(Job.handler, Job.attempts, Job.last_error).where(~Job.dead)).all()
        return [tuple(row) for row in rows]


class WrappedBlobs:
    """The real store behind a wrapper; a subclass changes the calls that its test is about."""

    def __init__(self, inner: Blobs) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class StatementCounter:
    """Counts the statements that a block sends over a connection."""

    def __init__(self, target: sa.Engine | sa.Connection) -> None:
        self._target = target
        self.statements: list[str] = []

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.statements.append(statement)

    def __enter__(self) -> Self:
        sa.event.listen(self._target, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self._target, "before_cursor_execute", self._note)
