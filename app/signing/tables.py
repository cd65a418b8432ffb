"""Public keys; the private one lies in a file."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, id_column


class SigningKey(SQLModel, table=True):
    """A published key. It is never changed but for its one end, and never removed."""

    __tablename__ = "signing_key"
    __table_args__ = (
        sa.UniqueConstraint("key_id"),
        sa.CheckConstraint("key_id ~ '^[0-9a-f]{16}$'", name="key_id"),
        sa.CheckConstraint("public_key ~ '^[A-Za-z0-9_-]{43}$'", name="public_key"),
        sa.CheckConstraint("valid_to >= valid_from", name="period"),
    )

    id: UUID = id_column()
    key_id: str = Field(max_length=16)
    public_key: str = Field(max_length=43)
    valid_from: Instant
    valid_to: Instant | None = None
