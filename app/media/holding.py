"""Holds that headquarters sets by hand: on photos, or on all that something has now."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.evidence import holds
from app.evidence.tables import Hold
from app.kit.errors import Fault, Invalid
from app.kit.paging import MAX_LIMIT
from app.media import queries
from app.media.queries import Filters
from app.web.principal import Principal


@dataclass(frozen=True)
class Wanted:
    """Photos by their ids, or by what they are used for."""

    photos: Sequence[UUID] | None
    filters: Filters


def hold_by_hand(tx: Session, principal: Principal, *, wanted: Wanted, reason: str) -> Hold:
    """Holds what the caller may see of it; raises ``Invalid`` for photos that are not there."""
    if wanted.photos is None:
        photos = _all(tx, principal, wanted.filters)
        if not photos:
            raise Invalid("photo-hold.nothing")
    else:
        photos = list(wanted.photos)
        seen = queries.visible_among(tx, principal, photos)
        faults = [
            Fault(
                f"/photos/{index}",
                "field.unknown-reference",
                {"kind": "photo", "value": str(photo)},
            )
            for index, photo in enumerate(photos)
            if photo not in seen
        ]
        if faults:
            raise Invalid("request.invalid", faults=tuple(faults))
    cause = holds.Cause(holds.BY_HAND)
    return holds.hold(tx, photos=photos, cause=cause, reason=reason, by=principal.user_id)


def _all(tx: Session, principal: Principal, filters: Filters) -> list[UUID]:
    found: list[UUID] = []
    while True:
        after = found[-1] if found else None
        page = queries.list_photos(tx, principal, filters, after=after, limit=MAX_LIMIT)
        found += [photo.id for photo in page.items]
        if page.next_cursor is None:
            return found
