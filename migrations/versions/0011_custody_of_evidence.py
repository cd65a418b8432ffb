"""custody of evidence: when bytes were read, are to be read, were lost; reports of the store

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "blob_custody",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recheck_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(due_at IS NULL) = (recheck_at IS NULL)", name=op.f("ck_blob_custody_due")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_blob_custody_sha256")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob_custody")),
    )
    op.execute("INSERT INTO blob_custody (sha256, read_at) SELECT sha256, kept_at FROM blob")
    op.create_index("ix_blob_custody_read_at", "blob_custody", ["read_at"])
    for name in ("recheck_at", "lost_at"):
        op.create_index(
            f"ix_blob_custody_{name}",
            "blob_custody",
            [name],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
    op.create_table(
        "store_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broken", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_state_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_state")),
    )
    op.create_table(
        "store_watcher",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_watcher")),
    )
    op.create_table(
        "store_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("step BETWEEN 0 AND slices + 1", name=op.f("ck_store_report_step")),
        sa.CheckConstraint(
            "(ended_at IS NOT NULL) = (step = slices + 1)", name=op.f("ck_store_report_ended")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_report")),
        sa.UniqueConstraint("night", name=op.f("uq_store_report_night")),
    )
    op.create_index("ix_store_report_ended_at", "store_report", ["ended_at"])
    op.add_column("photo", sa.Column("form_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("photo", "form_at")
    op.drop_table("store_report")
    op.drop_table("store_watcher")
    op.drop_table("store_state")
    op.drop_table("blob_custody")
