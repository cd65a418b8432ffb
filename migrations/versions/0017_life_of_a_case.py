"""the life of a case: its history, its time, its alarms, the work that was done

Every entry that is there gets the first event of its history, which says what it is now.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STATES = (
    "reported", "verifying", "filed", "dispatched", "rectifying", "checking", "closed",
    "suspended", "cancelled",
)  # fmt: skip
_SOURCES = ("visit", "patrol", "self", "citizen", "monitor", "enterprise", "platform")
_ACTIONS = (
    "verify", "file", "refuse", "dispatch", "return", "sign", "rectify", "check-pass",
    "check-fail", "check-unclear", "close", "rework", "extend", "approve-extension",
    "refuse-extension", "suspend", "resume", "cancel", "supervise", "urge", "transfer", "reopen",
    "appeal", "accept-appeal", "refuse-appeal", "merge", "unmerge", "comment", "open", "change",
    "withdraw", "report-again", "warn-half", "warn-nine-tenths", "mark-overdue", "remind",
    "end-suspension", "recompute",
)  # fmt: skip
_ALARMS = ("half", "nine-tenths", "overdue", "reminder", "suspension-ends")
_WORDS = {
    "state_before": ("state_before", _STATES),
    "limit_unit": (
        "limitunit", ("urgent_hour", "urgent_day", "work_hour", "work_day", "natural_day"),
    ),
    "limit_basis": ("limitbasis", ("condition", "strictest", "item", "default")),
    "check_result": ("checkresult", ("pass", "fail", "unclear")),
    "resolution": ("resolution", ("solved", "staged", "explained")),
    "appeal": ("appeal", ("open", "accepted", "refused")),
    "cancellation": ("cancellation", ("refused", "cancelled", "merged", "withdrawn")),
}  # fmt: skip
_COUNTS = {
    "version": 1, "events": 0, "term": 0, "extensions": 0, "rework": 0, "suspensions": 0,
    "transfers": 0, "unit_transfers": 0, "reopened": 0, "urged": 0,
}  # fmt: skip
_FLAGS = {
    "calendar_complete": "true", "ran_out": "false", "late_exempt": "false", "supervised": "false",
}  # fmt: skip
_INSTANTS = (
    "running_since", "deadline_at", "overdue_at", "suspended_until", "filed_at", "dispatched_at",
    "signed_at", "rectified_at", "closed_at",
)  # fmt: skip
_RUNNING = "state IN ('dispatched', 'rectifying')"
_CHECKS = {
    "extensions": "extensions BETWEEN 0 AND 2",
    "suspensions": "suspensions BETWEEN 0 AND 1",
    "running": f"(running_since IS NOT NULL) = ({_RUNNING})",
    "limit_whole": "(limit_value IS NULL) = (limit_unit IS NULL)"
    " AND (limit_value IS NULL) = (limit_basis IS NULL)",
    "term_whole": "(deadline_at IS NULL) = (allowed_s IS NULL)"
    " AND (deadline_at IS NULL) = (used_s IS NULL)",
    "resolved": "state <> 'closed' OR resolution IS NOT NULL",
    "closed_when": "(state = 'closed') = (closed_at IS NOT NULL)",
    "merged": "merged_into_id <> id",
}
_HISTORY = """
UPDATE problem SET reported_by = visit.submitted_by FROM visit
WHERE visit.id = problem.visit_id AND problem.source = 'visit';
UPDATE problem SET cancellation = CASE WHEN withdrawn_at IS NULL THEN 'cancelled'
  ELSE 'withdrawn' END WHERE state = 'cancelled';
