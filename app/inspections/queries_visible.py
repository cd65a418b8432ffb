"""Which visits a caller may see, one by one and as a list.

Who was there sees a visit; others see it by reach: through an answer, or, since a site that could
not be inspected has no answers, through its area if all lines are theirs. While a round runs, who
inspected a site himself does not see what somebody else found there: two views of one site stay
blind to each other until the close.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import ChecklistVersion, Item
from app.inspections.rules import Outcome
from app.inspections.tables import Answer, Visit, VisitCrew, VisitPhoto, VisitRevision
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation import queries as organisation
from app.organisation.queries import at_or_below, within_reach
from app.organisation.tables import Unit
from app.people.tables import Person
from app.rounds.rules import RoundState, Source
from app.rounds.tables import Round, Task, TaskMember
from app.sites.tables import Site
from app.web.principal import Principal

HEADQUARTERS = "visit.read-double"
_RUNNING = (RoundState.PLANNED, RoundState.OPEN)
# Made once: an alias takes longer to make than the rest of its query.
_answerable: Any = sa.orm.aliased(Unit)
_own: Any = sa.orm.aliased(Visit)


@dataclass(frozen=True)
class VisitView:
    """A visit with one of its revisions, its site and area, and who was there."""

    visit: Visit
    revision: VisitRevision
    site: Site
    area: Unit | None
    people: Sequence[Person]

    def was_there(self, principal: Principal) -> bool:
        """Whether the caller submitted the visit or was in the crew."""
        return any(person.id == principal.user_id for person in self.people)


def get_visible_visit(
    tx: Session, visit_id: UUID, principal: Principal, *, number: int | None = None
) -> VisitView:
    """A visit that the caller may see, at its present revision or at revision ``number``.

    What may be seen is decided by the present revision; without it, there is no visit.
    """
    seen = tx.execute(_visits(principal).where(col(Visit.id) == visit_id)).first()
    if seen is None:
        raise NotFound("visit.not-found")
    visit, revision, site, area = seen[:4]
    if number is not None and number != revision.number:
        revision = tx.exec(
            select(VisitRevision).where(
                VisitRevision.visit_id == visit_id, VisitRevision.number == number
            )
        ).first()
        if revision is None:
            raise NotFound("visit.no-such-revision")
    people = people_of(tx, [visit.current_revision_id])
    return VisitView(visit, revision, site, area, people[visit.current_revision_id])


def people_of(tx: Session, revision_ids: Sequence[UUID]) -> dict[UUID, list[Person]]:
    """Per revision those who were there, who submitted the visit first."""
    submitter: Any = sa.select(
        col(VisitRevision.id).label("revision_id"),
        col(Visit.submitted_by).label("person_id"),
        sa.literal(0).label("place"),
    ).join(Visit, col(Visit.id) == VisitRevision.visit_id)
    crew = sa.select(col(VisitCrew.revision_id), col(VisitCrew.person_id), sa.literal(1))
    there = sa.union_all(
        submitter.where(col(VisitRevision.id).in_(revision_ids)),
        crew.where(col(VisitCrew.revision_id).in_(revision_ids)),
    ).subquery()
    query: Any = (
        sa.select(there.c.revision_id, Person)
        .join(Person, col(Person.id) == there.c.person_id)
        .order_by(there.c.place, col(Person.login))
    )
    found: dict[UUID, list[Person]] = {revision_id: [] for revision_id in revision_ids}
    for revision_id, person in tx.execute(query).all():
        found[revision_id].append(person)
    return found


def _visits(principal: Principal) -> Any:
    """The visits that the caller may see with present revision, site, area and submitter."""
    return (
        sa.select(Visit, VisitRevision, Site, Unit, Person)
        .join(VisitRevision, col(VisitRevision.id) == Visit.current_revision_id)
        .join(Site, col(Site.id) == Visit.site_id)
        .join(Unit, col(Unit.path) == VisitRevision.area_path, isouter=True)
        .join(Person, col(Person.id) == Visit.submitted_by)
        .where(_visible_to(principal))
    )


def is_visible(principal: Principal, *, only_there: bool = False) -> Any:
    """For other queries that join a visit and its present revision: the caller may see it.

    ``only_there``: he was there himself.
    """
    return _was_there(Visit, principal.user_id) if only_there else _visible_to(principal)


def is_hidden_from(principal: Principal, visit_id: Any) -> Any:
    """For what a visit brings forth: whether the caller must stay blind to the visit as yet.

    None where he never must, because he does not inspect or is headquarters.
    """
    if not _inspects(principal):
        return None
    hidden = sa.and_(~_was_there(Visit, principal.user_id), _is_blind_to(principal))
    return sa.exists().where(col(Visit.id) == visit_id, hidden)


def is_photo_hidden_from(principal: Principal, photo_id: Any) -> Any:
    """The same for a photo: one that any revision of such a visit names. None as above."""
    hidden = is_hidden_from(principal, col(VisitRevision.visit_id))
    if hidden is None:
        return None
    return sa.exists().where(
        col(VisitPhoto.photo_id) == photo_id,
        col(VisitRevision.id) == col(VisitPhoto.revision_id),
        hidden,
    )


def _inspects(principal: Principal) -> bool:
    return principal.has("visit.submit") and not principal.has(HEADQUARTERS)


def _visible_to(principal: Principal) -> Any:
    was_there = _was_there(Visit, principal.user_id)
    by_area = within_reach(
        principal.postings,
        area=col(VisitRevision.area_path),
        line=sa.cast(sa.null(), sa.Uuid),
        answerable=None,
    )
    by_answer = (
        sa.exists()
        .where(col(Answer.revision_id) == col(Visit.current_revision_id))
        .where(
            within_reach(
                principal.postings,
                area=col(Answer.area_path),
                line=col(Answer.line_id),
                answerable=sa.select(_answerable.path)
                .where(_answerable.id == Answer.answerable_unit_id)
                .scalar_subquery(),
            )
        )
    )
    if _inspects(principal):
        return sa.or_(was_there, sa.and_(sa.or_(by_area, by_answer), ~_is_blind_to(principal)))
    return sa.or_(was_there, by_area, by_answer)


def _was_there(visit: Any, person_id: UUID) -> Any:
    in_crew = sa.exists().where(
        col(VisitCrew.revision_id) == visit.current_revision_id,
        col(VisitCrew.person_id) == person_id,
    )
    return sa.or_(visit.submitted_by == person_id, in_crew)


def _is_blind_to(principal: Principal) -> Any:
    """The round runs, and the caller inspects the same site with the same list himself.

    He has done so, or a blind task says that he is to do so yet.
    """
    running = sa.exists().where(
        col(Round.id) == col(Visit.round_id), col(Round.state).in_(_RUNNING)
    )
    inspected = sa.exists().where(
        _own.round_id == Visit.round_id,
        _own.site_id == Visit.site_id,
        _own.source == Visit.source,
        _own.checklist_id == Visit.checklist_id,
        _own.id != Visit.id,
        _was_there(_own, principal.user_id),
    )
    is_to_inspect = sa.exists().where(
        col(TaskMember.task_id) == col(Task.id),
        col(TaskMember.person_id) == principal.user_id,
        col(Task.round_id) == Visit.round_id,
        col(Task.site_id) == Visit.site_id,
        col(Task.blind),
        col(Task.cancelled_at).is_(None),
        col(ChecklistVersion.id) == col(Task.checklist_version_id),
        col(ChecklistVersion.checklist_id) == Visit.checklist_id,
    )
    return sa.and_(running, sa.or_(inspected, is_to_inspect))


@dataclass(frozen=True)
class VisitFilters:
    """What a list of visits is narrowed to; ``unit`` and everything below it."""

    round_id: UUID | None = None
    unit: str | None = None
    site: str | None = None
    source: Source | None = None
    submitter: str | None = None
    counting: bool | None = None
    complete: bool | None = None
    late: bool | None = None
    undecided: bool | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class ListedVisit:
    """One row of the list."""

    visit: Visit
    revision: VisitRevision
    site: Site
    area: Unit | None
    submitter: Person


def list_visits(
    tx: Session,
    principal: Principal,
    filters: VisitFilters,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Page[ListedVisit]:
    """Visits that the caller may see, what came last first."""
    query = _visits(principal).order_by(col(Visit.received_at).desc(), col(Visit.id).desc())
    query = query.where(*_narrowed(tx, filters)).limit(limit + 1)
    if before is not None:
        query = query.where(sa.tuple_(col(Visit.received_at), col(Visit.id)) < before)
    rows = [ListedVisit(*row) for row in tx.execute(query).all()]
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1].visit
    return Page(rows[:limit], encode_cursor(last.received_at.isoformat(), str(last.id)))


def _narrowed(tx: Session, filters: VisitFilters) -> list[Any]:
    equal: list[tuple[Any, Any]] = [
        (col(Visit.round_id), filters.round_id),
        (col(Site.code), filters.site),
        (col(Visit.source), filters.source),
        (col(Person.login), filters.submitter),
        (col(Visit.counting), filters.counting),
        (col(Visit.late), filters.late),
        (col(VisitRevision.outcome), filters.outcome),
        (col(Visit.completed_at).is_not(None), filters.complete),
        (sa.and_(col(Visit.late), col(Visit.late_decision).is_(None)), filters.undecided),
    ]
    clauses = [column == value for column, value in equal if value is not None]
    if filters.unit is not None:
        upper = organisation.get_unit(tx, filters.unit)
        clauses.append(at_or_below(col(VisitRevision.area_path), upper.path))
    return clauses


@dataclass(frozen=True)
class RevisionView:
    """A revision and who made it."""

    revision: VisitRevision
    person: Person


def list_revisions(tx: Session, visit_id: UUID) -> list[RevisionView]:
    """All revisions of a visit, the first one first."""
    rows = tx.exec(
        select(VisitRevision, Person)
        .join(Person, col(Person.id) == VisitRevision.submitted_by)
        .where(VisitRevision.visit_id == visit_id)
        .order_by(col(VisitRevision.number))
    ).all()
    return [RevisionView(*row) for row in rows]


def others_at(tx: Session, visit: Visit) -> Sequence[Visit]:
    """The other visits for the same round, site, source and checklist, in order of arrival."""
    return tx.exec(
        select(Visit)
        .where(
            Visit.round_id == visit.round_id,
            Visit.site_id == visit.site_id,
            Visit.source == visit.source,
            Visit.checklist_id == visit.checklist_id,
            Visit.id != visit.id,
        )
        .order_by(col(Visit.received_at), col(Visit.id))
    ).all()


def values_of(tx: Session, revision_ids: Sequence[UUID]) -> Mapping[UUID, dict[str, str]]:
    """Per revision its answers: item code -> value."""
    rows = tx.exec(
        select(Answer.revision_id, Item.code, Answer.value)
        .join(Item, col(Item.id) == Answer.item_id)
        .where(col(Answer.revision_id).in_(revision_ids))
    ).all()
    found: dict[UUID, dict[str, str]] = {revision_id: {} for revision_id in revision_ids}
    for revision_id, code, value in rows:
        found[revision_id][code] = value
    return found
