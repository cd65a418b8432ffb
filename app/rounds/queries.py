"""Reads of campaigns, rounds and their series, narrowed to whom they may be known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.infra import feeds
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation.queries import at_or_below, find_units_by_id
from app.organisation.tables import Unit
from app.rounds import rules
from app.rounds.rules import RoundState, Source
from app.rounds.tables import Campaign, JudgingRow, Round, RoundSeries, Task, TaskMember
from app.web.principal import Principal

_area: Any = sa.orm.aliased(Unit, name="area")
_owner: Any = sa.orm.aliased(Unit, name="owner")


@dataclass(frozen=True)
class RoundView:
    """A round with its campaign, whose it is, and where it takes place."""

    round: Round
    campaign: Campaign
    unit: Unit
    area: Unit


def _views() -> Any:
    return (
        sa.select(Round, Campaign, _owner, _area)
        .join(Campaign, col(Campaign.id) == Round.campaign_id)
        .join(_owner, _owner.id == col(Round.unit_id))
        .join(_area, _area.id == col(Round.area_id))
    )


def visible_to(principal: Principal) -> Any:
    """Rounds that the caller may know of.

    Those whose area meets one of his own, if they are announced or over, or if he is headquarters
    or an auditor there; those of units whose rounds he runs; and those he has a task in.
    """
    postings = principal.postings
    mine = (
        sa.select(col(Task.round_id))
        .join(TaskMember, col(TaskMember.task_id) == Task.id)
        .where(col(TaskMember.person_id) == principal.user_id)
    )
    public = sa.or_(col(Round.announced), col(Round.state).in_(rules.OVER))
    return sa.or_(
        sa.and_(public, sa.or_(_meets(rules.areas_of(postings)), _holds(rules.units_of(postings)))),
        _meets(rules.insider_areas(postings)),
        *(at_or_below(_owner.path, path) for path in rules.managed_paths(postings)),
        col(Round.id).in_(mine),
    )


def _meets(paths: Sequence[str]) -> Any:
    """The round's area lies in one of these, or one of these in it."""
    return sa.or_(
        _holds(paths),
        *(at_or_below(_area.path, path) for path in paths),
    )


def _holds(paths: Sequence[str]) -> Any:
    """The round's area is one of these, or one of these lies in it."""
    return sa.or_(sa.false(), *(sa.literal(path).like(_area.path + "%") for path in paths))


def get_round(tx: Session, round_id: UUID) -> RoundView:
    """A round, whoever asks: for work inside the service."""
    row = tx.execute(_views().where(col(Round.id) == round_id)).first()
    if row is None:
        raise NotFound("round.not-found")
    return RoundView(*row)


def get_visible_round(tx: Session, round_id: UUID, principal: Principal) -> RoundView:
    """A round that the caller may know of; else there is none."""
    query = _views().where(col(Round.id) == round_id, visible_to(principal))
    row = tx.execute(query).first()
    if row is None:
        raise NotFound("round.not-found")
    return RoundView(*row)


def get_round_feed(tx: Session, round_id: UUID, principal: Principal) -> tuple[int, RoundView]:
    """The version of a round's progress, read before anything that it shows, and the round."""
    version = feeds.version_of(tx, rules.progress_feed(round_id))
    return version, get_visible_round(tx, round_id, principal)


@dataclass(frozen=True)
class RoundFilters:
    """What a list of rounds is narrowed to; ``since`` and ``until`` bound the time it is open."""

    campaign: str | None = None
    state: RoundState | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_rounds(
    tx: Session, principal: Principal, filters: RoundFilters, *, after: UUID | None, limit: int
) -> Page[RoundView]:
    """The rounds that the caller may know of, in the order in which they were made."""
    query = _views().where(visible_to(principal)).order_by(col(Round.id)).limit(limit + 1)
    if after is not None:
        query = query.where(col(Round.id) > after)
    if filters.campaign is not None:
        query = query.where(col(Campaign.code) == filters.campaign)
    if filters.state is not None:
        query = query.where(col(Round.state) == filters.state)
    if filters.since is not None:
        query = query.where(col(Round.closes_at) >= filters.since)
    if filters.until is not None:
        query = query.where(col(Round.opens_at) <= filters.until)
    rows = [RoundView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].round.id)) if more else None)


def lock_round(tx: Session, round_id: UUID) -> Round:
    """A round, locked against changes and against visits that are being submitted."""
    found = tx.exec(select(Round).where(Round.id == round_id).with_for_update()).first()
    if found is None:
        raise NotFound("round.not-found")
    return found


def list_due_rounds(tx: Session, *, now: datetime, limit: int) -> list[UUID]:
    """Rounds that the clock has to open or to close by now, in the order of their making."""
    due = sa.or_(
        sa.and_(col(Round.state) == RoundState.PLANNED, col(Round.opens_at) <= now),
        sa.and_(col(Round.state) == RoundState.OPEN, col(Round.closes_at) <= now),
    )
    query = select(Round.id).where(col(Round.timed), due).order_by(col(Round.id)).limit(limit)
    return list(tx.exec(query).all())


@dataclass(frozen=True)
class CampaignView:
    campaign: Campaign
    unit: Unit


