"""Many rows of one table in one statement whose text never changes.

SQLAlchemy compiles ``VALUES (...), (...)`` anew each time and PostgreSQL plans it anew for every
number of rows. Here each column travels as one array, so the text depends on the table alone:
it is compiled once and prepared by the driver.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session


def insert_rows(
    tx: Session, table: Any, rows: Sequence[Mapping[str, Any]], *, skip_known: bool = False
) -> int:
    """Insert rows that all name the same columns; returns how many are new.

    With ``skip_known`` a row that breaks a unique constraint is left out. Columns of arrays are
    not for this: PostgreSQL would flatten them.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    statement = _statement(table.__table__, names, skip_known)
    # Without the option the count of an INSERT is not kept, and would be -1.
    kept = {"preserve_rowcount": True}
    return tx.connection().execute(statement, columns, execution_options=kept).rowcount


def upsert_rows(
    tx: Session,
    table: Any,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: tuple[str, ...],
    fresh: tuple[str, ...] = (),
    where: str | None = None,
) -> int:
    """Insert rows, or bring those up to date that are there under ``key``, a unique constraint.

    A row that is there keeps its ``id`` and what ``fresh`` names: those count for new rows only.
    ``where`` is the condition of a unique index that holds for some rows only. As with
    ``insert_rows``, no columns of arrays.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    statement = _upsert(table.__table__, names, key, fresh, where)
    return tx.connection().execute(statement, columns).rowcount


@lru_cache(maxsize=100)
def _upsert(
    table: sa.Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    fresh: tuple[str, ...],
    where: str | None,
) -> Any:
    insert = _insert(table, names)
    kept = {"id", *key, *fresh}
    updates = {name: insert.excluded[name] for name in names if name not in kept}
    return insert.on_conflict_do_update(
        index_elements=list(key),
        index_where=sa.text(where) if where else None,
        set_=updates,
    )


@lru_cache(maxsize=100)
def _statement(table: sa.Table, names: tuple[str, ...], skip_known: bool) -> Any:
    insert = _insert(table, names)
    return insert.on_conflict_do_nothing() if skip_known else insert


def _insert(table: sa.Table, names: tuple[str, ...]) -> postgresql.Insert:
    given = sa.func.unnest(
        *(sa.bindparam(name, type_=postgresql.ARRAY(table.c[name].type)) for name in names)
    ).table_valued(*(sa.column(name, table.c[name].type) for name in names))
    given = given.render_derived(name="given")
    chosen = sa.select(*(given.c[name] for name in names))
    return postgresql.insert(table).from_select(list(names), chosen, include_defaults=False)
