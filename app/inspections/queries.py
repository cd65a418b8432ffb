"""Reads of visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Checklist, ChecklistVersion, Item
from app.evidence.rules import ARRIVED
from app.evidence.tables import Photo
from app.inspections.rules import RetakeState
from app.inspections.tables import Answer, Finding, Retake, Visit, VisitPhoto, VisitRevision
from app.organisation.queries import within_reach
from app.organisation.tables import Line, Unit
from app.web.principal import Principal


def missing_photos(tx: Session, revision: VisitRevision) -> list[UUID]:
    """Photos that a revision names and that are still to come.

    A photo is there once it is stored and was taken by somebody who submitted this visit or a
    revision of it; a photo that headquarters waived is not waited for.
    """
    submitters = sa.select(col(VisitRevision.submitted_by)).where(
        col(VisitRevision.visit_id) == revision.visit_id
    )
    stored = sa.exists().where(
        col(Photo.id) == col(VisitPhoto.photo_id),
        col(Photo.state).in_(ARRIVED),
        col(Photo.owner_id).in_(submitters),
    )
    waived = sa.exists().where(
        col(Retake.visit_id) == revision.visit_id,
        col(Retake.photo_id) == col(VisitPhoto.photo_id),
        col(Retake.state) == RetakeState.WAIVED,
    )
    rows = tx.connection().execute(
        sa.select(col(VisitPhoto.photo_id))
        .where(col(VisitPhoto.revision_id) == revision.id, ~stored, ~waived)
        .distinct()
        .order_by(col(VisitPhoto.photo_id))
    )
    return list(rows.scalars())


def visits_of_photo(tx: Session, photo_id: UUID) -> Sequence[UUID]:
    """The visits whose present revision names a photo, in a fixed order for locking."""
    rows = tx.connection().execute(
        sa.select(col(Visit.id))
        .join(VisitPhoto, col(VisitPhoto.revision_id) == Visit.current_revision_id)
        .where(col(VisitPhoto.photo_id) == photo_id)
        .distinct()
        .order_by(col(Visit.id))
    )
    return list(rows.scalars())


def revision_of(tx: Session, revision_id: UUID) -> VisitRevision:
    """A revision that exists."""
    return tx.exec(select(VisitRevision).where(VisitRevision.id == revision_id)).one()


def revisions_of(tx: Session, ids: Sequence[UUID]) -> dict[UUID, VisitRevision]:
    """The revisions with these ids."""
    rows = tx.exec(select(VisitRevision).where(col(VisitRevision.id).in_(ids))).all()
    return {revision.id: revision for revision in rows}


@dataclass(frozen=True)
class AnswerView:
    answer: Answer
    item: Item
    line: Line
    answerable: Unit | None
    findings: list[Finding]
    photos: list[VisitPhoto]


def list_answers(
    tx: Session, revision_id: UUID, principal: Principal, *, whole: bool = False
) -> list[AnswerView]:
    """The answers of a revision that the caller may see (``whole``: all), with what is below."""
    query: Any = (
        sa.select(Answer, Item, Line, Unit)
        .join(Item, col(Item.id) == Answer.item_id)
        .join(Line, col(Line.id) == Answer.line_id)
        .join(Unit, col(Unit.id) == Answer.answerable_unit_id, isouter=True)
        .where(col(Answer.revision_id) == revision_id)
        .order_by(col(Item.position))
    )
    if not whole:
        query = query.where(
            within_reach(
                principal.postings,
                area=col(Answer.area_path),
                line=col(Answer.line_id),
                answerable=col(Unit.path),
            )
        )
    findings = tx.exec(
        select(Finding)
        .where(Finding.revision_id == revision_id)
        .order_by(col(Finding.item_id), col(Finding.position))
    ).all()
    photos = list_photos(tx, revision_id)
    return [
        AnswerView(
            row[0],
            row[1],
            row[2],
            row[3],
            [finding for finding in findings if finding.item_id == row[0].item_id],
            [photo for photo in photos if photo.item_id == row[0].item_id],
        )
        for row in tx.execute(query).all()
    ]


def list_photos(tx: Session, revision_id: UUID) -> Sequence[VisitPhoto]:
    """All photo references of a revision, in the order in which they were given."""
    return tx.exec(
        select(VisitPhoto).where(VisitPhoto.revision_id == revision_id).order_by(col(VisitPhoto.id))
    ).all()


def checklist_of(tx: Session, version_id: UUID) -> tuple[str, int]:
    """Code and number of a checklist version that exists."""
    row = tx.exec(
        select(Checklist.code, ChecklistVersion.number)
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .where(ChecklistVersion.id == version_id)
    ).one()
    return row[0], row[1]
