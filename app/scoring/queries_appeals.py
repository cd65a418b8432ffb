"""Reads of appeals, narrowed to whose they are."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Item
from app.inspections.tables import Visit
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation.queries import within_reach
from app.organisation.tables import Line, Unit
from app.rounds.tables import Round
from app.scoring.rules_appeals import AppealState
from app.scoring.tables_results import Appeal
from app.sites.tables import Site
from app.web.principal import Principal


@dataclass(frozen=True)
class AppealView:
    """An appeal with what it is about and whose it is."""

    appeal: Appeal
    round: Round
    site: Site
    item: Item
    line: Line
    unit: Unit


def _views(principal: Principal) -> Any:
    """In reach are appeals about answers in reach."""
    return (
        sa.select(Appeal, Round, Site, Item, Line, Unit)
        .join(Round, col(Round.id) == Appeal.round_id)
        .join(Visit, col(Visit.id) == Appeal.visit_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .join(Item, col(Item.id) == Appeal.item_id)
        .join(Line, col(Line.id) == Appeal.line_id)
        .join(Unit, col(Unit.id) == Appeal.unit_id)
        .where(
            within_reach(
                principal.postings,
                area=col(Appeal.area_path),
                line=col(Appeal.line_id),
                answerable=col(Appeal.answerable_path),
            )
        )
    )


def get_appeal(tx: Session, appeal_id: UUID, principal: Principal) -> AppealView:
    """An appeal in the caller's reach; else there is none."""
    row = tx.execute(_views(principal).where(col(Appeal.id) == appeal_id)).first()
    if row is None:
        raise NotFound("appeal.not-found")
    return AppealView(*row)


def list_appeals(
    tx: Session,
    principal: Principal,
    *,
    round_id: UUID | None,
    state: AppealState | None,
    after: UUID | None,
    limit: int,
) -> Page[AppealView]:
    """The appeals in the caller's reach, by their ids."""
    query = _views(principal).order_by(col(Appeal.id)).limit(limit + 1)
    if round_id is not None:
        query = query.where(col(Appeal.round_id) == round_id)
    if state is not None:
        query = query.where(col(Appeal.state) == state)
    if after is not None:
        query = query.where(col(Appeal.id) > after)
    rows = [AppealView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].appeal.id)) if more else None)


def find_appeal(tx: Session, appeal_id: UUID) -> Appeal | None:
    """An appeal by its id, whoever asks."""
    return tx.exec(select(Appeal).where(Appeal.id == appeal_id)).first()


def lock_appeal(tx: Session, appeal_id: UUID) -> Appeal | None:
    """An appeal, locked and as it is now."""
    query: Any = select(Appeal).where(Appeal.id == appeal_id).with_for_update()
    found: Appeal | None = tx.exec(query.execution_options(populate_existing=True)).first()
    return found


def is_contested(tx: Session, visit_id: UUID, item_id: UUID) -> bool:
    """Whether an appeal about an answer is open."""
    query = select(Appeal.id).where(
        Appeal.visit_id == visit_id, Appeal.item_id == item_id, Appeal.state == AppealState.OPEN
    )
    return tx.exec(query).first() is not None


def item_code(tx: Session, item_id: UUID) -> str:
    """The code of an item that exists."""
    return tx.exec(select(Item.code).where(Item.id == item_id)).one()
