"""visits are revised, have outcomes and crews; photos are taken again; patrols report problems

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WHY_NOT = ("double", "late", "outcome", "replaced", "site_refused")
_IMMUTABLE = ("visit_crew",)


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=False, length=40)


def _check_words(table: str, name: str, column: str, *values: str) -> None:
    known = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} IN ({known})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _visits()
    _findings()
    _problems()
    _retakes()
    for table in _IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _visits() -> None:
    op.add_column("visit", sa.Column("not_counting_reason", _words("notcounting", *_WHY_NOT)))
    op.add_column(
        "visit", sa.Column("late_decision", _words("latedecision", "accepted", "refused"))
    )
    op.execute(
        "UPDATE visit SET not_counting_reason = CASE WHEN late THEN 'late' ELSE 'double' END"
        " WHERE NOT counting"
    )
    _check_words("visit", "notcounting", "not_counting_reason", *_WHY_NOT)
    _check_words("visit", "latedecision", "late_decision", "accepted", "refused")
    op.drop_constraint(op.f("ck_visit_late_does_not_count"), "visit", type_="check")
    op.create_check_constraint(
        op.f("ck_visit_late_does_not_count"),
        "visit",
        "NOT (counting AND late AND late_decision IS DISTINCT FROM 'accepted')",
    )
    op.create_check_constraint(
        op.f("ck_visit_late_decided"), "visit", "late OR late_decision IS NULL"
    )
    op.create_check_constraint(
        op.f("ck_visit_why_it_does_not_count"), "visit", "counting = (not_counting_reason IS NULL)"
    )
    op.create_index("ix_visit_received", "visit", ["received_at", "id"])
    op.create_index(
        "ix_visit_undecided",
        "visit",
        ["round_id"],
        postgresql_where=sa.text("late AND late_decision IS NULL"),
    )
    op.add_column("visit_revision", sa.Column("reason", sa.String(2000)))
    op.create_check_constraint(
        op.f("ck_visit_revision_why_revised"), "visit_revision", "(number = 1) = (reason IS NULL)"
    )
    op.create_table(
        "visit_crew",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_visit_crew_revision_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_crew_person_id")),
        sa.PrimaryKeyConstraint("revision_id", "person_id", name=op.f("pk_visit_crew")),
    )
    op.create_index(op.f("ix_visit_crew_person_id"), "visit_crew", ["person_id"])


def _findings() -> None:
    """A finding keeps its id through the revisions: it is known by both together."""
    op.drop_constraint(op.f("fk_visit_photo_finding_id"), "visit_photo", type_="foreignkey")
    op.drop_constraint(op.f("fk_problem_finding_id"), "problem", type_="foreignkey")
    op.drop_constraint(op.f("pk_finding"), "finding", type_="primary")
    op.create_primary_key(op.f("pk_finding"), "finding", ["revision_id", "id"])
    op.drop_index("ix_finding_revision_id", table_name="finding")
    op.create_foreign_key(
        "fk_visit_photo_finding",
        "visit_photo",
        "finding",
        ["revision_id", "finding_id"],
        ["revision_id", "id"],
    )
    op.drop_index("ix_visit_photo_finding_id", table_name="visit_photo")


def _problems() -> None:
    op.add_column("problem", sa.Column("revision_id", sa.Uuid()))
    op.add_column("problem", sa.Column("report_id", sa.Uuid()))
    op.add_column("problem", sa.Column("report_digest", sa.String(64)))
    op.add_column("problem", sa.Column("reported_by", sa.Uuid()))
    op.add_column("problem", sa.Column("lat", sa.Double()))
    op.add_column("problem", sa.Column("lon", sa.Double()))
    op.add_column("problem", sa.Column("crs", _words("crs", "wgs84", "gcj02", "bd09", "cgcs2000")))
    op.add_column("problem", sa.Column("accuracy_m", sa.Double()))
    op.add_column("problem", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    op.add_column("problem", sa.Column("cancel_reason", sa.String(2000)))
    op.execute(
        "UPDATE problem SET revision_id = finding.revision_id, lat = finding.lat,"
        " lon = finding.lon, crs = finding.crs, accuracy_m = finding.accuracy_m"
        " FROM finding WHERE finding.id = problem.finding_id"
    )
    _check_words("problem", "crs", "crs", "wgs84", "gcj02", "bd09", "cgcs2000")
    op.drop_constraint(op.f("uq_problem_finding_id"), "problem", type_="unique")
    op.create_unique_constraint(
        op.f("uq_problem_visit_id_finding_id"), "problem", ["visit_id", "finding_id"]
    )
    op.drop_index(op.f("ix_problem_visit_id"), table_name="problem")
    op.create_unique_constraint(op.f("uq_problem_report_id"), "problem", ["report_id"])
    op.create_foreign_key(
        "fk_problem_finding",
        "problem",
        "finding",
        ["revision_id", "finding_id"],
        ["revision_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_problem_reported_by"), "problem", "person", ["reported_by"], ["id"]
    )
    op.drop_constraint(op.f("ck_problem_visit_finding"), "problem", type_="check")
    op.create_check_constraint(
        op.f("ck_problem_visit_finding"),
        "problem",
        "source <> 'visit' OR (visit_id IS NOT NULL AND revision_id IS NOT NULL"
        " AND finding_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_problem_withdrawn"), "problem", "withdrawn_at IS NULL OR state = 'cancelled'"
    )
    op.drop_constraint(op.f("ck_problem_problemsource"), "problem", type_="check")
    _check_words("problem", "problemsource", "source", "visit", "patrol")


def _retakes() -> None:
    op.create_table(
        "retake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("state", _words("retakestate", "open", "fulfilled", "waived"), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("asked_by", sa.Uuid()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decision", sa.String(2000)),
        sa.Column("new_photo_id", sa.Uuid()),
        sa.CheckConstraint(
            "state IN ('open', 'fulfilled', 'waived')", name=op.f("ck_retake_retakestate")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_retake_decided")
        ),
        sa.CheckConstraint(
            "state = 'fulfilled' OR new_photo_id IS NULL", name=op.f("ck_retake_new_photo")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_retake_visit_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_retake_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_retake_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retake")),
        sa.UniqueConstraint("visit_id", "photo_id", name=op.f("uq_retake_visit_id_photo_id")),
    )


def downgrade() -> None:
    raise NotImplementedError("revisions cannot be put back into one: restore a backup instead")
