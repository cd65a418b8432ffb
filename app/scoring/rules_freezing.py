"""Why the visits of a round were frozen, and what stands against publishing it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.kit.errors import Conflict
from app.rounds.rules import RoundState, Source
from app.scoring.rules import Rulebook


class FreezeCause(StrEnum):
    """``closed``: what counted when the round ended; ``published``: it was other for a result."""

    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Readiness:
    """What is known about a round that somebody wants to publish."""

    state: RoundState
    source: Source
    appeals_until: datetime | None
    open_appeals: int
    pending_visits: int
    thin_visits: int
    published_before: bool


def refusals(
    ready: Readiness,
    book: Rulebook,
    *,
    now: datetime,
    reason: str | None,
    without_pending: bool,
    thin_confirmed: bool,
) -> Iterator[Conflict]:
    """Everything that stands against publishing now; nothing: it may be published."""
    if ready.state not in {RoundState.CLOSED, RoundState.APPEAL}:
        yield Conflict("round.wrong-state", state=ready.state.value, needed=RoundState.CLOSED.value)
    if ready.source not in book.sources:
        yield Conflict("round.source-does-not-rank", source=ready.source.value)
    window_due = book.appeal_days > 0 and not ready.published_before
    if window_due and (ready.appeals_until is None or now < ready.appeals_until):
        yield Conflict("round.appeals-not-over")
    if ready.open_appeals:
        yield Conflict("round.appeals-open", open=ready.open_appeals)
    if ready.pending_visits and not without_pending:
        yield Conflict("round.visits-pending", pending=ready.pending_visits)
    if ready.thin_visits and not thin_confirmed:
        yield Conflict("round.visits-thin", thin=ready.thin_visits)
    if ready.published_before and not reason:
        yield Conflict("run.reason-missing")
