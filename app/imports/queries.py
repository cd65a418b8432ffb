"""Reads of imports."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from app.imports.faults import SheetFault
from app.imports.tables import Difference, FaultRow, SheetImport
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor

T = TypeVar("T", Difference, FaultRow)


def get_import(tx: Session, import_id: UUID, *, lock: bool = False) -> SheetImport:
    """One import; with ``lock``, alone until the transaction ends."""
    query = select(SheetImport).where(SheetImport.id == import_id)
    found = tx.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("import.not-found")
    return found


def list_imports(tx: Session, *, after: UUID | None, limit: int) -> Page[SheetImport]:
    """Imports, the newest first."""
    query = select(SheetImport).order_by(col(SheetImport.id).desc()).limit(limit + 1)
    if after is not None:
        query = query.where(col(SheetImport.id) < after)
    rows = tx.exec(query).all()
    cursor = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


def list_rows(tx: Session, table: type[T], import_id: UUID, *, after: int, limit: int) -> Page[T]:
    """Differences or faults of an import in the order of its file."""
    rows: Sequence[T] = tx.exec(
        select(table)
        .where(table.import_id == import_id, col(table.position) > after)
        .order_by(col(table.position))
        .limit(limit + 1)
    ).all()
    cursor = encode_cursor(rows[limit - 1].position) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


def faults_of(tx: Session, import_id: UUID) -> list[SheetFault]:
    """All faults that were kept of an import."""
    rows = tx.exec(
        select(FaultRow).where(FaultRow.import_id == import_id).order_by(col(FaultRow.position))
    )
    return [to_fault(row) for row in rows]


def to_fault(row: FaultRow) -> SheetFault:
    """A stored fault as the planner found it."""
    return SheetFault(row.sheet, row.row_number, row.column_head, row.value, row.code, row.data)
