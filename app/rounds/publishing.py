"""The last steps of a round: open to appeals, published, reopened to be corrected.

What is published is decided elsewhere; here a round only moves from state to state.
"""

from typing import Any

from sqlmodel import Session

from app.infra import events
from app.kit.errors import Conflict
from app.rounds.rules import RoundState
from app.rounds.tables import Round


def to_appeal(tx: Session, found: Round) -> None:
    """A closed round, locked, is open to appeals."""
    _demand(found, RoundState.CLOSED)
    moved = _move(tx, found, RoundState.APPEAL)
    events.record(tx, "round.appeals-opened", subject=("round", found.id), **moved)


def to_published(tx: Session, found: Round) -> None:
    """The result of a locked round is out."""
    moved = _move(tx, found, RoundState.PUBLISHED)
    events.record(tx, "round.published", subject=("round", found.id), **moved)


def to_correction(tx: Session, found: Round, reason: str) -> None:
    """A published round, locked, may be corrected; its result stands until the next one."""
    _demand(found, RoundState.PUBLISHED)
    moved = _move(tx, found, RoundState.APPEAL)
    events.record(tx, "round.reopened", subject=("round", found.id), reason=reason, **moved)


def _demand(found: Round, state: RoundState) -> None:
    if found.state is not state:
        raise Conflict("round.wrong-state", state=found.state.value, needed=state.value)


def _move(tx: Session, found: Round, state: RoundState) -> dict[str, Any]:
    """Set the state; what it was and is, for the audit trail."""
    before, found.state = found.state, state
    tx.add(found)
    tx.flush()
    return {"before": {"state": before.value}, "after": {"state": state.value}}
