"""Exports of the ledger: asked for, written by the worker in batches, kept for a while.

A try writes into a temporary file and puts it into the store under a name of its own; only the
try that still holds the job when it ends makes its file the export's, and removes all others. So
a worker may be killed at any moment, and there is never a second file.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from typing import IO, Self
from uuid import UUID

import structlog
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events, jobs
from app.infra.blobs import Blobs
from app.infra.db import Database
from app.infra.handlers import Runtime
from app.infra.jobs import Claim
from app.infra.sheet_streams import Rows, csv_head, write_xlsx_rows
from app.kit import clock
from app.kit.errors import Conflict, Forbidden, Unavailable
from app.ledger import queries_exports as queries
from app.ledger.asking import Asked
from app.ledger.exports import (
    CONTENT_TYPES,
    ExportState,
    SheetFormat,
    folder_of,
    key_of,
    reach_in,
    reach_out,
    still_reaches,
)
from app.ledger.queries_exports import HEADS, Order
from app.ledger.tables_exports import LedgerExport
from app.web.language import Language, pick
from app.web.principal import Principal

_BATCH = 5_000
_MOST_AT_ONCE = 3
_TELL_EVERY_S = 1.0
_RENEWALS = 4  # within a lease
_PIECE = 1 << 20
_ASKED = TypeAdapter(Asked)
_log = structlog.get_logger("dudao.worker")


class LeaseLost(Unavailable):
    """Another worker has taken the export over."""


@dataclass(frozen=True)
class Made:
    """A file that one try has put into the store."""

    key: str
    size: int
    sha256: str
    rows: int


def heads(language: Language) -> list[str]:
    """The heads of the sheet."""
    return [pick(language, *both) for both in HEADS]


def pieces(database: Database, order: Order) -> Iterator[tuple[bytes, int]]:
    """The whole CSV in pieces, each with the number of its rows.

    Each batch is read in a transaction of its own: nobody waits for a slow reader. Each case is
    there once, as it was when its batch was read. UTF-8, with the byte order mark that Excel needs.
    """
    yield csv_head(heads(order.language)), 0
    after: UUID | None = None
    while True:
        with database.transaction() as tx:
            lines, count, after = queries.copy_csv(tx, order, after=after, limit=_BATCH)
        yield lines, count
        if after is None:
            return


def batches(database: Database, order: Order) -> Iterator[Rows]:
    """The same rows as values, for a workbook."""
    after: UUID | None = None
    while True:
        with database.transaction() as tx:
            rows, after = queries.read_rows(tx, order, after=after, limit=_BATCH)
        yield rows
        if after is None:
            return


def ask_export(
    tx: Session, *, by: Principal, export_id: UUID, format_: SheetFormat, asked: Asked,
    language: Language,
) -> tuple[LedgerExport, bool]:  # fmt: skip
    """Ask for an export; the same id with the same question is the same export.

    Returns it, and whether it is new. ``Conflict`` for an id that means another one, and for a
    fourth one at once.
    """
    question = _ASKED.dump_python(asked, mode="json")
    known = queries.find(tx, export_id, lock=True)
    if known is not None:
        same = (known.person_id, known.format, known.asked) == (by.user_id, format_, question)
        if not same:
            raise Conflict("export.id-taken")
        return known, False
    if queries.count_unfinished(tx, by.user_id) >= _MOST_AT_ONCE:
        raise Conflict("export.too-many", limit=_MOST_AT_ONCE)
    export = LedgerExport(
        id=export_id,
        person_id=by.user_id,
        format=format_,
        language=language,
        asked=question,
        reach=reach_out(by.postings, by.permissions),
        state=ExportState.WAITING,
        asked_at=clock.real_now(),
    )
    tx.add(export)
    tx.flush()
    told = {name: value for name, value in question.items() if value}
    events.record(
        tx, "export.asked", subject=("export", export_id), format=format_.value, filters=told
    )
    return export, True


def note_streamed(tx: Session, *, format_: SheetFormat, asked: Asked, export_id: UUID) -> None:
    """Write down that somebody takes rows out of the service at once."""
    told = {name: value for name, value in _ASKED.dump_python(asked, mode="json").items() if value}
    events.record(
        tx, "export.streamed", subject=("export", export_id), format=format_.value, filters=told
    )


def download(tx: Session, *, by: Principal, export_id: UUID) -> LedgerExport:
    """The caller's own export with its file; the download is written down.

    ``Forbidden`` for who has lost an office meanwhile that he had when he asked.
    """
    export: LedgerExport = queries.get_own(tx, by, export_id)
    if not still_reaches(export.reach, by.postings):
        raise Forbidden("export.reach-changed")
    if export.state is not ExportState.DONE:
        raise Conflict("export.no-file", state=export.state.value)
    events.record(tx, "export.downloaded", subject=("export", export.id), sha256=str(export.sha256))
    return export


def write_export(runtime: Runtime, claim: Claim) -> Made | None:
    """One try at the file of an export; None where there is nothing to do any more."""
    with runtime.database.transaction() as tx:
        export = queries.find(tx, claim.subject_id, lock=True)
        if export is None or export.state in (ExportState.DONE, ExportState.EXPIRED):
            return None
        order = _order_of(tx, runtime.settings, export)
        export.state, export.rows_done = ExportState.RUNNING, 0
        export.rows_total = queries.count_rows(tx, order.principal, order.filters, most=None)
        format_ = export.format
        tx.add(export)
    with (
        Progress(runtime, claim) as progress,
        tempfile.TemporaryFile(prefix="dudao-export-") as file,
    ):
        write_sheet(file, format_, runtime.database, order, progress.count)
        sha256, md5, size = _digests(file)
        key = key_of(claim.subject_id, claim.lease, format_)
        progress.tell()
        runtime.blobs.put_file(
            key, file, content_type=CONTENT_TYPES[format_], sha256=sha256, md5=md5
        )
    return Made(key, size, sha256, progress.rows)


def write_sheet(
    file: IO[bytes],
    format_: SheetFormat,
    database: Database,
    order: Order,
    count: Callable[[int], None],
) -> None:
    """The whole sheet into a file; ``count`` is told of the rows as they are written."""
    if format_ is SheetFormat.XLSX:
        name = pick(order.language, "台账", "Ledger")
        write_xlsx_rows(file, name, heads(order.language), _counted(database, order, count))
        return
    for piece, rows in pieces(database, order):
        file.write(piece)
        count(rows)


def _counted(database: Database, order: Order, count: Callable[[int], None]) -> Iterator[Rows]:
    for rows in batches(database, order):
        yield rows
        count(len(rows))


def keep_export(tx: Session, settings: Settings, export_id: UUID, made: Made | None) -> None:
    """Make a file the export's; call it with the job finished in the same transaction."""
    export = queries.find(tx, export_id, lock=True)
    if made is None or export is None or export.state is ExportState.DONE:
        return
    now = clock.real_now()
    export.state, export.done_at = ExportState.DONE, now
    export.expires_at = now + timedelta(days=settings.export_days)
    export.key, export.size, export.sha256 = made.key, made.size, made.sha256
    export.rows_done = export.rows_total = made.rows
    tx.add(export)
    events.record(
        tx,
        "export.written",
        subject=("export", export_id),
        rows=made.rows,
        size=made.size,
        sha256=made.sha256,
    )


