"""the words of the ledger for the text search, and the orders in which it is shown

Every character stands twice in ``problem_words``: most Chinese words have two characters, and a
word of two has no trigram of its own. The database keeps the words, whoever writes the note.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_OPEN = sa.text("state NOT IN ('closed', 'cancelled')")
_WORDS = """
CREATE FUNCTION keep_problem_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.note IS NULL THEN
    DELETE FROM problem_words WHERE problem_id = NEW.id;
  ELSE
    INSERT INTO problem_words (problem_id, words)
    VALUES (NEW.id, regexp_replace(lower(NEW.note), '(.)', '\\1\\1', 'g'))
    ON CONFLICT (problem_id) DO UPDATE SET words = excluded.words;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER problem_words AFTER INSERT OR UPDATE OF note ON problem
  FOR EACH ROW EXECUTE FUNCTION keep_problem_words();
INSERT INTO problem_words (problem_id, words)
SELECT id, regexp_replace(lower(note), '(.)', '\\1\\1', 'g') FROM problem WHERE note IS NOT NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "problem_words",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_words_problem_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("problem_id", name=op.f("pk_problem_words")),
    )  # fmt: skip
    op.execute(_WORDS)
    op.create_index(
        "ix_problem_words_words", "problem_words", ["words"], postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )  # fmt: skip
    op.drop_index("ix_problem_round", table_name="problem")
    op.drop_index("ix_problem_category_id", table_name="problem")
    op.create_index("ix_problem_round", "problem", ["round_id", "id"])
    op.create_index("ix_problem_category", "problem", ["category_id", "id"])
    op.create_index("ix_problem_line", "problem", ["line_id", "id"])
    op.create_index("ix_problem_source", "problem", ["source", "id"])
    op.create_index("ix_problem_found", "problem", ["found_at", "id"])
    op.create_index("ix_problem_open", "problem", ["id"], postgresql_where=_OPEN)
    op.create_index("ix_problem_oldest", "problem", ["found_at", "id"], postgresql_where=_OPEN)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("oldest", "open", "found", "source", "line", "category", "round"):
        op.drop_index(f"ix_problem_{name}", table_name="problem")
    op.create_index("ix_problem_round", "problem", ["round_id", "number"])
    op.create_index("ix_problem_category_id", "problem", ["category_id"])
    op.execute("DROP TRIGGER problem_words ON problem")
    op.execute("DROP FUNCTION keep_problem_words()")
    op.drop_table("problem_words")
