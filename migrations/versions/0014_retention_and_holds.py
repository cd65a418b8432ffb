"""retention classes, legal holds, and photos that are deleted with their digest as a tombstone

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_HELD = """
CREATE FUNCTION guard_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'deleted' THEN
    RAISE EXCEPTION 'a deleted photo stays what it is' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state = 'deleted' AND EXISTS (
    SELECT FROM held_photo JOIN photo_hold ON photo_hold.id = held_photo.hold_id
    WHERE held_photo.photo_id = NEW.id AND photo_hold.lifted_at IS NULL
  ) THEN
    RAISE EXCEPTION 'the photo is under a hold' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER photo_deletion BEFORE UPDATE ON photo FOR EACH ROW
  WHEN (OLD.state = 'deleted' OR NEW.state = 'deleted') EXECUTE FUNCTION guard_deletion();
CREATE TRIGGER photo_stays BEFORE DELETE ON photo FOR EACH ROW
  WHEN (OLD.state IN ('stored', 'deleted')) EXECUTE FUNCTION refuse_change();
"""
# Bytes may go, row and all, when every photo that was these bytes has been deleted: each leaves its
# tombstone, so there is one at least. Bytes that are a photo stay, and so do those that nobody names.
_BLOB = """
CREATE FUNCTION guard_blob_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM photo WHERE blob_sha256 = OLD.sha256)
    OR NOT EXISTS (SELECT FROM photo WHERE sha256 = OLD.sha256 AND state = 'deleted')
  THEN
    RAISE EXCEPTION 'kept bytes are never removed but after all their photos'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $$;
DROP TRIGGER blob_immutable ON blob;
CREATE TRIGGER blob_immutable BEFORE UPDATE ON blob
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER blob_deletion BEFORE DELETE ON blob
  FOR EACH ROW EXECUTE FUNCTION guard_blob_deletion();
"""
_BLOB_BEFORE = """
DROP TRIGGER blob_deletion ON blob;
DROP FUNCTION guard_blob_deletion();
DROP TRIGGER blob_immutable ON blob;
CREATE TRIGGER blob_immutable BEFORE UPDATE OR DELETE ON blob
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
_STATES = "'announced', 'verifying', 'stored', 'rejected'"


def _photo_checks(states: str, stored: str) -> None:
    for name in ("photostate", "stored_when"):
        op.execute(f"ALTER TABLE photo DROP CONSTRAINT ck_photo_{name}")
    op.execute(f"ALTER TABLE photo ADD CONSTRAINT ck_photo_photostate CHECK (state IN ({states}))")
    op.execute(
        "ALTER TABLE photo ADD CONSTRAINT ck_photo_stored_when"
        f" CHECK (({stored}) = (stored_at IS NOT NULL))"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "retention_class",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("made_at", instant, nullable=False),
        sa.CheckConstraint("keep_days > 0", name=op.f("ck_retention_class_days")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_retention_class_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_class")),
        sa.UniqueConstraint("code", name=op.f("uq_retention_class_code")),
        sa.UniqueConstraint(
            "campaign_id",
            "category",
            name="uq_retention_class_scope",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "photo_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cause_kind", sa.String(length=40), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("set_at", instant, nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", instant, nullable=True),
        sa.Column("lift_reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lift_reason IS NULL)", name=op.f("ck_photo_hold_why_lifted")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_photo_hold_set_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["person.id"], name=op.f("fk_photo_hold_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_hold")),
    )
    op.create_index(
        "uq_photo_hold_cause",
        "photo_hold",
        ["cause_kind", "cause_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL AND cause_id IS NOT NULL"),
    )
    op.create_table(
        "held_photo",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["photo_hold.id"], name=op.f("fk_held_photo_hold_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_held_photo_photo_id")),
        sa.PrimaryKeyConstraint("hold_id", "photo_id", name=op.f("pk_held_photo")),
    )
    op.create_index("ix_held_photo_photo_id", "held_photo", ["photo_id"])
    op.add_column("photo", sa.Column("deleted_at", instant, nullable=True))
    _photo_checks(f"{_STATES}, 'deleted'", "state IN ('stored', 'deleted')")
    op.execute(
        "ALTER TABLE photo ADD CONSTRAINT ck_photo_deleted_when"
        " CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))"
    )
    op.create_index(
        "ix_photo_stored",
        "photo",
        ["stored_at", "id"],
        postgresql_where=sa.text("state = 'stored'"),
    )
    op.create_index("ix_photo_blob_sha256", "photo", ["blob_sha256"])
    op.execute(_HELD)
    op.execute(_BLOB)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_BLOB_BEFORE)
    op.execute("DROP TRIGGER photo_stays ON photo; DROP TRIGGER photo_deletion ON photo")
    op.execute("DROP FUNCTION guard_deletion()")
    op.drop_index("ix_photo_blob_sha256", table_name="photo")
    op.drop_index("ix_photo_stored", table_name="photo")
    op.execute("ALTER TABLE photo DROP CONSTRAINT ck_photo_deleted_when")
    _photo_checks(_STATES, "state = 'stored'")
    op.drop_column("photo", "deleted_at")
    op.drop_table("held_photo")
    op.drop_table("photo_hold")
    op.drop_table("retention_class")
