"""an index on the deadlines of all cases, for rates over a time; a longer sample of the words

By the usual hundred samples of a column PostgreSQL cannot tell a word of one note in a hundred from
one that nobody wrote, and then fetches and sorts all of them for a page.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_problem_deadline", "problem", ["deadline_at"],
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )  # fmt: skip
    op.execute("ALTER TABLE problem_words ALTER COLUMN words SET STATISTICS 500")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE problem_words ALTER COLUMN words SET STATISTICS -1")
    op.drop_index("ix_problem_deadline", table_name="problem")
