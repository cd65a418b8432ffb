"""Looks after the store on behalf of the worker, and says how it is for operators.

A store may forget what it acknowledged just before it crashed. So the worker notes that the store
answers; after a gap, and after the end of a worker that did not stop in order (perhaps the power
went, for the store as well), what was stored shortly before is read again.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog
from prometheus_client.core import GaugeMetricFamily

from app.config import Settings
from app.evidence import custody, reconciling, reporting
from app.evidence import queries_custody as queries
from app.infra.blobs import ObjectMissing
from app.infra.db import Database
from app.infra.handlers import Runtime
from app.infra.store_watch import StoreWatch
from app.kit import clock
from app.kit.errors import Unavailable
from app.kit.ids import new_id

_OVERDUE = timedelta(minutes=15)
_SILENT = timedelta(minutes=1)  # a worker that lives looks every ten seconds
_log = structlog.get_logger("dudao.store")


class StoreKeeper:
    """What one worker remembers between its looks at the store; all of it may be forgotten."""

    def __init__(self, settings: Settings) -> None:
        self._id = new_id()
        self._watch = StoreWatch(settings)
        self._was_away = False
        self._report: UUID | None = None

    def look(self, runtime: Runtime) -> int:
        """Notes that the store answers; doubts what it held before a gap; compares its profile."""
        try:
            runtime.blobs.check()
        except (Unavailable, ObjectMissing):
            self._was_away = True
            return 0
        doubted, margin = 0, timedelta(seconds=runtime.settings.store_doubt_s)
        with runtime.database.transaction() as tx:
            answered = custody.note_answer(tx)
            silent = custody.watch(tx, self._id, silent_for=_SILENT)
            gaps = [one for one in (answered if self._was_away else None, silent) if one]
            if gaps:
                doubted = custody.doubt_since(tx, min(gaps) - margin)
        self._was_away = False
        if doubted:
            _log.warning("store_in_doubt", read_again=doubted)
        if self._watch.broken is None:
            self._compare_profile(runtime)
        return 0

    def _compare_profile(self, runtime: Runtime) -> None:
        if self._watch.look() and self._watch.broken is not None:
            promises = [promise.value for promise in self._watch.broken]
            with runtime.database.transaction() as tx:
                custody.note_broken(tx, promises)

    def stop(self, runtime: Runtime) -> None:
        """The worker stops in order: nobody need doubt the store for its sake."""
        with runtime.database.transaction() as tx:
            custody.stop_watching(tx, self._id)

    def reconcile(self, runtime: Runtime) -> int:
        """One step of the nightly comparison, if it is this worker's; 1 while there are more."""
        if self._report is None:
            with runtime.database.transaction() as tx:
                self._report = reporting.begin_nightly(tx, runtime.settings)
        if self._report is None:
            return 0
        if reconciling.run_step(runtime.database, runtime.blobs, self._report):
            return 1
        self._report = None
        old = clock.real_now() - timedelta(days=runtime.settings.quarantine_days)
        removed = reconciling.expire_uploads(runtime.database, runtime.blobs, before=old)
        _log.info("store_reconciled", uploads_removed=removed)
        return 0


def concerns(database: Database) -> list[str]:
    """What ``/readyz`` names: promises that the store breaks, bytes lost or not read in time."""
    with database.transaction() as tx:
        state = queries.store_state(tx)
        counts = queries.count_custody(tx, due_by=clock.real_now() - _OVERDUE)
    named = [f"store-{promise}" for promise in state.broken] if state else []
    named += ["evidence-lost"] if counts.lost else []
    named += ["evidence-unread"] if counts.unread else []
    return named


def gauges(database: Database) -> Iterator[GaugeMetricFamily]:
    """The same as figures, and what the newest comparison found."""
    with database.transaction() as tx:
        state, report = queries.store_state(tx), queries.newest_report(tx)
        counts = queries.count_custody(tx, due_by=clock.real_now())
    yield GaugeMetricFamily("dudao_evidence_lost", "originals that are lost", value=counts.lost)
    yield GaugeMetricFamily(
        "dudao_evidence_unread", "originals that are due to be read again", value=counts.unread
    )
    broken = GaugeMetricFamily(
        "dudao_store_broken", "features relied on that the store lacks", labels=["promise"]
    )
    for promise in state.broken if state else ():
        broken.add_metric([promise], 1)
    yield broken
    if report is None or report.ended_at is None:
        return
    found = GaugeMetricFamily(
        "dudao_reconcile_found", "what the newest comparison found", labels=["finding"]
    )
    for finding, count in report.found["counts"].items():
        found.add_metric([finding], count)
    yield found
    yield GaugeMetricFamily(
        "dudao_reconcile_ended_seconds",
        "when the newest comparison ended",
        value=report.ended_at.timestamp(),
    )
