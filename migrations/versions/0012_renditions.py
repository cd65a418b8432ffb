"""renditions: digest and size of the copies that were made; photos of problems are found by photo

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SIZES = ("original", "large", "thumb")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    sizes = sa.Enum(*_SIZES, name="size", native_enum=False, create_constraint=False, length=40)
    op.create_table(
        "rendition",
        sa.Column("blob_sha256", sa.String(length=64), nullable=False),
        sa.Column("variant", sizes, nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.CheckConstraint("variant <> 'original'", name=op.f("ck_rendition_made")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_rendition_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_rendition_bytes")),
        sa.CheckConstraint(
            "variant IN ('original', 'large', 'thumb')", name=op.f("ck_rendition_size")
        ),
        sa.ForeignKeyConstraint(
            ["blob_sha256"], ["blob.sha256"], name=op.f("fk_rendition_blob_sha256")
        ),
        sa.PrimaryKeyConstraint(
            "blob_sha256", "variant", "content_type", name=op.f("pk_rendition")
        ),
    )
    op.create_index("ix_problem_photo_photo_id", "problem_photo", ["photo_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_problem_photo_photo_id", table_name="problem_photo")
    op.drop_table("rendition")
