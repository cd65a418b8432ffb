"""Between rows of imports and their wire shapes."""

from app.imports.faults import words_of
from app.imports.queries import to_fault
from app.imports.schemas import CountsOut, DifferenceOut, ImportOut, SheetFaultOut
from app.imports.tables import Difference, FaultRow, SheetImport
from app.web.language import Language


def import_out(row: SheetImport) -> ImportOut:
    """An import with its counts."""
    return ImportOut(
        id=row.id,
        kind=row.kind,
        file_name=row.file_name,
        state=row.state,
        fault_count=row.fault_count,
        counts=[CountsOut(**counts) for counts in row.counts],
        created_at=row.created_at,
        applied_at=row.applied_at,
    )


def difference_out(row: Difference) -> DifferenceOut:
    """One row of a plan."""
    return DifferenceOut(
        kind=row.kind,
        row=row.row_number,
        key=row.key,
        is_new=row.is_new,
        before=row.before,
        after=row.after,
    )


def fault_out(row: FaultRow, language: Language) -> SheetFaultOut:
    """One fault in the caller's language."""
    message, advice = words_of(to_fault(row), language)
    return SheetFaultOut(
        sheet=row.sheet,
        row=row.row_number,
        column=row.column_head,
        value=row.value,
        code=row.code,
        message=message,
        advice=advice,
    )
