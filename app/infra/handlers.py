"""Running jobs: claim a few, prepare outside a transaction, apply and finish inside one.

A handler has up to three steps. ``prepare`` may talk to the object store for as long as it needs
and must not hold a transaction; ``apply`` writes its result in the same transaction in which the
job disappears; ``clean_up`` removes what is not needed any more, after the commit, and may be
lost. All of them repeat safely.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.config import Settings
from app.infra import jobs
from app.infra.blobs import Blobs
from app.infra.confined import ConfinedPool
from app.infra.db import Database
from app.infra.jobs import Claim
from app.kit import clock
from app.kit.errors import Unavailable

_log = structlog.get_logger("dudao.worker")


@dataclass(frozen=True)
class Runtime:
    """What handlers work with."""

    settings: Settings
    database: Database
    blobs: Blobs
    decoders: ConfinedPool


Prepare = Callable[[Runtime, Claim], Any]
Apply = Callable[[Session, Runtime, Claim, Any], None]
CleanUp = Callable[[Runtime, Claim, Any], None]


@dataclass(frozen=True)
class Handler:
    """One consequence of an event."""

    name: str
    apply: Apply
    prepare: Prepare | None = None
    clean_up: CleanUp | None = None


def run_due_jobs(runtime: Runtime, handlers: Mapping[str, Handler], *, batch: int) -> int:
    """Claim and run up to ``batch`` jobs; returns how many were claimed.

    A job that prepares may take as long as its lease allows, so it is the only one of its batch.
    """
    lease_for = timedelta(seconds=runtime.settings.job_lease_s)
    alone = [name for name, handler in handlers.items() if handler.prepare]
    with runtime.database.transaction() as tx:
        claims = jobs.claim(tx, now=clock.real_now(), lease_for=lease_for, batch=batch, alone=alone)
    for claim in claims:
        run_job(runtime, handlers[claim.handler], claim)
    return len(claims)


def run_job(runtime: Runtime, handler: Handler, claim: Claim) -> None:
    """Run one job to its end, or put it back with the reason."""
    try:
        prepared = handler.prepare(runtime, claim) if handler.prepare else None
        with runtime.database.transaction() as tx:
            if not jobs.finish(tx, claim):
                return
            handler.apply(tx, runtime, claim, prepared)
    except Exception as error:  # noqa: BLE001 - any failure of a job is kept in its row
        _put_back(runtime, handler, claim, error)
        return
    if handler.clean_up is not None:
        try:
            handler.clean_up(runtime, claim, prepared)
        except Unavailable as error:
            _log.warning("clean_up_skipped", handler=handler.name, error=error.code)


def _put_back(runtime: Runtime, handler: Handler, claim: Claim, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"
    _log.warning(
        "job_failed", handler=handler.name, attempts=claim.attempts, error=reason, exc_info=error
    )
    counts = not isinstance(error, Unavailable | OperationalError)
    with runtime.database.transaction() as tx:
        if jobs.put_back(tx, claim, error=reason, now=clock.real_now(), counts=counts):
            _log.error("job_dead", handler=handler.name, subject=str(claim.subject_id))
