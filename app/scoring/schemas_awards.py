"""Wire shapes of flags, the award ledger, budgets and appeals."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictInt

from app.checklists.rules import MAX_COUNT
from app.rounds.rules import Period
from app.rounds.schemas import Name, Reason, RoundRef
from app.scoring.appealing import Contested, Ruling
from app.scoring.awarding import Basis
from app.scoring.rules_appeals import AppealState
from app.scoring.rules_awards import Ground
from app.scoring.rules_flags import Colour
from app.web.wire import Code, Named, Text, Wire

Fen = Annotated[StrictInt, Field(ge=1, le=10**13)]


class GivenIn(Wire):
    """On a result: ``run_id`` and ``entrant_id``; at discretion: ``unit`` alone. Both say why."""

    issuer: Code
    unit: Code | None = None
    run_id: UUID | None = None
    entrant_id: UUID | None = None
    reason: Reason

    def basis(self) -> Basis:
        return Basis(self.unit, self.run_id, self.entrant_id, self.reason)


class FlagIn(GivenIn):
    colour: Colour


class AwardIn(GivenIn):
    fen: Fen
    name: Name | None = None


class ReasonIn(Wire):
    reason: Reason


class PayIn(Wire):
    paid_on: date
    document: Annotated[Text, Field(min_length=1, max_length=200)]


class GivenOut(Wire):
    """Who gave it to whom: by ``rule``, on somebody's result (``basis``), or at ``discretion``."""

    id: UUID
    ground: Ground
    issuer: Named
    unit: Named
    entrant_id: UUID | None
    label: str | None
    league: Named | None
    round: RoundRef | None
    period: Named | None
    run_id: UUID | None
    place: int | None
    reason: str | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None


class FlagOut(GivenOut):
    colour: Colour
    given_on: date


class FlagPage(Wire):
    items: list[FlagOut]
    next_cursor: str | None


class AwardOut(GivenOut):
    name: str | None
    fen: int
    decided_on: date
    paid_on: date | None
    document: str | None


class AwardPage(Wire):
    items: list[AwardOut]
    next_cursor: str | None


class TotalsBy(StrEnum):
    UNIT = "unit"
    ROUND = "round"
    YEAR = "year"


class TotalOut(Wire):
    key: str
    name: str
    awards: int
    decided_fen: int
    paid_fen: int
    to_claim_back_fen: int


class TotalsOut(Wire):
    by: TotalsBy
    items: list[TotalOut]


class BudgetIn(Wire):
    issuer: Code
    period: Period
    fen: Annotated[StrictInt, Field(ge=0, le=10**13)]
    valid_from: date


class BudgetOut(Wire):
    id: UUID
    issuer: Named
    period: Period
    fen: int
    valid_from: date


class BudgetsOut(Wire):
    items: list[BudgetOut]


class AppealIn(Wire):
    """The id is made by who files it, so that it can be sent again."""

    id: UUID
    visit_id: UUID
    item: Code
    text: Reason
    photos: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)

    def contested(self) -> Contested:
        photos = tuple(dict.fromkeys(self.photos))
        return Contested(self.id, self.visit_id, self.item, self.text, photos)


class AcceptIn(Wire):
    """``value``: the answer that stands from now on; ``na_reason`` where it is ``na``."""

    decision: Reason
    value: Annotated[Text, Field(max_length=12)] | Annotated[StrictInt, Field(ge=0, le=MAX_COUNT)]
    na_reason: Reason | None = None

    def ruling(self) -> Ruling:
        return Ruling(self.decision, self.value, self.na_reason)


class RefuseIn(Wire):
    decision: Reason


class AppealOut(Wire):
    id: UUID
    round: RoundRef
    visit_id: UUID
    revision_id: UUID
    site: Named
    item: Named
    line: Named
    unit: Named
    text: str
    photos: list[UUID]
    state: AppealState
    filed_at: datetime
    decided_at: datetime | None
    decision: str | None
    new_revision_id: UUID | None


class AppealPage(Wire):
    items: list[AppealOut]
    next_cursor: str | None
