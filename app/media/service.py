"""Every view of an original is in the audit log."""

from collections.abc import Iterable

from sqlmodel import Session

from app.evidence.tables import Photo
from app.infra import events
from app.kit.errors import Forbidden
from app.web.principal import Principal

ORIGINAL = "photo.read-original"


def view_originals(tx: Session, principal: Principal, photos: Iterable[Photo]) -> None:
    """Notes who is given the addresses of which originals; raises ``Forbidden``."""
    if not principal.has(ORIGINAL):
        raise Forbidden("auth.forbidden", permission=ORIGINAL)
    seen = [(photo.id, {"sha256": photo.sha256}) for photo in photos]
    events.record_many(tx, "photo.original-viewed", "photo", seen)
