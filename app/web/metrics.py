"""``/metrics`` for Prometheus: requests by route, the process, jobs that wait or are dead."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_fastapi_instrumentator import Instrumentator
from sqlalchemy.exc import SQLAlchemyError

from app.infra import jobs
from app.infra.db import Database


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


def install(app: FastAPI, database: Database, gauges: Sequence[Gauges] = ()) -> None:
    """Adds ``/metrics``; it is public, so keep it from the outside at the proxy."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(JobCollector(database))
    for counted in gauges:
        registry.register(FolderCollector(app, counted))
    instrumentator = Instrumentator(excluded_handlers=["/metrics", "/healthz"], registry=registry)
    instrumentator.instrument(app).expose(app, include_in_schema=False)
