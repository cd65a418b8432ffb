"""Wire shapes of imports."""

from typing import Any
from uuid import UUID

from app.imports.tables import ImportState
from app.web.wire import When, Wire


class CountsOut(Wire):
    """Of one sheet: rows that are new, changed and as they were, and stored ones it has not."""

    kind: str
    new: int
    changed: int
    unchanged: int
    absent: int


class ImportOut(Wire):
    id: UUID
    kind: str | None
    file_name: str
    state: ImportState
    fault_count: int
    counts: list[CountsOut]
    created_at: When
    applied_at: When | None


class ImportPage(Wire):
    items: list[ImportOut]
    next_cursor: str | None


class DifferenceOut(Wire):
    """One row: what differs, before and after, by column name."""

    kind: str
    row: int
    key: str
    is_new: bool
    before: dict[str, Any]
    after: dict[str, Any]


class DifferencePage(Wire):
    items: list[DifferenceOut]
    next_cursor: str | None


class SheetFaultOut(Wire):
    """One fault with its place in the file, what is wrong and what to do."""

    sheet: str
    row: int | None
    column: str | None
    value: str
    code: str
    message: str
    advice: str


class SheetFaultPage(Wire):
    items: list[SheetFaultOut]
    next_cursor: str | None
