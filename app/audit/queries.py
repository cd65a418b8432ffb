"""Reads of the audit log: the events themselves, newest first, with the names of who acted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.auth.tables import ApiKey
from app.infra.events import Event
from app.kit.paging import Page, encode_cursor
from app.people.queries import find_people_by_id


@dataclass(frozen=True)
class Asked:
    """What an auditor looks for; nothing means all."""

    actor_id: UUID | None = None
    kind: str | None = None
    subject_type: str | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Actor:
    """A person, or a machine's key."""

    login: str
    name: str


def list_events(tx: Session, asked: Asked, *, before: int | None, limit: int) -> Page[Event]:
    """Events in their places, newest first; one that has no place yet comes within a second.

    ``since`` and ``until`` bound the real time of recording, the end excluded.
    """
    query = select(Event).where(*_conditions(asked)).order_by(col(Event.seq).desc())
    if before is not None:
        query = query.where(col(Event.seq) < before)
    rows = tx.exec(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(_place(rows[limit - 1])) if more else None)


def _conditions(asked: Asked) -> list[Any]:
    conditions: list[Any] = [col(Event.seq).is_not(None)]
    equal = {
        "actor_id": asked.actor_id,
        "kind": asked.kind,
        "subject_type": asked.subject_type,
        "subject_id": asked.subject_id,
        "address": asked.address,
        "request_id": asked.request_id,
    }
    conditions += [
        getattr(Event, name) == value for name, value in equal.items() if value is not None
    ]
    if asked.since is not None:
        conditions.append(col(Event.recorded_at) >= asked.since)
    if asked.until is not None:
        conditions.append(col(Event.recorded_at) < asked.until)
    return conditions


def _place(event: Event) -> int:
    assert event.seq is not None  # noqa: S101 - only events with a place are listed
    return event.seq


def name_actors(tx: Session, rows: Sequence[Event]) -> dict[UUID, Actor]:
    """Who acted in these events and for whom; two statements whatever their number."""
    ids = {event.actor_id for event in rows if event.actor_id is not None}
    ids |= {lender for event in rows for lender in event.deputy_for or ()}
    people = find_people_by_id(tx, list(ids))
    keys = tx.exec(select(ApiKey).where(col(ApiKey.id).in_(ids - set(people)))).all()
    return {
        **{key: Actor(person.login, person.name) for key, person in people.items()},
        **{key.id: Actor(key.prefix, key.name) for key in keys},
    }
