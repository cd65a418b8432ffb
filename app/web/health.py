"""Is the process there, and can it work: for balancers and operators. No business in it."""

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.infra import migrations
from app.infra.blobs import Blobs, ObjectMissing
from app.infra.db import Database
from app.kit.errors import Unavailable


def install(app: FastAPI) -> None:
    """Adds ``/healthz`` and ``/readyz``."""
    app.add_api_route("/healthz", healthz, tags=["operations"], summary="进程 · Process")
    app.add_api_route("/readyz", readyz, tags=["operations"], summary="就绪 · Readiness")


async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def readyz(request: Request) -> JSONResponse:
    """Database, migrations and store; 503 names what is missing."""
    missing = _missing(request.app.state.database, request.app.state.blobs)
    body = {"status": "missing" if missing else "ready", "missing": missing}
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
