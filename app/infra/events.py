"""Events: what happened, recorded in the transaction in which it happened.

An event row is the audit trail, the queue and the change feed in one. It is immutable (a trigger
refuses UPDATE and DELETE); only its ``seq`` is filled in once, after commit, by the sequencer.
Committed rows become visible in another order than their ids, so a reader that followed the ids
would skip some; ``seq`` is given to rows that are already visible and is therefore a safe cursor.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from app.infra import business_time
from app.infra.columns import Instant, Json, id_column
from app.infra.jobs import enqueue
from app.kit import clock
from app.kit.ids import new_id

SEQUENCER_LOCK = 0x44554441
_ACTOR = "event_actor"
_ABOUT_ACTOR = ("actor_id", "request_id", "address", "deputy_for")


class Event(SQLModel, table=True):
    """One business change: who did what to what, when, from where."""

    __tablename__ = "event"
    __table_args__ = (
        sa.Index("uq_event_seq", "seq", unique=True),
        sa.Index("ix_event_unplaced", "id", postgresql_where=sa.text("seq IS NULL")),
        sa.Index("ix_event_subject", "subject_type", "subject_id", "id"),
        sa.Index("ix_event_actor", "actor_id", "seq"),
        sa.Index("ix_event_recorded_at", "recorded_at", postgresql_using="brin"),
    )

    id: UUID = id_column()
    seq: int | None = Field(default=None, sa_type=sa.BigInteger)
    kind: str = Field(max_length=80)
    subject_type: str = Field(max_length=40)
    subject_id: UUID
    actor_id: UUID | None
    request_id: str | None = Field(max_length=64)
    address: str | None = Field(max_length=64)
    deputy_for: list[UUID] | None = Field(default=None, sa_type=sa.ARRAY(sa.Uuid))
    happened_at: Instant
    recorded_at: Instant
    data: Json


def name_actor(tx: Session, **actor: Any) -> None:
    """Say who acts; later events of the transaction carry it.

    ``actor_id``, ``request_id``, ``address``, and ``deputy_for``: the people whose offices the
    actor holds as a deputy.
    """
    known = tx.info.setdefault(_ACTOR, dict.fromkeys(_ABOUT_ACTOR))
    known.update(actor)


def record(tx: Session, kind: str, *, subject: tuple[str, UUID], **data: Any) -> UUID:
    """Write one event into the running transaction, at once; returns its id.

    ``data`` must be plain JSON values.
    """
    name_actor(tx)
    event_id = new_id()
    row = {
        "id": event_id,
        "kind": kind,
        "subject_type": subject[0],
        "subject_id": subject[1],
        "happened_at": business_time.now(tx),
        "recorded_at": clock.real_now(),
        "data": data,
        **tx.info[_ACTOR],
    }
    tx.connection().execute(_INSERT, row)
    return event_id


def record_many(
    tx: Session, kind: str, subject_type: str, changes: Sequence[tuple[UUID, Mapping[str, Any]]]
) -> None:
    """Write one event per (subject, data) in one round trip."""
    name_actor(tx)
    happened_at, recorded_at = business_time.now(tx), clock.real_now()
    rows = [
        {
            "id": new_id(),
            "kind": kind,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "happened_at": happened_at,
            "recorded_at": recorded_at,
            "data": dict(data),
            **tx.info[_ACTOR],
        }
        for subject_id, data in changes
    ]
    if rows:
        tx.connection().execute(_INSERT, rows)


_INSERT = sa.insert(Event.__table__)  # type: ignore[attr-defined]


def newest_kind(tx: Session, *, subject: tuple[str, UUID], kinds: Sequence[str]) -> str | None:
    """Which of these kinds happened last to a subject; None where none did."""
    row = col(Event.subject_type) == subject[0], col(Event.subject_id) == subject[1]
    newest = (
        sa.select(col(Event.kind))
        .where(*row, col(Event.kind).in_(kinds))
        .order_by(col(Event.id).desc())
        .limit(1)
    )
    return tx.connection().execute(newest).scalar()


def place_events(
    tx: Session, *, handlers: Mapping[str, Sequence[str]], batch: int, at: datetime
) -> int:
    """Give committed events their places and make one job per handler; returns how many.

    Only one sequencer works at a time (a transaction-wide advisory lock); a second one returns 0
    at once. ``handlers`` maps an event kind to the names of its handlers.
    """
    locked = tx.connection().execute(sa.select(sa.func.pg_try_advisory_xact_lock(SEQUENCER_LOCK)))
    if not locked.scalar_one():
        return 0
    placed = tx.connection().execute(_PLACE, {"batch": batch}).all()
    enqueue(tx, [(event_id, name) for event_id, kind in placed for name in handlers[kind]], at=at)
    return len(placed)


# Its snapshot is taken after the lock is held, so it sees every place given before.
_PLACE = sa.text("""
WITH waiting AS (SELECT id FROM event WHERE seq IS NULL ORDER BY id LIMIT :batch),
numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM waiting),
newest AS (SELECT coalesce(max(seq), 0) AS seq FROM event)
UPDATE event SET seq = newest.seq + numbered.place FROM numbered, newest
WHERE event.id = numbered.id RETURNING event.id, event.kind
""")
