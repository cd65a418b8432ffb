"""when rounds closed, so that their results follow the rules of before

Revision: 0023, after 0022. Of rounds that were closed before it is the first freeze.
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


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("round", "closed_at")
