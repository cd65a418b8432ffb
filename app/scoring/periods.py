"""Standings of a stretch of days: the rounds that closed in it, rolled up into one (周排名)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid
from app.rounds import service as rounds
from app.rounds.rules import Period
from app.rounds.tables import Round
from app.scoring import closing, publishing, queries_marks, queries_periods, queries_runs
from app.scoring.publishing import Subject, Wanted
from app.scoring.rulebooks import rulebook_for
from app.scoring.rules import read_rulebook
from app.scoring.tables import RulebookRow
from app.scoring.tables_results import RankingRun, StandingPeriod
from app.web.principal import Principal


@dataclass(frozen=True)
class Span:
    """What a period is called, and its first and last day."""

    code: str
    name_zh: str
    name_en: str | None
    period: Period
    starts_on: date
    ends_on: date


def create_period(
    tx: Session, *, campaign: str, unit: str | None, span: Span, by: Principal
) -> StandingPeriod:
    """A period of a campaign for the rounds of a unit that the caller manages."""
    if span.ends_on < span.starts_on:
        raise Invalid("request.invalid", faults=(Fault("/ends_on", "field.order"),))
    found, owner = queries_periods.find_campaign(tx, campaign)
    managed = rounds.managed_unit(tx, unit or owner.code, by, "/unit")
    row = StandingPeriod(
        campaign_id=found.id,
        unit_id=managed.id,
        made_by=by.user_id,
        made_at=business_time.now(tx),
        **vars(span),
    )
    exists = Conflict("period.exists", period=span.code)
    with conflicts(tx, {"uq_standing_period_campaign_id_code": exists}):
        tx.add(row)
    events.record(
        tx,
        "period.created",
        subject=("standing_period", row.id),
        after={
            "code": span.code,
            "campaign": campaign,
            "starts_on": span.starts_on.isoformat(),
            "ends_on": span.ends_on.isoformat(),
        },
    )
    return row


def publish_period(
    tx: Session, settings: Settings, *, period_id: UUID, wanted: Wanted, by: Principal
) -> RankingRun:
    """The standing of a period by the answers of all its published rounds, or its correction."""
    period = queries_periods.lock_managed_period(tx, period_id, by)
    before = queries_runs.newest_run(tx, period_id=period_id)
    closed = queries_runs.rounds_of_period(tx, period, zone=settings.timezone)
    row = _rulebook(tx, period, before, closed, wanted.reason)
    book = read_rulebook(row.rules)
    found = [one for one in closed if one.source in book.sources]
    if not found:
        raise Conflict("period.no-rounds")
    runs = [queries_runs.newest_run(tx, round_id=one.id) for one in found]
    freezes = [freeze.id for run in runs if run for freeze in queries_runs.freezes_of(tx, run.id)]
    marks = queries_marks.read_marks(tx, freezes, book, named=True)
    since, until = closing.span_of_days(period.starts_on, period.ends_on, settings.timezone)
    entered = queries_runs.entered_for_rounds(tx, [one.id for one in found])
    return publishing.publish(
        tx,
        settings,
        subject=Subject(period.campaign_id, period.unit_id, period_id=period_id),
        before=before,
        rulebook=row,
        freezes=freezes,
        sites=marks.sites,
        entered=closing.with_rates(tx, entered, since=since, until=until),
        wanted=wanted,
        by=by,
    )


def _rulebook(
    tx: Session,
    period: StandingPeriod,
    before: RankingRun | None,
    closed: Sequence[Round],
    reason: str | None,
) -> RulebookRow:
    """Of a first standing, that of the round which closed last."""
    if before is not None:
        return queries_runs.rulebook_of(tx, before)
    now = business_time.now(tx)
    last = max((one.closed_at or now for one in closed), default=now)
    return rulebook_for(tx, period.campaign_id, closed_at=last, reason=reason)
