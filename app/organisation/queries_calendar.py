"""Reads of the calendar, and of the time limits of categories."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.infra import business_time
from app.kit.workdays import Calendar, Hours, Limit, read_spans
from app.organisation.tables import CalendarDay, CalendarYear, CategoryLimit, WorkingHours

_PAST = timedelta(days=400)


def read_calendar(tx: Session, timezone: str, *, since: date | None = None) -> Calendar:
    """The calendar from a day on (without one, somewhat more than a year back); 3 statements."""
    first = since or business_time.today(tx, timezone) - _PAST
    named = sa.select(col(CalendarDay.day), col(CalendarDay.is_worked))
    days = tx.execute(named.where(col(CalendarDay.day) >= first)).all()
    years = tx.exec(select(CalendarYear.year)).all()
    hours = list_hours(tx)
    return Calendar(
        zone=ZoneInfo(timezone),
        days={row[0]: row[1] for row in days},
        years=frozenset(years),
        hours=tuple(Hours(one.valid_from, read_spans(one.spans)) for one in hours),
    )


def list_hours(tx: Session) -> Sequence[WorkingHours]:
    """Working hours by their first days."""
    return tx.exec(select(WorkingHours).order_by(col(WorkingHours.valid_from))).all()


def list_years(tx: Session) -> Sequence[CalendarYear]:
    """The years that are known."""
    return tx.exec(select(CalendarYear).order_by(col(CalendarYear.year))).all()


def list_days(tx: Session, year: int) -> Sequence[CalendarDay]:
    """The days of a year that a notice names."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    query = select(CalendarDay).where(col(CalendarDay.day).between(first, last))
    return tx.exec(query.order_by(col(CalendarDay.day))).all()


def limits_of(tx: Session, category_id: UUID | None) -> dict[str, Limit]:
    """The time limits of a category by filing condition, in their order."""
    if category_id is None:
        return {}
    query = select(CategoryLimit).where(CategoryLimit.category_id == category_id)
    rows = tx.exec(query.order_by(col(CategoryLimit.position))).all()
    return {row.condition: Limit(row.value, row.unit) for row in rows}
