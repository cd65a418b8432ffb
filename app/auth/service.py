"""Sign-in, refresh with a grace window, revocation.

A refresh replaces the token by a child. If the answer is lost, the phone sends the old token again
and gets another child, as long as no child has been used and the grace window lasts: a lost answer
must not log an inspector out in the field. A replaced token that turns up outside of that is taken
for a stolen one and ends the whole session.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.auth import passwords, queries
from app.auth.tables import AccessToken, AuthSession, Credential, RefreshToken
from app.config import Settings
from app.infra import events
from app.kit import clock
from app.kit.errors import Unauthorised
from app.kit.ids import new_token, token_digest


@dataclass(frozen=True)
class Tokens:
    """A fresh pair; the strings exist only here and at the phone."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


def set_password(tx: Session, *, person_id: UUID, password: str) -> None:
    """Give a person a new password."""
    tx.merge(
        Credential(
            person_id=person_id,
            password_hash=passwords.hash_password(password),
            changed_at=clock.real_now(),
        )
    )
    events.record(tx, "person.password-set", subject=("person", person_id))
    tx.flush()


def sign_in(
    tx: Session, settings: Settings, *, login: str, password: str, device_id: UUID | None
) -> Tokens:
    """A new session for the right password; raises ``Unauthorised`` otherwise."""
    found = queries.find_credential(tx, login)
    if not passwords.is_password(password, found[1].password_hash if found else None):
        raise Unauthorised("auth.bad-credentials")
    assert found is not None  # noqa: S101 - is_password is False for nobody
    person = found[0]
    session = AuthSession(person_id=person.id, device_id=device_id, created_at=clock.real_now())
    tx.add(session)
    tx.flush()
    events.name_actor(tx, actor_id=person.id)
    events.record(tx, "auth.signed-in", subject=("auth_session", session.id))
    return _issue(tx, settings, session.id, parent=None)


@dataclass(frozen=True)
class Refused:
    """The refresh was refused; ``revoked`` says that the session has been ended by it."""

    revoked: bool


def refresh(tx: Session, settings: Settings, *, refresh_token: str) -> Tokens | Refused:
    """A new pair for a living refresh token.

    A refusal is returned, not raised: the end of a session that was stolen has to be committed.
    """
    now = clock.real_now()
    found = queries.lock_refresh_token(tx, token_digest(refresh_token))
    if found is None:
        return Refused(revoked=False)
    token, session = found
    enabled = queries.is_enabled(tx, session.person_id)
    if session.revoked_at is not None or token.expires_at <= now or not enabled:
        return Refused(revoked=False)
    if _is_replayed(token, now, timedelta(seconds=settings.refresh_grace_s)):
        _end_session(tx, session)
        return Refused(revoked=True)
    if token.superseded_at is None:
        token.superseded_at = now
        tx.add(token)
    _confirm_parent(tx, token, now)
    tx.exec(
        sa.delete(AccessToken).where(
            col(AccessToken.session_id) == session.id, col(AccessToken.expires_at) <= now
        )
    )
    return _issue(tx, settings, session.id, parent=token.digest)


def _is_replayed(token: RefreshToken, now: datetime, grace: timedelta) -> bool:
    """Whether a replaced token is back although its child was used or its window is over."""
    if token.superseded_at is None:
        return False
    return token.confirmed_at is not None or now > token.superseded_at + grace


def _confirm_parent(tx: Session, token: RefreshToken, now: datetime) -> None:
    """The child is in use, so the phone has it: its parent's window closes."""
    if token.parent_digest is None:
        return
    tx.exec(
        sa.update(RefreshToken)
        .where(col(RefreshToken.digest) == token.parent_digest)
        .where(col(RefreshToken.confirmed_at).is_(None))
        .values(confirmed_at=now)
    )


def revoke(tx: Session, *, session_id: UUID) -> None:
    """End a session with all its tokens."""
    session = tx.get(AuthSession, session_id)
    if session is not None and session.revoked_at is None:
        _end_session(tx, session)


def _end_session(tx: Session, session: AuthSession) -> None:
    session.revoked_at = clock.real_now()
    tx.add(session)
    events.record(tx, "auth.session-ended", subject=("auth_session", session.id))
    tx.flush()


def _issue(tx: Session, settings: Settings, session_id: UUID, *, parent: str | None) -> Tokens:
    now = clock.real_now()
    access, refresh_token = new_token(), new_token()
    tx.add(
        AccessToken(
            digest=token_digest(access),
            session_id=session_id,
            expires_at=now + timedelta(seconds=settings.access_token_s),
        )
    )
    tx.add(
        RefreshToken(
            digest=token_digest(refresh_token),
            session_id=session_id,
            parent_digest=parent,
            expires_at=now + timedelta(seconds=settings.refresh_token_s),
        )
    )
    tx.flush()
    return Tokens(access, refresh_token, settings.access_token_s, settings.refresh_token_s)
