"""Imports: the file until it is applied, what it would change, what is wrong with it."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, Json, enum_column, id_column


class ImportState(StrEnum):
    """``faulty`` and ``applied`` are the ends; a ``planned`` one may be applied."""

    PLANNED = "planned"
    FAULTY = "faulty"
    APPLIED = "applied"


class SheetImport(SQLModel, table=True):
    """One file and its plan. The content is dropped once it is applied or a day old."""

    __tablename__ = "sheet_import"
    __table_args__ = (
        sa.CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied_when"),
        sa.Index(
            "ix_sheet_import_kept", "created_at", postgresql_where=sa.text("content IS NOT NULL")
        ),
    )

    id: UUID = id_column()
    kind: str | None = Field(max_length=40)
    file_name: str = Field(max_length=200)
    content: bytes | None = Field(sa_type=sa.LargeBinary)
    state: ImportState = Field(sa_type=enum_column(ImportState))
    fingerprint: str = Field(max_length=64)
    fault_count: int
    counts: list[Any] = Field(sa_type=JSONB)
    created_by: UUID = Field(foreign_key="person.id")
    created_at: Instant
    applied_at: Instant | None


class Difference(SQLModel, table=True):
    """One row that a plan makes or changes; ``before`` and ``after`` hold what differs."""

    __tablename__ = "sheet_import_difference"

    import_id: UUID = Field(foreign_key="sheet_import.id", primary_key=True)
    position: int = Field(primary_key=True)
    kind: str = Field(max_length=40)
    row_number: int
    key: str = Field(max_length=400)
    is_new: bool
    before: Json
    after: Json


class FaultRow(SQLModel, table=True):
    """One fault of a file."""

    __tablename__ = "sheet_import_fault"

    import_id: UUID = Field(foreign_key="sheet_import.id", primary_key=True)
    position: int = Field(primary_key=True)
    sheet: str = Field(max_length=100)
    row_number: int | None
    column_head: str | None = Field(max_length=200)
    value: str = Field(max_length=100)
    code: str = Field(max_length=40)
    data: Json
