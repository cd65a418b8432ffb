"""Photos as they go out: which of them a caller may have, and what they show.

Who may look is decided by grants alone, but for photos of a visit to which he is to be blind as
yet: for him there are none. What a photo shows is told as far as the caller's reach goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Item
from app.evidence import queries as evidence
from app.evidence.rules import PhotoRole, PhotoState
from app.evidence.tables import Grant, Photo
from app.inspections.queries_visible import is_photo_hidden_from
from app.inspections.tables import Answer, Visit, VisitPhoto
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.ledger.rules import ProblemState
from app.ledger.tables import Problem, ProblemPhoto
from app.media.rules import Place
from app.organisation import queries as organisation
from app.organisation.queries import at_or_below, within_reach
from app.organisation.tables import Line, Unit
from app.sites.tables import Site
from app.web.principal import Principal


@dataclass(frozen=True)
class Filters:
    """What a manifest is narrowed to; ``unit`` and everything below it."""

    round_id: UUID | None = None
    visit_id: UUID | None = None
    unit: str | None = None
    line: str | None = None
    site: str | None = None
    state: ProblemState | None = None
    role: PhotoRole | None = None
    problem: str | None = None


def is_visible(principal: Principal, *narrowing: Any) -> Any:
    """The photos that the caller may have, by whatever route; of grants as ``narrowing`` says."""
    granted = evidence.visible_to(principal, *narrowing)
    hidden = is_photo_hidden_from(principal, col(Photo.id))
    return granted if hidden is None else sa.and_(granted, ~hidden)


def get_visible_photo(tx: Session, photo_id: UUID, principal: Principal) -> Photo:
    """A photo that the caller may have; for everybody else there is none."""
    photo = tx.exec(select(Photo).where(Photo.id == photo_id, is_visible(principal))).first()
    if photo is None:
        raise NotFound("photo.not-found")
    return photo


def list_photos(
    tx: Session, principal: Principal, filters: Filters, *, after: UUID | None, limit: int
) -> Page[Photo]:
    """Stored photos that the caller may look at, in the order of their ids."""
    seen = is_visible(principal, *_of_grants(tx, filters))
    query = select(Photo).where(Photo.state == PhotoState.STORED, seen)
    query = query.where(*_of_uses(principal, filters)).order_by(col(Photo.id)).limit(limit + 1)
    if filters.role is not None:
        query = query.where(Photo.role == filters.role)
    if after is not None:
        query = query.where(col(Photo.id) > after)
    rows = tx.exec(query).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].id)) if more else None)


def visible_among(tx: Session, principal: Principal, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these photos the caller may look at."""
    rows = select(Photo.id).where(col(Photo.id).in_(ids), is_visible(principal))
    return set(tx.exec(rows).all())


def _of_grants(tx: Session, filters: Filters) -> list[Any]:
    """Unit and line stand in the grants themselves."""
    clauses: list[Any] = []
    if filters.unit is not None:
        path = organisation.get_unit(tx, filters.unit).path
        by_unit = at_or_below(col(Grant.unit_path), path)
        clauses.append(sa.or_(at_or_below(col(Grant.area_path), path), by_unit))
    if filters.line is not None:
        line = sa.select(col(Line.id)).where(col(Line.code) == filters.line)
        clauses.append(col(Grant.line_id) == line.scalar_subquery())
    return clauses


def _of_uses(principal: Principal, filters: Filters) -> list[Any]:
    """What the photo is used for, where that was asked."""
    uses = [_in_problem(principal, filters)]
    if filters.state is None and filters.problem is None:
        uses.append(_in_visit(filters))
    asked = (filters.round_id, filters.visit_id, filters.site, filters.state, filters.problem)
    return [sa.or_(*uses)] if any(one is not None for one in asked) else []


