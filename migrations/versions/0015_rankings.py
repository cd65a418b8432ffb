"""published rulebooks, frozen rounds, ranking runs, appeals, flags and award money

Revision: 0015, after 0014.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_IMMUTABLE = (
    "round_freeze",
    "frozen_visit",
    "ranking_run",
    "run_basis",
    "ranking_entry",
    "award_budget",
)
_RULEBOOK = """
CREATE FUNCTION guard_rulebook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'published' THEN
    RAISE EXCEPTION 'a published rulebook is never changed or removed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER rulebook_immutable BEFORE UPDATE OR DELETE ON rulebook
  FOR EACH ROW EXECUTE FUNCTION guard_rulebook()
"""
# Of a flag and of money only the end may be noted, each once: payment, withdrawal.
_GIVEN = """
CREATE FUNCTION guard_given() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ends text[] := ARRAY['paid_on', 'document', 'paid_noted_by', 'withdrawn_at', 'withdraw_reason'];
  was jsonb := to_jsonb(OLD);
  is_now jsonb := to_jsonb(NEW);
  name text;
BEGIN
  IF (was - ends) <> (is_now - ends) THEN
    RAISE EXCEPTION '% rows are paid or withdrawn, never changed', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  FOREACH name IN ARRAY ends LOOP
    IF was ->> name IS NOT NULL AND was ->> name IS DISTINCT FROM is_now ->> name THEN
      RAISE EXCEPTION '% of % is noted once', name, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER flag_given BEFORE UPDATE ON flag FOR EACH ROW EXECUTE FUNCTION guard_given();
CREATE TRIGGER award_given BEFORE UPDATE ON award FOR EACH ROW EXECUTE FUNCTION guard_given()
"""
# An appeal is decided once; what it says stays.
_APPEAL = """
CREATE FUNCTION guard_appeal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ends text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision', 'new_revision_id'];
BEGIN
  IF OLD.state <> 'open' OR (to_jsonb(OLD) - ends) <> (to_jsonb(NEW) - ends) THEN
    RAISE EXCEPTION 'an appeal is decided once and never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER appeal_decided BEFORE UPDATE ON appeal
  FOR EACH ROW EXECUTE FUNCTION guard_appeal()
