"""A city's years of inspections, written by the database itself: copies of one real visit.

Rounds are written one after the other and a round's visits one after the other, as time does it.

The model is a round that was loaded and a visit that the service has stored. Every column that a
copy does not need to differ in is taken from the model, so a new column needs no word here.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

PER_VISIT = 12
_PLAN = """
CREATE TEMP TABLE plan AS
WITH place AS (
  SELECT row_number() OVER (ORDER BY s.code) AS k, s.id AS site_id, u.path
  FROM task t JOIN site s ON s.id = t.site_id JOIN unit u ON u.id = s.unit_id
  WHERE t.round_id = %(model)s ORDER BY s.code LIMIT %(visits)s
), turn AS (
  SELECT n, uuidv7() AS round_id FROM generate_series(1, %(rounds)s) n
)
SELECT n, round_id, k, site_id, path, uuidv7() AS task_id, uuidv7() AS visit_id,
       uuidv7() AS revision_id
FROM turn, place ORDER BY n, k
"""
# In the order of inserting: table, what is copied, and what differs from it.
_COPIES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    (
        "round",
        "(SELECT DISTINCT n, round_id FROM plan) p JOIN round m ON m.id = %(model)s",
        {
            "id": "p.round_id",
            "code": "'city-' || p.n",
            "opens_at": "m.opens_at + p.n * interval '1 day'",
            "closes_at": "m.closes_at + p.n * interval '1 day'",
        },
    ),
    (
        "membership",
        "(SELECT DISTINCT round_id FROM plan) p JOIN membership m ON m.round_id = %(model)s",
        {"id": "uuidv7()", "round_id": "p.round_id"},
    ),
    (
        "task",
        "plan p JOIN task m ON m.round_id = %(model)s AND m.site_id = p.site_id",
        {"id": "p.task_id", "round_id": "p.round_id"},
    ),
    (
        "task_member",
        (
            "plan p JOIN task t ON t.round_id = %(model)s AND t.site_id = p.site_id"
            " JOIN task_member m ON m.task_id = t.id AND m.person_id = %(inspector)s"
        ),
        {"task_id": "p.task_id"},
    ),
    (
        "visit",
        "plan p JOIN visit m ON m.id = %(visit)s",
        {
            "id": "p.visit_id",
            "round_id": "p.round_id",
            "site_id": "p.site_id",
            "task_id": "p.task_id",
            "current_revision_id": "p.revision_id",
            "received_at": "m.received_at + p.n * interval '1 day'",
            "completed_at": "m.received_at + p.n * interval '1 day'",
        },
    ),
    (
        "visit_revision",
        "plan p JOIN visit_revision m ON m.visit_id = %(visit)s",
        {"id": "p.revision_id", "visit_id": "p.visit_id", "area_path": "p.path"},
    ),
    (
        "answer",
        (
            "plan p JOIN visit v ON v.id = %(visit)s"
            " JOIN answer m ON m.revision_id = v.current_revision_id"
        ),
        {
            "revision_id": "p.revision_id",
            "round_id": "p.round_id",
            "area_path": "p.path",
            "earned": "m.possible / 10 * (3 + mod(p.k * 7 + p.n * 3, 8))",
        },
    ),
    (
        "finding",
        (
            "plan p JOIN visit v ON v.id = %(visit)s"
            " JOIN finding m ON m.revision_id = v.current_revision_id"
        ),
        {"id": "uuidv7()", "revision_id": "p.revision_id"},
    ),
)


def fill(url: str, *, model: UUID, visit: UUID, inspector: UUID, rounds: int, visits: int) -> int:
    """So many rounds of so many visits; the number of answers written."""
    values = {
        "model": model,
        "visit": visit,
        "inspector": inspector,
        "rounds": rounds,
        "visits": visits,
    }
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        with connection.transaction():
            connection.execute(_PLAN, values)
            connection.execute("ANALYZE plan")
            written = {
                name: _copy(connection, name, source, changes, values)
                for name, source, changes in _COPIES
            }
        connection.execute("VACUUM (ANALYZE)")
    return written["answer"]


def _copy(
    connection: psycopg.Connection[Any],
    table: str,
    source: str,
    changes: Mapping[str, str],
    values: Mapping[str, Any],
) -> int:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    columns = [str(row[0]) for row in found]
    if unknown := set(changes) - set(columns):
        raise RuntimeError(f"{table} has no {unknown}")
    chosen = [changes.get(name, f'm."{name}"') for name in columns]
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        sql.Identifier(table),
        sql.SQL(",").join(map(sql.Identifier, columns)),
        sql.SQL(",").join(sql.SQL(one) for one in chosen),
        sql.SQL(source),
    )
    return connection.execute(statement, values).rowcount
