"""groups and grid cells: special groups with what they are for, cells of the grid

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "special_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", _enum("groupkind", "office", "command"), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_special_group_validity")
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_special_group_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["special_group.id"], name=op.f("fk_special_group_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_group")),
        sa.UniqueConstraint("code", name=op.f("uq_special_group_code")),
    )
    for link, key, table in (
        ("special_group_line", "line_id", "line"),
        ("special_group_area", "unit_id", "unit"),
        ("special_group_site", "site_id", "site"),
    ):
        op.create_table(
            link,
            sa.Column("group_id", sa.Uuid(), nullable=False),
            sa.Column(key, sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ["group_id"], ["special_group.id"], name=op.f(f"fk_{link}_group_id")
            ),
            sa.ForeignKeyConstraint([key], [f"{table}.id"], name=op.f(f"fk_{link}_{key}")),
            sa.PrimaryKeyConstraint("group_id", key, name=op.f(f"pk_{link}")),
        )
    op.create_table(
        "special_group_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            _enum("memberrole", "leader", "deputy", "coordinator", "member"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "num_nonnulls(unit_id, person_id) = 1", name=op.f("ck_special_group_member_one_of_two")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["special_group.id"], name=op.f("fk_special_group_member_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_special_group_member_unit_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_special_group_member_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_group_member")),
        sa.UniqueConstraint(
            "group_id",
            "unit_id",
            "person_id",
            name="uq_special_group_member_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "grid_cell",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("crs", _enum("crs", "wgs84", "gcj02", "bd09", "cgcs2000"), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("original", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_grid_cell_validity")
        ),
        sa.CheckConstraint(
            "num_nonnulls(crs, source, original, shape) IN (0, 4)",
            name=op.f("ck_grid_cell_outline"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_grid_cell_unit_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_grid_cell_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_cell")),
        postgresql.ExcludeConstraint(
            (sa.column("scheme"), "="),
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_grid_cell_period",
            using="gist",
        ),
    )
    op.create_index("ix_grid_cell_unit_id", "grid_cell", ["unit_id"], unique=False)
    op.create_index(
        "ix_grid_cell_code", "grid_cell", ["scheme", "code", "valid_from"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("grid_cell")
    op.drop_table("special_group_member")
    for link in ("special_group_site", "special_group_area", "special_group_line"):
        op.drop_table(link)
    op.drop_table("special_group")
