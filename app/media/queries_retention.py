"""Reads for retention: the classes, and photos that are old enough to be looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.queries_holds import is_held
from app.evidence.rules import PhotoState
from app.evidence.tables import Photo
from app.inspections.tables import Visit, VisitPhoto, VisitRevision
from app.kit.errors import NotFound
from app.ledger.rules import ProblemState
from app.ledger.tables import Problem, ProblemPhoto
from app.media.retention import Use
from app.media.tables import RetentionClass
from app.rounds.tables import Campaign, Round
from app.sites.tables import Site

Aged = tuple[datetime, UUID]
_OVER = (ProblemState.CLOSED, ProblemState.CANCELLED)


def list_classes(tx: Session) -> list[tuple[RetentionClass, Campaign | None]]:
    """All classes with their campaigns, in the order of their codes."""
    rows: Any = (
        sa.select(RetentionClass, Campaign)
        .join(Campaign, col(Campaign.id) == RetentionClass.campaign_id, isouter=True)
        .order_by(col(RetentionClass.code))
    )
    return [(row[0], row[1]) for row in tx.execute(rows).all()]


def lock_class(tx: Session, code: str) -> RetentionClass:
    """A class, locked."""
    rows = select(RetentionClass).where(RetentionClass.code == code).with_for_update()
    found = tx.exec(rows).first()
    if found is None:
        raise NotFound("retention-class.not-found")
    return found


def old_photos(
    tx: Session, *, before: datetime, after: Aged | None, limit: int
) -> list[tuple[UUID, datetime]]:
    """Stored photos from before an instant that no hold names, the oldest first."""
    rows = sa.select(col(Photo.id), col(Photo.stored_at)).where(
        col(Photo.state) == PhotoState.STORED, col(Photo.stored_at) < before, ~is_held()
    )
    if after is not None:
        rows = rows.where(sa.tuple_(col(Photo.stored_at), col(Photo.id)) > after)
    found = tx.connection().execute(rows.order_by(col(Photo.stored_at), col(Photo.id)).limit(limit))
    return [(row[0], row[1]) for row in found if row[1] is not None]  # stored: there is one


def uses_of(tx: Session, ids: Sequence[UUID]) -> dict[UUID, list[Use]]:
    """What photos are evidence for: in any revision of a visit, and in the ledger."""
    in_visits: Any = (
        sa.select(
            col(VisitPhoto.photo_id),
            col(Round.campaign_id),
            col(Site.category),
            sa.literal(value=False),
        )
        .join(VisitRevision, col(VisitRevision.id) == VisitPhoto.revision_id)
        .join(Visit, col(Visit.id) == VisitRevision.visit_id)
        .join(Round, col(Round.id) == Visit.round_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .where(col(VisitPhoto.photo_id).in_(ids))
    )
    in_ledger: Any = (
        sa.select(
            col(ProblemPhoto.photo_id),
            col(Round.campaign_id),
            col(Site.category),
            col(Problem.state).not_in(_OVER),
        )
        .join(Problem, col(Problem.id) == ProblemPhoto.problem_id)
        .join(Round, col(Round.id) == Problem.round_id, isouter=True)
        .join(Site, col(Site.id) == Problem.site_id, isouter=True)
        .where(col(ProblemPhoto.photo_id).in_(ids))
    )
    found: dict[UUID, list[Use]] = {photo_id: [] for photo_id in ids}
    for photo_id, *use in tx.execute(sa.union(in_visits, in_ledger)).all():
        found[photo_id].append(Use(*use))
    return found
