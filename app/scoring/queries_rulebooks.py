"""Reads of rulebooks with their campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.organisation.tables import Unit
from app.rounds import queries as rounds
from app.rounds.rules import manages
from app.rounds.tables import Campaign
from app.scoring.queries_runs import RunView, runs_query
from app.scoring.rules import RulebookState
from app.scoring.tables import RulebookRow
from app.scoring.tables_results import RankingRun
from app.web.principal import Principal

lock_campaign = rounds.lock_campaign


@dataclass(frozen=True)
class RulebookView:
    """A rulebook with its campaign and whose campaign it is."""

    rulebook: RulebookRow
    campaign: Campaign
    unit: Unit


def _views() -> Any:
    return (
        sa.select(RulebookRow, Campaign, Unit)
        .join(Campaign, col(Campaign.id) == RulebookRow.campaign_id)
        .join(Unit, col(Unit.id) == Campaign.unit_id)
    )


def find_rulebook(tx: Session, rulebook_id: UUID) -> RulebookView | None:
    """A rulebook by its id."""
    row = tx.execute(_views().where(col(RulebookRow.id) == rulebook_id)).first()
    return RulebookView(*row) if row else None


def get_visible_rulebook(tx: Session, rulebook_id: UUID, principal: Principal) -> RulebookView:
    """A rulebook of a campaign that the caller may see; a draft is seen by who runs that alone."""
    view = find_rulebook(tx, rulebook_id)
    if view is None:
        raise NotFound("rulebook.not-found")
    if manages(principal.postings, view.unit.path):
        return view
    if view.rulebook.state is RulebookState.DRAFT or not _sees(tx, view, principal):
        raise NotFound("rulebook.not-found")
    return view


def _sees(tx: Session, view: RulebookView, principal: Principal) -> bool:
    try:
        rounds.get_visible_campaign(tx, view.campaign.code, principal)
    except NotFound:
        return False
    return True


def list_rulebooks(tx: Session, campaign: str, principal: Principal) -> list[RulebookView]:
    """The versions of a campaign that the caller may see, by number."""
    found = rounds.get_visible_campaign(tx, campaign, principal)
    query = _views().where(col(RulebookRow.campaign_id) == found.campaign.id)
    views = [RulebookView(*row) for row in tx.execute(query.order_by(col(RulebookRow.number)))]
    if manages(principal.postings, found.unit.path):
        return views
    return [one for one in views if one.rulebook.state is RulebookState.PUBLISHED]


def list_versions(tx: Session, campaign_id: UUID) -> Sequence[RulebookRow]:
    """All versions of a campaign's rulebook."""
    return tx.exec(select(RulebookRow).where(RulebookRow.campaign_id == campaign_id)).all()


def lock_rulebook(tx: Session, row: RulebookRow) -> None:
    """Lock a rulebook and read it anew."""
    tx.refresh(row, with_for_update=True)


def newest_runs(tx: Session, campaign_id: UUID, *, limit: int) -> list[RunView]:
    """The results of a campaign that stand, the newest first."""
    later: Any = sa.orm.aliased(RankingRun, name="later")
    corrected = sa.exists().where(
        later.campaign_id == col(RankingRun.campaign_id),
        later.round_id.is_not_distinct_from(col(RankingRun.round_id)),
        later.period_id.is_not_distinct_from(col(RankingRun.period_id)),
        later.number > col(RankingRun.number),
    )
    query = runs_query().where(col(RankingRun.campaign_id) == campaign_id, ~corrected)
    rows = tx.execute(query.order_by(col(RankingRun.id).desc()).limit(limit)).all()
    return [RunView(*row) for row in rows]
