"""Is the process there, and can it work: for balancers and operators. No business in it.

What is missing makes the service unfit for requests, and it says 503. A concern does not: somebody
must look at it, and other machines would not do better.
"""

from collections.abc import Callable, Sequence

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.infra import migrations
from app.infra.blobs import Blobs, ObjectMissing
from app.infra.db import Database
from app.kit.errors import Unavailable

Concerns = Callable[[Database], list[str]]


def install(app: FastAPI, concerns: Sequence[Concerns] = ()) -> None:
    """Adds ``/healthz`` and ``/readyz``; ``concerns`` name what an operator must look at."""
    app.state.concerns = tuple(concerns)
    app.add_api_route("/healthz", healthz, tags=["operations"], summary="进程 · Process")
    app.add_api_route("/readyz", readyz, tags=["operations"], summary="就绪 · Readiness")


async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def readyz(request: Request) -> JSONResponse:
    """Database, migrations and store; 503 names what is missing, 200 may name concerns."""
    state = request.app.state
    missing = _missing(state.database, state.blobs)
    named = set() if missing else {one for ask in state.concerns for one in ask(state.database)}
    status = "missing" if missing else "concern" if named else "ready"
    body = {"status": status, "missing": missing, "concerns": sorted(named)}
    headers = {"Retry-After": "5"} if missing else None
    return JSONResponse(body, 503 if missing else 200, headers)


def _missing(database: Database, blobs: Blobs) -> list[str]:
    missing = []
    try:
        if migrations.revision_of(database.engine) != migrations.newest_revision():
            missing.append("migrations")
    except SQLAlchemyError:
        missing.append("database")
    try:
        blobs.check()
    except (Unavailable, ObjectMissing):
        missing.append("store")
    return missing
