"""Appeals (申诉): who may contest what until when, and who may decide."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.kit.errors import Conflict
from app.rounds.rules import RoundState


class AppealState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


def check_may_file(state: RoundState, closes_at: datetime | None, now: datetime) -> None:
    """Raises ``Conflict`` outside of the appeal window."""
    if state is not RoundState.APPEAL or closes_at is None or now > closes_at:
        raise Conflict("appeal.window-closed")


def check_may_decide(state: AppealState, *, filed_by: UUID, by: UUID) -> None:
    """Raises ``Conflict`` for the one who filed it, and where it is decided already."""
    if state is not AppealState.OPEN:
        raise Conflict("appeal.decided")
    if filed_by == by:
        raise Conflict("appeal.second-person")
