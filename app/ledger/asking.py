"""What somebody asked of the ledger: the filters and the order, as they were given."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.ledger.queries_filters import Box, Filters
from app.ledger.rules import ProblemSource, ProblemState


class Order(StrEnum):
    """By what a list is sorted; each has an index and a keyset of its own."""

    NEWEST = "newest"  # what was opened last comes first
    FOUND = "found"  # what was found last comes first
    DEADLINE = "deadline"  # what is due first; only cases whose clock runs


@dataclass(frozen=True)
class Asked:
    """The filters as they were asked for."""

    round_id: UUID | None = None
    state: tuple[ProblemState, ...] = ()
    area: str | None = None
    unit: str | None = None
    line: str | None = None
    group: str | None = None
    category: str | None = None
    source: ProblemSource | None = None
    overdue: bool | None = None
    due_within_h: int | None = None
    text: str | None = None
    box: Box | None = None
    found_from: datetime | None = None
    found_to: datetime | None = None
    to_do: bool = False

    @property
    def follows_the_clock(self) -> bool:
        """Whether the answer changes though nothing happens."""
        return self.overdue is not None or self.due_within_h is not None

    @property
    def order(self) -> Order:
        """The order that fits: what is late by its deadline, what was found when by that."""
        if self.overdue or self.due_within_h is not None:
            return Order.DEADLINE
        if self.found_from is not None or self.found_to is not None:
            return Order.FOUND
        return Order.NEWEST

    def filters(self, now: datetime, order: Order | None = None) -> Filters:
        """The same as of now; by deadline only cases whose clock runs are ordered."""
        hours = self.due_within_h
        return Filters(
            now=now,
            round_id=self.round_id,
            states=self.state,
            area=self.area,
            unit=self.unit,
            line=self.line,
            group=self.group,
            category=self.category,
            source=self.source,
            overdue=self.overdue,
            due_within=timedelta(hours=hours) if hours else None,
            text=self.text,
            box=self.box,
            found_from=self.found_from,
            found_to=self.found_to,
            to_do=self.to_do,
            running=order is Order.DEADLINE,
        )
