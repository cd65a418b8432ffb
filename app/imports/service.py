"""Imports in two steps: plan and show, then apply all or nothing.

Applying plans again under locks, in the transaction that writes, and refuses where the database
has moved so that another plan would come out than the one that was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from app.auth.accounts import Code, issue_code
from app.config import Settings
from app.imports import files, queries, stores
from app.imports.kinds import EVERY_KIND
from app.imports.rules import (
    Options,
    Plan,
    SheetText,
    name_sheets,
    plan,
    printable,
    rounds_named,
)
from app.imports.tables import Difference, FaultRow, ImportState, SheetImport
from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit import clock
from app.kit.changes import Row
from app.kit.errors import Conflict, NotFound
from app.rounds.queries import read_judging

_IMPORT_LOCK = 0x44554443
_KEPT_FOR = timedelta(days=1)
_MOST_FAULTS = 5000
_MOST_KEY = 400


def make_plan(tx: Session, sheets: Sequence[SheetText], options: Options) -> Plan:
    """What these sheets would change, or all that is wrong with them; writes nothing."""
    named, _ = name_sheets(sheets, EVERY_KIND)
    snapshot = stores.read_snapshot(tx, named, rounds_named(sheets, EVERY_KIND))
    return plan(sheets, EVERY_KIND, snapshot, options)


@dataclass(frozen=True)
class FirstCode:
    """With which a new person sets the first password; it exists only here."""

    login: str
    name: str
    code: Code


def apply_sheets(
    tx: Session, settings: Settings, sheets: Sequence[SheetText], options: Options
) -> tuple[Plan, list[FirstCode]]:
    """Plan under locks and write at once, as the command line does; nothing with faults.

    New people to whom the sheet gives no password get one-time codes.
    """
    _lock(tx, sheets)
    found = make_plan(tx, sheets, options)
    new = [] if found.faults else stores.write_plan(tx, found)
    codes = [
        FirstCode(one.login, one.name, issue_code(tx, settings, person_id=one.id))
        for one in new
        if not one.password
    ]
    return found, codes


def _lock(tx: Session, sheets: Sequence[SheetText]) -> None:
    tx.connection().execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    named, _ = name_sheets(sheets, EVERY_KIND)
    stores.lock_tables(tx, named)


def submit(
    tx: Session, settings: Settings, *, content: bytes, file_name: str, kind: str | None, by: UUID
) -> SheetImport:
    """Keep a file with its plan, and drop the content of those that nobody applied for a day."""
    if kind is not None and kind not in EVERY_KIND:
        raise NotFound("import.no-such-kind", kind=kind)
    found = make_plan(tx, files.read_file(content, file_name, kind), options_of(tx, settings))
    now = clock.real_now()
    old = sa.update(SheetImport).where(
        col(SheetImport.content).is_not(None), col(SheetImport.created_at) < now - _KEPT_FOR
    )
    tx.connection().execute(old.values(content=None))
    row = SheetImport(
        kind=kind,
        file_name=printable(file_name),
        content=None if found.faults else content,
        state=ImportState.FAULTY if found.faults else ImportState.PLANNED,
        fingerprint=found.fingerprint,
        fault_count=len(found.faults),
        counts=[
            {
                "kind": one.kind,
                "new": one.new,
                "changed": one.changed,
                "unchanged": one.unchanged,
                "absent": one.absent,
            }
            for one in found.kinds
        ],
        created_by=by,
        created_at=now,
        applied_at=None,
    )
    tx.add(row)
    tx.flush()
    _keep_plan(tx, row.id, found)
    return row


def options_of(tx: Session, settings: Settings, *, passwords: bool = False) -> Options:
    """How files are read; from those that come over the network no password is ever kept."""
    return Options(
        ZoneInfo(settings.timezone),
        business_time.today(tx, settings.timezone),
        tuple(read_judging(tx)),
        passwords,
        settings.password_min_length,
    )


def _keep_plan(tx: Session, import_id: UUID, found: Plan) -> None:
    differences = [
        {
            "kind": one.kind,
            "row_number": number,
            "key": "/".join(str(part) for part in change.key)[:_MOST_KEY],
            "is_new": change.before is None,
            **one.told(change),
        }
        for one in found.kinds
        for change, number in zip(one.changes, one.row_numbers, strict=True)
    ]
    faults = [
        {
            "sheet": fault.sheet[:100],
            "row_number": fault.row,
            "column_head": fault.column and fault.column[:200],
            "value": fault.value,
            "code": fault.code,
            "data": fault.data,
        }
        for fault in found.faults[:_MOST_FAULTS]
    ]
    insert_rows(tx, Difference, _numbered(import_id, differences))
    insert_rows(tx, FaultRow, _numbered(import_id, faults))


def _numbered(import_id: UUID, rows: Sequence[Row]) -> list[Row]:
    return [{"import_id": import_id, "position": n, **row} for n, row in enumerate(rows)]


def apply(tx: Session, settings: Settings, *, import_id: UUID) -> SheetImport:
    """Write what was planned; ``Conflict`` where it is applied, faulty, too old or overtaken."""
    row = queries.get_import(tx, import_id, lock=True)
    if row.state is ImportState.APPLIED:
        raise Conflict("import.applied")
    if row.state is ImportState.FAULTY:
        raise Conflict("import.faulty", count=row.fault_count)
    if row.content is None:
        raise Conflict("import.expired")
    sheets = files.read_file(row.content, row.file_name, row.kind)
    _lock(tx, sheets)
    found = make_plan(tx, sheets, options_of(tx, settings))
    if found.faults or found.fingerprint != row.fingerprint:
        raise Conflict("import.overtaken")
    stores.write_plan(tx, found)
    row.state, row.applied_at, row.content = ImportState.APPLIED, clock.real_now(), None
    tx.add(row)
    events.record(
        tx,
        "import.applied",
        subject=("import", row.id),
        file_name=row.file_name,
        counts=row.counts,
    )
    tx.flush()
    return row
