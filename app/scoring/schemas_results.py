"""Wire shapes of rulebooks, published results, periods and histories."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from app.rounds.rules import Period
from app.rounds.schemas import EnglishName, Name, NewCode, Reason, RoundRef
from app.scoring.periods import Span
from app.scoring.publishing import Wanted
from app.scoring.rules import RulebookState
from app.scoring.rules_flags import Colour
from app.scoring.rules_places import Status
from app.scoring.schemas import LeagueOut
from app.web.wire import Code, Named, Wire

Count = Annotated[StrictInt, Field(ge=0, le=1_000_000)]


class RulesIn(Wire):
    """A whole rulebook; its schema is at ``/v1/rulebook-schema``."""

    rules: dict[str, Any]


class RulebookIn(RulesIn):
    campaign: Code


class RulebookRef(Wire):
    id: UUID
    campaign: Named
    number: int
    state: RulebookState
    digest: str
    made_at: datetime
    published_at: datetime | None


class RulebookOut(RulebookRef):
    rules: dict[str, Any]


class RulebooksOut(Wire):
    items: list[RulebookRef]


class WhatIfIn(Wire):
    """``rounds``: published rounds to try it on; none: all."""

    rounds: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list)


class MovedOut(Wire):
    """What moved for one entrant: the fields that differ, before and after."""

    league: str
    entrant: str
    unit: Named
    label: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class RunOut(Wire):
    """A published result; ``digest`` is over it, ``inputs_digest`` over what it follows from."""

    id: UUID
    campaign: Named
    round: RoundRef | None
    period: Named | None
    number: int
    rulebook: int
    digest: str
    inputs_digest: str
    reason: str | None
    made_at: datetime


class RunsOut(Wire):
    items: list[RunOut]


class RunRankingsOut(Wire):
    """All leagues of a published result in order, with flags and money."""

    run: RunOut
    leagues: list[LeagueOut]


class TriedOut(Wire):
    run: RunOut
    moved: list[MovedOut]


class WhatIfOut(Wire):
    items: list[TriedOut]


class ChangesOut(Wire):
    """What a run moved against the revision before it."""

    run: RunOut
    before: RunOut | None
    moved: list[MovedOut]


class PublishIn(Wire):
    """``reason`` is needed for a correction, and where the rules came after the close.

    The two flags say what the publisher stands for.
    """

    reason: Reason | None = None
    without_pending: StrictBool = False
    thin_confirmed: StrictBool = False

    def wanted(self) -> Wanted:
        return Wanted(self.reason, self.without_pending, self.thin_confirmed)


class PeriodIn(Wire):
    """``unit``: whose rounds are rolled up; without it, those of the campaign's unit."""

    campaign: Code
    unit: Code | None = None
    code: NewCode
    name_zh: Name
    name_en: EnglishName | None = None
    period: Period
    starts_on: date
    ends_on: date

    def span(self) -> Span:
        return Span(
            self.code, self.name_zh, self.name_en, self.period, self.starts_on, self.ends_on
        )


class PeriodOut(Wire):
    id: UUID
    campaign: Named
    unit: Named
    code: str
    name: str
    period: Period
    starts_on: date
    ends_on: date


class PeriodsOut(Wire):
    items: list[PeriodOut]


class EntrantOut(Wire):
    """Who is ranked: a unit with its lines (none: all) in areas."""

    id: UUID
    key: str
    unit: Named
    label: str | None
    lines: list[str]
    areas: list[Named]


class EntrantPage(Wire):
    items: list[EntrantOut]
    next_cursor: str | None


class PlacedOut(Wire):
    """A place among ``of`` that were ranked in the league."""

    run_id: UUID
    number: int
    round: RoundRef | None
    period: Named | None
    league: Named
    status: Status
    place: int | None
    of: int
    score: str | None
    flag: Colour | None
    award_fen: int


class HistoryCountsOut(Wire):
    """``ranked`` results, of which ``in_first`` in the first ``first`` places."""

    results: int
    ranked: int
    first: int
    in_first: int
    times_first: int
    red: int
    blue: int


class HistoryOut(Wire):
    entrant: EntrantOut
    counts: HistoryCountsOut
    items: list[PlacedOut]