def drop_other_files(blobs: Blobs, export_id: UUID, kept: str | None) -> None:
    """Remove what tries left behind that did not come to their end."""
    for page in blobs.pages_of_evidence(folder_of(export_id)):
        for found in page:
            if found.key != kept:
                blobs.erase_evidence(found.key)


def expire(database: Database, blobs: Blobs, *, batch: int = 20) -> int:
    """Remove files that were kept for as long as they have to be; returns how many exports."""
    with database.transaction() as tx:
        due = queries.list_expired(tx, now=clock.real_now(), limit=batch)
    for export_id in due:
        drop_other_files(blobs, export_id, None)
        with database.transaction() as tx:
            export = queries.find(tx, export_id, lock=True)
            if export is not None and export.state is ExportState.DONE:
                export.state = ExportState.EXPIRED
                tx.add(export)
                events.record(tx, "export.expired", subject=("export", export_id))
    return len(due)


def _order_of(tx: Session, settings: Settings, export: LedgerExport) -> Order:
    """As of who asked: his reach at that time, the filters as of now."""
    asked = _ASKED.validate_python(export.asked)
    language: Language = "en" if export.language == "en" else "zh"
    principal = Principal(
        user_id=export.person_id,
        login="",
        session_id=export.id,
        postings=reach_in(export.reach),
        permissions=frozenset(export.reach["permissions"]),
    )
    return Order(principal, asked.filters(business_time.now(tx)), language, settings.timezone)


class Progress:
    """Counts rows, tells how far it is, and keeps the lease from a thread of its own.

    So the lease is kept too while a workbook is closed or a file is uploaded, which may take
    minutes. ``tell`` raises ``LeaseLost`` where the work is another's by now.
    """

    def __init__(self, runtime: Runtime, claim: Claim) -> None:
        self._runtime, self._claim = runtime, claim
        self._told_at = clock.real_now()
        self._ended = Event()
        self._thread = Thread(target=self._keep, name="export-lease", daemon=True)
        self.rows = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def count(self, rows: int) -> None:
        """So many more; now and then everybody is told."""
        self.rows += rows
        if (clock.real_now() - self._told_at).total_seconds() >= _TELL_EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Keep the lease, and write down how far it is."""
        with self._runtime.database.transaction() as tx:
            if not self._renewed(tx):
                raise LeaseLost("export.taken-over")
            export = queries.find(tx, self._claim.subject_id, lock=True)
            if export is not None:
                export.rows_done = self.rows
                tx.add(export)
        self._told_at = clock.real_now()

    def _renewed(self, tx: Session) -> bool:
        lease = timedelta(seconds=self._runtime.settings.job_lease_s)
        return jobs.renew(tx, self._claim, until=clock.real_now() + lease)

    def _keep(self) -> None:
        """Until the end, or until it is another's: then ``tell`` finds out as well."""
        is_kept, pause_s = True, self._runtime.settings.job_lease_s / _RENEWALS
        while is_kept and not self._ended.wait(pause_s):
            try:
                with self._runtime.database.transaction() as tx:
                    is_kept = self._renewed(tx)
            except SQLAlchemyError as error:
                _log.warning("export_lease_not_renewed", error=str(error))


def _digests(file: IO[bytes]) -> tuple[str, str, int]:
    """SHA-256, MD5 and size of a file."""
    file.seek(0)
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    while piece := file.read(_PIECE):
        sha256.update(piece)
        md5.update(piece)
        size += len(piece)
    return sha256.hexdigest(), md5.hexdigest(), size