UPDATE problem SET events = 1;
INSERT INTO problem_event (problem_id, seq, action, at, actor_id, changed, data)
SELECT id, 1, 'open', opened_at, NULL, jsonb_strip_nulls(jsonb_build_object(
  'state', state, 'answerable_unit_id', answerable_unit_id, 'answerable_path', answerable_path,
  'cancellation', cancellation, 'cancel_reason', cancel_reason, 'withdrawn_at', withdrawn_at
)), '{}'::jsonb FROM problem;
"""


def _words(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _sources(*values: str) -> None:
    known = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(op.f("ck_problem_problemsource"), "problem", type_="check")
    op.create_check_constraint(op.f("ck_problem_problemsource"), "problem", f"source IN ({known})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    _sources(*_SOURCES)
    for name, value in _COUNTS.items():
        op.add_column(
            "problem", sa.Column(name, sa.Integer(), nullable=False, server_default=str(value))
        )
    for name, value in _FLAGS.items():
        op.add_column(
            "problem", sa.Column(name, sa.Boolean(), nullable=False, server_default=value)
        )
    for name in (*_COUNTS, *_FLAGS):
        op.alter_column("problem", name, server_default=None)
    for name in _INSTANTS:
        op.add_column("problem", sa.Column(name, instant, nullable=True))
    for name, (kind, values) in _WORDS.items():
        op.add_column("problem", sa.Column(name, sa.String(length=40), nullable=True))
        known = ", ".join(f"'{value}'" for value in values)
        op.create_check_constraint(op.f(f"ck_problem_{kind}"), "problem", f"{name} IN ({known})")
    op.add_column("problem", sa.Column("condition", sa.String(length=40), nullable=True))
    op.add_column("problem", sa.Column("limit_value", sa.Integer(), nullable=True))
    for name in ("allowed_s", "used_s"):
        op.add_column("problem", sa.Column(name, sa.BigInteger(), nullable=True))
    for name, table in (
        ("extension_by", "person"),
        ("rectified_by", "person"),
        ("merged_into_id", "problem"),
    ):
        op.add_column("problem", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_problem_{name}"), "problem", table, [name], ["id"])
    for name, text in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_problem_{name}"), "problem", text)
    op.create_index("ix_problem_state", "problem", ["state", "id"])
    op.create_index("ix_problem_merged_into_id", "problem", ["merged_into_id"])
    op.create_index(
        "ix_problem_due", "problem", ["deadline_at", "id"], postgresql_where=sa.text(_RUNNING)
    )
    op.add_column("problem_photo", sa.Column("event_seq", sa.Integer(), nullable=True))
    _new_tables(instant)
    op.execute(_HISTORY)
    for event, level in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = "immutable" if level == "ROW" else "not_emptied"
        op.execute(
            f"CREATE TRIGGER problem_event_{name} BEFORE {event} ON problem_event"
            f" FOR EACH {level} EXECUTE FUNCTION refuse_change()"
        )


def _new_tables(instant: sa.DateTime) -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "problem_event",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", _words("action", _ACTIONS), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("changed", json, nullable=False),
        sa.Column("data", json, nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_event_problem_id")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_problem_event_actor_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", "seq", name=op.f("pk_problem_event")),
    )
    op.create_table(
        "problem_alarm",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("kind", _words("alarm", _ALARMS), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("done_at", instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_alarm_problem_id")
        ),
        sa.PrimaryKeyConstraint(
            "problem_id", "term", "kind", "place", name=op.f("pk_problem_alarm")
        ),
    )
    op.create_index(
        "ix_problem_alarm_due",
        "problem_alarm",
        ["due_at"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "work_done",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_work_done_quantity")),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_work_done_problem_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_done")),
        sa.UniqueConstraint(
            "problem_id", "kind", "unit", name=op.f("uq_work_done_problem_id_kind_unit")
        ),
    )
    op.create_table(
        "ledger_settings",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("document", json, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_settings_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_settings")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("ledger_settings", "work_done", "problem_alarm", "problem_event"):
        op.drop_table(table)
    op.drop_column("problem_photo", "event_seq")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_problem_{name}"), "problem", type_="check")
    for name in ("ix_problem_due", "ix_problem_merged_into_id", "ix_problem_state"):
        op.drop_index(name, table_name="problem")
    others = ("condition", "limit_value", "allowed_s", "used_s")
    people = ("extension_by", "rectified_by", "merged_into_id")
    for name in (*_COUNTS, *_FLAGS, *_INSTANTS, *_WORDS, *others, *people):
        op.drop_column("problem", name)
    _sources("visit", "patrol")
