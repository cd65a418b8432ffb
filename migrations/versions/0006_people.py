"""people: deputies, one-time codes, throttles, devices, API keys; administrators without a unit

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A posting or deputy that was taken back on its first day has ended the day before it began.
_VALIDITY = "valid_to IS NULL OR valid_to >= valid_from - 1"
_SEEN = (
    sa.Column("device_name", sa.String(length=100), nullable=True),
    sa.Column("app_version", sa.String(length=40), nullable=True),
    sa.Column("address", sa.String(length=64), nullable=True),
    sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _events()
    _postings()
    _deputies()
    for column in _SEEN:
        op.add_column("auth_session", column)
    _codes_and_throttles()
    _api_keys()


def _events() -> None:
    op.add_column("event", sa.Column("deputy_for", sa.ARRAY(sa.Uuid()), nullable=True))
    op.create_index("ix_event_actor", "event", ["actor_id", "seq"])
    op.create_index("ix_event_recorded_at", "event", ["recorded_at"], postgresql_using="brin")


def _postings() -> None:
    op.alter_column("posting", "unit_id", nullable=True)
    op.drop_constraint(op.f("ck_posting_validity"), "posting", type_="check")
    op.create_check_constraint(op.f("ck_posting_validity"), "posting", _VALIDITY)
    op.create_check_constraint(
        op.f("ck_posting_unit"), "posting", "unit_id IS NOT NULL OR role = 'hq_admin'"
    )
    op.drop_constraint(
        op.f("uq_posting_person_id_role_unit_id_valid_from"), "posting", type_="unique"
    )
    op.create_index(
        "uq_posting_office",
        "posting",
        ["person_id", "role", "unit_id", "valid_from"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL OR valid_to >= valid_from"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_posting_person_id", "posting", ["person_id"])
    op.create_index("ix_posting_unit_id", "posting", ["unit_id"])


def _deputies() -> None:
    op.create_table(
        "deputy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_VALIDITY, name=op.f("ck_deputy_validity")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deputy_person_id")),
        sa.ForeignKeyConstraint(["posting_id"], ["posting.id"], name=op.f("fk_deputy_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputy")),
    )
    op.create_index(op.f("ix_deputy_person_id"), "deputy", ["person_id"])
    op.create_index(op.f("ix_deputy_posting_id"), "deputy", ["posting_id"])


def _codes_and_throttles() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=300), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("tries_left >= 0", name=op.f("ck_one_time_code_tries_left")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_one_time_code_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_one_time_code")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_index("ix_throttle_busy_until", "throttle", ["busy_until"])


def _api_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String(length=60)), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('platform', 'dashboard')", name=op.f("ck_api_key_machine")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_api_key_expiry")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_api_key_unit_id")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_api_key_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    for table, column, target in (
        ("api_key_area", "unit_id", "unit"),
        ("api_key_line", "line_id", "line"),
    ):
        op.create_table(
            table,
            sa.Column("key_id", sa.Uuid(), nullable=False),
            sa.Column(column, sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ["key_id"], ["api_key.id"], name=op.f(f"fk_{table}_key_id"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}")),
            sa.PrimaryKeyConstraint("key_id", column, name=op.f(f"pk_{table}")),
        )


def downgrade() -> None:
    raise NotImplementedError("deputies and keys would be lost: restore the backup instead")
