"""What a visit stands on, locked in one order: round, site, visit.

The round is held FOR SHARE, so that closing it waits for us; the site is locked, so that of
several commands about its visits at the same time each sees what the one before it left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.rules import VersionState
from app.inspections.content import VisitContent
from app.inspections.tables import Answer, Visit, VisitRevision
from app.organisation.tables import Unit
from app.rounds import queries_tasks as tasks
from app.rounds.rules import RoundState, Source
from app.rounds.tables import Round
from app.sites.tables import Site


@dataclass(frozen=True)
class Ground:
    """What a new visit stands on; ``taken``: another visit counts there already."""

    round_state: RoundState
    source: Source
    site: Site
    area: Unit
    checklist_id: UUID
    version_id: UUID
    site_category: str
    taken: bool
    blind: bool


@dataclass(frozen=True)
class GroundFound:
    """What was found of the ground; None where the body named something unknown.

    ``known``: a visit with this id is stored. ``on_task``: the task is the caller's, for this
    site in this round.
    """

    round_state: RoundState | None
    source: Source | None
    site: Site | None
    area: Unit | None
    checklist_id: UUID | None
    version_id: UUID | None
    site_category: str | None
    known: bool
    taken: bool
    on_task: bool
    blind: bool

    def whole(self) -> Ground | None:
        """The ground, if every part of it is known."""
        parts = vars(self) | {}
        del parts["known"], parts["on_task"]
        return None if None in parts.values() else Ground(**parts)


_TARGET = sa.text("""
SELECT v.checklist_id, v.id, c.site_category,
       EXISTS (SELECT FROM visit WHERE id = :visit_id),
       EXISTS (SELECT FROM visit other
               WHERE other.round_id = :round_id AND other.site_id = :site_id
                 AND other.source = :source AND other.checklist_id = c.id AND other.counting),
       EXISTS (SELECT FROM task t JOIN task_member m ON m.task_id = t.id
               WHERE t.id = :task_id AND t.round_id = :round_id AND t.site_id = :site_id
                 AND m.person_id = :person_id),
       EXISTS (SELECT FROM task b WHERE b.id = :task_id AND b.blind)
FROM (SELECT 1) one
LEFT JOIN checklist c ON c.code = :checklist
LEFT JOIN checklist_version v ON v.checklist_id = c.id AND v.number = :number
     AND v.state = :published
""")


def lock_ground(tx: Session, content: VisitContent, person_id: UUID) -> GroundFound:
    """Round, site and checklist version of a new visit, and what is there already."""
    held = _hold_round(tx, content.round_id)
    place = tx.exec(
        select(Site, Unit)
        .join(Unit, col(Unit.id) == Site.unit_id)
        .where(Site.code == content.site)
        .with_for_update(of=Site, key_share=True)
    ).first()
    site, area = place or (None, None)
    state, source = held or (None, None)
    parameters = {
        "visit_id": content.id,
        "round_id": content.round_id,
        "site_id": site.id if site else None,
        "source": source,
        "task_id": content.task_id,
        "person_id": person_id,
        "checklist": content.checklist,
        "number": content.version,
        "published": VersionState.PUBLISHED.value,
    }
    # After the locks, so that it sees what those before us have committed.
    checklist, version, category, known, taken, on_task, blind = (
        tx.connection().execute(_TARGET, parameters).one()
    )
    return GroundFound(
        state, source, site, area, checklist, version, category, known, taken, on_task, blind
    )


def _hold_round(tx: Session, round_id: UUID) -> tuple[RoundState, Source] | None:
    held = tx.connection().execute(
        sa.select(col(Round.state), col(Round.source))
        .where(col(Round.id) == round_id)
        .with_for_update(read=True)
    )
    row = held.first()
    return (RoundState(row[0]), Source(row[1])) if row else None


@dataclass(frozen=True)
class Held:
    """A visit under the hands of one command: nobody else changes what counts at its site."""

    round_state: RoundState
    visit: Visit
    revision: VisitRevision
    taken: bool
    blind: bool


def hold_visit(tx: Session, visit: Visit) -> Held:
    """Lock round, site and visit of a visit that exists, and read it anew."""
    held = _hold_round(tx, visit.round_id)
    assert held is not None  # noqa: S101 - a foreign key says so
    tx.connection().execute(
        sa.select(col(Site.id)).where(col(Site.id) == visit.site_id).with_for_update(key_share=True)
    )
    fresh = lock_visit(tx, visit.id)
    revision = tx.exec(
        select(VisitRevision).where(VisitRevision.id == fresh.current_revision_id)
    ).one()
    counting = find_counting(tx, fresh)
    taken = counting is not None and counting.id != fresh.id
    blind = fresh.task_id is not None and tasks.is_blind(tx, fresh.task_id)
    return Held(held[0], fresh, revision, taken, blind)


def lock_visit(tx: Session, visit_id: UUID) -> Visit:
    """A visit that exists, locked and as it is now."""
    query: Any = select(Visit).where(Visit.id == visit_id).with_for_update()
    visit: Visit = tx.exec(query.execution_options(populate_existing=True)).one()
    return visit


def find_counting(tx: Session, visit: Visit) -> Visit | None:
    """The visit that counts where this one is, be it itself."""
    query: Any = select(Visit).where(
        Visit.round_id == visit.round_id,
        Visit.site_id == visit.site_id,
        Visit.source == visit.source,
        Visit.checklist_id == visit.checklist_id,
        col(Visit.counting),
    )
    found: Visit | None = tx.exec(query.execution_options(populate_existing=True)).first()
    return found


def frozen_answers(tx: Session, visit_id: UUID) -> dict[UUID, tuple[UUID, str] | None]:
    """Per item that any revision answered: who answers for it, as frozen by the first of them."""
    query: Any = (
        sa.select(col(Answer.item_id), col(Unit.id), col(Unit.path))
        .join(VisitRevision, col(VisitRevision.id) == Answer.revision_id)
        .join(Unit, col(Unit.id) == Answer.answerable_unit_id, isouter=True)
        .where(col(VisitRevision.visit_id) == visit_id)
        .order_by(col(VisitRevision.number).desc())
    )
    rows = tx.execute(query).all()
    return {item: (unit, path) if unit else None for item, unit, path in rows}


def first_revision(tx: Session, visit_id: UUID) -> VisitRevision:
    """What was sent first."""
    return tx.exec(
        select(VisitRevision).where(VisitRevision.visit_id == visit_id, VisitRevision.number == 1)
    ).one()


def find_revision(tx: Session, revision_id: UUID) -> VisitRevision | None:
    """A revision by its id."""
    return tx.exec(select(VisitRevision).where(VisitRevision.id == revision_id)).first()


def find_visit(tx: Session, visit_id: UUID) -> Visit | None:
    """A visit by its client-made id."""
    return tx.exec(select(Visit).where(Visit.id == visit_id)).first()


def site_of(tx: Session, visit_id: UUID) -> Site:
    """The site of a visit that exists."""
    query = select(Site).join(Visit, col(Visit.site_id) == Site.id).where(Visit.id == visit_id)
    return tx.exec(query).one()


def counting_at(tx: Session, site_id: UUID) -> Sequence[Visit]:
    """The visits that count at a site, in any round, in a fixed order for locking."""
    return tx.exec(
        select(Visit)
        .where(Visit.site_id == site_id, col(Visit.counting))
        .order_by(col(Visit.round_id), col(Visit.id))
    ).all()
