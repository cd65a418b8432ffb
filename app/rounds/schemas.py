"""Wire shapes of campaigns, rounds and their series."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from app.rounds.recurrence import MOST_DAYS_AHEAD
from app.rounds.rules import Period, RoundState, Source
from app.rounds.terms import MOST_DRAWN, DrawRule, SeriesTerms, Terms
from app.web.wire import Code, Named, Note, Text, When, Wire

_MINUTES_OF_92_DAYS = 92 * 24 * 60
NewCode = Annotated[StrictStr, Field(pattern=r"^[0-9A-Za-z.-]{1,40}$")]
SeriesCode = Annotated[StrictStr, Field(pattern=r"^[0-9A-Za-z.-]{1,24}$")]
Name = Annotated[Text, Field(min_length=1, max_length=100)]
EnglishName = Annotated[Text, Field(min_length=1, max_length=200)]
Reason = Annotated[Note, Field(min_length=1)]


class ChecklistRef(Wire):
    code: Code
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class CampaignOut(Wire):
    code: str
    name: str
    unit: Named
    ended_at: datetime | None


class CampaignPage(Wire):
    items: list[CampaignOut]
    next_cursor: str | None


class CampaignNames(Wire):
    name_zh: Name
    name_en: EnglishName | None = None


class CampaignIn(CampaignNames):
    """``unit``: whose campaign it is; a unit that the caller manages."""

    code: NewCode
    unit: Code


class RoundRef(Wire):
    id: UUID
    code: str
    name: str
    state: RoundState
    source: Source


class RoundOut(RoundRef):
    """``unit`` judges, ``area`` is where; ``timed``: opened and closed by the clock."""

    campaign: Named
    unit: Named
    area: Named
    period: Period
    opens_at: datetime
    closes_at: datetime
    announced: bool
    timed: bool
    series_id: UUID | None


class RoundPage(Wire):
    items: list[RoundOut]
    next_cursor: str | None


class RoundTermsIn(Wire):
    """What may be changed while the round is planned, whole."""

    name_zh: Name
    name_en: EnglishName | None = None
    period: Period
    announced: StrictBool
    timed: StrictBool = True
    opens_at: When
    closes_at: When

    def terms(self) -> Terms:
        """The same for the service."""
        return Terms(
            name_zh=self.name_zh,
            name_en=self.name_en,
            period=self.period,
            announced=self.announced,
            timed=self.timed,
            opens_at=self.opens_at,
            closes_at=self.closes_at,
        )


class RoundIn(RoundTermsIn):
    """Without ``unit`` the campaign's unit judges; without ``area`` all of its place."""

    campaign: Code
    code: NewCode
    source: Source
    unit: Code | None = None
    area: Code | None = None


class ReasonIn(Wire):
    reason: Reason


class DrawIn(Wire):
    """Which sites, with which checklist for their category, dealt over which teams.

    ``most``: how many sites are drawn at the most. ``blind``: to so many of them a second team is
    sent, independently.
    """

    areas: Annotated[list[Code], Field(min_length=1, max_length=100)]
    checklists: Annotated[list[ChecklistRef], Field(min_length=1, max_length=50)]
    teams: Annotated[list[Code], Field(max_length=200)] = Field(default_factory=list)
    most: Annotated[StrictInt, Field(ge=1, le=MOST_DRAWN)] | None = None
    blind: Annotated[StrictInt, Field(ge=0, le=MOST_DRAWN)] = 0

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if len({one.code for one in self.checklists}) < len(self.checklists):
            raise ValueError("a checklist is named twice")
        return self

    def rule(self) -> DrawRule:
        """The same for the service."""
        return DrawRule(
            areas=tuple(self.areas),
            checklists=tuple((one.code, one.version) for one in self.checklists),
            teams=tuple(self.teams),
            most=self.most,
            blind=self.blind,
        )


class SeriesIn(Wire):
    """Rounds that recur: ``rule`` is an RFC 5545 rule on the city's wall clock.

    Its parts: FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, UNTIL.
    ``first_at`` gives the time of day. ``plan``: how the tasks of each round are drawn.
    """

    campaign: Code
    code: SeriesCode
    name_zh: Annotated[Text, Field(min_length=1, max_length=80)]
    name_en: Annotated[Text, Field(min_length=1, max_length=160)] | None = None
    source: Source
    unit: Code | None = None
    area: Code | None = None
    period: Period
    announced: StrictBool
    rule: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    first_at: When
    lasts_minutes: Annotated[StrictInt, Field(ge=1, le=_MINUTES_OF_92_DAYS)]
    days_ahead: Annotated[StrictInt, Field(ge=1, le=MOST_DAYS_AHEAD)] = 7
    plan: DrawIn | None = None

    def terms(self) -> SeriesTerms:
        """The same for the service."""
        return SeriesTerms(
            code=self.code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            source=self.source,
            period=self.period,
            announced=self.announced,
            rule=self.rule,
            first_at=self.first_at,
            lasts_minutes=self.lasts_minutes,
            days_ahead=self.days_ahead,
        )


class DrawPlanOut(Wire):
    areas: list[str]
    checklists: list[ChecklistRef]
    teams: list[str]
    most: int | None
    blind: int


class SeriesOut(Wire):
    id: UUID
    code: str
    name: str
    campaign: Named
    unit: Named
    area: Named
    source: Source
    period: Period
    announced: bool
    rule: str
    first_at: datetime
    lasts_minutes: int
    days_ahead: int
    plan: DrawPlanOut | None
    ended_at: datetime | None


class SeriesPage(Wire):
    items: list[SeriesOut]
    next_cursor: str | None
