"""How often a sign-in may be tried, by account and by address.

A try is counted, and committed, before the password is looked at: however many processes are asked
at once, no more than the quota is looked at. What turns out right is given back. Unknown accounts
are counted like known ones, and nobody can tell from the throttle whether an account is there.
"""

import hashlib
from datetime import datetime

from sqlmodel import Session

from app.config import Settings
from app.infra import throttles
from app.infra.db import Database
from app.kit import clock
from app.kit.errors import TooMany
from app.kit.throttle import Allowance, Quota, address_key


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
        throttles.sweep(own, now=now)
    return left


def give_back_sign_in(tx: Session, settings: Settings, *, login: str, address: str | None) -> None:
    """The password was right: the account starts afresh, the address has its try back."""
    forgive_account(tx, login)
    throttles.give_back(tx, _from(address), address_quota(settings))


def forgive_account(tx: Session, login: str) -> None:
    """Forget the tries of an account, for somebody has shown that it is his."""
    throttles.forgive(tx, account_key(login))


def take(tx: Session, key: str, quota: Quota, *, now: datetime) -> Allowance:
    """Count one try of a key; ``TooMany`` where its quota is used up."""
    left = throttles.take(tx, key, quota, now=now)
    if isinstance(left, throttles.UsedUp):
        raise TooMany("auth.too-many", quota=quota, wait_s=left.wait_s)
    return left


def account_key(login: str) -> str:
    """What is kept of a login that was typed: a digest, for some type their password there."""
    return "account:" + hashlib.sha256(login.casefold().encode()).hexdigest()


def _from(address: str | None) -> str:
    return "address:" + address_key(address)
