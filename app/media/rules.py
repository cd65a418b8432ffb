"""What a copy of a photo is called when somebody keeps it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.kit.disposition import file_name

_LONGEST_ITEM = 40
_TAIL = 6


@dataclass(frozen=True)
class Place:
    """What a photo shows, as far as the caller may know it: the site, and the item or entry."""

    site_code: str | None = None
    site_name: str | None = None
    item_code: str | None = None
    item_text: str | None = None
    problem: str | None = None


def name_of(photo_id: UUID, place: Place, taken_on: date, extension: str) -> str:
    """Site, item or ledger entry, day, and the end of the id, which tells like photos apart."""
    item = " ".join(part for part in (place.item_code, place.item_text) if part)
    return file_name(
        place.site_name or "",
        item[:_LONGEST_ITEM] or place.problem or "",
        taken_on.isoformat(),
        photo_id.hex[-_TAIL:],
        extension=extension,
    )
