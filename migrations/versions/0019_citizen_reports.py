"""reports of citizens, their sealed contacts, and passes for photos of who has no sign-in

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "photo_pass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("most", sa.SmallInteger(), nullable=False),
        sa.Column("taken", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND most", name=op.f("ck_photo_pass_taken")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_pass")),
        sa.UniqueConstraint("digest", name=op.f("uq_photo_pass_digest")),
    )
    op.create_table(
        "citizen_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("pass_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_citizen_report_problem_id")
        ),
        sa.ForeignKeyConstraint(
            ["pass_id"], ["photo_pass.id"], name=op.f("fk_citizen_report_pass_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_report")),
        sa.UniqueConstraint("number", name=op.f("uq_citizen_report_number")),
        sa.UniqueConstraint("problem_id", name=op.f("uq_citizen_report_problem_id")),
        sa.UniqueConstraint("pass_id", name=op.f("uq_citizen_report_pass_id")),
    )
    op.create_table(
        "citizen_contact",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["citizen_report.id"], name=op.f("fk_citizen_contact_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_citizen_contact")),
    )
    op.create_index("ix_citizen_contact_key_id", "citizen_contact", ["key_id"])
    op.alter_column("photo", "owner_id", nullable=True)
    op.add_column("photo", sa.Column("pass_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_photo_pass_id"), "photo", "photo_pass", ["pass_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_photo_whose"), "photo", "num_nonnulls(owner_id, pass_id) = 1"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM photo WHERE pass_id IS NOT NULL")
    op.drop_column("photo", "pass_id")
    op.alter_column("photo", "owner_id", nullable=False)
    for table in ("citizen_contact", "citizen_report", "photo_pass"):
        op.drop_table(table)
