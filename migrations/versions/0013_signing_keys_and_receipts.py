"""signing keys and receipts of photos

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# A key is immutable but for its one end.
_KEY_GUARD = """
CREATE FUNCTION guard_signing_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended signing_key;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    ended := OLD;
    ended.valid_to := NEW.valid_to;
    IF ended IS NOT DISTINCT FROM NEW AND OLD.valid_to IS NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'published keys are never changed or removed'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER signing_key_immutable BEFORE UPDATE OR DELETE ON signing_key
  FOR EACH ROW EXECUTE FUNCTION guard_signing_key();
CREATE TRIGGER signing_key_not_emptied BEFORE TRUNCATE ON signing_key
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER photo_receipt_immutable BEFORE UPDATE OR DELETE ON photo_receipt
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER photo_receipt_not_emptied BEFORE TRUNCATE ON photo_receipt
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.String(length=43), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("key_id ~ '^[0-9a-f]{16}$'", name=op.f("ck_signing_key_key_id")),
        sa.CheckConstraint(
            "public_key ~ '^[A-Za-z0-9_-]{43}$'", name=op.f("ck_signing_key_public_key")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_signing_key_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_signing_key_key_id")),
    )
    op.create_table(
        "photo_receipt",
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.String(length=1000), nullable=False),
        sa.Column("signature", sa.String(length=86), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_photo_receipt_photo_id")),
        sa.ForeignKeyConstraint(
            ["key_id"], ["signing_key.key_id"], name=op.f("fk_photo_receipt_key_id")
        ),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_photo_receipt")),
    )
    op.execute(_KEY_GUARD)
    # What was kept before there were receipts is read once more within a week, and gets them then.
    op.execute(
        "UPDATE blob_custody SET due_at = drawn.at, recheck_at = drawn.at"
        " FROM (SELECT sha256, now() + random() * interval '7 days' AS at FROM blob_custody) drawn"
        " WHERE drawn.sha256 = blob_custody.sha256 AND recheck_at IS NULL AND lost_at IS NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("photo_receipt")
    op.drop_table("signing_key")
    op.execute("DROP FUNCTION guard_signing_key()")
