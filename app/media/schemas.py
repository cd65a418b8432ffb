"""Wire shapes of photos that go out."""

from datetime import datetime
from uuid import UUID

from app.evidence.rules import PhotoRole, Size
from app.web.wire import Named, Wire


class CopyOut(Wire):
    """One copy of a photo: where it is, and what the bytes there must be.

    ``sha256`` and ``size`` are null for copies that were made before the service noted them.
    ``item`` and ``problem`` are told as far as the caller's reach goes.
    """

    id: UUID
    role: PhotoRole
    captured_at: datetime
    site: Named | None
    item: Named | None
    problem: str | None
    name: str
    content_type: str
    sha256: str | None
    size: int | None
    url: str


class ManifestPage(Wire):
    """``urls_last_s``: for how long the addresses are good at the least; then ask again."""

    items: list[CopyOut]
    of: Size
    as_of: datetime
    urls_last_s: int
    next_cursor: str | None
