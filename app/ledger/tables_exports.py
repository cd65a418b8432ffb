"""Exports of the ledger: what was asked for, how far it is, the file that came of it."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column
from app.ledger.exports import ExportState, SheetFormat

_FILE = "num_nonnulls(done_at, expires_at, key, size, sha256) = 5"


class LedgerExport(SQLModel, table=True):
    """One export. ``asked`` are the filters, ``reach`` the offices of who asked, as he held them.

    ``key`` names the file in the evidence bucket; it is gone once the export has expired.
    """

    __tablename__ = "ledger_export"
    __table_args__ = (
        sa.CheckConstraint(f"(state IN ('done', 'expired')) = ({_FILE})", name="file"),
        sa.Index("ix_ledger_export_person", "person_id", "id"),
        sa.Index(
            "ix_ledger_export_expires_at", "expires_at", postgresql_where=sa.text("state = 'done'")
        ),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    format: SheetFormat = Field(sa_type=enum_column(SheetFormat))
    language: str = Field(max_length=2)
    asked: Json
    reach: Json
    state: ExportState = Field(sa_type=enum_column(ExportState))
    asked_at: Instant
    done_at: Instant | None = None
    expires_at: Instant | None = None
    rows_total: int | None = Field(default=None, sa_type=sa.BigInteger)
    rows_done: int = Field(default=0, sa_type=sa.BigInteger)
    key: str | None = Field(default=None, max_length=200)
    size: int | None = Field(default=None, sa_type=sa.BigInteger)
    sha256: str | None = Field(default=None, max_length=64)