def _in_visit(filters: Filters) -> Any:
    """A visit names it in its present revision."""
    return sa.exists().where(
        col(VisitPhoto.photo_id) == col(Photo.id),
        col(Visit.current_revision_id) == col(VisitPhoto.revision_id),
        *_equal(
            (Visit.round_id, filters.round_id),
            (Visit.id, filters.visit_id),
            (Visit.site_id, _site(filters)),
        ),
    )


def _in_problem(principal: Principal, filters: Filters) -> Any:
    """An entry of the ledger in reach has it."""
    return sa.exists().where(
        col(ProblemPhoto.photo_id) == col(Photo.id),
        col(Problem.id) == col(ProblemPhoto.problem_id),
        within_reach(
            principal.postings,
            area=col(Problem.area_path),
            line=col(Problem.line_id),
            answerable=col(Problem.answerable_path),
        ),
        *_equal(
            (Problem.round_id, filters.round_id),
            (Problem.visit_id, filters.visit_id),
            (Problem.site_id, _site(filters)),
            (Problem.state, filters.state),
            (Problem.number, filters.problem),
        ),
    )


def _site(filters: Filters) -> Any:
    if filters.site is None:
        return None
    return sa.select(col(Site.id)).where(col(Site.code) == filters.site).scalar_subquery()


def _equal(*pairs: tuple[Any, Any]) -> list[Any]:
    return [col(column) == value for column, value in pairs if value is not None]


def places_of(tx: Session, principal: Principal, ids: Sequence[UUID]) -> dict[UUID, Place]:
    """What photos show, as far as the caller may know it; two statements whatever their number."""
    found: dict[UUID, Place] = {}
    for photo_id, *shown in tx.execute(_in_visits(principal, ids)).all():
        found.setdefault(photo_id, Place(*shown))
    rest = [one for one in ids if one not in found]
    rows = tx.execute(_in_reports(principal, rest)).all() if rest else ()
    for photo_id, site_code, site_name, number in rows:
        found.setdefault(photo_id, Place(site_code, site_name, problem=number))
    return found


def _in_visits(principal: Principal, ids: Sequence[UUID]) -> Any:
    unit: Any = sa.orm.aliased(Unit)
    reached = within_reach(
        principal.postings,
        area=col(Answer.area_path),
        line=col(Answer.line_id),
        answerable=unit.path,
    )
    own = col(Photo.owner_id) == principal.user_id
    answer = sa.and_(
        col(Answer.revision_id) == VisitPhoto.revision_id,
        col(Answer.item_id) == VisitPhoto.item_id,
    )
    return (
        sa.select(
            col(VisitPhoto.photo_id),
            col(Site.code),
            col(Site.name),
            col(Item.code),
            col(Item.text_zh),
        )
        .join(Photo, col(Photo.id) == VisitPhoto.photo_id)
        .join(Visit, col(Visit.current_revision_id) == VisitPhoto.revision_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .join(Item, col(Item.id) == VisitPhoto.item_id, isouter=True)
        .join(Answer, answer, isouter=True)
        .join(unit, unit.id == Answer.answerable_unit_id, isouter=True)
        .where(col(VisitPhoto.photo_id).in_(ids))
        .where(sa.or_(col(VisitPhoto.item_id).is_(None), own, reached))
        .order_by(col(VisitPhoto.photo_id), col(Answer.position), col(VisitPhoto.id))
    )


def _in_reports(principal: Principal, ids: Sequence[UUID]) -> Any:
    reached = within_reach(
        principal.postings,
        area=col(Problem.area_path),
        line=col(Problem.line_id),
        answerable=col(Problem.answerable_path),
    )
    own = col(Problem.reported_by) == principal.user_id
    return (
        sa.select(col(ProblemPhoto.photo_id), col(Site.code), col(Site.name), col(Problem.number))
        .join(Problem, col(Problem.id) == ProblemPhoto.problem_id)
        .join(Site, col(Site.id) == Problem.site_id, isouter=True)
        .where(col(ProblemPhoto.photo_id).in_(ids), sa.or_(own, reached))
        .order_by(col(ProblemPhoto.photo_id), col(Problem.id))
    )
