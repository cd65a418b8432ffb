"""Reads of tasks: who they are for, and what is needed to plan them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.rules import VersionState
from app.checklists.tables import Checklist, ChecklistVersion
from app.organisation.queries import at_or_below
from app.organisation.rules import UnitKind, codes_of
from app.organisation.tables import Unit
from app.people.tables import Person, PostingRow
from app.rounds.tables import Round, Task, TaskHandOver, TaskMember
from app.sites.rules import SiteState
from app.sites.tables import Site


def is_member(
    tx: Session, *, task_id: UUID, person_id: UUID, site_id: UUID, round_id: UUID
) -> bool:
    """Whether the task is or was this person's, at this site, in this round.

    Who has handed it over may have been there before his phone knew: his visit is not refused.
    """
    found = tx.exec(
        select(TaskMember.task_id)
        .join(Task, col(Task.id) == TaskMember.task_id)
        .where(TaskMember.task_id == task_id, TaskMember.person_id == person_id)
        .where(Task.site_id == site_id, Task.round_id == round_id)
    ).first()
    return found is not None


def is_blind(tx: Session, task_id: UUID) -> bool:
    """Whether a task is the second, independent visit to its site, which does not count."""
    found = tx.exec(select(Task.blind).where(Task.id == task_id)).first()
    return bool(found)


@dataclass(frozen=True)
class Place:
    """A site that a task may be planned at, with the path of its unit."""

    id: UUID
    code: str
    category: str
    area_path: str


def find_places(tx: Session, codes: Sequence[str]) -> dict[str, Place]:
    """Sites by code, for planning."""
    return {place.code: place for place in _places(tx, col(Site.code).in_(set(codes)))}


def list_places(
    tx: Session, *, categories: Sequence[str], areas: Sequence[str], limit: int
) -> list[Place]:
    """Active sites of some categories at or below some areas (paths), by code, up to ``limit``."""
    inside = sa.or_(sa.false(), *(at_or_below(col(Unit.path), path) for path in areas))
    active = sa.and_(col(Site.state) == SiteState.ACTIVE, col(Site.category).in_(categories))
    return _places(tx, sa.and_(active, inside), limit=limit)


def _places(tx: Session, which: Any, limit: int | None = None) -> list[Place]:
    rows = tx.exec(
        select(Site.id, Site.code, Site.category, Unit.path)
        .join(Unit, col(Unit.id) == Site.unit_id)
        .where(which)
        .order_by(col(Site.code))
        .limit(limit)
    ).all()
    return [Place(*row) for row in rows]


def kinds_by_code(tx: Session, paths: Sequence[str]) -> dict[str, UnitKind]:
    """The kinds of all units on some paths."""
    codes = {code for path in paths for code in codes_of(path)}
    rows = tx.exec(select(Unit).where(col(Unit.code).in_(codes))).all()
    return {unit.code: unit.kind for unit in rows}


@dataclass(frozen=True)
class Edition:
    """A published checklist version, for planning."""

    id: UUID
    site_category: str


def find_editions(tx: Session, named: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Edition]:
    """Published checklist versions by code and number."""
    rows = tx.exec(
        select(
            Checklist.code, ChecklistVersion.number, ChecklistVersion.id, Checklist.site_category
        )
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .where(
            sa.tuple_(col(Checklist.code), col(ChecklistVersion.number)).in_(set(named)),
            ChecklistVersion.state == VersionState.PUBLISHED,
        )
    ).all()
    return {(code, number): Edition(key, category) for code, number, key, category in rows}


Key = tuple[UUID, UUID, bool]


def planned_keys(tx: Session, round_id: UUID) -> set[Key]:
    """Site, checklist version and blindness of the tasks that a round has."""
    rows = tx.exec(
        select(Task.site_id, Task.checklist_version_id, Task.blind).where(
            Task.round_id == round_id, col(Task.cancelled_at).is_(None)
        )
    ).all()
    return {(site, version, blind) for site, version, blind in rows}


@dataclass(frozen=True)
class TaskGround:
    """A task with its round and whose round it is."""

    task: Task
    round: Round
    owner: Unit


def lock_task(tx: Session, task_id: UUID) -> TaskGround | None:
    """A task, locked, with its round; None where there is none."""
    query: Any = (
        sa.select(Task, Round, Unit)
        .join(Round, col(Round.id) == Task.round_id)
        .join(Unit, col(Unit.id) == Round.unit_id)
        .where(col(Task.id) == task_id)
        .with_for_update(of=Task)
    )
    row = tx.execute(query).first()
    return TaskGround(*row) if row else None


def members_of(tx: Session, task_id: UUID) -> Sequence[TaskMember]:
    """Everybody whom a task is or was for."""
    return tx.exec(select(TaskMember).where(TaskMember.task_id == task_id)).all()


def find_hand_over(tx: Session, hand_over_id: UUID) -> TaskHandOver | None:
    """A hand-over by the id that the phone made."""
    return tx.exec(select(TaskHandOver).where(TaskHandOver.id == hand_over_id)).first()


def login_of(tx: Session, person_id: UUID) -> str:
    """The login of somebody who exists."""
    return tx.exec(select(Person.login).where(Person.id == person_id)).one()


def share_a_unit(tx: Session, one: UUID, other: UUID) -> bool:
    """Whether two people hold postings at the same unit."""
    first: Any = sa.orm.aliased(PostingRow)
    second: Any = sa.orm.aliased(PostingRow)
    found = tx.execute(
        sa.select(first.id)
        .join(second, second.unit_id == first.unit_id)
        .where(first.person_id == one, second.person_id == other)
        .where(first.valid_to.is_(None), second.valid_to.is_(None))
        .limit(1)
    ).first()
    return found is not None
