"""The on-time closing rates of a result, out of the ledger as it is when it is published."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.infra import business_time
from app.ledger import queries_closing
from app.organisation import queries as organisation
from app.scoring.queries_runs import Entered
from app.scoring.rules_closing import with_closing


def with_rates(tx: Session, entered: Entered, *, since: datetime, until: datetime) -> Entered:
    """Who stands where, with the problems that came due between and by now."""
    counted = queries_closing.count_due(tx, since=since, until=min(until, business_time.now(tx)))
    if not counted:
        return entered
    rows = entered.entrants
    units = organisation.find_units_by_id(tx, [one.unit_id for one in rows.values()])
    paths = {key: units[one.unit_id].path for key, one in rows.items()}
    return replace(entered, leagues=with_closing(entered.leagues, paths, counted))


def span_of_days(first: date, last: date, timezone: str) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one."""
    zone = ZoneInfo(timezone)
    after = last + timedelta(days=1)
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
