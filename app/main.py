"""``create_app(settings)``: the only place that knows every folder. No logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from app import __version__
from app.audit import routes as audit
from app.auth import account_routes as accounts
from app.auth import key_routes as keys
from app.auth import routes as auth
from app.auth.authenticate import authenticate
from app.checklists import routes as checklists
from app.citizens import routes as citizens
from app.config import Settings, read_settings
from app.duties import routes as duties
from app.evidence import routes as evidence
from app.evidence import store_keeper
from app.imports import routes as imports
from app.infra.blobs import Blobs
from app.infra.db import Database, make_engine
from app.infra.logs import configure_logs
from app.infra.store_watch import UPLOADING, StoreWatch
from app.inspections import routes as inspections
from app.inspections import routes_decisions as decisions
from app.inspections import routes_progress as progress
from app.inspections import routes_retakes as retakes
from app.inspections import routes_revisions as revisions
from app.inspections import site_history
from app.ledger import routes as ledger
from app.ledger import routes_calendar as calendar
from app.ledger import routes_exports as exports
from app.ledger import routes_handling as handling
from app.ledger import routes_many as many
from app.ledger import routes_office as office
from app.ledger import routes_reports as reports
from app.media import routes as media
from app.media import routes_receipts as receipts
from app.media import routes_retention as retention
from app.organisation import routes as organisation
from app.people import routes as people
from app.rounds import routes as rounds
from app.rounds import routes_tasks as tasks
from app.scoring import routes as scoring
from app.scoring import routes_appeals as appeals
from app.scoring import routes_awards as awards
from app.scoring import routes_explaining as explaining
from app.scoring import routes_results as results
from app.scoring import routes_rulebooks as rulebooks
from app.signing import routes as signing
from app.signing import service as signing_service
from app.sites import routes as sites
from app.sync import routes as sync
from app.web import health, metrics, openapi, problems
from app.web.app_version import HEADER, AppVersionGate
from app.web.body_limit import BodyLimit
from app.web.request_log import RequestLog

PROTECTED = (
    organisation,
    duties,
    checklists,
    sites,
    rounds,
    tasks,
    inspections,
    progress,
    revisions,
    decisions,
    retakes,
    site_history,
    evidence,
    media,
    receipts,
    retention,
    sync,
    scoring,
    explaining,
    rulebooks,
    results,
    awards,
    appeals,
    ledger,
    exports,
    office,
    calendar,
    many,
    handling,
    citizens,
    people,
    accounts,
    keys,
    audit,
    reports,
    imports,
    auth,
)
_MULTIPART_OVERHEAD = 64 * 1024
_STRANGERS_BODY = 16 * 1024
_CORS_HEADERS = ("Authorization", "Content-Type", "If-None-Match", "Accept-Language", HEADER)
_DESCRIPTION = """
督导：城市督导检查、排名与整改服务。Inspection, ranking and rectification of a city campaign.

错误一律为 RFC 9457 `application/problem+json`，客户端只依据 `code` 判断。
Errors are RFC 9457; clients switch on `code` alone.
"""


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """The service. ``database`` is given by tests that share one connection."""
    settings = settings or read_settings()
    configure_logs(settings)
    app = FastAPI(
        title="Dudao 督导",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=openapi.operation_id,
        telemetry={"logs": False},
    )
    app.state.settings = settings
    app.state.database = database or Database(make_engine(settings), settings.env)
    app.state.blobs = Blobs(settings)
    app.state.store_watch = StoreWatch(settings, UPLOADING)
    problems.install(app)
    health.install(
        app,
        [
            lambda _: app.state.store_watch.concerns,
            store_keeper.concerns,
            signing_service.concerns,
        ],
    )
    openapi.serve_docs(app)
    openapi.describe_errors(app)
    app.include_router(auth.public)
    app.include_router(signing.public)
    app.include_router(citizens.public)
    for module in PROTECTED:
        app.include_router(module.router, dependencies=[Depends(authenticate)])
    metrics.install(app, app.state.database, [store_keeper.gauges])
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=list(_CORS_HEADERS),
            expose_headers=["ETag", "Retry-After", "RateLimit", "X-Request-ID"],
        )
    app.add_middleware(AppVersionGate)
    app.add_middleware(CompressMiddleware, minimum_size=1000)
    sheet = settings.import_max_bytes + _MULTIPART_OVERHEAD
    app.add_middleware(
        BodyLimit,
        most=settings.max_body_bytes,
        wider={"/v1/imports": sheet},
        below={"/v1/public/": _STRANGERS_BODY},
    )
    app.add_middleware(RequestLog)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """As many threads as connections, so that no request waits for one inside a thread.

    The store is tried beside the first requests, never before them.
    """
    settings: Settings = app.state.settings
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = settings.database_pool
    app.state.store_watch.start()
    yield
    app.state.store_watch.stop()
    app.state.database.dispose()
