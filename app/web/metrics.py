"""``/metrics`` for Prometheus: requests by route, the process, jobs that wait or are dead."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from fastapi import FastAPI, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.infra import jobs
from app.infra.db import Database
from app.kit import clock

_QUIET = {"/metrics", "/healthz"}  # asked every few seconds, by machines
_TEXT = exposition.CONTENT_TYPE_LATEST
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}


class JobCollector(Collector):
    """Counts jobs when it is asked; without a database there is nothing to count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Two gauges. A dead job is work that somebody must look at (``dudao jobs``)."""
        try:
            with self._database.transaction() as tx:
                waiting, dead = jobs.count_jobs(tx)
        except SQLAlchemyError:
            return
        yield GaugeMetricFamily("dudao_jobs_waiting", "jobs that wait or run", value=waiting)
        yield GaugeMetricFamily("dudao_jobs_dead", "jobs that were given up", value=dead)


Gauges = Callable[[Database], Iterable[GaugeMetricFamily]]


class FolderCollector(Collector):
    """Gauges that a folder further up counts when it is asked."""

    def __init__(self, app: FastAPI, gauges: Gauges) -> None:
        self._app = app
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What the folder counts; nothing where the database is away."""
        try:
            yield from self._gauges(self._app.state.database)
        except SQLAlchemyError:
            return


class RequestMetrics:
    """Counts and times requests by method, route and status.

    The route is the one that the router chose, so no path is looked for twice; what no route
    answers is counted under ``none``, so that made-up paths make no new series.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        labels = ("method", "handler", "status")
        self._requests = Counter("http_requests", "requests", labels, registry=registry)
        self._seconds = Histogram(
            "http_request_duration_seconds", "until the reply is out", labels[:2], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        started, status = clock.monotonic(), 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            handler = getattr(scope.get("route"), "path", "none")
            self._requests.labels(method, handler, f"{status // 100}xx").inc()
            self._seconds.labels(method, handler).observe(clock.monotonic() - started)


def install(app: FastAPI, database: Database, gauges: Sequence[Gauges] = ()) -> None:
    """Adds ``/metrics``; it is public, so keep it from the outside at the proxy."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(JobCollector(database))
    for counted in gauges:
        registry.register(FolderCollector(app, counted))
    app.add_middleware(RequestMetrics, registry=registry)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(exposition.generate_latest(registry), media_type=_TEXT)
