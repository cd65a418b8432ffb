"""The business clock inside a transaction, and the row that moves it in demo and tests.

Deadlines, rounds and documents use ``now(tx)``. The shift lives in one database row, so that all
processes agree on it; production never reads the row and never accepts one.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, Column, Double, SmallInteger, delete
from sqlmodel import Field, Session, SQLModel

from app.infra.db import shift_of
from app.kit import clock


class BusinessClock(SQLModel, table=True):
    """At most one row: seconds by which business time runs beside real time."""

    __tablename__ = "business_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: int = Field(
        default=1, sa_column=Column(SmallInteger, primary_key=True, autoincrement=False)
    )
    shift_s: float = Field(sa_column=Column(Double, nullable=False))


def now(tx: Session) -> datetime:
    """The present business instant, in UTC."""
    return clock.business_now(shift_of(tx))


def today(tx: Session, timezone: str) -> date:
    """The present business day where the service is at home."""
    return now(tx).astimezone(ZoneInfo(timezone)).date()


def set_business_time(tx: Session, *, instant: datetime) -> timedelta:
    """Make the business clock show ``instant`` now; later transactions see it run on from there.

    Callers check that the environment is demo or test before they offer this to anybody.
    """
    shift = instant - clock.real_now()
    tx.exec(delete(BusinessClock))
    tx.add(BusinessClock(id=1, shift_s=shift.total_seconds()))
    tx.flush()
    return shift
