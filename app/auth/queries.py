"""Reads of credentials, sessions, tokens and keys; the caller of a request in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.auth.tables import (
    AccessToken,
    ApiKey,
    ApiKeyArea,
    ApiKeyLine,
    AuthSession,
    Credential,
    OneTimeCode,
    RefreshToken,
)
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.kit.reach import Posting
from app.organisation.tables import Line, Unit
from app.people.tables import Person

# Own postings, and those that somebody has lent. An administrator's may be without a unit.
_CALLER = sa.text("""
SELECT s.id, p.id, p.login, o.role, coalesce(u.path, '/'),
       CASE WHEN o.unit_id IS NULL THEN ARRAY['/'] ELSE
       ARRAY(SELECT a.path FROM posting_area pa JOIN unit a ON a.id = pa.unit_id
             WHERE pa.posting_id = o.id ORDER BY a.path) END,
       ARRAY(SELECT pl.line_id FROM posting_line pl WHERE pl.posting_id = o.id ORDER BY 1),
       o.lent_by, s.device_id
FROM access_token t
JOIN auth_session s ON s.id = t.session_id AND s.revoked_at IS NULL
JOIN person p ON p.id = s.person_id AND p.disabled_at IS NULL
LEFT JOIN LATERAL (
  SELECT own.id, own.role, own.unit_id, NULL::uuid AS lent_by FROM posting own
  WHERE own.person_id = p.id AND own.valid_from <= :today
    AND (own.valid_to IS NULL OR own.valid_to >= :today)
  UNION ALL
  SELECT lent.id, lent.role, lent.unit_id, lent.person_id
  FROM deputy d JOIN posting lent ON lent.id = d.posting_id
  WHERE d.person_id = p.id AND d.valid_from <= :today AND d.valid_to >= :today
    AND lent.valid_from <= :today AND (lent.valid_to IS NULL OR lent.valid_to >= :today)
) o ON true
LEFT JOIN unit u ON u.id = o.unit_id
WHERE t.digest = :digest AND t.expires_at > :now
ORDER BY o.id
""")


@dataclass(frozen=True)
class CallerRow:
    """Who holds a token, with the postings that are valid today."""

    session_id: UUID
    person_id: UUID
    login: str
    postings: tuple[Posting, ...]
    device_id: UUID | None


def find_caller(tx: Session, *, digest: str, now: datetime, today: date) -> CallerRow | None:
    """The holder of a living access token."""
    parameters = {"digest": digest, "now": now, "today": today}
    rows = tx.connection().execute(_CALLER, parameters).all()
    if not rows:
        return None
    postings = tuple(
        Posting(row[3], row[4], tuple(row[5]), tuple(row[6]), row[7]) for row in rows if row[3]
    )
    return CallerRow(rows[0][0], rows[0][1], rows[0][2], postings, rows[0][8])


_KEY = sa.text("""
SELECT k.id, k.name, k.prefix, k.role, k.scopes, k.last_used_at, u.path,
       ARRAY(SELECT a.path FROM api_key_area ka JOIN unit a ON a.id = ka.unit_id
             WHERE ka.key_id = k.id ORDER BY a.path),
       ARRAY(SELECT kl.line_id FROM api_key_line kl WHERE kl.key_id = k.id ORDER BY 1)
FROM api_key k JOIN unit u ON u.id = k.unit_id
WHERE k.digest = :digest AND k.revoked_at IS NULL AND k.expires_at > :now
""")


@dataclass(frozen=True)
class KeyRow:
    """A living key of a machine."""

    id: UUID
    prefix: str
    scopes: frozenset[str]
    last_used_at: datetime | None
    posting: Posting


def find_key(tx: Session, *, digest: str, now: datetime) -> KeyRow | None:
    """The living key with this digest."""
    row = tx.connection().execute(_KEY, {"digest": digest, "now": now}).first()
    if row is None:
        return None
    posting = Posting(row.role, row.path, tuple(row[7]), tuple(row[8]))
    return KeyRow(row.id, row.prefix, frozenset(row.scopes), row.last_used_at, posting)


def find_credential(tx: Session, login: str) -> tuple[Person, Credential] | None:
    """An enabled person with his credential."""
    return tx.exec(
        select(Person, Credential)
        .join(Credential, col(Credential.person_id) == Person.id)
        .where(Person.login == login, col(Person.disabled_at).is_(None))
    ).first()


def still_holds(tx: Session, credential: Credential) -> bool:
    """Whether password and person are still as they were read; nobody changes them until the end.

    Looking at a password takes a while: one that was changed meanwhile must not open a session
    that the change has not ended.
    """
    found = (
        select(Credential.person_id)
        .join(Person, col(Person.id) == Credential.person_id)
        .where(
            Credential.person_id == credential.person_id,
            Credential.password_hash == credential.password_hash,
            col(Person.disabled_at).is_(None),
        )
        .with_for_update(read=True)
    )
    return tx.exec(found).first() is not None


def lock_credential(tx: Session, person_id: UUID) -> Credential | None:
    """A person's credential, to be changed."""
    locked = select(Credential).where(Credential.person_id == person_id).with_for_update()
    return tx.exec(locked.execution_options(populate_existing=True)).first()


