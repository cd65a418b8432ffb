"""Reads of the ledger, narrowed to the caller's reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Item
from app.evidence.tables import Photo
from app.infra.db import plan_each_time
from app.inspections.queries_visible import is_hidden_from, is_photo_hidden_from
from app.inspections.tables import Answer, Finding, Visit, VisitPhoto, VisitRevision
from app.kit.errors import NotFound
from app.kit.geo import Point
from app.kit.paging import Page, encode_cursor
from app.ledger.asking import Order
from app.ledger.tables import PROBLEM_SERIAL, Problem, ProblemPhoto
from app.organisation import queries as organisation
from app.organisation.queries import Area, within_reach
from app.organisation.tables import Category, Line, Unit
from app.sites.tables import Site
from app.web.paging import Paging
from app.web.principal import Principal


@dataclass(frozen=True)
class ProblemView:
    """A problem with everything that is shown beside it."""

    problem: Problem
    site: Site | None
    category: Category | None
    line: Line
    area: Area
    answerable: Unit | None
    merged_into: str | None
    photos: Sequence[Photo]


def list_problems(
    tx: Session,
    principal: Principal,
    narrowing: Iterable[Any],
    *,
    order: Order,
    paging: Paging,
) -> Page[ProblemView]:
    """Problems in reach, in this order; a fixed number of statements whatever the page.

    By deadline ``narrowing`` must leave only cases whose clock runs (``Filters.running``).
    """
    plan_each_time(tx)
    limit, chosen = paging.limit, list(narrowing)
    query = _in_order(_visible(principal).where(*chosen), order, paging)
    rows = tx.execute(query.limit(_as_limit(limit + 1, len(chosen)))).all()
    views = _with_context(tx, principal, rows[:limit])
    return Page(views, _cursor(views[-1].problem, order) if len(rows) > limit else None)


def _as_limit(rows: int, filters: int) -> Any:
    """So many rows, which the planner is told only where one filter at the most narrows them.

    It takes filters for independent, counts on enough rows among the first that it reads, and goes
    through all cases where together they leave none. Not told, it expects a tenth to be wanted.
    """
    return rows if filters <= 1 else sa.select(sa.literal(rows)).scalar_subquery()


def _in_order(query: Any, order: Order, paging: Paging) -> Any:
    """The page after the cursor, by the key of the order."""
    if order is Order.NEWEST:
        before = paging.after_id()
        query = query.order_by(col(Problem.id).desc())
        return query if before is None else query.where(col(Problem.id) < before)
    after = paging.after_instant_and_id()
    if order is Order.FOUND:
        key = sa.tuple_(col(Problem.found_at), col(Problem.id))
        query = query.order_by(col(Problem.found_at).desc(), col(Problem.id).desc())
        return query if after is None else query.where(key < after)
    key = sa.tuple_(col(Problem.deadline_at), col(Problem.id))
    query = query.order_by(col(Problem.deadline_at), col(Problem.id))
    return query if after is None else query.where(key > after)


def _cursor(last: Problem, order: Order) -> str:
    if order is Order.NEWEST:
        return encode_cursor(str(last.id))
    instant = last.found_at if order is Order.FOUND else last.deadline_at
    assert instant is not None  # noqa: S101 - a clock that runs has a deadline
    return encode_cursor(instant.isoformat(), str(last.id))


def get_problem(tx: Session, principal: Principal, number: str) -> ProblemView:
    """A problem in reach by its number; else there is none."""
    rows = tx.execute(_visible(principal).where(col(Problem.number) == number)).all()
    if not rows:
        raise NotFound("problem.not-found")
    return _with_context(tx, principal, rows)[0]


def get_problem_by_id(tx: Session, principal: Principal, problem_id: UUID) -> ProblemView:
    """A problem that exists, in reach or not, as the caller may see it."""
    rows = tx.execute(_problems().where(col(Problem.id) == problem_id)).all()
    return _with_context(tx, principal, rows)[0]


_other: Any = sa.orm.aliased(Problem)


def _problems() -> Any:
    return (
        sa.select(Problem, Site, Category, Line, _other.number)
        .join(Site, col(Site.id) == Problem.site_id, isouter=True)
        .join(Category, col(Category.id) == Problem.category_id, isouter=True)
        .join(Line, col(Line.id) == Problem.line_id)
        .join(_other, _other.id == Problem.merged_into_id, isouter=True)
    )


def _visible(principal: Principal) -> Any:
    return _problems().where(is_visible(principal))


def visible_ids(principal: Principal) -> Any:
    """The ids of the problems that a caller may see."""
    return sa.select(col(Problem.id)).where(is_visible(principal))


def is_visible(principal: Principal) -> Any:
    """Problems in reach; not those of a visit to which the caller is to be blind as yet."""
    reached = within_reach(
        principal.postings,
        area=col(Problem.area_path),
        line=col(Problem.line_id),
        answerable=col(Problem.answerable_path),
    )
    hidden = is_hidden_from(principal, col(Problem.visit_id))
    return reached if hidden is None else sa.and_(reached, ~hidden)


def _with_context(tx: Session, principal: Principal, rows: Sequence[Any]) -> list[ProblemView]:
    problems = [row[0] for row in rows]
    areas = organisation.describe_areas(tx, [problem.area_id for problem in problems])
    units = organisation.find_units_by_id(
        tx, [one.answerable_unit_id for one in problems if one.answerable_unit_id]
    )
    photos = _photos_of(tx, principal, [problem.id for problem in problems])
    return [
        ProblemView(
            problem,
            site,
            category,
            line,
            areas[problem.area_id],
            units.get(problem.answerable_unit_id) if problem.answerable_unit_id else None,
            merged_into,
            photos.get(problem.id, []),
        )
        for problem, site, category, line, merged_into in rows
    ]


def _photos_of(
    tx: Session, principal: Principal, problem_ids: Sequence[UUID]
) -> dict[UUID, list[Photo]]:
    hidden = is_photo_hidden_from(principal, col(ProblemPhoto.photo_id))
    query = (
        select(ProblemPhoto.problem_id, Photo)
        .join(Photo, col(Photo.id) == ProblemPhoto.photo_id)
        .where(col(ProblemPhoto.problem_id).in_(problem_ids))
    )
    if hidden is not None:
        query = query.where(~hidden)
    rows = tx.exec(query.order_by(col(ProblemPhoto.problem_id), col(ProblemPhoto.position))).all()
    found: dict[UUID, list[Photo]] = {}
    for problem_id, photo in rows:
        found.setdefault(problem_id, []).append(photo)
    return found


@dataclass(frozen=True)
class SeenFinding:
    """A finding of a visit's present revision, with what its ledger entry takes from it."""

    finding: Finding
    answer: Answer
    item: Item
    visit: Visit
    revision: VisitRevision
    area_id: UUID
    answerable_path: str | None
    site_lat: float | None
    site_lon: float | None

    @property
    def site_point(self) -> Point | None:
        """Where the site is, in WGS-84."""
        if self.site_lat is None or self.site_lon is None:
            return None
        return Point(self.site_lat, self.site_lon)


