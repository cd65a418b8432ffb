"""Sign-in, refresh with a grace window, the ends of sessions.

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
from app.auth.tables import AccessToken, AuthSession, RefreshToken
from app.config import Settings
from app.infra import events
from app.kit import clock
from app.kit.ids import new_token, token_digest


@dataclass(frozen=True)
class Tokens:
    """A fresh pair; the strings exist only here and at the phone."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True)
class Device:
    """From what and where somebody signs in, as far as it is known."""

    id: UUID | None = None
    name: str | None = None
    app_version: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Refused:
    """Sign-in or refresh was refused; ``revoked`` says that the session has been ended by it.

    It is returned, not raised: what was noted of it has to be committed.
    """

    revoked: bool = False


NOBODY = UUID(int=0)


def sign_in(
    tx: Session, settings: Settings, *, login: str, password: str, device: Device
) -> Tokens | Refused:
    """A new session for the right password.

    An account that is not there costs what a wrong password costs, the row in the log included.
    The login that was typed is not kept: some type their password there.
    """
    found = queries.find_credential(tx, login)
    right = passwords.is_password(password, found[1].password_hash if found else None)
    if found is None or not right or not queries.still_holds(tx, found[1]):
        subject = ("person", found[0].id if found else NOBODY)
        events.record(tx, "auth.sign-in-refused", subject=subject)
        return Refused()
    now = clock.real_now()
    session = AuthSession(
        person_id=found[0].id,
        device_id=device.id,
        device_name=device.name,
        app_version=device.app_version,
        address=device.address,
        created_at=now,
        last_used_at=now,
    )
    tx.add(session)
    tx.flush()
    events.name_actor(tx, actor_id=found[0].id)
    events.record(tx, "auth.signed-in", subject=("auth_session", session.id))
    return _issue(tx, settings, session.id, parent=None)


def refresh(
    tx: Session, settings: Settings, *, refresh_token: str, device: Device
) -> Tokens | Refused:
    """A new pair for a living refresh token, on the device that it was given to."""
    now = clock.real_now()
    found = queries.lock_refresh_token(tx, token_digest(refresh_token))
    if found is None:
        return Refused(revoked=False)
    token, session = found
    enabled = queries.is_enabled(tx, session.person_id)
    if session.revoked_at is not None or token.expires_at <= now or not enabled:
        return Refused(revoked=False)
    if session.device_id is not None and session.device_id != device.id:
        return Refused(revoked=False)
    if _is_replayed(token, now, timedelta(seconds=settings.refresh_grace_s)):
        _end_session(tx, session)
        return Refused(revoked=True)
    if token.superseded_at is None:
        token.superseded_at = now
        tx.add(token)
    _confirm_parent(tx, token, now)
    session.last_used_at, session.address = now, device.address
    session.app_version = device.app_version or session.app_version
    tx.add(session)
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


def revoke_of(tx: Session, *, person_id: UUID, session_id: UUID) -> None:
    """End a session of this person; ``NotFound`` for anybody else's. Twice is once."""
    session = queries.lock_session(tx, person_id, session_id)
    if session.revoked_at is None:
        _end_session(tx, session)


def end_sessions(tx: Session, person_id: UUID, *, but: UUID | None = None) -> None:
    """End all sessions of a person, or all but one."""
    for session in queries.lock_open_sessions(tx, person_id, but=but):
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
