"""Problems: one row per fault that somebody must put right, with its history and its time."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column
from app.kit.geo import Crs
from app.kit.workdays import LimitUnit
from app.ledger.case import Appeal, Cancellation, CheckResult, Resolution
from app.ledger.deadlines import Alarm, LimitBasis
from app.ledger.lifecycle import Action
from app.ledger.rules import ProblemSource, ProblemState

PROBLEM_SERIAL = sa.Sequence("problem_serial", metadata=SQLModel.metadata)
_RUNNING = "state IN ('dispatched', 'rectifying')"
_OPEN = "state NOT IN ('closed', 'cancelled')"


class Problem(SQLModel, table=True):
    """A ledger entry.

    A finding of a visit opens exactly one through all revisions, and so does a report: the
    database says so.
    ``revision_id`` is the newest revision that names the finding; ``withdrawn_at`` is set while
    the present one does not. From ``version`` on stands what moves change (``case.Case``), and
    ``events`` is the place of the newest one in the history.
    """

    __tablename__ = "problem"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("visit_id", "finding_id"),
        sa.UniqueConstraint("report_id"),
        sa.ForeignKeyConstraint(
            ["revision_id", "finding_id"],
            ["finding.revision_id", "finding.id"],
            name="fk_problem_finding",
        ),
        sa.CheckConstraint(
            "source <> 'visit' OR (visit_id IS NOT NULL AND revision_id IS NOT NULL"
            " AND finding_id IS NOT NULL)",
            name="visit_finding",
        ),
        sa.CheckConstraint("withdrawn_at IS NULL OR state = 'cancelled'", name="withdrawn"),
        sa.CheckConstraint("extensions BETWEEN 0 AND 2", name="extensions"),
        sa.CheckConstraint("suspensions BETWEEN 0 AND 1", name="suspensions"),
        sa.CheckConstraint(f"(running_since IS NOT NULL) = ({_RUNNING})", name="running"),
        sa.CheckConstraint(
            "(limit_value IS NULL) = (limit_unit IS NULL)"
            " AND (limit_value IS NULL) = (limit_basis IS NULL)",
            name="limit_whole",
        ),
        sa.CheckConstraint(
            "(deadline_at IS NULL) = (allowed_s IS NULL)"
            " AND (deadline_at IS NULL) = (used_s IS NULL)",
            name="term_whole",
        ),
        sa.CheckConstraint("state <> 'closed' OR resolution IS NOT NULL", name="resolved"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when"),
        sa.CheckConstraint("merged_into_id <> id", name="merged"),
        sa.UniqueConstraint("sender_id", "external_ref"),
        sa.CheckConstraint("(wgs84_lat IS NULL) = (wgs84_lon IS NULL)", name="whole_place"),
        sa.CheckConstraint("sender_id IS NULL OR external_ref IS NOT NULL", name="sender"),
        sa.Index("ix_problem_place", "wgs84_lat", "wgs84_lon"),
        sa.Index("ix_problem_round", "round_id", "id"),
        sa.Index("ix_problem_category", "category_id", "id"),
        sa.Index("ix_problem_line", "line_id", "id"),
        sa.Index("ix_problem_source", "source", "id"),
        sa.Index("ix_problem_found", "found_at", "id"),
        sa.Index("ix_problem_open", "id", postgresql_where=sa.text(_OPEN)),
        sa.Index("ix_problem_oldest", "found_at", "id", postgresql_where=sa.text(_OPEN)),
        sa.Index("ix_problem_area", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        sa.Index(
            "ix_problem_answerable",
            "answerable_path",
            postgresql_ops={"answerable_path": "text_pattern_ops"},
        ),
        sa.Index("ix_problem_state", "state", "id"),
        sa.Index("ix_problem_due", "deadline_at", "id", postgresql_where=sa.text(_RUNNING)),
        sa.Index(
            "ix_problem_deadline",
            "deadline_at",
            postgresql_where=sa.text("deadline_at IS NOT NULL"),
        ),
    )

    id: UUID = id_column()
    number: str = Field(max_length=20)
    source: ProblemSource = Field(sa_type=enum_column(ProblemSource))
    state: ProblemState = Field(sa_type=enum_column(ProblemState))
    round_id: UUID | None = Field(default=None, foreign_key="round.id")
    visit_id: UUID | None = Field(default=None, foreign_key="visit.id")
    revision_id: UUID | None = None
    finding_id: UUID | None = None
    report_id: UUID | None = None
    report_digest: str | None = Field(default=None, max_length=64)
    reported_by: UUID | None = Field(default=None, foreign_key="person.id")
    site_id: UUID | None = Field(foreign_key="site.id", index=True)
    category_id: UUID | None = Field(foreign_key="category.id")
    line_id: UUID = Field(foreign_key="line.id")
    area_id: UUID = Field(foreign_key="unit.id")
    area_path: str = Field(max_length=400)
    answerable_unit_id: UUID | None = Field(foreign_key="unit.id")
    answerable_path: str | None = Field(max_length=400)
    veto: bool
    note: str | None = Field(max_length=2000)
    lat: float | None
    lon: float | None
    crs: Crs | None = Field(sa_type=enum_column(Crs))
    accuracy_m: float | None
    wgs84_lat: float | None = None
    wgs84_lon: float | None = None
    sender_id: UUID | None = Field(default=None, foreign_key="api_key.id")
    external_ref: str | None = Field(default=None, max_length=64)
    found_at: Instant
    opened_at: Instant
    withdrawn_at: Instant | None = None
    cancel_reason: str | None = Field(default=None, max_length=2000)
    version: int = 1
    events: int = 0
    state_before: ProblemState | None = Field(
        default=None, sa_type=enum_column(ProblemState, named="state_before")
    )
    condition: str | None = Field(default=None, max_length=40)
    limit_value: int | None = None
    limit_unit: LimitUnit | None = Field(default=None, sa_type=enum_column(LimitUnit))
    limit_basis: LimitBasis | None = Field(default=None, sa_type=enum_column(LimitBasis))
    term: int = 0
    allowed_s: int | None = Field(default=None, sa_type=sa.BigInteger)
    used_s: int | None = Field(default=None, sa_type=sa.BigInteger)
    running_since: Instant | None = None
    deadline_at: Instant | None = None
    calendar_complete: bool = True
    ran_out: bool = False
    late_exempt: bool = False
    overdue_at: Instant | None = None
    extension_by: UUID | None = Field(default=None, foreign_key="person.id")
    extensions: int = 0
    rework: int = 0
    suspensions: int = 0
    suspended_until: Instant | None = None
    transfers: int = 0
    unit_transfers: int = 0
    reopened: int = 0
    urged: int = 0
    supervised: bool = False
    check_result: CheckResult | None = Field(default=None, sa_type=enum_column(CheckResult))
    rectified_by: UUID | None = Field(default=None, foreign_key="person.id")
    resolution: Resolution | None = Field(default=None, sa_type=enum_column(Resolution))
    appeal: Appeal | None = Field(default=None, sa_type=enum_column(Appeal))
    merged_into_id: UUID | None = Field(default=None, foreign_key="problem.id", index=True)
    cancellation: Cancellation | None = Field(default=None, sa_type=enum_column(Cancellation))
    filed_at: Instant | None = None
    dispatched_at: Instant | None = None
    signed_at: Instant | None = None
    rectified_at: Instant | None = None
    closed_at: Instant | None = None


class ProblemPhoto(SQLModel, table=True):
    """A photo of a problem; ``event_seq`` is the move that brought it, None for the fault."""

    __tablename__ = "problem_photo"
    __table_args__ = (sa.Index("ix_problem_photo_photo_id", "photo_id"),)

    problem_id: UUID = Field(foreign_key="problem.id", primary_key=True)
    photo_id: UUID = Field(primary_key=True)
    position: int = Field(sa_type=sa.SmallInteger)
    event_seq: int | None = None


class ProblemEvent(SQLModel, table=True):
    """One move of a case, never changed: what it changed of the case, and what it came with."""

    __tablename__ = "problem_event"

    problem_id: UUID = Field(foreign_key="problem.id", primary_key=True)
    seq: int = Field(primary_key=True)
    action: Action = Field(sa_type=enum_column(Action))
    at: Instant
    actor_id: UUID | None = Field(foreign_key="person.id")
    changed: Json
    data: Json


class ProblemAlarm(SQLModel, table=True):
    """What the clock will do to a case, once; ``done_at`` when it was done."""

    __tablename__ = "problem_alarm"
    __table_args__ = (
        sa.Index("ix_problem_alarm_due", "due_at", postgresql_where=sa.text("done_at IS NULL")),
    )

    problem_id: UUID = Field(foreign_key="problem.id", primary_key=True)
    term: int = Field(primary_key=True)
    kind: Alarm = Field(sa_type=enum_column(Alarm), primary_key=True)
    place: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    due_at: Instant
    done_at: Instant | None = None


class WorkDone(SQLModel, table=True):
    """What the newest report-back says that was done: so much of a kind, in thousandths."""

    __tablename__ = "work_done"
    __table_args__ = (
        sa.UniqueConstraint("problem_id", "kind", "unit"),
        sa.CheckConstraint("quantity_milli > 0", name="quantity"),
    )

    id: UUID = id_column()
    problem_id: UUID = Field(foreign_key="problem.id")
    kind: str = Field(max_length=40)
    quantity_milli: int = Field(sa_type=sa.BigInteger)
    unit: str = Field(max_length=20)


class LedgerSettings(SQLModel, table=True):
    """How the city runs its ledger: one row at the most (``settings.LedgerRules``)."""

    __tablename__ = "ledger_settings"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single_row"),)

    id: int = Field(
        default=1, sa_column=sa.Column(sa.SmallInteger, primary_key=True, autoincrement=False)
    )
    document: Json
