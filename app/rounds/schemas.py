"""Wire shapes of campaigns and rounds."""

from datetime import datetime
from uuid import UUID

from app.rounds.rules import RoundState, Source
from app.web.wire import Named, Wire


class RoundRef(Wire):
    id: UUID
    code: str
    name: str
    state: RoundState
    source: Source


class RoundOut(RoundRef):
    campaign: Named
    opens_at: datetime
    closes_at: datetime
    announced: bool


class RoundPage(Wire):
    items: list[RoundOut]
    next_cursor: str | None
