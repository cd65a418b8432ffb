"""Reports of comparisons of database and buckets: begun, taken over, ended."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.config import Settings
from app.evidence import queries_custody as queries
from app.evidence.tables import StoreReport
from app.infra import events
from app.kit import clock
from app.kit.ids import new_id

# A worker that did nothing for so long on a report of the night has died.
_ABANDONED = timedelta(minutes=5)
_MANY = 50_000


def begin(tx: Session) -> UUID:
    """A comparison that somebody asks for now."""
    report_id = new_id()
    _insert(tx, report_id, night=None)
    return report_id


def begin_nightly(tx: Session, settings: Settings) -> UUID | None:
    """The comparison of this night, new or abandoned by a dead worker; None where it is not ours.

    It is due from ``reconcile_hour`` on, or later that day if nobody ran then.
    """
    now = clock.real_now()
    local = now.astimezone(ZoneInfo(settings.timezone))
    if local.hour < settings.reconcile_hour:
        return None
    report_id = new_id()
    if _insert(tx, report_id, night=local.date()):
        return report_id
    report = queries.lock_night(tx, local.date())
    if report is None or report.ended_at or report.touched_at > now - _ABANDONED:
        return None
    report.touched_at = now
    tx.add(report)
    return report.id


def _insert(tx: Session, report_id: UUID, *, night: date | None) -> bool:
    now = clock.real_now()
    values: dict[str, Any] = {
        "id": report_id,
        "night": night,
        "slices": slices_for(queries.count_blobs(tx)),
        "step": 0,
        "started_at": now,
        "touched_at": now,
        "found": {},
    }
    fresh = insert(StoreReport).values(values).on_conflict_do_nothing()
    made = tx.connection().execute(fresh.returning(col(StoreReport.id)))
    return made.first() is not None


def slices_for(blobs: int) -> int:
    """Into how many ranges of digests so many blobs are cut: at most some ten thousand in each."""
    if blobs < _MANY:
        return 16
    return 256 if blobs < 16 * 16 * _MANY else 4096


def advance(tx: Session, report: StoreReport, found: dict[str, Any]) -> None:
    """One step is done; with the last one the report ends and is told."""
    now = clock.real_now()
    report.step += 1
    report.found, report.touched_at = found, now
    if report.step > report.slices:
        report.ended_at = now
        counts = found["counts"]
        events.record(tx, "store.reconciled", subject=("store-report", report.id), **counts)
    tx.add(report)
    tx.flush()
