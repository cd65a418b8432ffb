"""Real PostgreSQL and S3 for the whole run, a rolled-back transaction for each test.

The servers, the city and the application are made once. A test that needs real commits (threads,
deferred constraints, several workers) takes ``committed``: a database of its own, copied from the
prepared one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from psycopg.errors import ObjectInUse
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from sqlmodel import Session

from app import loading
from app.auth import passwords
from app.citizens import keyfile
from app.config import Environment, Settings
from app.evidence import decoding
from app.infra import migrations
from app.infra.blobs import Blobs, wait_until_usable
from app.infra.buckets import Buckets
from app.infra.confined import ConfinedPool
from app.infra.db import Database, make_engine
from app.infra.embedded import EmbeddedServers
from app.infra.handlers import Runtime
from app.kit.ids import new_id
from app.main import create_app
from app.serving import embedded_environment, settings_from
from app.signing import service as signing
from tests.conftest import CITY
from tests.support import (
    CheckedClient,
    OnlyCaller,
    SharedConnection,
    passable_folder,
    plain_savepoints,
    standing,
)

_TEMPLATE = "dudao_template"
_TRIES = 5
# The cost of a hash is for attackers; it is told by the hash, so all else stays as it is.
passwords._HASHER = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))


@dataclass(frozen=True)
class Ground:
    """An open transaction that is never committed, and a session on it for arranging."""

    connection: sa.Connection
    tx: Session
    runtime: Runtime


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A new folder that any user may pass through, unlike pytest's own."""
    with passable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Settings of the test servers: a migrated database with the real city, and empty buckets."""
    with passable_folder() as data:
        servers = EmbeddedServers(data, s3_ready=wait_until_usable, say=lambda _: None)
        addresses = servers.start()
        try:
            found = settings_from(embedded_environment(addresses, Environment.TEST, data))
            found = found.model_copy(update={"log_level": "ERROR"})
            _prepare(found)
            yield found
        finally:
            servers.stop()


def _prepare(settings: Settings) -> None:
    engine = make_engine(settings)
    migrations.upgrade(engine)
    with Database(engine, settings.env).transaction() as tx:
        loading.load_city(tx, CITY)
        signing.prepare(tx, settings)
    keyfile.make_if_missing(settings)
    engine.dispose()
    Buckets(settings).make()
    _run_alone(settings, f"CREATE DATABASE {_TEMPLATE} TEMPLATE dudao")


def _run_alone(settings: Settings, statement: str) -> None:
    """A statement outside of any transaction, in a database that nobody copies.

    FORCE ends the sessions that it sees, and fails over one that comes meanwhile: such a statement
    is tried again, and fails as the last try did.
    """
    url = sa.make_url(settings.database_url.get_secret_value()).set(database="postgres")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        for tries_left in reversed(range(_TRIES)):
            try:
                with engine.connect() as connection:
                    connection.execute(sa.text(statement))
            except sa.exc.OperationalError as error:
                if not tries_left or not isinstance(error.orig, ObjectInUse):
                    raise
                time.sleep(0.2)
            else:
                return
    finally:
        engine.dispose()


def settings_for(settings: Settings, database: str) -> Settings:
    """The same service on another database of the same server."""
    url = sa.make_url(settings.database_url.get_secret_value()).set(database=database)
    secret = SecretStr(url.render_as_string(hide_password=False))
    return settings.model_copy(update={"database_url": secret})


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[sa.Engine]:
    """The pool of the prepared database."""
    engine = make_engine(settings)
    with plain_savepoints(engine):
        yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def blobs(settings: Settings) -> Blobs:
    """The real store."""
    return Blobs(settings)


@pytest.fixture(scope="session")
def decoders(settings: Settings) -> Iterator[ConfinedPool]:
    """The children that decode; started when the first photo comes."""
    pool = decoding.make_pool(settings)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def app(settings: Settings, engine: sa.Engine) -> FastAPI:
    """The application, made once."""
    return create_app(settings, Database(engine, settings.env))


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    """What a phone uses to talk to the store."""
    with httpx2.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def portal_client(app: FastAPI) -> Iterator[OnlyCaller]:
    """One event loop for all tests; its lifespan is that of the run."""
    with OnlyCaller(app) as client:
        yield client


@pytest.fixture(scope="module")
def ground(
    app: FastAPI, engine: sa.Engine, settings: Settings, blobs: Blobs, decoders: ConfinedPool
) -> Iterator[Ground]:
    """What the tests of a module stand on together; each of them undoes what it adds.

    A module has it by ``pytestmark = pytest.mark.usefixtures("ground")`` and by fixtures of its
    own with the scope of a module, which make what they make with ``ground.tx``, or over HTTP with
    ``portal_client``.
    """
    with standing(app, engine) as (connection, database, tx):
        yield Ground(connection, tx, Runtime(settings, database, blobs, decoders))


@pytest.fixture
def connection(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[sa.Connection]:
    """The test's one connection, with an open transaction that is never committed."""
    with ExitStack() as open_:
        if "ground" in request.fixturenames:
            connection = request.getfixturevalue("ground").connection
            outer = connection.begin_nested()
        else:
            connection = open_.enter_context(engine.connect())
            outer = connection.begin()
        try:
            yield connection
        finally:
            outer.rollback()


