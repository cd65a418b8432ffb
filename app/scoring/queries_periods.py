"""Reads of periods and of their campaigns."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import Fault, Invalid, NotFound
from app.organisation.tables import Unit
from app.rounds import rules
from app.rounds.queries import lock_campaign
from app.rounds.tables import Campaign
from app.scoring.tables_results import StandingPeriod
from app.web.principal import Principal


@dataclass(frozen=True)
class PeriodView:
    """A period with its campaign and whose rounds it rolls up."""

    period: StandingPeriod
    campaign: Campaign
    unit: Unit


def find_campaign(tx: Session, code: str) -> tuple[Campaign, Unit]:
    """A campaign with its unit; ``Invalid`` for an unknown one."""
    found = lock_campaign(tx, code)
    if found is None:
        named = {"kind": "campaign", "value": code}
        fault = Fault("/campaign", "field.unknown-reference", named)
        raise Invalid("request.invalid", faults=(fault,))
    return found


def lock_managed_period(tx: Session, period_id: UUID, by: Principal) -> StandingPeriod:
    """A period, locked, of a unit that the caller manages; else there is none."""
    query: Any = (
        sa.select(StandingPeriod, Unit)
        .join(Unit, col(Unit.id) == StandingPeriod.unit_id)
        .where(col(StandingPeriod.id) == period_id)
        .with_for_update(of=StandingPeriod)
    )
    row = tx.execute(query).first()
    if row is None or not rules.manages(by.postings, row[1].path):
        raise NotFound("period.not-found")
    period: StandingPeriod = row[0]
    return period


def get_period(tx: Session, period_id: UUID) -> PeriodView:
    """A period by its id."""
    row = tx.execute(_views().where(col(StandingPeriod.id) == period_id)).first()
    if row is None:
        raise NotFound("period.not-found")
    return PeriodView(*row)


def list_periods(tx: Session, campaign_id: UUID) -> list[PeriodView]:
    """The periods of a campaign, by their first day."""
    query = _views().where(col(StandingPeriod.campaign_id) == campaign_id)
    rows = tx.execute(query.order_by(col(StandingPeriod.starts_on), col(StandingPeriod.id))).all()
    return [PeriodView(*row) for row in rows]


def _views() -> Any:
    return (
        sa.select(StandingPeriod, Campaign, Unit)
        .join(Campaign, col(Campaign.id) == StandingPeriod.campaign_id)
        .join(Unit, col(Unit.id) == StandingPeriod.unit_id)
    )


def get_campaign(tx: Session, campaign_id: UUID) -> Campaign:
    """A campaign that exists."""
    return tx.exec(select(Campaign).where(Campaign.id == campaign_id)).one()
