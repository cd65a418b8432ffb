"""when rounds closed, so that their results follow the rules of before; kept sums of visits

Revision: 0023, after 0022. Of rounds that were closed before it is the first freeze. Sums of
revisions are kept from the next freeze on, and added up for each reading until then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("round", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE round SET closed_at = (SELECT min(made_at) FROM round_freeze"
        " WHERE round_id = round.id) WHERE state IN ('closed', 'appeal', 'published')"
    )
    op.create_table(
        "revision_marks",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_revision_marks_revision_id")
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_revision_marks")),
    )
    op.execute(
        "CREATE TRIGGER revision_marks_immutable BEFORE UPDATE OR DELETE ON revision_marks"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER revision_marks_not_emptied BEFORE TRUNCATE ON revision_marks"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("revision_marks")
    op.drop_column("round", "closed_at")