def list_campaigns(
    tx: Session, principal: Principal, *, after: str, limit: int
) -> Page[CampaignView]:
    """Campaigns, by code, of units above or below the caller's areas, or that he runs."""
    query: Any = (
        sa.select(Campaign, _area)
        .join(_area, _area.id == col(Campaign.unit_id))
        .where(col(Campaign.code) > after, _campaigns_of(principal))
        .order_by(col(Campaign.code))
        .limit(limit + 1)
    )
    rows = [CampaignView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].campaign.code) if more else None)


def _campaigns_of(principal: Principal) -> Any:
    managed = rules.managed_paths(principal.postings)
    return sa.or_(
        _meets(rules.areas_of(principal.postings)),
        _holds(rules.units_of(principal.postings)),
        *(at_or_below(_area.path, path) for path in managed),
    )


def get_visible_campaign(tx: Session, code: str, principal: Principal) -> CampaignView:
    """A campaign that the caller may see; else there is none."""
    row = tx.execute(
        sa.select(Campaign, _area)
        .join(_area, _area.id == col(Campaign.unit_id))
        .where(col(Campaign.code) == code, _campaigns_of(principal))
    ).first()
    if row is None:
        raise NotFound("campaign.not-found")
    return CampaignView(*row)


def lock_campaign(tx: Session, code: str) -> tuple[Campaign, Unit] | None:
    """A campaign with its unit, locked; None where there is none."""
    query: Any = (
        sa.select(Campaign, Unit)
        .join(Unit, col(Unit.id) == Campaign.unit_id)
        .where(col(Campaign.code) == code)
        .with_for_update(of=Campaign)
    )
    row = tx.execute(query).first()
    return (row[0], row[1]) if row else None


def read_judging(tx: Session) -> list[rules.Judging]:
    """The table of who may judge whom."""
    rows = tx.exec(select(JudgingRow)).all()
    return [rules.Judging(row.source, row.judge, row.judged) for row in rows]


def judge_of(tx: Session, source: Source, unit: Unit, area: Unit) -> rules.Judge:
    """Whom a round of this unit may judge as this source in this area."""
    judged = rules.judged_kinds(read_judging(tx), source, unit.kind)
    return rules.Judge(source, unit.path, area.path, judged)


def territory_of(tx: Session, unit: Unit) -> Unit:
    """Where a unit works: itself if it is a place, else the nearest place above it."""
    found = unit
    while found.kind not in rules.AREA_KINDS and found.parent_id is not None:
        found = find_units_by_id(tx, [found.parent_id])[found.parent_id]
    return found


@dataclass(frozen=True)
class SeriesView:
    series: RoundSeries
    campaign: Campaign
    unit: Unit
    area: Unit


def list_series(
    tx: Session, principal: Principal, *, after: UUID | None, limit: int
) -> Page[SeriesView]:
    """The series of units whose rounds the caller runs, in the order of their making."""
    query = _series_of(principal).order_by(col(RoundSeries.id)).limit(limit + 1)
    if after is not None:
        query = query.where(col(RoundSeries.id) > after)
    rows = [SeriesView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].series.id)) if more else None)


def _series_of(principal: Principal) -> Any:
    managed = rules.managed_paths(principal.postings)
    return (
        sa.select(RoundSeries, Campaign, _owner, _area)
        .join(Campaign, col(Campaign.id) == RoundSeries.campaign_id)
        .join(_owner, _owner.id == col(RoundSeries.unit_id))
        .join(_area, _area.id == col(RoundSeries.area_id))
        .where(sa.or_(sa.false(), *(at_or_below(_owner.path, path) for path in managed)))
    )


def get_managed_series(tx: Session, series_id: UUID, principal: Principal) -> SeriesView:
    """A series of a unit whose rounds the caller runs; else there is none."""
    row = tx.execute(_series_of(principal).where(col(RoundSeries.id) == series_id)).first()
    if row is None:
        raise NotFound("series.not-found")
    return SeriesView(*row)


def list_running_series(tx: Session) -> list[UUID]:
    """Series that have not been ended."""
    query = select(RoundSeries.id).where(col(RoundSeries.ended_at).is_(None))
    return list(tx.exec(query.order_by(col(RoundSeries.id))).all())


def lock_series(tx: Session, series_id: UUID) -> RoundSeries:
    """A series that exists, locked: its rounds are planned by one worker at a time."""
    return tx.exec(select(RoundSeries).where(RoundSeries.id == series_id).with_for_update()).one()


def known_occurrences(tx: Session, series_id: UUID, *, after: datetime) -> set[datetime]:
    """The later beginnings for which a series has made its rounds, also those cancelled since."""
    query = select(Round.occurs_at).where(
        Round.series_id == series_id, col(Round.occurs_at) > after
    )
    return {at for at in tx.exec(query).all() if at is not None}


def list_planned_of_series(tx: Session, series_id: UUID) -> Sequence[Round]:
    """Rounds of a series that are planned and not open yet, locked."""
    return tx.exec(
        select(Round)
        .where(Round.series_id == series_id, Round.state == RoundState.PLANNED)
        .order_by(col(Round.id))
        .with_for_update()
    ).all()
