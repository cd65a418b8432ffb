"""Reads of visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.rules import VersionState
from app.checklists.tables import Item
from app.evidence.rules import PhotoState
from app.evidence.tables import Photo
from app.inspections.tables import (
    Answer,
    Finding,
    Visit,
    VisitPhoto,
    VisitRevision,
)
from app.kit.errors import NotFound
from app.organisation.queries import within_reach
from app.organisation.tables import Line, Unit
from app.rounds.rules import RoundState, Source
from app.rounds.tables import Round
from app.sites.tables import Site
from app.web.principal import Principal


@dataclass(frozen=True)
class Ground:
    """What a visit stands on."""

    round_state: RoundState
    source: Source
    site: Site
    area: Unit
    checklist_id: UUID
    version_id: UUID
    site_category: str


@dataclass(frozen=True)
class GroundFound:
    """What was found of the ground; None where the body named something unknown."""

    round_state: RoundState | None
    source: Source | None
    site: Site | None
    area: Unit | None
    checklist_id: UUID | None
    version_id: UUID | None
    site_category: str | None

    def whole(self) -> Ground | None:
        """The ground, if every part of it is known."""
        parts = tuple(vars(self).values())
        return None if None in parts else Ground(*parts)


_GROUND = sa.text("""
SELECT r.state, r.source, v.checklist_id, v.id, c.site_category
FROM (SELECT 1) one
LEFT JOIN round r ON r.id = :round_id
LEFT JOIN checklist c ON c.code = :checklist
LEFT JOIN checklist_version v ON v.checklist_id = c.id AND v.number = :number
     AND v.state = :published
""")


def lock_ground(
    tx: Session, *, round_id: UUID, site: str, checklist: str, number: int
) -> GroundFound:
    """Round, site and checklist version of a new visit.

    The round is held FOR SHARE, so that closing waits for us; the site is locked, so that of
    several visits to it at the same time exactly one counts.
    """
    tx.connection().execute(
        sa.select(col(Round.id)).where(col(Round.id) == round_id).with_for_update(read=True)
    )
    place = tx.exec(
        select(Site, Unit)
        .join(Unit, col(Unit.id) == Site.unit_id)
        .where(Site.code == site)
        .with_for_update(of=Site, key_share=True)
    ).first()
    row = (
        tx.connection()
        .execute(
            _GROUND,
            {
                "round_id": round_id,
                "checklist": checklist,
                "number": number,
                "published": VersionState.PUBLISHED.value,
            },
        )
        .one()
    )
    return GroundFound(
        RoundState(row[0]) if row[0] else None,
        Source(row[1]) if row[1] else None,
        place[0] if place else None,
        place[1] if place else None,
        row[2],
        row[3],
        row[4],
    )


def has_counting_visit(
    tx: Session, *, round_id: UUID, site_id: UUID, source: Source, checklist_id: UUID
) -> bool:
    """Whether a visit counts for this site, source and checklist in the round already."""
    found = tx.exec(
        select(Visit.id).where(
            Visit.round_id == round_id,
            Visit.site_id == site_id,
            Visit.source == source,
            Visit.checklist_id == checklist_id,
            col(Visit.counting),
        )
    ).first()
    return found is not None


@dataclass(frozen=True)
class VisitView:
    """A visit with its present revision and its site."""

    visit: Visit
    revision: VisitRevision
    site: Site


def find_visit(tx: Session, visit_id: UUID) -> VisitView | None:
    """A visit by its client-made id."""
    row = tx.exec(
        select(Visit, VisitRevision, Site)
        .join(VisitRevision, col(VisitRevision.id) == Visit.current_revision_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .where(Visit.id == visit_id)
    ).first()
    return VisitView(*row) if row else None


def get_visible_visit(tx: Session, visit_id: UUID, principal: Principal) -> VisitView:
    """A visit that the caller made, or with an answer in his reach; else there is none."""
    view = find_visit(tx, visit_id)
    if view is None:
        raise NotFound("visit.not-found")
    if view.visit.submitted_by == principal.user_id:
        return view
    unit: Any = sa.orm.aliased(Unit)
    in_reach = (
        tx.connection()
        .execute(
            sa.select(col(Answer.item_id))
            .join(unit, unit.id == Answer.answerable_unit_id, isouter=True)
            .where(
                col(Answer.revision_id) == view.revision.id,
                within_reach(
                    principal.postings,
                    area=col(Answer.area_path),
                    line=col(Answer.line_id),
                    answerable=unit.path,
                ),
            )
            .limit(1)
        )
        .first()
    )
    if in_reach is None:
        raise NotFound("visit.not-found")
    return view


def missing_photos(tx: Session, revision: VisitRevision) -> list[UUID]:
    """Photos that a revision names and that are not stored yet, or not by its submitter."""
    stored = sa.exists().where(
        col(Photo.id) == col(VisitPhoto.photo_id),
        col(Photo.state) == PhotoState.STORED,
        col(Photo.owner_id) == revision.submitted_by,
    )
    rows = tx.connection().execute(
        sa.select(col(VisitPhoto.photo_id))
        .where(col(VisitPhoto.revision_id) == revision.id, ~stored)
        .distinct()
        .order_by(col(VisitPhoto.photo_id))
    )
    return list(rows.scalars())


def lock_visit(tx: Session, visit_id: UUID) -> Visit:
    """A visit that exists, locked."""
    return tx.exec(select(Visit).where(Visit.id == visit_id).with_for_update()).one()


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


@dataclass(frozen=True)
class AnswerView:
    answer: Answer
    item: Item
    line: Line
    answerable: Unit | None
    findings: list[Finding]
    photos: list[VisitPhoto]


def list_answers(tx: Session, view: VisitView, principal: Principal) -> list[AnswerView]:
    """The answers of a visit that the caller may see, with findings and photos."""
    revision_id = view.revision.id
    query: Any = (
        sa.select(Answer, Item, Line, Unit)
        .join(Item, col(Item.id) == Answer.item_id)
        .join(Line, col(Line.id) == Answer.line_id)
        .join(Unit, col(Unit.id) == Answer.answerable_unit_id, isouter=True)
        .where(col(Answer.revision_id) == revision_id)
        .order_by(col(Item.position))
    )
    if view.visit.submitted_by != principal.user_id:
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
