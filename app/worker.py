"""``python -m app.worker``: places events, runs due jobs, bumps feeds, sweeps lost uploads.

Several workers may run at once; the sequencer and the sweeper exclude each other in the database.
A worker may be killed at any moment: what it held comes back when its leases run out.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import OperationalError

from app.auth import tables as _auth_tables  # noqa: F401 - rows of the ledger name API keys
from app.citizens import tending
from app.config import Settings, read_settings
from app.evidence import decoding, rechecking, verification
from app.evidence.store_keeper import StoreKeeper
from app.infra import business_time, events, feeds
from app.infra.blobs import Blobs
from app.infra.db import Database, make_engine
from app.infra.handlers import Runtime, run_due_jobs
from app.infra.logs import configure_logs
from app.kit import clock
from app.kit.errors import Unavailable
from app.ledger import exporting, folding, keeping, ringing
from app.media import retaining
from app.reactions import HANDLER_NAMES, HANDLERS
from app.rounds import queries as rounds_queries
from app.rounds import series
from app.rounds import service as rounds
from app.signing import keyfile

_PLACE_BATCH = 500
_JOB_BATCH = 8
_IDLE_S = 0.05
_LONGEST_IDLE_S = 0.4
_SWEEP_EVERY_S = 10.0
_CLOCK_EVERY_S = 5.0
_STORE_EVERY_S = 10.0
_RECHECK_EVERY_S = 5.0
_RECONCILE_EVERY_S = 60.0
_RETAIN_EVERY_S = 3600.0
_RING_EVERY_S = 1.0
_TEND_EVERY_S = 3600.0
_FOLD_EVERY_S = 2.0
_EXPIRE_EVERY_S = 600.0
_AFTER_FAILURE_S = 1.0
_log = structlog.get_logger("dudao.worker")


def make_runtime(settings: Settings) -> Runtime:
    """Everything that handlers need, from the settings."""
    database = Database(make_engine(settings), settings.env)
    return Runtime(settings, database, Blobs(settings), decoding.make_pool(settings))


def place_events(runtime: Runtime) -> int:
    """One turn of the sequencer; returns how many events were given their place."""
    with runtime.database.transaction() as tx:
        return events.place_events(
            tx, handlers=HANDLER_NAMES, batch=_PLACE_BATCH, at=clock.real_now()
        )


def run_jobs(runtime: Runtime) -> int:
    """One turn of a job thread."""
    return run_due_jobs(runtime, HANDLERS, batch=_JOB_BATCH)


def bump_feeds(runtime: Runtime) -> int:
    """New versions for the feeds that have been touched."""
    with runtime.database.transaction() as tx:
        return feeds.bump_touched(tx)


def sweep(runtime: Runtime) -> int:
    """One turn of the sweeper."""
    return verification.sweep(runtime.database, runtime.blobs, runtime.settings)


def recheck(runtime: Runtime) -> int:
    """One turn of reading again what was kept a while ago, or is in doubt."""
    return rechecking.recheck(runtime.database, runtime.blobs, runtime.settings)


def retain(runtime: Runtime) -> int:
    """One turn of deleting photos that were kept as long as they have to be."""
    return retaining.delete_due(runtime.database)


def ring(runtime: Runtime) -> int:
    """One turn of warnings, overdue marks and reminders."""
    with runtime.database.transaction() as tx:
        return ringing.ring(tx, runtime.settings)


def fold(runtime: Runtime) -> int:
    """One turn of folding what moves changed into the kept sums of the ledger."""
    with runtime.database.transaction() as tx:
        keeping.forget(tx, before=business_time.today(tx, runtime.settings.timezone))
        return folding.fold(tx)


def expire(runtime: Runtime) -> int:
    """One turn of removing files of exports that were kept for long enough."""
    return exporting.expire(runtime.database, runtime.blobs)


def keep_time(runtime: Runtime) -> int:
    """One turn of the clock: rounds of series are planned, timed rounds opened and closed.

    Each series and each round has a transaction of its own, so that one waits for nobody else.
    """
    zone = ZoneInfo(runtime.settings.timezone)
    with runtime.database.transaction() as tx:
        running = rounds_queries.list_running_series(tx)
    done = 0
    for series_id in running:
        with runtime.database.transaction() as tx:
            done += series.plan_ahead(tx, series_id, zone)
    with runtime.database.transaction() as tx:
        due = rounds.due_rounds(tx)
    for round_id in due:
        with runtime.database.transaction() as tx:
            done += rounds.keep_time(tx, round_id)
    return done


@dataclass(frozen=True)
class Pauses:
    """Seconds between turns: after a busy one, after the first idle one, and at the most."""

    busy: float
    first: float
    longest: float

    def after(self, idle_turns: int) -> float:
        """The pause after so many idle turns in a row; it doubles up to the longest."""
        if idle_turns == 0:
            return self.busy
        doublings = min(idle_turns - 1, 8)
        return min(self.longest, self.first * float(2**doublings))


def _every(seconds: float) -> Pauses:
    """At once while there is more to do, else after so long."""
    return Pauses(0.0, seconds, seconds)


class Worker:
    """Threads that repeat their turns until asked to stop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._keeper = StoreKeeper(runtime.settings)

    def start(self) -> None:
        settings = self._runtime.settings
        sweeping = float(min(_SWEEP_EVERY_S, settings.sweep_after_s))
        busy, bump = Pauses(0.0, _IDLE_S, _LONGEST_IDLE_S), settings.feed_bump_s
        turns: Sequence[tuple[str, Callable[[Runtime], int], Pauses]] = [
            ("sequencer", place_events, busy),
            ("feeds", bump_feeds, Pauses(bump, bump, bump)),
            ("clock", keep_time, _every(_CLOCK_EVERY_S)),
            ("deadlines", ring, _every(_RING_EVERY_S)),
            ("sums", fold, _every(_FOLD_EVERY_S)),
            ("exports", expire, _every(_EXPIRE_EVERY_S)),
            ("sweeper", sweep, _every(sweeping)),
            ("store", self._keeper.look, _every(_STORE_EVERY_S)),
            ("rechecker", recheck, _every(min(_RECHECK_EVERY_S, settings.second_read_s))),
            ("retention", retain, _every(_RETAIN_EVERY_S)),
            ("contacts", tending.tend, _every(_TEND_EVERY_S)),
            ("reconciler", self._keeper.reconcile, _every(_RECONCILE_EVERY_S)),
            *((f"jobs-{n}", run_jobs, busy) for n in range(settings.worker_threads)),
        ]
        for name, turn, pauses in turns:
            thread = threading.Thread(
                target=self._repeat, args=(name, turn, pauses), name=name, daemon=True
            )
            thread.start()
            self._threads.append(thread)
        _log.info("worker_started", threads=len(self._threads))

    def _repeat(self, name: str, turn: Callable[[Runtime], int], pauses: Pauses) -> None:
        """A busy turn is followed by the next at once; idle ones by ever longer pauses."""
        idle = 0
        while not self._stopping.is_set():
            try:
                idle = 0 if turn(self._runtime) else idle + 1
                wait = pauses.after(idle)
            except (OperationalError, Unavailable) as error:
                _log.warning("turn_failed", turn=name, error=type(error).__name__)
                wait = _AFTER_FAILURE_S
            except Exception as error:  # noqa: BLE001 - a thread that ends would be a silent stop
                _log.error("turn_failed", turn=name, exc_info=error)
                wait = _AFTER_FAILURE_S
            self._stopping.wait(wait)

    def stop(self) -> None:
        """Let running jobs end, then return."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=30)
        try:
            self._keeper.stop(self._runtime)
        except OperationalError as error:  # then it counts as one that was killed
            _log.warning("turn_failed", turn="stop", error=type(error).__name__)
        self._runtime.decoders.close()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = read_settings()
    configure_logs(settings)
    try:
        keyfile.read_key(settings)
    except Unavailable as error:  # photos are stored all the same, but nobody gets a receipt
        _log.error(error.code, **error.data)
    worker = Worker(make_runtime(settings))
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    worker.start()
    asked.wait()
    worker.stop()
    _log.info("worker_stopped")


if __name__ == "__main__":
    main()