"""
_KEPT = ("flag", "award", "appeal")


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _rulebooks()
    _runs()
    _appeals()
    _awards()
    for table in _IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in (*_IMMUTABLE, *_KEPT):
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(_RULEBOOK)
    op.execute(_GIVEN)
    op.execute(_APPEAL)


def _rulebooks() -> None:
    """All that were loaded so far count: they are published, as of now."""
    instant = sa.DateTime(timezone=True)
    state = _words("rulebookstate", "draft", "published")
    op.add_column("rulebook", sa.Column("state", state, nullable=True))
    op.add_column("rulebook", sa.Column("digest", sa.String(length=64), nullable=True))
    op.add_column("rulebook", sa.Column("made_by", sa.Uuid(), nullable=True))
    op.add_column("rulebook", sa.Column("made_at", instant, nullable=True))
    op.add_column("rulebook", sa.Column("published_at", instant, nullable=True))
    known = op.get_bind().execute(sa.text("SELECT id, rules FROM rulebook")).all()
    for id_, rules in known:
        text = json.dumps(rules, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        op.get_bind().execute(
            sa.text("UPDATE rulebook SET digest = :digest WHERE id = :id"),
            {"digest": digest, "id": id_},
        )
    op.execute("UPDATE rulebook SET state = 'published', made_at = now(), published_at = now()")
    for name in ("state", "digest", "made_at"):
        op.alter_column("rulebook", name, nullable=False)
    op.create_foreign_key(op.f("fk_rulebook_made_by"), "rulebook", "person", ["made_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_rulebook_published_when"),
        "rulebook",
        "(state = 'published') = (published_at IS NOT NULL)",
    )


def _runs() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "round_freeze",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cause", _words("freezecause", "closed", "published"), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_freeze_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_freeze")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_round_freeze_round_id_number")),
    )
    op.create_table(
        "frozen_visit",
        sa.Column("freeze_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("finished_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["freeze_id"],
            ["round_freeze.id"],
            name=op.f("fk_frozen_visit_freeze_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_frozen_visit_revision_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_frozen_visit_visit_id")),
        sa.PrimaryKeyConstraint("freeze_id", "visit_id", name=op.f("pk_frozen_visit")),
    )
    op.create_table(
        "standing_period",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column(
            "period", _words("period", "day", "week", "month", "quarter", "special"), nullable=False
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_standing_period_span")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_standing_period_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["person.id"], name=op.f("fk_standing_period_made_by")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_standing_period_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_period")),
        sa.UniqueConstraint(
            "campaign_id", "code", name=op.f("uq_standing_period_campaign_id_code")
        ),
    )
    op.create_table(
        "ranking_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=True),
        sa.Column("period_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("official", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("companion", postgresql.JSONB(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(round_id, period_id) = 1", name=op.f("ck_ranking_run_subject")
        ),
        sa.CheckConstraint(
            "number = 1 OR reason IS NOT NULL", name=op.f("ck_ranking_run_why_corrected")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_ranking_run_campaign_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_ranking_run_made_by")),
        sa.ForeignKeyConstraint(
            ["period_id"], ["standing_period.id"], name=op.f("fk_ranking_run_period_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_ranking_run_round_id")),
        sa.ForeignKeyConstraint(
            ["rulebook_id"], ["rulebook.id"], name=op.f("fk_ranking_run_rulebook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking_run")),
        sa.UniqueConstraint("period_id", "number", name=op.f("uq_ranking_run_period_id_number")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_ranking_run_round_id_number")),
    )
    op.create_index("ix_ranking_run_campaign_id", "ranking_run", ["campaign_id"], unique=False)
    op.create_table(
        "run_basis",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("freeze_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["round_freeze.id"], name=op.f("fk_run_basis_freeze_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["ranking_run.id"], name=op.f("fk_run_basis_run_id")),
        sa.PrimaryKeyConstraint("run_id", "freeze_id", name=op.f("pk_run_basis")),
    )
    op.create_index("ix_run_basis_freeze_id", "run_basis", ["freeze_id"], unique=False)
    op.create_table(
        "ranking_entry",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("league_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", _words("status", "ranked", "incomplete", "unscored"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("hundredths", sa.Integer(), nullable=True),
        sa.Column("sites", sa.Integer(), nullable=False),
        sa.Column("flag", _words("colour", "red", "blue"), nullable=True),
        sa.Column("award_fen", sa.BigInteger(), nullable=False),
        sa.Column("award_held", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(status = 'ranked') = (place IS NOT NULL)", name=op.f("ck_ranking_entry_place")
        ),
        sa.ForeignKeyConstraint(
            ["entrant_id"], ["entrant.id"], name=op.f("fk_ranking_entry_entrant_id")
        ),
        sa.ForeignKeyConstraint(
            ["league_id"], ["league.id"], name=op.f("fk_ranking_entry_league_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["ranking_run.id"], name=op.f("fk_ranking_entry_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "entrant_id", name=op.f("pk_ranking_entry")),
    )
    op.create_index("ix_ranking_entry_entrant_id", "ranking_entry", ["entrant_id"], unique=False)


def _appeals() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "appeal_window",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", instant, nullable=False),
        sa.Column("closes_at", instant, nullable=False),
        sa.CheckConstraint("closes_at >= opened_at", name=op.f("ck_appeal_window_span")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_appeal_window_round_id")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_appeal_window")),
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("area_path", sa.String(length=400), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("answerable_path", sa.String(length=400), nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("photos", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("state", _words("appealstate", "open", "accepted", "refused"), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("filed_at", instant, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("decision", sa.String(length=2000), nullable=True),
        sa.Column("new_revision_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'accepted') = (new_revision_id IS NOT NULL)", name=op.f("ck_appeal_outcome")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_appeal_decided")
        ),
        sa.CheckConstraint("decided_by <> filed_by", name=op.f("ck_appeal_second_person")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_appeal_decided_by")),
        sa.ForeignKeyConstraint(["filed_by"], ["person.id"], name=op.f("fk_appeal_filed_by")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_appeal_item_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_appeal_line_id")),
        sa.ForeignKeyConstraint(
            ["new_revision_id"], ["visit_revision.id"], name=op.f("fk_appeal_new_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["visit_revision.id"], name=op.f("fk_appeal_revision_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_appeal_round_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_appeal_unit_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_appeal_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    op.create_index("ix_appeal_round", "appeal", ["round_id", "id"], unique=False)
    op.create_index(
        "uq_appeal_open",
        "appeal",
        ["visit_id", "item_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _awards() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "flag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("colour", _words("colour", "red", "blue"), nullable=False),
        sa.Column("ground", _words("ground", "rule", "basis", "discretion"), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", instant, nullable=True),
        sa.Column("withdraw_reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "ground = 'discretion' OR (run_id IS NOT NULL AND entrant_id IS NOT NULL)",
            name=op.f("ck_flag_basis"),
        ),
        sa.CheckConstraint("ground = 'rule' OR reason IS NOT NULL", name=op.f("ck_flag_why")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdraw_reason IS NULL)", name=op.f("ck_flag_withdrawn")
        ),
        sa.ForeignKeyConstraint(["entrant_id"], ["entrant.id"], name=op.f("fk_flag_entrant_id")),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_flag_given_by")),
        sa.ForeignKeyConstraint(["issuer_id"], ["unit.id"], name=op.f("fk_flag_issuer_id")),
        sa.ForeignKeyConstraint(["run_id"], ["ranking_run.id"], name=op.f("fk_flag_run_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_flag_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index("ix_flag_issuer_id", "flag", ["issuer_id"], unique=False)
    op.create_index("ix_flag_run", "flag", ["run_id"], unique=False)
    op.create_index("ix_flag_unit", "flag", ["unit_id", "id"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ground", _words("ground", "rule", "basis", "discretion"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("paid_noted_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", instant, nullable=True),
        sa.Column("withdraw_reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "ground = 'discretion' OR (run_id IS NOT NULL AND entrant_id IS NOT NULL)",
            name=op.f("ck_award_basis"),
        ),
        sa.CheckConstraint("ground = 'rule' OR reason IS NOT NULL", name=op.f("ck_award_why")),
        sa.CheckConstraint("(paid_on IS NULL) = (document IS NULL)", name=op.f("ck_award_paid")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdraw_reason IS NULL)", name=op.f("ck_award_withdrawn")
        ),
        sa.CheckConstraint("fen > 0", name=op.f("ck_award_fen")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_award_campaign_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_award_decided_by")),
        sa.ForeignKeyConstraint(["entrant_id"], ["entrant.id"], name=op.f("fk_award_entrant_id")),
        sa.ForeignKeyConstraint(["issuer_id"], ["unit.id"], name=op.f("fk_award_issuer_id")),
        sa.ForeignKeyConstraint(
            ["paid_noted_by"], ["person.id"], name=op.f("fk_award_paid_noted_by")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["ranking_run.id"], name=op.f("fk_award_run_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_award_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
    )
    op.create_index("ix_award_issuer", "award", ["issuer_id", "decided_on"], unique=False)
    op.create_index("ix_award_run", "award", ["run_id"], unique=False)
    op.create_index("ix_award_unit_id", "award", ["unit_id"], unique=False)
    op.create_table(
        "award_budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "period", _words("period", "day", "week", "month", "quarter", "special"), nullable=False
        ),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_award_budget_fen")),
        sa.ForeignKeyConstraint(["issuer_id"], ["unit.id"], name=op.f("fk_award_budget_issuer_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_award_budget_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_budget")),
        sa.UniqueConstraint(
            "issuer_id",
            "period",
            "valid_from",
            name=op.f("uq_award_budget_issuer_id_period_valid_from"),
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (
        "award_budget",
        "award",
        "flag",
        "appeal",
        "appeal_window",
        "ranking_entry",
        "run_basis",
        "ranking_run",
        "standing_period",
        "frozen_visit",
        "round_freeze",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION guard_given(); DROP FUNCTION guard_appeal()")
    op.execute("DROP TRIGGER rulebook_immutable ON rulebook; DROP FUNCTION guard_rulebook()")
    op.drop_constraint(op.f("fk_rulebook_made_by"), "rulebook")
    op.drop_constraint(op.f("ck_rulebook_published_when"), "rulebook")
    for name in ("published_at", "made_at", "made_by", "digest", "state"):
        op.drop_column("rulebook", name)
