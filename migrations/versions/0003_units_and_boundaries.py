"""units and boundaries: outlines of units, people who answer, periods that never overlap

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A boundary is immutable but for its end and its withdrawal.
_BOUNDARY_GUARD = """
CREATE FUNCTION guard_unit_boundary() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended unit_boundary;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    ended := OLD;
    ended.valid_to := NEW.valid_to;
    ended.withdrawn_at := NEW.withdrawn_at;
    IF ended IS NOT DISTINCT FROM NEW AND OLD.withdrawn_at IS NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'boundaries are never changed or removed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER unit_boundary_immutable BEFORE UPDATE OR DELETE ON unit_boundary
  FOR EACH ROW EXECUTE FUNCTION guard_unit_boundary()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Trusted since PostgreSQL 13: the owner of the database may create it.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_check_constraint(
        op.f("ck_unit_successor"),
        "unit",
        "successor_id IS NULL OR (successor_id <> id AND valid_to IS NOT NULL)",
    )
    for name in ("leader_id", "coordinator_id", "handler_id"):
        op.add_column("responsibility", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_responsibility_{name}"), "responsibility", "person", [name], ["id"]
        )
    op.execute(
        "ALTER TABLE responsibility ADD CONSTRAINT ex_responsibility_period EXCLUDE USING gist"
        " (area_id WITH =, line_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&)"
    )
    op.create_table(
        "unit_boundary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
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
            nullable=False,
        ),
        sa.Column("original", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("repaired", sa.Boolean(), nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_unit_boundary_validity")
        ),
        sa.CheckConstraint("west <= east AND south <= north", name=op.f("ck_unit_boundary_box")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_boundary_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_boundary")),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_unit_boundary_period",
            using="gist",
            where=sa.text("withdrawn_at IS NULL"),
        ),
    )
    op.create_index("ix_unit_boundary_unit_id", "unit_boundary", ["unit_id"], unique=False)
    op.create_index(
        "ix_unit_boundary_box", "unit_boundary", ["west", "east", "south", "north"], unique=False
    )
    op.execute(_BOUNDARY_GUARD)
    op.execute(
        "CREATE TRIGGER unit_boundary_not_emptied BEFORE TRUNCATE ON unit_boundary"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("unit_boundary")
    op.execute("DROP FUNCTION guard_unit_boundary")
    op.drop_constraint("ex_responsibility_period", "responsibility")
    for name in ("leader_id", "coordinator_id", "handler_id"):
        op.drop_column("responsibility", name)
    op.drop_constraint(op.f("ck_unit_successor"), "unit", type_="check")
