"""When the rounds of a series begin: a subset of RFC 5545 rules in the city's zone.

A rule is counted on the wall clock of the city, so a round that begins at eight does so in summer
and in winter. Allowed are FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and
UNTIL; anything else is refused by name. Month ends: BYMONTHDAY=31 leaves the shorter months out,
BYMONTHDAY=-1 is the last day of each.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MOST_DAYS_AHEAD = 92
_MOST_INTERVAL = 366
_NUMBERS = r"-?\d{1,2}(,-?\d{1,2})*"
_DAY = r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "BYDAY": rf"{_DAY}(,{_DAY})*",
    "BYMONTHDAY": _NUMBERS,
    "BYMONTH": r"\d{1,2}(,\d{1,2})*",
    "UNTIL": r"\d{8}",
}


def check_rule(rule: str) -> None:
    """Raise ValueError that names the part which is not allowed, or wrong."""
    parts = _parts(rule)
    for name, value in parts.items():
        pattern = _PARTS.get(name)
        if pattern is None or not re.fullmatch(pattern, value):
            raise ValueError(f"{name}={value}")
    if "FREQ" not in parts:
        raise ValueError("FREQ")
    if int(parts.get("INTERVAL", "1")) > _MOST_INTERVAL:
        raise ValueError(f"INTERVAL={parts['INTERVAL']}")
    if parts["FREQ"] != "MONTHLY" and re.search(r"\d", parts.get("BYDAY", "")):
        raise ValueError(f"BYDAY={parts['BYDAY']}")
    _within(parts, "BYMONTHDAY", 31)
    _within(parts, "BYMONTH", 12)
    if "UNTIL" in parts:
        _day(parts["UNTIL"])


def occurrences(
    rule: str, *, first: datetime, zone: ZoneInfo, after: datetime, until: datetime
) -> Iterator[datetime]:
    """The beginnings later than ``after`` and not later than ``until``, in UTC and in order.

    ``first`` is the earliest that a round may begin and gives the time of day; it is the first
    beginning only where it fits the rule.
    """
    check_rule(rule)
    parts = _parts(rule)
    horizon = until.astimezone(zone).replace(tzinfo=None)
    if "UNTIL" in parts:
        horizon = min(horizon, _day(parts.pop("UNTIL")) + timedelta(days=1, microseconds=-1))
    start = first.astimezone(zone).replace(tzinfo=None)
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    bounded = f"{text};UNTIL={horizon:%Y%m%dT%H%M%S}"
    for local in rrulestr(bounded, dtstart=start.replace(microsecond=0)):
        begins = local.replace(tzinfo=zone).astimezone(UTC)
        if begins > until:
            return
        if begins > after:
            yield begins


def later(begins: datetime, lasts: timedelta, zone: ZoneInfo) -> datetime:
    """``lasts`` later on the city's wall clock, in UTC."""
    local = begins.astimezone(zone).replace(tzinfo=None) + lasts
    return local.replace(tzinfo=zone).astimezone(UTC)


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name in parts or not value:
            raise ValueError(part)
        parts[name] = value
    return parts


def _within(parts: dict[str, str], name: str, most: int) -> None:
    numbers = [int(number) for number in parts.get(name, "1").split(",")]
    if any(not 1 <= abs(number) <= most for number in numbers):
        raise ValueError(f"{name}={parts[name]}")


def _day(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007 - a day of the wall clock
    except ValueError as error:
        raise ValueError(f"UNTIL={value}") from error
