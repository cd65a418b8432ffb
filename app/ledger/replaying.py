"""Every case held against its history: what the events say must be what the row says."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from app.ledger import queries_cases
from app.ledger.case import Case, changes, replay

_BATCH = 500


@dataclass(frozen=True)
class Differs:
    """A case that is not what its history says, and in which of its fields.

    ``events`` stands for a history with a gap, or of another length than the case counts.
    """

    number: str
    fields: tuple[str, ...]


def differing(tx: Session) -> Iterator[Differs | None]:
    """One after the other, each case replayed from its events: None where they give it back."""
    after = None
    while batch := queries_cases.histories(tx, after=after, limit=_BATCH):
        for problem, history in batch:
            told = replay(event.changed for event in history)
            fields = list(changes(Case.of(problem), told))
            if [event.seq for event in history] != list(range(1, problem.events + 1)):
                fields.append("events")
            yield Differs(problem.number, tuple(fields)) if fields else None
        after = batch[-1][0].id
