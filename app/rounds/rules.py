"""What a round is: its states, who inspects in it, and how long it lasts."""

from enum import StrEnum


class RoundState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    APPEAL = "appeal"
    PUBLISHED = "published"


class Source(StrEnum):
    """Who inspects; kept apart through scoring and ledger."""

    CITY_TEAM = "city_team"
    BUREAU = "bureau"
    DISTRICT = "district"
    THIRD_PARTY = "third_party"
    SELF = "self"


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    SPECIAL = "special"
