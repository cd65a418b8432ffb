"""Migrations run from empty, twice at once, and give exactly the tables of the code."""

import threading

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

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


# Rows as they were before visits could be revised; what they refer to does not matter here.
_BEFORE_REVISIONS = """
DO $$ DECLARE key record; BEGIN
  FOR key IN SELECT conname, conrelid::regclass AS owner FROM pg_constraint
             WHERE contype = 'f' AND conname !~ 'finding_id$'
               AND conrelid::regclass::text IN ('visit', 'visit_revision', 'finding', 'problem')
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.owner, key.conname); END LOOP;
END $$;
CREATE TEMP TABLE plan AS SELECT n, gen_random_uuid() AS visit_id, gen_random_uuid() AS revision_id,
  gen_random_uuid() AS finding_id, gen_random_uuid() AS any_id FROM generate_series(1, 3) n;
INSERT INTO visit (id, round_id, site_id, checklist_id, source, submitted_by, current_revision_id,
                   counting, late, received_at)
SELECT visit_id, any_id, any_id, any_id, 'city_team', any_id, revision_id, n = 1, n = 2, now()
FROM plan;
INSERT INTO visit_revision (id, visit_id, number, checklist_version_id, outcome, content_parts,
  submitted_by, started_at, ended_at, received_at, area_path, scored_lines, earned, possible)
SELECT revision_id, visit_id, 1, any_id, 'inspected', '{}', any_id, now(), now(), now(), '/1/',
  '{}', 0, 0 FROM plan;
INSERT INTO finding (id, revision_id, item_id, position, lat, lon, crs)
SELECT finding_id, revision_id, any_id, 0, 35.2, 113.2, 'gcj02' FROM plan;
INSERT INTO problem (id, number, source, state, visit_id, finding_id, line_id, area_id, area_path,
                     veto, found_at, opened_at)
SELECT any_id, n::text, 'visit', 'reported', visit_id, finding_id, any_id, any_id, '/1/', false,
  now(), now() FROM plan
"""


def test_visits_from_before_there_were_revisions_are_taken_over(empty):
    config = migrations._config(empty)
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    revision = next(one for one in scripts if one.path.endswith("_visit_revisions.py"))
    command.upgrade(config, revision.down_revision)
    with empty.begin() as connection:
        connection.execute(sa.text(_BEFORE_REVISIONS))
    command.upgrade(config, revision.revision)
    with empty.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT v.counting, v.late, v.not_counting_reason, p.crs,"
                " p.revision_id = v.current_revision_id"
                " FROM visit v JOIN problem p ON p.visit_id = v.id ORDER BY p.number"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        (True, False, None, "gcj02", True),
        (False, True, "late", "gcj02", True),
        (False, False, "double", "gcj02", True),
    ]


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
