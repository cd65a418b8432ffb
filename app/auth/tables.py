"""Credentials, sessions and tokens; of every token only the SHA-256 is kept."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, id_column


class Credential(SQLModel, table=True):
    __tablename__ = "credential"

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    password_hash: str = Field(max_length=300)
    changed_at: Instant


class AuthSession(SQLModel, table=True):
    """One sign-in on one device; revoking it ends all its tokens."""

    __tablename__ = "auth_session"

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="person.id", index=True)
    device_id: UUID | None
    created_at: Instant
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
