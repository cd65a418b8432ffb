"""What strangers are told of a case, and what makes two sendings one; pure."""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID, uuid5

from app.kit.geo import Crs
from app.ledger.case import Resolution
from app.ledger.rules import ProblemState

MOST_PHOTOS = 3
# What is kept of an id that a stranger made: it never meets the ids that phones make.
_STRANGERS = UUID("6f2c1d8e-4a57-4d0b-9b1e-2f8a7c3d5e90")


class PublicState(StrEnum):
    """Where a report stands, for everybody."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    HANDED_ON = "handed_on"
    IN_HAND = "in_hand"
    CHECKING = "checking"
    DONE = "done"
    POSTPONED = "postponed"
    REFUSED = "refused"


PUBLIC_STATES: dict[ProblemState, PublicState] = {
    ProblemState.REPORTED: PublicState.RECEIVED,
    ProblemState.VERIFYING: PublicState.VERIFYING,
    ProblemState.FILED: PublicState.ACCEPTED,
    ProblemState.DISPATCHED: PublicState.HANDED_ON,
    ProblemState.RECTIFYING: PublicState.IN_HAND,
    ProblemState.CHECKING: PublicState.CHECKING,
    ProblemState.CLOSED: PublicState.DONE,
    ProblemState.SUSPENDED: PublicState.POSTPONED,
    ProblemState.CANCELLED: PublicState.REFUSED,
}
# What came of it: a plan or an explanation is never told as if it were put right.
RESOLUTIONS: dict[Resolution, tuple[str, str]] = {
    Resolution.SOLVED: ("已解决", "put right"),
    Resolution.STAGED: ("已列入计划，分步解决", "planned, to be put right step by step"),
    Resolution.EXPLAINED: ("已作说明", "explained"),
}


@dataclass(frozen=True)
class CitizenSays:
    """A report as it was sent; ``category`` is (scheme, code, version)."""

    id: UUID
    category: tuple[str, str, str] | None
    lat: float
    lon: float
    crs: Crs
    accuracy_m: float | None
    note: str
    contact: str | None = field(repr=False)

    @property
    def report_id(self) -> UUID:
        """Under which the report is kept: who sees this does not learn the sender's own id."""
        return uuid5(_STRANGERS, str(self.id))

    def digest(self) -> str:
        """Tells a repeat from other content.

        Of the contact only whether there is one: digests of telephone numbers are soon guessed.
        """
        place = [self.lat, self.lon, self.crs.value, self.accuracy_m]
        said = [self.category, place, self.note, self.contact is not None]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
