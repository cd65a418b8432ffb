"""Wire shapes of standings: names beside codes, so that a dashboard needs no second look-up."""

from datetime import datetime
from uuid import UUID

from app.rounds.schemas import RoundRef
from app.scoring.rules_flags import Colour
from app.scoring.rules_places import Status
from app.web.wire import Named, Wire


class EntryOut(Wire):
    """One entrant. ``pending_visits`` still wait for photos and do not count yet.

    Flags and money come with the result; ``status``: whether the entrant is ranked at all.
    """

    rank: int | None
    entrant_id: UUID
    unit: Named
    district: Named | None
    line: str | None
    lines: list[str]
    status: Status
    score: str | None
    sites: int
    pending_visits: int
    flag: Colour | None
    award_fen: int | None


class LeagueOut(Wire):
    code: str
    name: str
    entries: list[EntryOut]


class RankingsOut(Wire):
    round: RoundRef
    as_of: datetime
    version: int
    provisional: bool
    leagues: list[LeagueOut]
    next_cursor: str | None


class LeagueStandingOut(Wire):
    round: RoundRef
    league: Named
    as_of: datetime
    version: int
    provisional: bool
    items: list[EntryOut]
    next_cursor: str | None
