"""How long photos are kept, decided from what they are used for. No store, no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True)
class KeptFor:
    """A retention class: photos of a campaign, of a category of sites, of both, or the rest.

    ``keep_days`` None: for good.
    """

    code: str
    campaign_id: UUID | None
    category: str | None
    keep_days: int | None


@dataclass(frozen=True)
class Use:
    """A place where a photo is evidence; ``is_open`` while an entry of the ledger needs it."""

    campaign_id: UUID | None = None
    category: str | None = None
    is_open: bool = False


def class_of(use: Use, classes: Iterable[KeptFor]) -> KeptFor | None:
    """The narrowest class that fits: campaign and category, then campaign, category, all."""
    fitting = [
        one
        for one in classes
        if one.campaign_id in (None, use.campaign_id) and one.category in (None, use.category)
    ]
    return max(
        fitting,
        key=lambda one: (one.campaign_id is not None, one.category is not None),
        default=None,
    )


def due_by(
    stored_at: datetime, uses: Sequence[Use], classes: Sequence[KeptFor], now: datetime
) -> KeptFor | None:
    """The class by which a photo is to be deleted now; None while anything wants it kept.

    A photo of several uses is kept for the longest of them; one that no class fits, for good.
    """
    if any(use.is_open for use in uses):
        return None
    longest: KeptFor | None = None
    for use in uses or (Use(),):
        found = class_of(use, classes)
        if found is None or found.keep_days is None:
            return None
        if longest is None or found.keep_days > (longest.keep_days or 0):
            longest = found
    if longest is None or longest.keep_days is None:
        return None
    return longest if stored_at + timedelta(days=longest.keep_days) <= now else None
