"""Reads of retakes: photos that are to be taken again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.inspections import queries_visible
from app.inspections.rules import RetakeState
from app.inspections.tables import Retake, Visit, VisitRevision
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.sites.tables import Site
from app.web.principal import Principal


@dataclass(frozen=True)
class RetakeView:
    """A retake with the visit and the site that it is about."""

    retake: Retake
    visit: Visit
    site: Site


def get_retake(tx: Session, retake_id: UUID) -> Retake:
    """A retake by its id, whoever asks."""
    retake = tx.exec(select(Retake).where(Retake.id == retake_id)).first()
    if retake is None:
        raise NotFound("retake.not-found")
    return retake


def retake_of(tx: Session, *, visit_id: UUID, photo_id: UUID) -> Retake:
    """The retake of a photo of a visit, which exists."""
    return tx.exec(
        select(Retake).where(Retake.visit_id == visit_id, Retake.photo_id == photo_id)
    ).one()


def open_retakes(tx: Session, visit_id: UUID) -> Sequence[Retake]:
    """What is asked for again and neither there nor waived."""
    return tx.exec(
        select(Retake)
        .where(Retake.visit_id == visit_id, Retake.state == RetakeState.OPEN)
        .order_by(col(Retake.id))
    ).all()


def list_retakes(
    tx: Session,
    principal: Principal,
    *,
    mine: bool,
    state: RetakeState | None,
    after: UUID | None,
    limit: int,
) -> Page[RetakeView]:
    """Retakes for visits in reach, or only for visits where the caller was; oldest first."""
    query = (
        select(Retake, Visit, Site)
        .join(Visit, col(Visit.id) == Retake.visit_id)
        .join(VisitRevision, col(VisitRevision.id) == Visit.current_revision_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .where(queries_visible.is_visible(principal, only_there=mine))
        .order_by(col(Retake.id))
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(Retake.state == state)
    if after is not None:
        query = query.where(col(Retake.id) > after)
    rows = [RetakeView(*row) for row in tx.exec(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].retake.id)) if more else None)
