"""first tables

Revision: 0001, after .
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What is written once and never changed; the database refuses, whoever asks.
_IMMUTABLE = ("visit_revision", "answer", "finding", "blob")

_ROW_GUARD = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$
"""

# A published checklist version and its items stay as they are; drafts may change.
_CHECKLIST_GUARD = """
CREATE FUNCTION guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'published' THEN
    RAISE EXCEPTION 'a published checklist version is never changed or removed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER checklist_version_immutable BEFORE UPDATE OR DELETE ON checklist_version
  FOR EACH ROW EXECUTE FUNCTION guard_version();
CREATE FUNCTION guard_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed item := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  IF EXISTS (SELECT FROM checklist_version
             WHERE id IN (changed.version_id, OLD.version_id) AND state = 'published') THEN
    RAISE EXCEPTION 'items of a published checklist version are never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN changed;
END $$;
CREATE TRIGGER item_immutable BEFORE INSERT OR UPDATE OR DELETE ON item
  FOR EACH ROW EXECUTE FUNCTION guard_item()
"""

# An event is immutable but for its place, which the sequencer fills in once.
_EVENT_GUARD = """
CREATE FUNCTION guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE placed event;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL THEN
    placed := OLD;
    placed.seq := NEW.seq;
    IF placed IS NOT DISTINCT FROM NEW THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'events are never changed or removed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_immutable BEFORE UPDATE OR DELETE ON event
  FOR EACH ROW EXECUTE FUNCTION guard_event()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("problem_serial")))
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_blob_sha256")),
        sa.CheckConstraint("size > 0 AND width > 0 AND height > 0", name=op.f("ck_blob_sizes")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "business_clock",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("shift_s", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_business_clock_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_clock")),
    )
    op.create_table(
        "category",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "event",
                "component",
                "extension",
                name="categorykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint(
            "scheme", "code", "version", name=op.f("uq_category_scheme_code_version")
        ),
    )
    op.create_table(
        "checklist",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("site_category", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist")),
        sa.UniqueConstraint("code", name=op.f("uq_checklist_code")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_subject", "event", ["subject_type", "subject_id", "id"], unique=False)
    op.create_index(
        "ix_event_unplaced", "event", ["id"], unique=False, postgresql_where=sa.text("seq IS NULL")
    )
    op.create_index("uq_event_seq", "event", ["seq"], unique=True)
    op.create_table(
        "feed_version",
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_feed_version")),
    )
    op.create_index(
        "ix_feed_version_touched",
        "feed_version",
        ["scope"],
        unique=False,
        postgresql_where=sa.text("touched"),
    )
    op.create_table(
        "line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("code", name=op.f("uq_line_code")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "city",
                "district",
                "street",
                "community",
                "bureau",
                "district_bureau",
                "squad",
                "enterprise",
                "external",
                name="unitkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("full_name_zh", sa.String(length=200), nullable=True),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9A-Za-z.-]{1,40}$'", name=op.f("ck_unit_code_shape")),
        sa.CheckConstraint(
            "right(path, length(code) + 2) = '/' || code || '/'", name=op.f("ck_unit_path_end")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_unit_validity")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["unit.id"], name=op.f("fk_unit_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
        sa.UniqueConstraint("path", name=op.f("uq_unit_path")),
    )
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_index(
        "ix_unit_path_prefix",
        "unit",
        ["path"],
        unique=False,
        postgresql_ops={"path": "text_pattern_ops"},
    )
    op.create_table(
        "auth_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_auth_session_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_session")),
    )
    op.create_index(op.f("ix_auth_session_person_id"), "auth_session", ["person_id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_campaign_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("code", name=op.f("uq_campaign_code")),
    )
    op.create_table(
        "checklist_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checklist_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                name="versionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)",
            name=op.f("ck_checklist_version_published_when"),
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_checklist_version_number")),
        sa.ForeignKeyConstraint(
            ["checklist_id"], ["checklist.id"], name=op.f("fk_checklist_version_checklist_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_version")),
        sa.UniqueConstraint(
            "checklist_id", "number", name=op.f("uq_checklist_version_checklist_id_number")
        ),
    )
    op.create_table(
        "credential",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_credential_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_credential")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_job_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("event_id", "handler", name=op.f("uq_job_event_id_handler")),
    )
    op.create_index(
        "ix_job_due", "job", ["run_at", "id"], unique=False, postgresql_where=sa.text("NOT dead")
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "announced",
                "verifying",
                "stored",
                "rejected",
                name="photostate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.Enum(
                "near",
                "far",
                "reference",
                "before",
                "after",
                name="photorole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("wgs84_lat", sa.Float(), nullable=True),
        sa.Column("wgs84_lon", sa.Float(), nullable=True),
        sa.Column(
            "crs",
            sa.Enum(
                "wgs84",
                "gcj02",
                "bd09",
                "cgcs2000",
                name="crs",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sweep_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sweeps", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blob_sha256", sa.String(length=64), nullable=True),
        sa.Column("reject_code", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "(state = 'rejected') = (reject_code IS NOT NULL)", name=op.f("ck_photo_why_rejected")
        ),
        sa.CheckConstraint(
            "(state = 'stored') = (blob_sha256 IS NOT NULL)", name=op.f("ck_photo_stored_what")
        ),
        sa.CheckConstraint(
            "(state = 'stored') = (stored_at IS NOT NULL)", name=op.f("ck_photo_stored_when")
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_photo_sha256")),
        sa.CheckConstraint("blob_sha256 = sha256", name=op.f("ck_photo_stored_as_announced")),
        sa.CheckConstraint("size > 0", name=op.f("ck_photo_size")),
        sa.ForeignKeyConstraint(
            ["blob_sha256"], ["blob.sha256"], name=op.f("fk_photo_blob_sha256")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_photo_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
    )
    op.create_index(
        "ix_photo_open",
        "photo",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('announced', 'verifying')"),
    )
    op.create_index(op.f("ix_photo_sha256"), "photo", ["sha256"], unique=False)
    op.create_index(
        "ix_photo_sweep",
        "photo",
        ["sweep_at"],
        unique=False,
        postgresql_where=sa.text("state = 'announced'"),
    )
    op.create_table(
        "photo_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("unit_path", sa.String(length=400), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("units", name="audience", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_photo_grant_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_grant")),
        sa.UniqueConstraint(
            "photo_id",
            "area_path",
            "line_id",
            "unit_path",
            "audience",
            name="uq_photo_grant_all",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "hq_admin",
                "hq_editor",
                "inspector",
                "team_lead",
                "unit_coordinator",
                "unit_handler",
                "auditor",
                "platform",
                "dashboard",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_posting_validity")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_posting_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_posting_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint(
            "person_id",
            "role",
            "unit_id",
            "valid_from",
            name=op.f("uq_posting_person_id_role_unit_id_valid_from"),
        ),
    )
    op.create_table(
        "responsibility",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_responsibility_validity")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["unit.id"], name=op.f("fk_responsibility_area_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_responsibility_line_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_responsibility_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility")),
        sa.UniqueConstraint(
            "area_id",
            "line_id",
            "valid_from",
            name=op.f("uq_responsibility_area_id_line_id_valid_from"),
        ),
    )
    op.create_index(op.f("ix_responsibility_unit_id"), "responsibility", ["unit_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column(
            "crs",
            sa.Enum(
                "wgs84",
                "gcj02",
                "bd09",
                "cgcs2000",
                name="crs",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("wgs84_lat", sa.Float(), nullable=True),
        sa.Column("wgs84_lon", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (crs IS NULL)",
            name=op.f("ck_site_whole_location"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_site_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
    )
    op.create_index(op.f("ix_site_unit_id"), "site", ["unit_id"], unique=False)
    op.create_table(
        "access_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth_session.id"], name=op.f("fk_access_token_session_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
    )
    op.create_index("ix_access_token_expires_at", "access_token", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_access_token_session_id"), "access_token", ["session_id"], unique=False
    )
    op.create_table(
        "entrant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=True),
        sa.Column("scope_key", sa.String(length=64), nullable=False),
        sa.Column("area_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("line_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint("cardinality(area_ids) > 0", name=op.f("ck_entrant_areas")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_entrant_campaign_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_entrant_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entrant")),
        sa.UniqueConstraint(
            "campaign_id", "scope_key", name=op.f("uq_entrant_campaign_id_scope_key")
        ),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("text_zh", sa.String(length=400), nullable=False),
        sa.Column("text_en", sa.String(length=400), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column(
            "answer_type",
            sa.Enum(
                "pass_fail",
                "grade_abc",
                "count_deduct",
                "number_min",
                name="answertype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("veto", sa.Boolean(), nullable=False),
        sa.Column("veto_class", sa.String(length=40), nullable=True),
        sa.Column(
            "photo_rule",
            sa.Enum(
                "always",
                "on_fail",
                "never",
                name="photorule",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("photo_min", sa.Integer(), nullable=False),
        sa.CheckConstraint("photo_min >= 1", name=op.f("ck_item_photo_min")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_item_weight")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_item_category_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_item_line_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["checklist_version.id"], name=op.f("fk_item_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("version_id", "code", name=op.f("uq_item_version_id_code")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_item_version_id_position")),
    )
    op.create_table(
        "league",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("red_quota", sa.Integer(), nullable=False),
        sa.Column("blue_quota", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_league_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_league")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_league_campaign_id_code")),
    )
    op.create_table(
        "posting_area",
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["posting_id"],
            ["posting.id"],
            name=op.f("fk_posting_area_posting_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_posting_area_unit_id")),
        sa.PrimaryKeyConstraint("posting_id", "unit_id", name=op.f("pk_posting_area")),
    )
    op.create_table(
        "posting_line",
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_posting_line_line_id")),
        sa.ForeignKeyConstraint(
            ["posting_id"],
            ["posting.id"],
            name=op.f("fk_posting_line_posting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("posting_id", "line_id", name=op.f("pk_posting_line")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("parent_digest", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth_session.id"], name=op.f("fk_refresh_token_session_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
    )
    op.create_index("ix_refresh_token_expires_at", "refresh_token", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False
    )
    op.create_table(
        "round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "city_team",
                "bureau",
                "district",
                "third_party",
                "self",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "period",
            sa.Enum(
                "day",
                "week",
                "month",
                "quarter",
                "special",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "open",
                "closed",
                "appeal",
                "published",
                name="roundstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_round_span")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_round_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_round_campaign_id_code")),
    )
    op.create_table(
        "rulebook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_rulebook_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_rulebook_campaign_id_number")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("league_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entrant_id"], ["entrant.id"], name=op.f("fk_membership_entrant_id")
        ),
        sa.ForeignKeyConstraint(["league_id"], ["league.id"], name=op.f("fk_membership_league_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_membership_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "round_id", "entrant_id", name=op.f("uq_membership_round_id_entrant_id")
        ),
    )
    op.create_index(op.f("ix_membership_entrant_id"), "membership", ["entrant_id"], unique=False)
    op.create_index(
        "ix_membership_league", "membership", ["round_id", "league_id", "position"], unique=False
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("checklist_version_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checklist_version_id"],
            ["checklist_version.id"],
            name=op.f("fk_task_checklist_version_id"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_task_round_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_task_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "round_id",
            "site_id",
            "checklist_version_id",
            name=op.f("uq_task_round_id_site_id_checklist_version_id"),
        ),
    )
    op.create_index(op.f("ix_task_site_id"), "task", ["site_id"], unique=False)
    op.create_table(
        "task_member",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_task_member_person_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_member_task_id")),
        sa.PrimaryKeyConstraint("person_id", "task_id", name=op.f("pk_task_member")),
    )
    op.create_index(op.f("ix_task_member_task_id"), "task_member", ["task_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("checklist_id", sa.Uuid(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "city_team",
                "bureau",
                "district",
                "third_party",
                "self",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("current_revision_id", sa.Uuid(), nullable=False),
        sa.Column("counting", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("NOT (counting AND late)", name=op.f("ck_visit_late_does_not_count")),
        sa.ForeignKeyConstraint(
            ["checklist_id"], ["checklist.id"], name=op.f("fk_visit_checklist_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_visit_round_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_visit_site_id")),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["person.id"], name=op.f("fk_visit_submitted_by")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_visit_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("current_revision_id", name=op.f("uq_visit_current_revision_id")),
    )
    op.create_index(op.f("ix_visit_round_id"), "visit", ["round_id"], unique=False)
    op.create_index(op.f("ix_visit_site_id"), "visit", ["site_id"], unique=False)
    op.create_index(op.f("ix_visit_submitted_by"), "visit", ["submitted_by"], unique=False)
    op.create_index(op.f("ix_visit_task_id"), "visit", ["task_id"], unique=False)
    op.create_index(
        "uq_visit_counting",
        "visit",
        ["round_id", "site_id", "source", "checklist_id"],
        unique=True,
        postgresql_where=sa.text("counting"),
    )
    op.create_table(
        "visit_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("checklist_version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "inspected",
                "not_accessible",
                "gone",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("content_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column(
            "crs",
            sa.Enum(
                "wgs84",
                "gcj02",
                "bd09",
                "cgcs2000",
                name="crs",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("scored_lines", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("possible", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "earned >= 0 AND earned <= possible", name=op.f("ck_visit_revision_marks")
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_visit_revision_span")),
        sa.ForeignKeyConstraint(
            ["checklist_version_id"],
            ["checklist_version.id"],
            name=op.f("fk_visit_revision_checklist_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["person.id"], name=op.f("fk_visit_revision_submitted_by")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_revision_visit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_revision")),
        sa.UniqueConstraint("visit_id", "number", name=op.f("uq_visit_revision_visit_id_number")),
    )
    op.create_table(
        "answer",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.String(length=12), nullable=False),
        sa.Column("na_reason", sa.String(length=2000), nullable=True),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("possible", sa.Integer(), nullable=False),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("answerable_unit_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("earned >= 0 AND earned <= possible", name=op.f("ck_answer_marks")),
        sa.ForeignKeyConstraint(
            ["answerable_unit_id"], ["unit.id"], name=op.f("fk_answer_answerable_unit_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_answer_item_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_answer_line_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_answer_revision_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_answer_round_id")),
        sa.PrimaryKeyConstraint("revision_id", "item_id", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_round_id", "answer", ["round_id"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column(
            "crs",
            sa.Enum(
                "wgs84",
                "gcj02",
                "bd09",
                "cgcs2000",
                name="crs",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_id", "item_id"],
            ["answer.revision_id", "answer.item_id"],
            name=op.f("fk_finding_revision_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_revision_id", "finding", ["revision_id"], unique=False)
    op.create_table(
        "problem",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "visit", name="problemsource", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "reported",
                "verifying",
                "filed",
                "dispatched",
                "rectifying",
                "checking",
                "closed",
                "suspended",
                "cancelled",
                name="problemstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("round_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("finding_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("answerable_unit_id", sa.Uuid(), nullable=True),
        sa.Column("answerable_path", sa.String(length=400), nullable=True),
        sa.Column("veto", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source <> 'visit' OR finding_id IS NOT NULL", name=op.f("ck_problem_visit_finding")
        ),
        sa.ForeignKeyConstraint(
            ["answerable_unit_id"], ["unit.id"], name=op.f("fk_problem_answerable_unit_id")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["unit.id"], name=op.f("fk_problem_area_id")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_problem_category_id")
        ),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_problem_finding_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_problem_line_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_problem_round_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_problem_site_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_problem_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
        sa.UniqueConstraint("finding_id", name=op.f("uq_problem_finding_id")),
        sa.UniqueConstraint("number", name=op.f("uq_problem_number")),
    )
    op.create_index(
        "ix_problem_answerable",
        "problem",
        ["answerable_path"],
        unique=False,
        postgresql_ops={"answerable_path": "text_pattern_ops"},
    )
    op.create_index(
        "ix_problem_area",
        "problem",
        ["area_path"],
        unique=False,
        postgresql_ops={"area_path": "text_pattern_ops"},
    )
    op.create_index(op.f("ix_problem_category_id"), "problem", ["category_id"], unique=False)
    op.create_index("ix_problem_round", "problem", ["round_id", "number"], unique=False)
    op.create_index(op.f("ix_problem_site_id"), "problem", ["site_id"], unique=False)
    op.create_index(op.f("ix_problem_visit_id"), "problem", ["visit_id"], unique=False)
    op.create_table(
        "visit_photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("finding_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("fk_visit_photo_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_visit_photo_revision_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_photo")),
        sa.UniqueConstraint(
            "revision_id",
            "photo_id",
            "item_id",
            "finding_id",
            name="uq_visit_photo_place",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_visit_photo_finding_id", "visit_photo", ["finding_id"], unique=False)
    op.create_index("ix_visit_photo_photo_id", "visit_photo", ["photo_id"], unique=False)
    op.create_table(
        "problem_photo",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_photo_problem_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", "photo_id", name=op.f("pk_problem_photo")),
    )
    op.create_foreign_key(
        "fk_visit_current_revision_id",
        "visit",
        "visit_revision",
        ["current_revision_id"],
        ["id"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.execute(_EVENT_GUARD)
    op.execute(_ROW_GUARD)
    op.execute(_CHECKLIST_GUARD)
    for table in _IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in ("event", *_IMMUTABLE):
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first tables: drop the database instead")
