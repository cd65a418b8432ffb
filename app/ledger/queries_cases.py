"""Reads around one case: locked for a move, its history, its alarms, its limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Item
from app.evidence.rules import PhotoState
from app.evidence.tables import Photo
from app.inspections.tables import Finding
from app.kit.errors import NotFound
from app.kit.workdays import Limit, LimitUnit
from app.ledger import queries
from app.ledger.effects import WITH_UNIT
from app.ledger.settings import LedgerRules
from app.ledger.tables import (
    LedgerSettings,
    Problem,
    ProblemAlarm,
    ProblemEvent,
    ProblemPhoto,
    WorkDone,
)
from app.people.tables import Person
from app.web.principal import Principal


def read_rules(tx: Session) -> LedgerRules:
    """How the city runs its ledger."""
    return LedgerRules.read(read_document(tx))


def read_document(tx: Session) -> dict[str, Any]:
    """The same as it was loaded; empty where nothing was."""
    row = tx.exec(select(LedgerSettings)).first()
    return row.document if row else {}


def lock_problem(tx: Session, principal: Principal, number: str) -> Problem:
    """A problem in reach, held until the transaction ends; else there is none."""
    seen = queries.visible_ids(principal).where(col(Problem.number) == number)
    query = select(Problem).where(col(Problem.id).in_(seen)).with_for_update()
    found = tx.exec(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound("problem.not-found")
    return found


def lock_in_order(tx: Session, principal: Principal, numbers: Sequence[str]) -> dict[str, Problem]:
    """Hold what of these is in reach, in order of the ids as everybody does who holds several.

    So no two wait for each other. Returns them by number.
    """
    seen = queries.visible_ids(principal).where(col(Problem.number).in_(numbers))
    query = select(Problem).where(col(Problem.id).in_(seen)).order_by(col(Problem.id))
    query = query.with_for_update().execution_options(populate_existing=True)
    return {one.number: one for one in tx.exec(query)}


def find_to_merge_into(tx: Session, principal: Principal, number: str) -> Problem | None:
    """A problem in reach by its number; held, so that two are not merged into each other."""
    seen = queries.visible_ids(principal).where(col(Problem.number) == number)
    return tx.exec(select(Problem).where(col(Problem.id).in_(seen)).with_for_update()).first()


def item_limit(tx: Session, problem: Problem) -> Limit | None:
    """The limit of the checklist item under which a problem was found."""
    if problem.finding_id is None:
        return None
    row = tx.exec(
        select(Item.limit_quantity, Item.limit_unit)
        .join(Finding, col(Finding.item_id) == Item.id)
        .where(Finding.revision_id == problem.revision_id, Finding.id == problem.finding_id)
    ).first()
    if row is None or row[0] is None or row[1] is None:
        return None
    return Limit(row[0], LimitUnit(row[1]))


@dataclass(frozen=True)
class Happened:
    """One event of a case, and who did it."""

    event: ProblemEvent
    actor: Person | None


def history_of(tx: Session, problem_id: UUID) -> list[Happened]:
    """All events of a case in their order."""
    rows = tx.execute(
        sa.select(ProblemEvent, Person)
        .join(Person, col(Person.id) == ProblemEvent.actor_id, isouter=True)
        .where(col(ProblemEvent.problem_id) == problem_id)
        .order_by(col(ProblemEvent.seq))
    ).all()
    return [Happened(event, person) for event, person in rows]


def histories(
    tx: Session, *, after: UUID | None, limit: int
) -> list[tuple[Problem, list[ProblemEvent]]]:
    """Cases in order of their ids, each with all its events in order: two statements."""
    query = select(Problem).order_by(col(Problem.id)).limit(limit)
    problems = tx.exec(query if after is None else query.where(col(Problem.id) > after)).all()
    events: dict[UUID, list[ProblemEvent]] = {one.id: [] for one in problems}
    of_these = select(ProblemEvent).where(col(ProblemEvent.problem_id).in_(list(events)))
    for event in tx.exec(of_these.order_by(col(ProblemEvent.problem_id), col(ProblemEvent.seq))):
        events[event.problem_id].append(event)
    return [(one, events[one.id]) for one in problems]


def work_of(tx: Session, problem_id: UUID) -> Sequence[WorkDone]:
    """What the newest report-back says that was done."""
    query = select(WorkDone).where(WorkDone.problem_id == problem_id)
    return tx.exec(query.order_by(col(WorkDone.kind), col(WorkDone.unit))).all()


def next_photo_position(tx: Session, problem_id: UUID) -> int:
    """Where the next photo of a case goes."""
    query = select(sa.func.max(ProblemPhoto.position)).where(ProblemPhoto.problem_id == problem_id)
    highest = tx.exec(query).one()
    return 0 if highest is None else int(highest) + 1


def brought_by(tx: Session, problem_id: UUID) -> dict[UUID, int | None]:
    """Per photo of a case, the event that brought it; None for those of the fault itself."""
    rows = tx.exec(
        select(ProblemPhoto.photo_id, ProblemPhoto.event_seq).where(
            ProblemPhoto.problem_id == problem_id
        )
    ).all()
    return dict(rows)


def last_event(tx: Session, problem_id: UUID, action: str) -> int | None:
    """The place of the newest event of a kind."""
    query = select(sa.func.max(ProblemEvent.seq)).where(
        ProblemEvent.problem_id == problem_id, ProblemEvent.action == action
    )
    return tx.exec(query).one()


def count_not_stored(tx: Session, problem_id: UUID, event_seq: int | None) -> int:
    """How many photos that an event brought are not there as yet."""
    query = (
        select(sa.func.count())
        .select_from(ProblemPhoto)
        .join(Photo, col(Photo.id) == ProblemPhoto.photo_id, isouter=True)
        .where(
            ProblemPhoto.problem_id == problem_id,
            ProblemPhoto.event_seq == event_seq,
            col(Photo.state).is_distinct_from(PhotoState.STORED),
        )
    )
    return tx.exec(query).one()


def lock_due(tx: Session, *, now: datetime, limit: int) -> Sequence[Problem]:
    """Problems to which the clock has something to do now, each held by one worker alone."""
    waiting = col(ProblemAlarm.done_at).is_(None), col(ProblemAlarm.due_at) <= now
    due = sa.select(col(ProblemAlarm.problem_id)).where(*waiting)
    due = due.order_by(col(ProblemAlarm.due_at)).limit(limit)
    query = select(Problem).where(col(Problem.id).in_(due)).order_by(col(Problem.id))
    return tx.exec(query.with_for_update(skip_locked=True)).all()


def due_alarms(tx: Session, ids: Sequence[UUID], *, now: datetime) -> Sequence[ProblemAlarm]:
    """What is due for these problems, in its order; call it with the problems held."""
    query = select(ProblemAlarm).where(
        col(ProblemAlarm.problem_id).in_(ids),
        col(ProblemAlarm.done_at).is_(None),
        col(ProblemAlarm.due_at) <= now,
    )
    query = query.order_by(col(ProblemAlarm.problem_id), col(ProblemAlarm.due_at))
    return tx.exec(query.execution_options(populate_existing=True)).all()


def lock_running(tx: Session, *, after: UUID | None, limit: int) -> Sequence[Problem]:
    """Problems whose clock runs, in order of their ids, held."""
    query = select(Problem).where(col(Problem.state).in_(WITH_UNIT))
    if after is not None:
        query = query.where(col(Problem.id) > after)
    return tx.exec(query.order_by(col(Problem.id)).limit(limit).with_for_update()).all()
