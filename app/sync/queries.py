"""Reads of the change feed: events in their places, those of one person's photos and visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.tables import Photo
from app.infra.events import Event
from app.inspections.tables import Visit
from app.kit.errors import Gone
from app.sync.rules import OF_PHOTOS, OF_VISITS, SPAN


@dataclass(frozen=True)
class Span:
    """Events of one person in the places after one and up to another; ``more`` come after it."""

    events: Sequence[Event]
    upto: int
    more: bool


def newest_place(tx: Session) -> int:
    """The place of the newest event that has one; 0 where nothing has happened."""
    return tx.exec(select(sa.func.max(col(Event.seq)))).one() or 0


def own_changes(tx: Session, person_id: UUID, *, after: int) -> Span:
    """What happened to a person's photos and visits, within the next ``SPAN`` places.

    Raises ``Gone`` where nothing has that place yet: the database was put back to an earlier day.
    """
    newest = newest_place(tx)
    if after > newest:
        raise Gone("sync.cursor-ahead")
    upto = min(after + SPAN, newest)
    own = sa.or_(
        _of(Photo, OF_PHOTOS, col(Photo.owner_id) == person_id),
        _of(Visit, OF_VISITS, col(Visit.submitted_by) == person_id),
    )
    rows = select(Event).where(col(Event.seq) > after, col(Event.seq) <= upto, own)
    return Span(tx.exec(rows.order_by(col(Event.seq))).all(), upto, upto < newest)


def _of(
    table: type[Photo] | type[Visit], kinds: frozenset[str], is_own: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Events of these kinds about a row of a table that is the person's own."""
    its = sa.exists().where(col(table.id) == col(Event.subject_id), is_own)
    return sa.and_(col(Event.kind).in_(sorted(kinds)), its)
