"""Wire shapes of the ledger."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.checklists.schemas import CategoryOut
from app.evidence.rules import PhotoRole, PhotoState
from app.kit.workdays import LimitUnit
from app.ledger.case import Appeal, Cancellation, CheckResult, Resolution
from app.ledger.deadlines import LimitBasis
from app.ledger.lifecycle import Action, Need
from app.ledger.rules import ProblemSource, ProblemState
from app.web.wire import Code, Location, Named, Note, Text, When, Wire

_MOST_PHOTOS = 20


class ProblemPhotoOut(Wire):
    """``thumb_url`` is short-lived, and null until the photo is stored."""

    id: UUID
    role: PhotoRole
    state: PhotoState
    thumb_url: str | None


class LimitOut(Wire):
    """Within what time it is to be put right, and why: by condition, item, strictest or default."""

    value: int
    unit: LimitUnit
    condition: str | None
    basis: LimitBasis
    basis_label: str


class TimeOut(Wire):
    """``deadline_at`` is that of the last term while the clock stands still (``running`` false).

    ``calendar_complete`` false: days were assumed that nobody has notified yet. ``late`` is shown
    whether it counts or not; ``late_exempt`` does not count.
    """

    limit: LimitOut
    deadline_at: datetime | None
    running: bool
    calendar_complete: bool
    late: bool
    late_exempt: bool
    extensions: int
    extension_open: bool
    suspended_until: datetime | None


class ProblemOut(Wire):
    """``version`` goes into the next command. ``state_label`` is the word of who reads."""

    number: str
    version: int
    state: ProblemState
    state_label: str
    source: ProblemSource
    external_ref: str | None
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
    time: TimeOut | None
    resolution: Resolution | None
    check_result: CheckResult | None
    supervised: bool
    urged: int
    rework: int
    reopened: int
    transfers: int
    appeal: Appeal | None
    cancellation: Cancellation | None
    merged_into: str | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    signed_at: datetime | None
    rectified_at: datetime | None
    closed_at: datetime | None


class HappenedOut(Wire):
    """One event of a case. ``by`` is shown to headquarters and auditors only."""

    seq: int
    action: Action
    label: str
    at: datetime
    by: Named | None
    reason: str | None
    state: ProblemState | None
    data: dict[str, Any]


class ActionOut(Wire):
    """A move that the caller may make now, and what it must come with."""

    action: Action
    label: str
    needs: list[Need]


class WorkOut(Wire):
    """So much of a kind; ``quantity`` is a decimal with up to three places."""

    kind: str
    quantity: str
    unit: str


class CaseOut(ProblemOut):
    """A problem with its history; ``before`` are photos of the fault, ``after`` of later moves."""

    before: list[ProblemPhotoOut]
    after: list[ProblemPhotoOut]
    work: list[WorkOut]
    cost_fen: int | None
    history: list[HappenedOut]
    actions: list[ActionOut]


class CategoryRef(Wire):
    """A problem category: codes differ between schemes and versions."""

    scheme: Code
    code: Code
    version: Code


class ReportIn(Wire):
    """A fault that somebody saw. One of ``site``, ``unit`` and ``location`` says where.

    Without ``line`` it belongs to that of its category, where the city has said which one that is.

    ``self``: a unit reports what it found itself; ``enterprise``: a firm asked for it at a visit.
    """

    id: UUID
    source: Literal["patrol", "self", "enterprise"] = "patrol"
    category: CategoryRef | None = None
    line: Code | None = None
    site: Code | None = None
    unit: Code | None = None
    location: Location | None = None
    note: Annotated[Note, Field(min_length=1)]
    photos: Annotated[list[UUID], Field(max_length=_MOST_PHOTOS)] = Field(default_factory=list)
    found_at: When


class AlarmIn(Wire):
    """What a monitor or the city platform sends; ``ref`` is the sender's own id for it."""

    ref: Annotated[Text, Field(min_length=1, max_length=64)]
    source: Literal["monitor", "platform"]
    category: CategoryRef | None = None
    line: Code | None = None
    site: Code | None = None
    unit: Code | None = None
    location: Location | None = None
    note: Annotated[Note, Field(min_length=1)]
    found_at: When


class LikeOut(Wire):
    """Another case that is likely the same: near in place and time, or with the same photo."""

    number: str
    state: ProblemState
    state_label: str
    note: str | None
    found_at: datetime
    distance_m: float | None
    minutes_apart: int
    same_photo: bool


class LikesOut(Wire):
    items: list[LikeOut]


class ProblemPage(Wire):
    items: list[ProblemOut]
    as_of: datetime
    next_cursor: str | None
