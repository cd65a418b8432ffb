"""sums of the ledger that the database keeps, so that a summary does not count every case

Each statement that changes cases adds rows of differences; the worker folds them into one row per
place, unit and line. Whoever reads adds up both kinds and sees exactly what is committed.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STATES = (
    "reported", "verifying", "filed", "dispatched", "rectifying", "checking", "closed",
    "suspended", "cancelled",
)  # fmt: skip
_COUNTED = {
    **{f"in_{state}": f"state = '{state}'" for state in _STATES},
    "filed": "filed_at IS NOT NULL",
    "refused": "cancellation = 'refused'",
    "merged": "cancellation = 'merged'",
    "on_time": "state = 'closed' AND NOT (ran_out AND NOT late_exempt)",
    "reworked": "state = 'closed' AND rework > 0",
    "rework": "rework > 0",
    "extension": "extensions > 0",
    "suspended": "suspensions > 0",
    "transferred": "transfers > 0",
    "solved": "state = 'closed' AND resolution = 'solved'",
    "staged": "state = 'closed' AND resolution = 'staged'",
    "explained": "state = 'closed' AND resolution = 'explained'",
}
_NAMES = ", ".join(_COUNTED)
_SUMS = {
    name: f"coalesce(sum(sign) FILTER (WHERE {condition}), 0)"
    for name, condition in _COUNTED.items()
}
_KEYS = "area_path, coalesce(answerable_path, ''), line_id"


def _tally(source: str) -> str:
    """The differences that signed cases make, where they make any."""
    sums = ", ".join(_SUMS.values())
    zeros = ", ".join("0" for _ in _SUMS)
    return f"""
  INSERT INTO problem_tally (folded, area_path, answerable_path, line_id, {_NAMES})
  SELECT false, {_KEYS}, {sums} FROM ({source}) c GROUP BY {_KEYS}
  HAVING ARRAY[{sums}] <> ARRAY[{zeros}]::bigint[];
  INSERT INTO work_tally (folded, area_path, answerable_path, line_id, kind, unit, quantity_milli)
  SELECT false, {_KEYS}, w.kind, w.unit, sum(sign * w.quantity_milli)
  FROM ({source}) c JOIN work_done w ON w.problem_id = c.id
  WHERE c.state = 'closed' GROUP BY {_KEYS}, w.kind, w.unit
  HAVING sum(sign * w.quantity_milli) <> 0;
"""


_CAME = "SELECT 1 AS sign, came.* FROM came"
_GONE = "SELECT -1 AS sign, gone.* FROM gone"
_FUNCTION = f"""
CREATE FUNCTION tally_problems() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN {_tally(_CAME)}
  ELSIF TG_OP = 'DELETE' THEN {_tally(_GONE)}
  ELSE {_tally(f"{_CAME} UNION ALL {_GONE}")}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER problem_tally_insert AFTER INSERT ON problem
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION tally_problems();
CREATE TRIGGER problem_tally_delete AFTER DELETE ON problem
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tally_problems();
CREATE TRIGGER problem_tally_update AFTER UPDATE ON problem
  REFERENCING OLD TABLE AS gone NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION tally_problems();
"""
# The sums of closed cases hold their work: it does not change while a case is closed.
_GUARD = """
CREATE FUNCTION guard_work_done() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.problem_id ELSE NEW.problem_id END;
BEGIN
  IF EXISTS (SELECT FROM problem WHERE id = touched AND state = 'closed') THEN
    RAISE EXCEPTION 'the work of a closed case stays what it is'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER work_done_of_closed BEFORE INSERT OR UPDATE OR DELETE ON work_done
  FOR EACH ROW EXECUTE FUNCTION guard_work_done();
"""


def _table(name: str, *columns: sa.Column, key: tuple[str, ...] = ()) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("folded", sa.Boolean(), nullable=False),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("answerable_path", sa.String(length=400), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f(f"fk_{name}_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(
        f"uq_{name}_folded", name, ["area_path", "answerable_path", "line_id", *key],
        unique=True, postgresql_where=sa.text("folded"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_fresh", name, ["id"], postgresql_where=sa.text("NOT folded"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _table(
        "problem_tally",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTED),
    )
    _table(
        "work_tally",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        key=("kind", "unit"),
    )
    op.create_table(
        "kept_summary",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_summary")),
    )
    op.execute(_tally("SELECT 1 AS sign, problem.* FROM problem"))
    op.execute(_FUNCTION)
    op.execute(_GUARD)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER work_done_of_closed ON work_done")
    op.execute("DROP FUNCTION guard_work_done()")
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER problem_tally_{name} ON problem")
    op.execute("DROP FUNCTION tally_problems()")
    op.drop_table("kept_summary")
    op.drop_table("work_tally")
    op.drop_table("problem_tally")