@pytest.fixture
def database(app: FastAPI, engine: sa.Engine, connection: sa.Connection) -> Iterator[Database]:
    """What the application and the worker use during this test."""
    kept = app.state.database
    app.state.database = SharedConnection(engine, connection)
    try:
        yield app.state.database
    finally:
        app.state.database = kept


@pytest.fixture
def tx(database: Database) -> Iterator[Session]:
    """A session for arranging and looking; what it flushes, requests see."""
    session = Session(
        database._connection,  # type: ignore[attr-defined]
        join_transaction_mode="create_savepoint",
        expire_on_commit=False,
        autoflush=True,
    )
    with session:
        yield session


@pytest.fixture
def client(portal_client: OnlyCaller, database: Database) -> OnlyCaller:
    """The service over HTTP, on this test's connection."""
    portal_client.headers.pop("authorization", None)
    portal_client.cookies.clear()
    return portal_client


@pytest.fixture
def runtime(
    settings: Settings, database: Database, blobs: Blobs, decoders: ConfinedPool
) -> Runtime:
    """What the worker's turns work with, on this test's connection."""
    return Runtime(settings, database, blobs, decoders)


@dataclass(frozen=True)
class Committed:
    """A database of the test's own, where commits are real."""

    settings: Settings
    database: Database
    runtime: Runtime
    app: FastAPI

    def new_client(self) -> CheckedClient:
        """A client of its own for each thread."""
        return CheckedClient(self.app, follow_redirects=False, raise_server_exceptions=False)


@contextmanager
def copied_database(settings: Settings, template: str = _TEMPLATE) -> Iterator[Settings]:
    """A database made from the named template, dropped in the end."""
    name = f"t_{new_id().hex}"
    _run_alone(settings, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield settings_for(settings, name)
    finally:
        _run_alone(settings, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_database(settings: Settings) -> Iterator[Callable[[str], Settings]]:
    """Makes databases from the named template; they are dropped after the test."""
    with ExitStack() as made:
        yield lambda template=_TEMPLATE: made.enter_context(copied_database(settings, template))


@pytest.fixture
def committed(
    app: FastAPI, fresh_database: Callable[[], Settings], blobs: Blobs, decoders: ConfinedPool
) -> Iterator[Committed]:
    """The application and a worker on a database of their own, for tests of concurrency."""
    settings = fresh_database()
    database = Database(make_engine(settings), settings.env)
    kept = app.state.database
    app.state.database = database
    try:
        yield Committed(settings, database, Runtime(settings, database, blobs, decoders), app)
    finally:
        app.state.database = kept
        database.dispose()


@pytest.fixture
def with_settings(app: FastAPI, settings: Settings) -> Iterator[Callable[..., Settings]]:
    """Changes settings of the running application for one test."""

    def change(**changes: object) -> Settings:
        app.state.settings = settings.model_copy(update=changes)
        return app.state.settings

    yield change
    app.state.settings = settings


@pytest.fixture
def with_runtime(runtime: Runtime) -> Callable[..., Runtime]:
    """The worker's tools with some of them exchanged."""
    return lambda **changes: replace(runtime, **changes)