def lock_code(tx: Session, login: str) -> tuple[Person, OneTimeCode] | None:
    """The newest code of an enabled person, locked against a second redemption."""
    return tx.exec(
        select(Person, OneTimeCode)
        .join(OneTimeCode, col(OneTimeCode.person_id) == Person.id)
        .where(Person.login == login, col(Person.disabled_at).is_(None))
        .with_for_update(of=OneTimeCode)
    ).first()


def lock_refresh_token(tx: Session, digest: str) -> tuple[RefreshToken, AuthSession] | None:
    """A refresh token with its session, locked against a second refresh at the same time."""
    return tx.exec(
        select(RefreshToken, AuthSession)
        .join(AuthSession, col(AuthSession.id) == RefreshToken.session_id)
        .where(RefreshToken.digest == digest)
        .with_for_update()
    ).first()


def is_enabled(tx: Session, person_id: UUID) -> bool:
    """Whether the person may still sign in."""
    person = tx.get(Person, person_id)
    return person is not None and person.disabled_at is None


def list_sessions(tx: Session, person_id: UUID, *, now: datetime) -> Sequence[AuthSession]:
    """The sessions of a person that can still be used or refreshed, newest first."""
    living = [
        select(token.digest)
        .where(token.session_id == AuthSession.id, col(token.expires_at) > now)
        .correlate(AuthSession)
        .exists()
        for token in (RefreshToken, AccessToken)
    ]
    return tx.exec(
        select(AuthSession)
        .where(
            AuthSession.person_id == person_id,
            col(AuthSession.revoked_at).is_(None),
            sa.or_(*living),
        )
        .order_by(col(AuthSession.id).desc())
    ).all()


def lock_session(tx: Session, person_id: UUID, session_id: UUID) -> AuthSession:
    """A session of this person, to be ended."""
    row = tx.exec(
        select(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.person_id == person_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("session.not-found")
    return row


def lock_open_sessions(
    tx: Session, person_id: UUID, *, but: UUID | None = None
) -> Sequence[AuthSession]:
    """The sessions of a person that are not revoked, to be ended."""
    query = select(AuthSession).where(
        AuthSession.person_id == person_id, col(AuthSession.revoked_at).is_(None)
    )
    if but is not None:
        query = query.where(AuthSession.id != but)
    return tx.exec(query.order_by(col(AuthSession.id)).with_for_update()).all()


def get_person(tx: Session, person_id: UUID) -> Person:
    """The person behind a principal, who exists because his token did."""
    return tx.exec(select(Person).where(Person.id == person_id)).one()


@dataclass(frozen=True)
class KeyView:
    """A key with the names of what it reaches."""

    key: ApiKey
    unit: Unit
    areas: tuple[Unit, ...]
    lines: tuple[Line, ...]
    created_by: Person


def list_keys(tx: Session, *, after: UUID | None, limit: int) -> Page[KeyView]:
    """All keys, also ended ones, newest first."""
    query = select(ApiKey).order_by(col(ApiKey.id).desc()).limit(limit + 1)
    if after is not None:
        query = query.where(col(ApiKey.id) < after)
    rows = tx.exec(query).all()
    more = len(rows) > limit
    cursor = encode_cursor(str(rows[limit - 1].id)) if more else None
    return Page(_key_views(tx, rows[:limit]), cursor)


def get_key(tx: Session, key_id: UUID) -> KeyView:
    """One key."""
    row = tx.exec(select(ApiKey).where(ApiKey.id == key_id)).first()
    if row is None:
        raise NotFound("api-key.not-found")
    return _key_views(tx, [row])[0]


def lock_key(tx: Session, key_id: UUID) -> ApiKey:
    """A key, to be revoked."""
    row = tx.exec(select(ApiKey).where(ApiKey.id == key_id).with_for_update()).first()
    if row is None:
        raise NotFound("api-key.not-found")
    return row


def _key_views(tx: Session, keys: Sequence[ApiKey]) -> list[KeyView]:
    ids = [key.id for key in keys]
    units = _by_id(tx, Unit, {key.unit_id for key in keys})
    makers = _by_id(tx, Person, {key.created_by for key in keys})
    areas = _linked(tx, Unit, ApiKeyArea.key_id, ApiKeyArea.unit_id, ids)
    lines = _linked(tx, Line, ApiKeyLine.key_id, ApiKeyLine.line_id, ids)
    return [
        KeyView(
            key,
            units[key.unit_id],
            tuple(areas.get(key.id, ())),
            tuple(lines.get(key.id, ())),
            makers[key.created_by],
        )
        for key in keys
    ]


def _by_id(tx: Session, table: Any, ids: set[UUID]) -> dict[UUID, Any]:
    return {row.id: row for row in tx.exec(select(table).where(table.id.in_(ids))).all()}


def _linked(
    tx: Session, table: Any, key_id: Any, linked_id: Any, ids: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    rows: Any = tx.exec(
        select(key_id, table)
        .join(table, table.id == linked_id)
        .where(key_id.in_(ids))
        .order_by(table.code)
    ).all()
    found: dict[UUID, list[Any]] = {}
    for key, row in rows:
        found.setdefault(key, []).append(row)
    return found
