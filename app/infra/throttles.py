"""How often something may be tried, kept in rows: every process counts the same tries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from app.infra.columns import Instant
from app.kit.throttle import Allowance, Quota

_SWEPT_AT_ONCE = 20
_SECOND = timedelta(seconds=1)


class Throttle(SQLModel, table=True):
    """Until when a key has used up its tries (``kit/throttle.py``)."""

    __tablename__ = "throttle"
    __table_args__ = (sa.Index("ix_throttle_busy_until", "busy_until"),)

    key: str = Field(primary_key=True, max_length=100)
    busy_until: Instant


_TAKE = sa.text("""
INSERT INTO throttle AS t (key, busy_until) VALUES (:key, :now + :step)
ON CONFLICT (key) DO UPDATE SET busy_until = greatest(t.busy_until, :now) + :step
WHERE greatest(t.busy_until, :now) + :step <= :now + :window
RETURNING busy_until
""")
_LOOK = sa.text("SELECT busy_until FROM throttle WHERE key = :key")
_FORGIVE = sa.text("DELETE FROM throttle WHERE key = :key")
_GIVE_BACK = sa.text("UPDATE throttle SET busy_until = busy_until - :step WHERE key = :key")
_SWEEP = sa.text("""
DELETE FROM throttle WHERE key IN (
  SELECT key FROM throttle WHERE busy_until < :now ORDER BY busy_until LIMIT :most
  FOR UPDATE SKIP LOCKED)
""")


@dataclass(frozen=True)
class UsedUp:
    """No try is left; the next one is possible in so many seconds."""

    quota: Quota
    wait_s: int


def take(tx: Session, key: str, quota: Quota, *, now: datetime) -> Allowance | UsedUp:
    """Count one try of a key; where its quota is used up, nothing is counted."""
    given: dict[str, Any] = {"key": key, "now": now, "step": quota.step, "window": quota.window}
    busy_until = tx.connection().execute(_TAKE, given).scalar()
    if busy_until is None:
        busy_until = tx.connection().execute(_LOOK, {"key": key}).scalar() or now
        return UsedUp(quota, quota.wait_s(busy_until, now))
    full_in_s = -((now - busy_until) // _SECOND)
    return Allowance(quota, quota.remaining(busy_until, now), full_in_s)


def give_back(tx: Session, key: str, quota: Quota) -> None:
    """One try of a key is not to count."""
    tx.connection().execute(_GIVE_BACK, {"key": key, "step": quota.step})


def forgive(tx: Session, key: str) -> None:
    """Forget the tries of a key."""
    tx.connection().execute(_FORGIVE, {"key": key})


def sweep(tx: Session, *, now: datetime) -> None:
    """Drop some keys that have all their tries again."""
    tx.connection().execute(_SWEEP, {"now": now, "most": _SWEPT_AT_ONCE})
