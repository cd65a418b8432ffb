"""Reads of rounds, their campaigns, and who a task is for."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.rounds.tables import Campaign, Round, Task, TaskMember


@dataclass(frozen=True)
class RoundView:
    round: Round
    campaign: Campaign


def get_round(tx: Session, round_id: UUID) -> RoundView:
    """A round with its campaign."""
    row = tx.exec(
        select(Round, Campaign)
        .join(Campaign, col(Campaign.id) == Round.campaign_id)
        .where(Round.id == round_id)
    ).first()
    if row is None:
        raise NotFound("round.not-found")
    return RoundView(*row)


def list_rounds(tx: Session, *, after: UUID | None, limit: int) -> Page[RoundView]:
    """Rounds in the order in which they were made."""
    query = (
        select(Round, Campaign)
        .join(Campaign, col(Campaign.id) == Round.campaign_id)
        .order_by(col(Round.id))
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(col(Round.id) > after)
    rows = [RoundView(*row) for row in tx.exec(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].round.id)) if more else None)


def is_member(
    tx: Session, *, task_id: UUID, person_id: UUID, site_id: UUID, round_id: UUID
) -> bool:
    """Whether the task is this person's, at this site, in this round."""
    found = tx.exec(
        select(TaskMember.task_id)
        .join(Task, col(Task.id) == TaskMember.task_id)
        .where(TaskMember.task_id == task_id, TaskMember.person_id == person_id)
        .where(Task.site_id == site_id, Task.round_id == round_id)
    ).first()
    return found is not None
