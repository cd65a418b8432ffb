"""From events to changes on the wire."""

from uuid import UUID

from app.infra.events import Event
from app.kit.paging import encode_cursor
from app.sync.queries import Span
from app.sync.rules import OF_PHOTOS
from app.sync.schemas import ChangeOut, ChangesOut


def changes_out(span: Span) -> ChangesOut:
    """A span of the feed; without changes it still leads on."""
    items = [_change_out(event) for event in span.events]
    return ChangesOut(items=items, cursor=encode_cursor(span.upto), more=span.more)


def _change_out(event: Event) -> ChangeOut:
    about_photo = event.kind in OF_PHOTOS
    named = event.data.get("photo_id")
    return ChangeOut(
        seq=event.seq or 0,
        kind=event.kind,
        photo_id=event.subject_id if about_photo else named and UUID(named),
        visit_id=None if about_photo else event.subject_id,
        code=event.data.get("code"),
        happened_at=event.happened_at,
    )
