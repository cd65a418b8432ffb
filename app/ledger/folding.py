"""Folds the differences that moves leave behind into the kept sums of the ledger.

Nobody waits for it: a summary adds up kept sums and differences alike. It keeps them few.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session

from app.ledger.summing import TALLIED
from app.ledger.tables_sums import PROBLEM_TALLY, WORK_TALLY

BATCH = 5_000
_LOCK = 0x44554653
_TRY_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(:lock)")
_PLACE = ("area_path", "answerable_path", "line_id")


def fold(tx: Session, *, batch: int = BATCH) -> int:
    """Fold up to ``batch`` differences of each kind; returns how many there were.

    One at a time: a second one returns 0 at once.
    """
    connection = tx.connection()
    if not connection.execute(_TRY_LOCK, {"lock": _LOCK}).scalar_one():
        return 0
    folds = (
        _fold_of(PROBLEM_TALLY, _PLACE, TALLIED),
        _fold_of(WORK_TALLY, (*_PLACE, "kind", "unit"), ("quantity_milli",)),
    )
    return sum(connection.execute(one, {"batch": batch}).scalar_one() for one in folds)


def _fold_of(table: sa.Table, keys: Sequence[str], sums: Sequence[str]) -> sa.TextClause:
    name, listed = table.name, ", ".join(keys)
    added = ", ".join(f"sum({one})" for one in sums)
    both = ", ".join(f"{one} = {name}.{one} + excluded.{one}" for one in sums)
    return sa.text(f"""
WITH gone AS (
  DELETE FROM {name} WHERE id IN (
    SELECT id FROM {name} WHERE NOT folded ORDER BY id LIMIT :batch
  ) RETURNING *
), kept AS (
  INSERT INTO {name} (folded, {listed}, {", ".join(sums)})
  SELECT true, {listed}, {added} FROM gone GROUP BY {listed}
  ON CONFLICT ({listed}) WHERE folded DO UPDATE SET {both}
)
SELECT count(*) FROM gone
""")  # noqa: S608 - names of our own columns
