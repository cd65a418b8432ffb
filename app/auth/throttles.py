"""How often a sign-in may be tried, by account and by address.

A try is counted, and committed, before the password is looked at: however many processes are asked
at once, no more than the quota is looked at. What turns out right is given back. Unknown accounts
are counted like known ones, and nobody can tell from the throttle whether an account is there.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from app.auth.rules import address_key
from app.config import Settings
from app.infra.db import Database
from app.kit import clock
from app.kit.errors import TooMany
from app.kit.throttle import Allowance, Quota

_SWEPT_AT_ONCE = 20
_SECOND = timedelta(seconds=1)

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


def account_quota(settings: Settings) -> Quota:
    """Tries on one account, from wherever."""
    return Quota("sign-in", settings.sign_in_account_tries, settings.sign_in_window_s)


def address_quota(settings: Settings) -> Quota:
    """Tries from one address, on whatever account."""
    return Quota("sign-in-address", settings.sign_in_address_tries, settings.sign_in_window_s)


def take_sign_in(
    database: Database, settings: Settings, *, login: str, address: str | None
) -> Allowance:
    """Count one try, in a transaction of its own; raises ``TooMany``, which counts nothing."""
    now = clock.real_now()
    with database.transaction() as own:
        left = take(own, account_key(login), account_quota(settings), now=now)
        take(own, _from(address), address_quota(settings), now=now)
        own.connection().execute(_SWEEP, {"now": now, "most": _SWEPT_AT_ONCE})
    return left


def give_back_sign_in(tx: Session, settings: Settings, *, login: str, address: str | None) -> None:
    """The password was right: the account starts afresh, the address has its try back."""
    forgive_account(tx, login)
    step = address_quota(settings).step
    tx.connection().execute(_GIVE_BACK, {"key": _from(address), "step": step})


def forgive_account(tx: Session, login: str) -> None:
    """Forget the tries of an account, for somebody has shown that it is his."""
    tx.connection().execute(_FORGIVE, {"key": account_key(login)})


def take(tx: Session, key: str, quota: Quota, *, now: datetime) -> Allowance:
    """Count one try of a key; ``TooMany`` where its quota is used up."""
    given: dict[str, Any] = {"key": key, "now": now, "step": quota.step, "window": quota.window}
    busy_until = tx.connection().execute(_TAKE, given).scalar()
    if busy_until is None:
        busy_until = tx.connection().execute(_LOOK, {"key": key}).scalar() or now
        raise TooMany("auth.too-many", quota=quota, wait_s=quota.wait_s(busy_until, now))
    full_in_s = -((now - busy_until) // _SECOND)
    return Allowance(quota, quota.remaining(busy_until, now), full_in_s)


def account_key(login: str) -> str:
    """What is kept of a login that was typed: a digest, for some type their password there."""
    return "account:" + hashlib.sha256(login.casefold().encode()).hexdigest()


def _from(address: str | None) -> str:
    return "address:" + address_key(address)
