"""Wire shapes of the summary of the ledger."""

from datetime import datetime

from app.ledger.rules import ProblemState
from app.web.wire import Named, Wire


class RateOut(Wire):
    """A share: ``value`` is a percentage with two decimals, null where there is nothing to share.

    ``definition``: ``filing-1`` = filed, of those that were filed or refused;
    ``on-time-closing-1`` = not late, or late and excused, of all closed;
    ``rework-1`` = closed after rework, of all closed.
    """

    definition: str
    numerator: int
    denominator: int
    value: str | None


class CountsOut(Wire):
    """``problems`` = ``closed`` + ``open`` + ``cancelled``; merged cases count as cancelled."""

    problems: int
    closed: int
    open: int
    cancelled: int
    overdue: int
    due_today: int
    due_week: int
    rework: int
    extension: int
    suspended: int
    transferred: int
    merged: int
    solved: int
    staged: int
    explained: int
    rates: list[RateOut]


class NamedCountsOut(Wire):
    about: Named | None
    counts: CountsOut


class StateCountOut(Wire):
    state: ProblemState
    label: str
    count: int


class OldOut(Wire):
    number: str
    state: ProblemState
    note: str | None
    found_at: datetime
    days: int
    deadline_at: datetime | None


class QuantityOut(Wire):
    """What was done in closed cases; ``quantity`` is a decimal."""

    kind: str
    unit: str
    quantity: str


class SummaryOut(Wire):
    """``units`` are with all below them; a district without a name is where none is known."""

    as_of: datetime
    all: CountsOut
    by_state: list[StateCountOut]
    by_district: list[NamedCountsOut]
    by_unit: list[NamedCountsOut]
    by_line: list[NamedCountsOut]
    oldest: list[OldOut]
    work: list[QuantityOut]
