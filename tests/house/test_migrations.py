"""Migrations run from empty, twice at once, and give exactly the tables of the code."""

import threading

import pytest
import sqlalchemy as sa

from app.infra import migrations
from app.infra.db import make_engine
from tests.conftest import ROOT


@pytest.fixture
def empty(fresh_database):
    engine = make_engine(fresh_database("template0"))
    yield engine
    engine.dispose()


def test_from_empty_to_the_newest_revision_without_drift(empty):
    assert migrations.revision_of(empty) is None
    migrations.upgrade(empty)
    assert migrations.revision_of(empty) == migrations.newest_revision()
    migrations.drift(empty)
    migrations.upgrade(empty)


def test_two_at_once_wait_for_each_other(empty):
    failures = []

    def upgrade():
        try:
            migrations.upgrade(empty)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    # Alembic keeps its context in module globals, so two threads would disturb each other there:
    # the second one is a session that holds the lock.
    with empty.connect() as other, other.begin():
        other.execute(sa.text(f"SELECT pg_advisory_xact_lock({0x44554D47})"))
        thread = threading.Thread(target=upgrade)
        thread.start()
        thread.join(timeout=1)
        assert thread.is_alive()
    thread.join(timeout=60)
    assert failures == []
    assert migrations.revision_of(empty) == migrations.newest_revision()


def test_every_constraint_and_index_is_named_by_the_convention(connection):
    rows = connection.execute(
        sa.text(
            "SELECT contype::text, conname, conrelid::regclass::text FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
            " AND conrelid <> 'alembic_version'::regclass"
        )
    ).all()
    prefixes = {"p": "pk", "u": "uq", "f": "fk", "c": "ck", "x": "ex"}
    assert len(rows) > 80
    for kind, name, table in rows:
        assert name.startswith(f"{prefixes[kind]}_{table}"), name
    indexes = connection.execute(
        sa.text(
            "SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'public'"
            " AND tablename <> 'alembic_version'"
        )
    ).all()
    for name, table in indexes:
        assert name.startswith(tuple(f"{kind}_{table}" for kind in ("ix", "uq", "pk", "ex"))), name


def test_the_database_makes_up_no_values_by_itself(connection):
    """No now() and no default in SQL: time and ids come from the code."""
    found = connection.execute(
        sa.text(
            "SELECT table_name, column_name, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_default IS NOT NULL"
        )
    ).all()
    assert found == []


def test_instants_have_a_zone(connection):
    found = connection.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'"
        )
    ).all()
    assert found == []


def test_migrations_import_none_of_the_code_that_will_change():
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import app" not in text
        assert "from app" not in text
        assert "lock_timeout" in text
