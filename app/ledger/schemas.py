"""Wire shapes of the ledger."""

from datetime import datetime
from uuid import UUID

from app.checklists.schemas import CategoryOut
from app.evidence.rules import PhotoRole, PhotoState
from app.ledger.rules import ProblemSource, ProblemState
from app.web.wire import Named, Wire


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
    photos: list[ProblemPhotoOut]
    round_id: UUID | None
    visit_id: UUID | None


class ProblemPage(Wire):
    items: list[ProblemOut]
    as_of: datetime
    next_cursor: str | None
