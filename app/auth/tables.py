"""Credentials, sessions, tokens, keys; of every secret only a digest is kept."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, id_column


class Credential(SQLModel, table=True):
    __tablename__ = "credential"

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    password_hash: str = Field(max_length=300)
    changed_at: Instant


class OneTimeCode(SQLModel, table=True):
    """The newest code of a person; a new one takes the place of the old."""

    __tablename__ = "one_time_code"
    __table_args__ = (sa.CheckConstraint("tries_left >= 0", name="tries_left"),)

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    code_hash: str = Field(max_length=300)
    tries_left: int
    issued_at: Instant
    expires_at: Instant
    used_at: Instant | None = None


class AuthSession(SQLModel, table=True):
    """One sign-in on one device; revoking it ends all its tokens.

    What was last seen is written at sign-in and refresh, not with every request.
    """

    __tablename__ = "auth_session"

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="person.id", index=True)
    device_id: UUID | None
    device_name: str | None = Field(default=None, max_length=100)
    app_version: str | None = Field(default=None, max_length=40)
    address: str | None = Field(default=None, max_length=64)
    created_at: Instant
    last_used_at: Instant | None = None
    revoked_at: Instant | None = None


class AccessToken(SQLModel, table=True):
    __tablename__ = "access_token"
    __table_args__ = (sa.Index("ix_access_token_expires_at", "expires_at"),)

    digest: str = Field(primary_key=True, max_length=64)
    session_id: UUID = Field(foreign_key="auth_session.id", index=True)
    expires_at: Instant


class RefreshToken(SQLModel, table=True):
    """A link of a session's chain. ``superseded_at`` starts the grace window of a lost answer."""

    __tablename__ = "refresh_token"
    __table_args__ = (sa.Index("ix_refresh_token_expires_at", "expires_at"),)

    digest: str = Field(primary_key=True, max_length=64)
    session_id: UUID = Field(foreign_key="auth_session.id", index=True)
    parent_digest: str | None = Field(max_length=64)
    expires_at: Instant
    superseded_at: Instant | None = None
    confirmed_at: Instant | None = None


class ApiKey(SQLModel, table=True):
    """A machine's key: what it may do, where, and until when. ``prefix`` is what people see."""

    __tablename__ = "api_key"
    __table_args__ = (
        sa.UniqueConstraint("digest"),
        sa.CheckConstraint("role IN ('platform', 'dashboard')", name="machine"),
        sa.CheckConstraint("expires_at > created_at", name="expiry"),
    )

    id: UUID = id_column()
    name: str = Field(max_length=100)
    prefix: str = Field(max_length=20)
    digest: str = Field(max_length=64)
    role: str = Field(max_length=40)
    scopes: list[str] = Field(sa_type=sa.ARRAY(sa.String(60)))
    unit_id: UUID = Field(foreign_key="unit.id")
    created_by: UUID = Field(foreign_key="person.id")
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None


class ApiKeyArea(SQLModel, table=True):
    __tablename__ = "api_key_area"

    key_id: UUID = Field(foreign_key="api_key.id", primary_key=True, ondelete="CASCADE")
    unit_id: UUID = Field(foreign_key="unit.id", primary_key=True)


class ApiKeyLine(SQLModel, table=True):
    __tablename__ = "api_key_line"

    key_id: UUID = Field(foreign_key="api_key.id", primary_key=True, ondelete="CASCADE")
    line_id: UUID = Field(foreign_key="line.id", primary_key=True)
