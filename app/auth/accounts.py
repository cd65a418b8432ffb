"""Accounts: passwords, one-time codes, who is let in; and the first administrator.

A new password, a reset and a shut account end the person's sessions. A one-time code is shown to
the administrator once, kept as an Argon2 hash, and good for one redemption, a few tries and a few
days; a new one takes the place of the old.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.auth import passwords, queries, rules, service
from app.auth.tables import Credential, OneTimeCode
from app.config import Settings
from app.infra import events
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.ids import plain_code
from app.organisation.rules import Role
from app.people import queries as people_queries
from app.people import service as people
from app.people.rules import Manager
from app.people.tables import Person

_FIRST_LOGIN = "admin"


@dataclass(frozen=True)
class Code:
    """A one-time code as it is shown, only here and once."""

    code: str
    expires_at: datetime


@dataclass(frozen=True)
class Refused:
    """The password or code was wrong. Returned, not raised: the lost try has to be committed."""


def set_password(tx: Session, *, person_id: UUID, password: str) -> None:
    """Give a person a password."""
    values = {
        "password_hash": passwords.hash_password(password),
        "changed_at": clock.real_now(),
    }
    statement = insert(Credential).values(person_id=person_id, **values)
    tx.connection().execute(
        statement.on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    events.record(tx, "person.password-set", subject=("person", person_id))


def check_password(settings: Settings, password: str, *, login: str, at: str) -> None:
    """Raises ``Invalid`` for a password that is too short or that is the login."""
    faults = rules.password_faults(password, login=login, least=settings.password_min_length, at=at)
    if faults:
        raise Invalid("auth.weak-password", faults=tuple(faults))


def change_password(
    tx: Session,
    settings: Settings,
    *,
    person_id: UUID,
    login: str,
    session_id: UUID,
    current: str,
    new: str,
) -> Refused | None:
    """A person's own new password; his other sessions end, the one he uses goes on."""
    check_password(settings, new, login=login, at="/new_password")
    credential = queries.lock_credential(tx, person_id)
    if not passwords.is_password(current, credential.password_hash if credential else None):
        events.record(tx, "auth.sign-in-refused", subject=("person", person_id))
        return Refused()
    set_password(tx, person_id=person_id, password=new)
    service.end_sessions(tx, person_id, but=session_id)
    return None


def issue_code(tx: Session, settings: Settings, *, person_id: UUID) -> Code:
    """A new one-time code; the old password is gone at once, and sessions end."""
    code, now = rules.new_code(), clock.real_now()
    expires_at = now + timedelta(seconds=settings.reset_code_s)
    values = {
        "code_hash": passwords.hash_password(plain_code(code)),
        "tries_left": rules.CODE_TRIES,
        "issued_at": now,
        "expires_at": expires_at,
        "used_at": None,
    }
    statement = insert(OneTimeCode).values(person_id=person_id, **values)
    tx.connection().execute(
        statement.on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    tx.connection().execute(sa.delete(Credential).where(col(Credential.person_id) == person_id))
    service.end_sessions(tx, person_id)
    events.record(
        tx, "person.code-issued", subject=("person", person_id), expires_at=expires_at.isoformat()
    )
    return Code(code, expires_at)


def redeem_code(tx: Session, *, login: str, code: str, new_password: str) -> Refused | None:
    """Set the password by a one-time code. Unknown accounts are refused alike and as slowly."""
    found = queries.lock_code(tx, login)
    row = found[1] if found and _is_open(found[1]) else None
    if not passwords.is_password(plain_code(code), row.code_hash if row else None):
        if row is not None:
            row.tries_left -= 1
            tx.add(row)
        person_id = found[0].id if found else service.NOBODY
        events.record(tx, "auth.code-refused", subject=("person", person_id))
        return Refused()
    assert found is not None  # noqa: S101 - is_password is False for nobody
    assert row is not None  # noqa: S101
    row.used_at = clock.real_now()
    tx.add(row)
    events.name_actor(tx, actor_id=found[0].id)
    set_password(tx, person_id=found[0].id, password=new_password)
    service.end_sessions(tx, found[0].id)
    return None


def _is_open(code: OneTimeCode) -> bool:
    return code.used_at is None and code.tries_left > 0 and code.expires_at > clock.real_now()


def reset(tx: Session, settings: Settings, *, login: str, manager: Manager, today: date) -> Code:
    """A one-time code for somebody whom the manager manages."""
    person = people_queries.lock_visible(tx, login, manager=manager, today=today)
    people.require_manageable(tx, person=person, manager=manager, today=today)
    return issue_code(tx, settings, person_id=person.id)


def shut(tx: Session, *, login: str, manager: Manager, today: date) -> Person:
    """Shut a person out and end his sessions."""
    person = people.disable_person(tx, login=login, manager=manager, today=today)
    service.end_sessions(tx, person.id)
    return person


@dataclass(frozen=True)
class FirstAdministrator:
    """The account that opens an empty installation; the password exists only here."""

    login: str
    password: str


def make_first_administrator(tx: Session) -> FirstAdministrator | None:
    """The first administrator, or None where there is or was one already.

    His posting has no unit: it holds for the whole city before there is any unit. Two processes
    that start at once make one.
    """
    people_queries.lock_administrators(tx)
    if people_queries.has_administrator(tx):
        return None
    password = secrets.token_urlsafe(15)
    person = people.create_person(
        tx, login=_FIRST_LOGIN, name="管理员", role=Role.HQ_ADMIN, unit=None, areas=[], lines=[]
    )
    set_password(tx, person_id=person.id, password=password)
    return FirstAdministrator(person.login, password)
