"""sites: state, validity, lines, roads, who is responsible, moves

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CRS = "'wgs84', 'gcj02', 'bd09', 'cgcs2000'"
_ROADS = "'main', 'side', 'alley'"
_CHECKS = {
    "whole_wgs84": "(lat IS NULL) = (wgs84_lat IS NULL) AND (lat IS NULL) = (wgs84_lon IS NULL)",
    "validity": "valid_to IS NULL OR valid_to >= valid_from",
    "closed_when": "state <> 'closed' OR valid_to IS NOT NULL",
    "sitestate": "state IN ('proposed', 'active', 'closed')",
    "roadclass": f"road_class IN ({_ROADS})",
}
_REFERENCES = {
    "responsible_unit_id": "unit",
    "responsible_person_id": "person",
    "made_by": "person",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _site()
    op.create_table(
        "site_line",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_site_line_site_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_site_line_line_id")),
        sa.PrimaryKeyConstraint("site_id", "line_id", name=op.f("pk_site_line")),
    )
    op.create_index(op.f("ix_site_line_line_id"), "site_line", ["line_id"])
    _site_move()
    op.create_table(
        "road_standard",
        sa.Column("road_class", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("text_zh", sa.String(length=2000), nullable=False),
        sa.Column("text_en", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(f"road_class IN ({_ROADS})", name=op.f("ck_road_standard_roadclass")),
        sa.PrimaryKeyConstraint("road_class", name=op.f("pk_road_standard")),
    )
    op.create_index("ix_visit_of_site", "visit", ["site_id", "received_at", "id"])
    op.drop_index("ix_visit_site_id", table_name="visit")


def _site() -> None:
    """What was there before is active, and has been since the first day."""
    state = sa.Column("state", sa.String(length=40), nullable=False, server_default="active")
    since = sa.Column("valid_from", sa.Date(), nullable=False, server_default="2000-01-01")
    for column in (state, since):
        op.add_column("site", column)
        op.alter_column("site", column.name, server_default=None)
    for column in (
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("road_class", sa.String(length=40), nullable=True),
        sa.Column("responsible_name", sa.String(length=100), nullable=True),
        sa.Column("content_digest", sa.String(length=64), nullable=True),
    ):
        op.add_column("site", column)
    for name, table in _REFERENCES.items():
        op.add_column("site", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_site_{name}"), "site", table, [name], ["id"])
    for name, check in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_site_{name}"), "site", check)
    op.create_index("ix_site_place", "site", ["wgs84_lat", "wgs84_lon"])
    op.create_index("ix_site_category", "site", ["category", "code"])


def _site_move() -> None:
    op.create_table(
        "site_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("crs", sa.String(length=40), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"crs IN ({_CRS})", name=op.f("ck_site_move_crs")),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused', 'superseded')",
            name=op.f("ck_site_move_movestate"),
        ),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (decided_at IS NOT NULL)",
            name=op.f("ck_site_move_decided_when"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_move_site_id")),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["person.id"], name=op.f("fk_site_move_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_site_move_decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_move")),
    )
    op.create_index(op.f("ix_site_move_site_id"), "site_move", ["site_id"])
    op.create_index(
        "uq_site_move_waiting",
        "site_move",
        ["site_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_visit_site_id", "visit", ["site_id"])
    op.drop_index("ix_visit_of_site", table_name="visit")
    for table in ("road_standard", "site_move", "site_line"):
        op.drop_table(table)
    op.drop_index("ix_site_category", table_name="site")
    op.drop_index("ix_site_place", table_name="site")
    op.drop_constraint("ck_site_whole_wgs84", "site")
    for name in (
        "state",
        "valid_from",
        "valid_to",
        "road_class",
        "responsible_name",
        "content_digest",
        *_REFERENCES,
    ):
        op.drop_column("site", name)
