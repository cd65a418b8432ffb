"""Wire shapes of the change feed."""

from datetime import datetime
from uuid import UUID

from app.web.wire import Wire


class ChangeOut(Wire):
    """One change. Read the photo or visit itself for its present state.

    ``kind``: ``photo.stored``, ``photo.rejected`` (``code`` says why), ``photo.receipt-issued``,
    ``photo.lost``, ``photo.found``, ``photo.restored``, ``photo.deleted``, ``visit.completed``,
    ``visit.revised``, ``visit.counting-changed``, ``visit.late-decided``, ``retake.asked``,
    ``retake.fulfilled``, ``retake.waived``; more may come, pass over what you do not know.
    ``photo_id``: the photo, also where a visit's photo is to be taken again.
    """

    seq: int
    kind: str
    photo_id: UUID | None
    visit_id: UUID | None
    code: str | None
    happened_at: datetime


class ChangesOut(Wire):
    """``cursor``: for the next call. ``more``: call again at once."""

    items: list[ChangeOut]
    cursor: str
    more: bool
