"""The calendar is loaded from the notices of the State Council; a year is replaced as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_id
from app.kit.workdays import read_spans
from app.organisation import queries_calendar
from app.organisation.tables import CalendarDay, CalendarYear, WorkingHours

_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class DayKind(StrEnum):
    """What a notice says of a day: off, or made up for another."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


@dataclass(frozen=True)
class NamedDay:
    """A day that a notice names."""

    day: date
    kind: DayKind
    name_zh: str


@dataclass(frozen=True)
class NotifiedYear:
    """All days that the notices name in a year."""

    year: int
    notices: tuple[str, ...]
    days: tuple[NamedDay, ...]


@dataclass(frozen=True)
class NewHours:
    """Working hours from a day on, as ``08:00-12:00 14:00-18:00``."""

    valid_from: date
    spans: str


@dataclass(frozen=True)
class Notice:
    """What is loaded at once."""

    years: tuple[NotifiedYear, ...]
    working_hours: tuple[NewHours, ...] = ()


def read_notice(row: dict[str, Any]) -> Notice:
    """A notice out of a file; KeyError and ValueError where it is none."""
    return Notice(
        years=tuple(
            NotifiedYear(
                year=int(one["year"]),
                notices=tuple(one["notices"]),
                days=tuple(
                    NamedDay(date.fromisoformat(day["day"]), DayKind(day["kind"]), day["name_zh"])
                    for day in one["days"]
                ),
            )
            for one in row["years"]
        ),
        working_hours=tuple(
            NewHours(date.fromisoformat(one["valid_from"]), one["spans"])
            for one in row.get("working_hours", ())
        ),
    )


def load_notice(tx: Session, notice: Notice) -> bool:
    """Write years and working hours; whether anything differs from what was there.

    ``Invalid`` with every fault: a day twice or outside its year, or spans that are none.
    """
    faults = _faults(notice)
    if faults:
        raise Invalid("calendar.invalid", faults=tuple(faults))
    changed = [one for one in notice.years if _differs(tx, one)]
    hours = {one.valid_from: one.spans for one in queries_calendar.list_hours(tx)}
    new_hours = [one for one in notice.working_hours if hours.get(one.valid_from) != one.spans]
    for year in changed:
        _replace(tx, year)
    for one in new_hours:
        statement = insert(WorkingHours).values(valid_from=one.valid_from, spans=one.spans)
        statement = statement.on_conflict_do_update(
            index_elements=["valid_from"], set_={"spans": one.spans}
        )
        tx.connection().execute(statement)
    if not changed and not new_hours:
        return False
    events.record(
        tx,
        "calendar.loaded",
        subject=("calendar", new_id()),
        years=[one.year for one in changed],
        notices=[text for one in changed for text in one.notices],
        working_hours=[f"{one.valid_from} {one.spans}" for one in new_hours],
    )
    return True


def _differs(tx: Session, year: NotifiedYear) -> bool:
    known = {one.year: one.notice for one in queries_calendar.list_years(tx)}
    if known.get(year.year) != _text(year.notices):
        return True
    there = {(one.day, one.is_worked) for one in queries_calendar.list_days(tx, year.year)}
    return there != {(one.day, one.kind is DayKind.WORKDAY) for one in year.days}


def _replace(tx: Session, year: NotifiedYear) -> None:
    first, last = date(year.year, 1, 1), date(year.year, 12, 31)
    tx.exec(sa.delete(CalendarDay).where(col(CalendarDay.day).between(first, last)))
    rows = [
        {"day": one.day, "is_worked": one.kind is DayKind.WORKDAY, "name_zh": one.name_zh}
        for one in year.days
    ]
    insert_rows(tx, CalendarDay, rows)
    values = {"notice": _text(year.notices), "loaded_at": business_time.now(tx)}
    statement = insert(CalendarYear).values(year=year.year, **values)
    tx.connection().execute(statement.on_conflict_do_update(index_elements=["year"], set_=values))


def _text(notices: Sequence[str]) -> str:
    return "；".join(notices)


def _faults(notice: Notice) -> list[Fault]:
    faults = []
    for at, year in enumerate(notice.years):
        if not _FIRST_YEAR <= year.year <= _LAST_YEAR:
            expected = {"expected": f"{_FIRST_YEAR}..{_LAST_YEAR}"}
            faults.append(Fault(f"/years/{at}/year", "field.value", expected))
        seen: set[date] = set()
        for place, one in enumerate(year.days):
            pointer = f"/years/{at}/days/{place}/day"
            if one.day.year != year.year:
                faults.append(Fault(pointer, "field.value", {"expected": str(year.year)}))
            if one.day in seen:
                faults.append(Fault(pointer, "field.duplicate", {"value": one.day.isoformat()}))
            seen.add(one.day)
    for at, hours in enumerate(notice.working_hours):
        try:
            read_spans(hours.spans)
        except ValueError as error:
            expected = {"expected": str(error)}
            faults.append(Fault(f"/working_hours/{at}/spans", "field.format", expected))
    return faults
