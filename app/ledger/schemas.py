"""Wire shapes of the ledger."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.checklists.schemas import CategoryOut
from app.evidence.rules import PhotoRole, PhotoState
from app.ledger.rules import ProblemSource, ProblemState
from app.web.wire import Code, Location, Named, Note, When, Wire

_MOST_PHOTOS = 20


class ProblemPhotoOut(Wire):
    """``thumb_url`` is short-lived, and null until the photo is stored."""

    id: UUID
    role: PhotoRole
    state: PhotoState
    thumb_url: str | None


class ProblemOut(Wire):
    number: str
    state: ProblemState
    state_label: str
    source: ProblemSource
    found_at: datetime
    opened_at: datetime
    category: CategoryOut | None
    site: Named | None
    area: Named
    district: Named | None
    line: Named
    answerable_unit: Named | None
    veto: bool
    note: str | None
    location: Location | None
    cancel_reason: str | None
    photos: list[ProblemPhotoOut]
    round_id: UUID | None
    visit_id: UUID | None


class CategoryRef(Wire):
    """A problem category: codes differ between schemes and versions."""

    scheme: Code
    code: Code
    version: Code


class ReportIn(Wire):
    """A fault that somebody saw. One of ``site``, ``unit`` and ``location`` says where."""

    id: UUID
    category: CategoryRef | None = None
    line: Code
    site: Code | None = None
    unit: Code | None = None
    location: Location | None = None
    note: Annotated[Note, Field(min_length=1)]
    photos: Annotated[list[UUID], Field(max_length=_MOST_PHOTOS)] = Field(default_factory=list)
    found_at: When


class ProblemPage(Wire):
    items: list[ProblemOut]
    as_of: datetime
    next_cursor: str | None