def present_findings(tx: Session, visit_id: UUID) -> list[SeenFinding]:
    """The findings of a visit's present revision, in the order in which they were given."""
    unit: Any = sa.orm.aliased(Unit)
    area: Any = sa.orm.aliased(Unit)
    query: Any = (
        sa.select(
            Finding,
            Answer,
            Item,
            Visit,
            VisitRevision,
            sa.func.coalesce(area.id, col(Site.unit_id)),
            unit.path,
            col(Site.wgs84_lat),
            col(Site.wgs84_lon),
        )
        .join(VisitRevision, col(VisitRevision.id) == Finding.revision_id)
        .join(Visit, col(Visit.current_revision_id) == VisitRevision.id)
        .join(Site, col(Site.id) == Visit.site_id)
        .join(
            Answer,
            sa.and_(
                col(Answer.revision_id) == Finding.revision_id,
                col(Answer.item_id) == Finding.item_id,
            ),
        )
        .join(Item, col(Item.id) == Finding.item_id)
        .join(unit, unit.id == Answer.answerable_unit_id, isouter=True)
        .join(area, area.path == Answer.area_path, isouter=True)
        .where(col(Visit.id) == visit_id)
        .order_by(col(Answer.position), col(Finding.position))
    )
    return [SeenFinding(*row) for row in tx.execute(query).all()]


def lock_problems_of_visit(tx: Session, visit_id: UUID) -> dict[UUID, Problem]:
    """The entries that the findings of a visit opened, by finding, locked."""
    rows = tx.exec(
        select(Problem)
        .where(Problem.visit_id == visit_id)
        .order_by(col(Problem.id))
        .with_for_update()
    ).all()
    return {one.finding_id: one for one in rows if one.finding_id is not None}


def photo_ids_of(tx: Session, problem_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Per entry the photos of the fault that it names, in their order."""
    rows = tx.exec(
        select(ProblemPhoto)
        .where(col(ProblemPhoto.problem_id).in_(problem_ids), col(ProblemPhoto.event_seq).is_(None))
        .order_by(col(ProblemPhoto.problem_id), col(ProblemPhoto.position))
    ).all()
    found: dict[UUID, list[UUID]] = {problem_id: [] for problem_id in problem_ids}
    for row in rows:
        found[row.problem_id].append(row.photo_id)
    return found


def photos_of_findings(tx: Session, revision_id: UUID) -> dict[UUID, list[UUID]]:
    """Per finding its photos; findings without any get those of their answer."""
    rows = tx.exec(
        select(VisitPhoto)
        .where(VisitPhoto.revision_id == revision_id, col(VisitPhoto.item_id).is_not(None))
        .order_by(col(VisitPhoto.id))
    ).all()
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        key = row.finding_id or row.item_id
        assert key is not None  # noqa: S101 - item_id is not null by the query
        found.setdefault(key, []).append(row.photo_id)
    return found


def next_serials(tx: Session, count: int) -> list[int]:
    """Fresh serials for document numbers; a rolled-back one leaves a gap, never a duplicate."""
    statement = sa.text("SELECT nextval(:name) FROM generate_series(1, :count)")
    names = {"name": PROBLEM_SERIAL.name, "count": count}
    return [int(row[0]) for row in tx.connection().execute(statement, names)]
