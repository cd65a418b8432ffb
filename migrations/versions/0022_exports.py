"""exports of the ledger: what was asked for, how far it is, the file that came of it

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATES = ("waiting", "running", "done", "expired")
_FORMATS = ("csv", "xlsx")


def _words(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "ledger_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("format", _words("sheetformat", _FORMATS), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("asked", json, nullable=False),
        sa.Column("reach", json, nullable=False),
        sa.Column("state", _words("exportstate", _STATES), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("done_at", instant, nullable=True),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(state IN ('done', 'expired')) = (num_nonnulls(done_at, expires_at, key, size, sha256)"
            " = 5)",
            name=op.f("ck_ledger_export_file"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_ledger_export_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_export")),
    )
    op.create_index("ix_ledger_export_person", "ledger_export", ["person_id", "id"])
    op.create_index(
        "ix_ledger_export_expires_at", "ledger_export", ["expires_at"],
        postgresql_where=sa.text("state = 'done'"),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("ledger_export")
