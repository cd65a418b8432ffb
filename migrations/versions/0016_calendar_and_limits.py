"""the official calendar, working hours, and the time limits of problem categories

Working hours are those of most offices until a city loads its own.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UNITS = ("urgent_hour", "urgent_day", "work_hour", "work_day", "natural_day")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "category_limit",
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("condition", sa.String(length=40), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=True),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                *_UNITS, name="limitunit", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.CheckConstraint("value > 0", name=op.f("ck_category_limit_value")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_category_limit_category_id")
        ),
        sa.PrimaryKeyConstraint("category_id", "condition", name=op.f("pk_category_limit")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("notice", sa.String(length=1000), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_worked", sa.Boolean(), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "working_hours",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("spans", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_working_hours")),
    )
    op.execute("INSERT INTO working_hours VALUES ('2000-01-01', '08:00-12:00 14:00-18:00')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("working_hours", "calendar_day", "calendar_year", "category_limit"):
        op.drop_table(table)
