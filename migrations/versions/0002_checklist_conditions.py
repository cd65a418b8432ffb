"""checklist items: conditions, exemptions, photo maximum, rectification limits

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNITS = "'urgent_hour', 'urgent_day', 'work_hour', 'work_day', 'natural_day'"
_CHECKS = {
    "photo_max": "photo_max >= photo_min",
    "limit_quantity": "limit_quantity > 0",
    "limit_whole": "(limit_quantity IS NULL) = (limit_unit IS NULL)",
    "limitunit": f"limit_unit IN ({_UNITS})",
}
_NEW = (
    sa.Column("photo_max", sa.Integer(), nullable=True),
    sa.Column("applies_if", postgresql.JSONB(), nullable=True),
    sa.Column("exemption_zh", sa.String(length=400), nullable=True),
    sa.Column("exemption_en", sa.String(length=400), nullable=True),
    sa.Column("limit_quantity", sa.Integer(), nullable=True),
    sa.Column("limit_unit", sa.String(length=40), nullable=True),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "item", sa.Column("na_allowed", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.alter_column("item", "na_allowed", server_default=None)
    for column in _NEW:
        op.add_column("item", column)
    for name, check in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_item_{name}"), "item", check)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("na_allowed", *(column.name for column in _NEW)):
        op.drop_column("item", name)
