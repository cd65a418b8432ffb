"""Wire shapes of exports, and of the ledger on a map."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.ledger.exports import ExportState, SheetFormat
from app.ledger.rules import ProblemSource, ProblemState
from app.web.wire import Named, Wire


class ExportIn(Wire):
    """An export; its id is made by who asks, so that asking twice is asking once."""

    id: UUID
    format: SheetFormat


class ExportOut(Wire):
    """``rows_total`` is counted at the beginning; ``sha256`` and ``size`` are those of the file.

    From ``expires_at`` on there is no file any more.
    """

    id: UUID
    format: SheetFormat
    state: ExportState
    asked_at: datetime
    rows_done: int
    rows_total: int | None
    done_at: datetime | None
    expires_at: datetime | None
    size: int | None
    sha256: str | None


class ExportPage(Wire):
    items: list[ExportOut]
    next_cursor: str | None


class PointOut(Wire):
    """RFC 7946: longitude before latitude, WGS-84."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class FeatureProperties(Wire):
    number: str
    state: ProblemState
    state_label: str
    source: ProblemSource
    category: str | None
    line: Named
    area: Named
    answerable_unit: Named | None
    note: str | None
    found_at: datetime
    deadline_at: datetime | None
    late: bool


class FeatureOut(Wire):
    """One case; ``geometry`` is null where nobody knows the place."""

    type: Literal["Feature"]
    id: str
    geometry: PointOut | None
    properties: FeatureProperties


class FeaturesOut(Wire):
    """A GeoJSON feature collection; ``as_of`` and ``next_cursor`` are members of our own."""

    type: Literal["FeatureCollection"]
    features: list[FeatureOut]
    as_of: datetime
    next_cursor: str | None
