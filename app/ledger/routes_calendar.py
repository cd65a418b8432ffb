"""The official calendar, and what loading next year's notice does to open deadlines."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, StrictInt
from starlette.requests import Request

from app.ledger import recomputing
from app.organisation import queries_calendar
from app.organisation.calendar import DayKind, NamedDay, NewHours, Notice, NotifiedYear
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Text, Wire

router = FeatureRouter(prefix="/v1", tags=["organisation"], responses=error_replies(401, 403))
CalendarReader = Annotated[Principal, Needs("organisation.read")]
CalendarManager = Annotated[Principal, Needs("organisation.manage")]
_MOST_SHOWN = 500
Year = Annotated[StrictInt, Field(ge=2000, le=2100)]


class DayIn(Wire):
    """A day off, or a working day that is made up for one."""

    day: date
    kind: DayKind
    name_zh: Annotated[Text, Field(min_length=1, max_length=40)]


class YearIn(Wire):
    """All days that the notices name in a year: they take the place of what was loaded for it."""

    year: Year
    notices: Annotated[
        list[Annotated[Text, Field(min_length=1, max_length=200)]],
        Field(min_length=1, max_length=5),
    ]
    days: Annotated[list[DayIn], Field(max_length=366)]


class HoursIn(Wire):
    """Working hours from a day on: ``08:00-12:00 14:00-18:00``."""

    valid_from: date
    spans: Annotated[Text, Field(min_length=11, max_length=200)]


class CalendarIn(Wire):
    years: Annotated[list[YearIn], Field(max_length=20)] = Field(default_factory=list)
    working_hours: Annotated[list[HoursIn], Field(max_length=50)] = Field(default_factory=list)


class DayOut(Wire):
    day: date
    kind: DayKind
    name: str


class HoursOut(Wire):
    valid_from: date
    spans: str


class CalendarOut(Wire):
    """``known`` false: nobody has notified the year, so Monday to Friday is assumed."""

    year: int
    known: bool
    notice: str | None
    days: list[DayOut]
    working_hours: list[HoursOut]
    known_years: list[int]


class MovedOut(Wire):
    number: str
    before: datetime
    after: datetime


class CalendarLoadedOut(Wire):
    """How many open deadlines moved, and the first 500 of them."""

    moved: int
    items: list[MovedOut]


@router.get("/calendar", summary="工作日历 · The calendar of a year")
def get_calendar(
    tx: Tx, reader: CalendarReader, year: Annotated[int, Query(ge=2000, le=2100)]
) -> CalendarOut:
    """Days off, made-up working days and working hours."""
    years = {one.year: one.notice for one in queries_calendar.list_years(tx)}
    return CalendarOut(
        year=year,
        known=year in years,
        notice=years.get(year),
        days=[
            DayOut(
                day=one.day,
                kind=DayKind.WORKDAY if one.is_worked else DayKind.HOLIDAY,
                name=one.name_zh,
            )
            for one in queries_calendar.list_days(tx, year)
        ],
        working_hours=[
            HoursOut(valid_from=one.valid_from, spans=one.spans)
            for one in queries_calendar.list_hours(tx)
        ],
        known_years=list(years),
    )


@router.post("/calendar", summary="载入节假日安排 · Load a notice")
def load_calendar(
    tx: Tx, manager: CalendarManager, request: Request, body: CalendarIn
) -> CalendarLoadedOut:
    """Next year's notice, or other working hours; open deadlines follow, and are named."""
    notice = Notice(
        years=tuple(
            NotifiedYear(
                one.year,
                tuple(one.notices),
                tuple(NamedDay(day.day, day.kind, day.name_zh) for day in one.days),
            )
            for one in body.years
        ),
        working_hours=tuple(NewHours(one.valid_from, one.spans) for one in body.working_hours),
    )
    moved = recomputing.load_calendar(tx, request.app.state.settings, notice)
    items = [
        MovedOut(number=one.number, before=one.before, after=one.after)
        for one in moved[:_MOST_SHOWN]
    ]
    return CalendarLoadedOut(moved=len(moved), items=items)
