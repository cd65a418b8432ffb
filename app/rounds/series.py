"""Rounds that recur: a series makes each of its rounds exactly once, some days ahead.

The worker asks each running series at intervals. It is locked while its rounds are made, and a
unique constraint over (series, beginning) stands behind that: however many workers ask, and
whenever one is killed, each beginning has one round. A round that was cancelled stays and is not
made again. What would be over already, after a standstill, is not made at all.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session

from app.infra import business_time, events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.ids import new_token
from app.rounds import planning, queries, recurrence, service
from app.rounds.rules import RoundState
from app.rounds.service import Frame
from app.rounds.tables import Round, RoundSeries
from app.rounds.terms import DrawRule, SeriesTerms, read_plan
from app.web.principal import Principal

_SEED_CHARS = 22
_log = structlog.get_logger("dudao.rounds")


def create_series(
    tx: Session, *, frame: Frame, terms: SeriesTerms, draw: DrawRule | None, by: Principal
) -> RoundSeries:
    """A new series; its rounds are planned by the worker. ``Conflict`` for a code in use."""
    try:
        recurrence.check_rule(terms.rule)
    except ValueError as error:
        fault = Fault("/rule", "series.rule", {"part": str(error)})
        raise Invalid("request.invalid", faults=(fault,)) from error
    series = RoundSeries(
        campaign_id=frame.campaign.id,
        unit_id=frame.unit.id,
        area_id=frame.area.id,
        plan=asdict(draw) if draw else None,
        made_by=by.user_id,
        **vars(terms),
    )
    exists = Conflict("series.exists", series=terms.code)
    with conflicts(tx, {"uq_round_series_campaign_id_code": exists}):
        tx.add(series)
    events.record(
        tx,
        "series.created",
        subject=("round_series", series.id),
        after={
            **vars(terms),
            "first_at": terms.first_at.isoformat(),
            "campaign": frame.campaign.code,
            "unit": frame.unit.code,
            "area": frame.area.code,
            "plan": series.plan,
        },
    )
    return series


def end_series(tx: Session, *, series_id: UUID, reason: str, by: Principal) -> None:
    """No more rounds; those that are planned and not open yet are cancelled with the reason."""
    queries.get_managed_series(tx, series_id, by)
    series = queries.lock_series(tx, series_id)
    if series.ended_at is not None:
        return
    series.ended_at = business_time.now(tx)
    tx.add(series)
    for planned in queries.list_planned_of_series(tx, series_id):
        service.cancel_planned(tx, planned, reason)
    events.record(
        tx,
        "series.ended",
        subject=("round_series", series_id),
        before={"ended_at": None},
        after={"ended_at": series.ended_at.isoformat()},
        reason=reason,
    )


def plan_ahead(tx: Session, series_id: UUID, zone: ZoneInfo) -> int:
    """Make the rounds of a series that are due to be planned; returns how many."""
    series = queries.lock_series(tx, series_id)
    if series.ended_at is not None:
        return 0
    now = business_time.now(tx)
    lasts = timedelta(minutes=series.lasts_minutes)
    after = now - lasts - timedelta(hours=1)
    known = queries.known_occurrences(tx, series_id, after=after)
    made = 0
    for begins in recurrence.occurrences(
        series.rule,
        first=series.first_at,
        zone=zone,
        after=after,
        until=now + timedelta(days=series.days_ahead),
    ):
        closes = recurrence.later(begins, lasts, zone)
        if begins not in known and closes > now:
            _make_round(tx, series, begins, closes, zone)
            made += 1
    return made


def _make_round(
    tx: Session, series: RoundSeries, begins: datetime, closes: datetime, zone: ZoneInfo
) -> None:
    day = begins.astimezone(zone)
    new = Round(
        campaign_id=series.campaign_id,
        unit_id=series.unit_id,
        area_id=series.area_id,
        series_id=series.id,
        occurs_at=begins,
        code=f"{series.code}-{day:%Y%m%d%H%M}",
        name_zh=f"{series.name_zh} {day:%Y-%m-%d}",
        name_en=f"{series.name_en} {day:%Y-%m-%d}" if series.name_en else None,
        source=series.source,
        period=series.period,
        announced=series.announced,
        timed=True,
        state=RoundState.PLANNED,
        opens_at=begins,
        closes_at=closes,
    )
    tx.add(new)
    tx.flush()
    events.record(
        tx,
        "round.planned",
        subject=("round", new.id),
        series=str(series.id),
        after={
            "code": new.code,
            "opens_at": begins.isoformat(),
            "closes_at": closes.isoformat(),
            "announced": series.announced,
        },
    )
    if series.plan is not None:
        _draw(tx, series, new, day)


def _draw(tx: Session, series: RoundSeries, new: Round, day: datetime) -> None:
    """The tasks of the new round.

    A plan that holds no more (a team was ended, all sites are gone) leaves a round without tasks,
    which its coverage shows, and stops no other round.
    """
    rule = read_plan(series.plan or {})
    try:
        with tx.begin_nested():
            planning.draw_tasks(
                tx,
                found=new,
                rule=rule,
                seed=new_token()[:_SEED_CHARS],
                on=day.date(),
                by=series.made_by,
            )
    except Invalid as error:
        codes = sorted({fault.code for fault in error.faults})
        _log.warning("series_plan_failed", series=series.code, round=new.code, faults=codes)
        events.record(tx, "round.draw-failed", subject=("round", new.id), faults=codes)
