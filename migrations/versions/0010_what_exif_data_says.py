"""what EXIF data says, and the device that announced a photo

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("blob", sa.Column("exif", postgresql.JSONB(), nullable=True))
    op.add_column("photo", sa.Column("device_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("photo", "device_id")
    op.drop_column("blob", "exif")
