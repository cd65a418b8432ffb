"""rounds that recur, teams, planned tasks, and who may judge whom

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SOURCES = ("city_team", "bureau", "district", "third_party", "self")
_PERIODS = ("day", "week", "month", "quarter", "special")
_KINDS = (
    "city",
    "district",
    "street",
    "community",
    "bureau",
    "district_bureau",
    "squad",
    "enterprise",
    "external",
)
_STATES = ("planned", "open", "closed", "appeal", "published")

# What holds until a city brings its own table: the city judges bureaus and districts, bureaus
# judge districts, districts judge their streets, and a third party judges for who hired it.
_JUDGING = (
    ("city_team", "city", "bureau"),
    ("city_team", "city", "district"),
    ("bureau", "bureau", "district"),
    ("district", "district", "street"),
    ("district", "district", "district_bureau"),
    ("third_party", "city", "bureau"),
    ("third_party", "city", "district"),
    ("third_party", "district", "street"),
)


def _enum(values, name):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _states(values):
    op.drop_constraint(op.f("ck_round_roundstate"), "round", type_="check")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f("ck_round_roundstate"), "round", f"state IN ({listed})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _make_tables()
    _change_rounds()
    _change_tasks()


def _make_tables() -> None:
    op.add_column("campaign", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    judging = op.create_table(
        "judging",
        sa.Column("source", _enum(_SOURCES, "source"), nullable=False),
        sa.Column("judge", _enum(_KINDS, "judge"), nullable=False),
        sa.Column("judged", _enum(_KINDS, "judged"), nullable=False),
        sa.PrimaryKeyConstraint("source", "judge", "judged", name=op.f("pk_judging")),
    )
    op.bulk_insert(
        judging, [dict(zip(("source", "judge", "judged"), row, strict=True)) for row in _JUDGING]
    )
    op.create_table(
        "round_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("source", _enum(_SOURCES, "source"), nullable=False),
        sa.Column("period", _enum(_PERIODS, "period"), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lasts_minutes", sa.Integer(), nullable=False),
        sa.Column("days_ahead", sa.Integer(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("lasts_minutes > 0", name=op.f("ck_round_series_lasts")),
        sa.CheckConstraint("days_ahead BETWEEN 1 AND 92", name=op.f("ck_round_series_ahead")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_round_series_campaign_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_round_series_unit_id")),
        sa.ForeignKeyConstraint(["area_id"], ["unit.id"], name=op.f("fk_round_series_area_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_round_series_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_series")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_round_series_campaign_id_code")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_team_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("code", name=op.f("uq_team_code")),
    )
    op.create_index(op.f("ix_team_unit_id"), "team", ["unit_id"])
    op.create_table(
        "team_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_team_member_validity")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_team_member_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.UniqueConstraint(
            "team_id",
            "person_id",
            "valid_from",
            name=op.f("uq_team_member_team_id_person_id_valid_from"),
        ),
    )
    op.create_index(op.f("ix_team_member_person_id"), "team_member", ["person_id"])
    op.create_index(
        "uq_team_member_present",
        "team_member",
        ["team_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _change_rounds() -> None:
    op.add_column("round", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.add_column("round", sa.Column("area_id", sa.Uuid(), nullable=True))
    op.add_column("round", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("round", sa.Column("occurs_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "round", sa.Column("timed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("round", "timed", server_default=None)
    op.execute(
        "UPDATE round SET unit_id = campaign.unit_id, area_id = campaign.unit_id"
        " FROM campaign WHERE campaign.id = round.campaign_id"
    )
    op.alter_column("round", "unit_id", nullable=False)
    op.alter_column("round", "area_id", nullable=False)
    op.create_foreign_key(op.f("fk_round_unit_id"), "round", "unit", ["unit_id"], ["id"])
    op.create_foreign_key(op.f("fk_round_area_id"), "round", "unit", ["area_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_round_series_id"), "round", "round_series", ["series_id"], ["id"]
    )
    op.create_unique_constraint(
        op.f("uq_round_series_id_occurs_at"), "round", ["series_id", "occurs_at"]
    )
    op.create_check_constraint(
        op.f("ck_round_occurrence"), "round", "(series_id IS NULL) = (occurs_at IS NULL)"
    )
    op.create_index(
        "ix_round_timed",
        "round",
        ["state"],
        postgresql_where=sa.text("timed AND state IN ('planned', 'open')"),
    )
    _states((*_STATES, "cancelled"))


def _change_tasks() -> None:
    op.create_table(
        "task_draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_task_draw_round_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_task_draw_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_draw")),
    )
    op.create_index(op.f("ix_task_draw_round_id"), "task_draw", ["round_id"])
    op.add_column("task", sa.Column("team_id", sa.Uuid(), nullable=True))
    op.add_column("task", sa.Column("draw_id", sa.Uuid(), nullable=True))
    op.add_column(
        "task", sa.Column("blind", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("task", "blind", server_default=None)
    op.add_column("task", sa.Column("area_path", sa.String(length=400), nullable=True))
    op.add_column("task", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("cancel_reason", sa.String(length=2000), nullable=True))
    op.execute(
        "UPDATE task SET area_path = unit.path FROM site JOIN unit ON unit.id = site.unit_id"
        " WHERE site.id = task.site_id"
    )
    op.alter_column("task", "area_path", nullable=False)
    op.create_foreign_key(op.f("fk_task_team_id"), "task", "team", ["team_id"], ["id"])
    op.create_foreign_key(op.f("fk_task_draw_id"), "task", "task_draw", ["draw_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_task_cancelled_why"),
        "task",
        "(cancelled_at IS NULL) = (cancel_reason IS NULL)",
    )
    op.create_index(op.f("ix_task_round_id"), "task", ["round_id"])
    op.create_index(op.f("ix_task_team_id"), "task", ["team_id"])
    op.drop_constraint(
        op.f("uq_task_round_id_site_id_checklist_version_id"), "task", type_="unique"
    )
    op.create_index(
        "uq_task_place",
        "task",
        ["round_id", "site_id", "checklist_version_id", "blind"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.add_column(
        "task_member", sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "task_hand_over",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("from_person_id", sa.Uuid(), nullable=False),
        sa.Column("to_person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("handed_by", sa.Uuid(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_hand_over_task_id")),
        sa.ForeignKeyConstraint(
            ["from_person_id"], ["person.id"], name=op.f("fk_task_hand_over_from_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_person_id"], ["person.id"], name=op.f("fk_task_hand_over_to_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["handed_by"], ["person.id"], name=op.f("fk_task_hand_over_handed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_hand_over")),
    )
    op.create_index(op.f("ix_task_hand_over_task_id"), "task_hand_over", ["task_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("task_hand_over")
    op.drop_column("task_member", "handed_over_at")
    op.drop_index("uq_task_place", table_name="task")
    op.create_unique_constraint(
        op.f("uq_task_round_id_site_id_checklist_version_id"),
        "task",
        ["round_id", "site_id", "checklist_version_id"],
    )
    op.drop_index(op.f("ix_task_round_id"), table_name="task")
    op.drop_constraint(op.f("ck_task_cancelled_why"), "task", type_="check")
    for column in ("cancel_reason", "cancelled_at", "area_path", "blind", "draw_id", "team_id"):
        op.drop_column("task", column)
    op.drop_table("task_draw")
    _states(_STATES)
    op.drop_index("ix_round_timed", table_name="round")
    op.drop_constraint(op.f("ck_round_occurrence"), "round", type_="check")
    for column in ("timed", "occurs_at", "series_id", "area_id", "unit_id"):
        op.drop_column("round", column)
    op.drop_table("team_member")
    op.drop_table("team")
    op.drop_table("round_series")
    op.drop_table("judging")
    op.drop_column("campaign", "ended_at")
