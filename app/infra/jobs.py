"""Jobs: one row per (event, handler), claimed with SKIP LOCKED and deleted when done.

A job is claimed in a short transaction that sets a lease and counts the attempt, so that a job
which kills its worker is not tried for ever. It ends in the same transaction as its effects. A
worker that dies leaves its jobs to others when the lease runs out; handlers run at least once and
therefore repeat safely. A job that failed too often stays as a dead row that somebody can see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel, col

from app.infra.columns import Instant, id_column
from app.kit.ids import new_id

MAX_ATTEMPTS = 12
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 600.0
_OUTAGE_RETRY_S = 15.0


class Job(SQLModel, table=True):
    """Work that an event calls for and that is not done yet."""

    __tablename__ = "job"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "handler"),
        sa.Index("ix_job_due", "run_at", "id", postgresql_where=sa.text("NOT dead")),
    )

    id: UUID = id_column()
    event_id: UUID = Field(foreign_key="event.id")
    handler: str = Field(max_length=80)
    attempts: int = 0
    run_at: Instant
    lease: UUID | None = None
    dead: bool = False
    last_error: str | None = Field(default=None, max_length=2000)


@dataclass(frozen=True)
class Claim:
    """A job that is ours until its lease runs out, with the event that caused it."""

    job_id: UUID
    lease: UUID
    handler: str
    attempts: int
    kind: str
    subject_id: UUID
    actor_id: UUID | None
    happened_at: datetime
    data: dict[str, Any]


def enqueue(tx: Session, work: Sequence[tuple[UUID, str]], *, at: datetime) -> None:
    """Add jobs; a pair (event, handler) that is there already is left alone."""
    if not work:
        return
    rows = [
        {"id": new_id(), "event_id": event, "handler": name, "attempts": 0, "run_at": at}
        | {"dead": False}
        for event, name in work
    ]
    tx.connection().execute(insert(Job).on_conflict_do_nothing(), rows)


# A job that was claimed too often without an end killed its workers: it is not tried again.
_CLAIM = sa.text("""
WITH spent AS (
  UPDATE job SET dead = true, last_error = coalesce(last_error, 'its worker died every time')
  WHERE NOT dead AND run_at <= :now AND attempts >= :most
), due AS (
  SELECT id, run_at, handler FROM job WHERE NOT dead AND run_at <= :now AND attempts < :most
  ORDER BY run_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
), ranked AS (
  SELECT id, row_number() OVER places AS place,
         count(*) FILTER (WHERE handler = ANY(:alone)) OVER places AS slow
  FROM due WINDOW places AS (ORDER BY run_at, id)
), taken AS (
  UPDATE job SET lease = :lease, run_at = :until, attempts = job.attempts + 1
  FROM ranked WHERE job.id = ranked.id AND (ranked.place = 1 OR ranked.slow = 0)
  RETURNING job.id, job.event_id, job.handler, job.attempts
)
SELECT taken.id, taken.handler, taken.attempts, event.kind, event.subject_id, event.actor_id,
       event.happened_at, event.data
FROM taken JOIN event ON event.id = taken.event_id ORDER BY taken.id
""")


def claim(
    tx: Session,
    *,
    now: datetime,
    lease_for: timedelta,
    batch: int,
    alone: Sequence[str] = (),
) -> list[Claim]:
    """Take up to ``batch`` due jobs for ``lease_for``; nobody else gets them meanwhile.

    They share one lease. A job whose handler is named in ``alone`` may need all of it and is taken
    alone; the jobs before it go first.
    """
    lease = new_id()
    parameters = {
        "now": now,
        "batch": batch,
        "lease": lease,
        "until": now + lease_for,
        "most": MAX_ATTEMPTS,
        "alone": list(alone),
    }
    rows = tx.connection().execute(_CLAIM, parameters).all()
    return [Claim(row[0], lease, *row[1:]) for row in rows]


def finish(tx: Session, job: Claim) -> bool:
    """Delete the job in the transaction of its effects; False when the lease was lost meanwhile."""
    mine = sa.and_(col(Job.id) == job.job_id, col(Job.lease) == job.lease)
    return bool(tx.exec(sa.delete(Job).where(mine)).rowcount)


def renew(tx: Session, job: Claim, *, until: datetime) -> bool:
    """Keep the job for longer; False when the lease was lost: it is another's by now."""
    mine = sa.and_(col(Job.id) == job.job_id, col(Job.lease) == job.lease)
    return bool(tx.exec(sa.update(Job).where(mine).values(run_at=until)).rowcount)


def put_back(tx: Session, job: Claim, *, error: str, now: datetime, counts: bool = True) -> bool:
    """Plan the next attempt with growing pauses; returns True when the job is dead from now on.

    ``counts=False`` is for a fault that is not the job's, such as a store that is down: the
    attempt is not held against it, however long that lasts.
    """
    attempts = job.attempts if counts else job.attempts - 1
    pause = min(_FIRST_RETRY_S * 2**attempts, _LONGEST_RETRY_S if counts else _OUTAGE_RETRY_S)
    dead = attempts >= MAX_ATTEMPTS
    tx.exec(
        sa.update(Job)
        .where(col(Job.id) == job.job_id, col(Job.lease) == job.lease)
        .values(
            lease=None,
            attempts=attempts,
            run_at=now + timedelta(seconds=pause),
            dead=dead,
            last_error=error[:2000],
        )
    )
    return dead


@dataclass(frozen=True)
class DeadJob:
    """A job that was given up, for the person who looks after it."""

    id: UUID
    handler: str
    kind: str
    subject_id: UUID
    attempts: int
    last_error: str | None


def list_dead(tx: Session, *, limit: int) -> list[DeadJob]:
    """Dead jobs, oldest first."""
    rows = tx.connection().execute(_DEAD, {"limit": limit}).all()
    return [DeadJob(*row) for row in rows]


_DEAD = sa.text("""
SELECT job.id, job.handler, event.kind, event.subject_id, job.attempts, job.last_error
FROM job JOIN event ON event.id = job.event_id WHERE job.dead ORDER BY job.id LIMIT :limit
""")


def revive_dead(tx: Session, *, now: datetime) -> int:
    """Give every dead job a fresh start, after its cause was removed; returns how many."""
    statement = sa.update(Job).where(col(Job.dead)).values(dead=False, attempts=0, run_at=now)
    return tx.exec(statement).rowcount


def count_jobs(tx: Session) -> tuple[int, int]:
    """How many jobs wait or run, and how many are dead."""
    dead = sa.func.count().filter(col(Job.dead))
    row = tx.connection().execute(sa.select(sa.func.count() - dead, dead).select_from(Job)).one()
    return int(row[0]), int(row[1])
