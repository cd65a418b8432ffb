"""Bodies of the commands on a case. Each carries the version that its sender saw."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt, model_validator

from app.ledger.case import Resolution
from app.ledger.schemas import CategoryRef
from app.web.wire import Code, Note, Text, When, Wire

_MOST_PHOTOS = 20
_MOST_WORK = 20
_MOST_STAGES = 20
MOST_AT_ONCE = 200

Reason = Annotated[Note, Field(min_length=1)]
Photos = Annotated[list[UUID], Field(max_length=_MOST_PHOTOS)]
Fen = Annotated[StrictInt, Field(ge=0, le=10**13)]
Quantity = Annotated[Decimal, Field(gt=0, le=10**9, decimal_places=3)]
_Version = Annotated[StrictInt, Field(ge=1)]


class SeenIn(Wire):
    """``version`` of the case as the sender saw it; another one is refused with the case."""

    version: _Version


class ReasonIn(SeenIn):
    reason: Reason


class EndIn(ReasonIn):
    """``public_reason`` is what a citizen is told who reported it: with his cases it must be there.

    It says nothing of people or of units.
    """

    public_reason: Annotated[Text, Field(min_length=1, max_length=200)] | None = None


class RemarkIn(SeenIn):
    reason: Reason | None = None


class VerifyIn(SeenIn):
    """What somebody found who looked whether it is true; without ``result`` he is asked to look."""

    result: Literal["exists", "not-found", "unclear"] | None = None
    reason: Reason | None = None
    photos: Photos = Field(default_factory=list)


class FileIn(SeenIn):
    """Without ``condition`` the limit is that of the checklist item, else the strictest one.

    ``category`` corrects the one it was reported under, and in a citizen's case the line with it,
    where the city has said which one that is; ``line`` names another one (not for cases of
    visits). ``unit`` names who answers by hand.
    """

    category: CategoryRef | None = None
    line: Code | None = None
    condition: Code | None = None
    unit: Code | None = None


class DispatchIn(SeenIn):
    """Without ``unit`` it goes to who answers by the responsibilities."""

    unit: Code | None = None
    reason: Reason | None = None


class WorkIn(Wire):
    """So much of a kind, for instance 清运垃圾 300 立方米."""

    kind: Annotated[Text, Field(min_length=1, max_length=40)]
    quantity: Quantity
    unit: Annotated[Text, Field(min_length=1, max_length=20)]


class StageIn(Wire):
    """A step of a plan, and by when."""

    on: date
    text: Reason


class RectifyIn(SeenIn):
    """What was done: photos with the role ``after``, quantities, cost.

    ``staged`` needs a ``plan`` with dates, ``explained`` a reason; neither is shown as solved.
    """

    resolution: Resolution
    reason: Reason | None = None
    plan: Annotated[list[StageIn], Field(max_length=_MOST_STAGES)] = Field(default_factory=list)
    photos: Annotated[Photos, Field(min_length=1)]
    work: Annotated[list[WorkIn], Field(max_length=_MOST_WORK)] = Field(default_factory=list)
    cost_fen: Fen | None = None


class CheckIn(SeenIn):
    """What somebody found who looked whether it was put right; but for ``pass``, with a reason."""

    result: Literal["pass", "fail", "unclear"]
    reason: Reason | None = None
    photos: Photos = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.result != "pass" and self.reason is None:
            raise ValueError("reason")
        return self


class SuspendIn(ReasonIn):
    """``until`` lies at most 365 days ahead; then the case goes on by itself."""

    until: When


class SuperviseIn(ReasonIn):
    """``due_at`` may shorten the deadline, and never lengthens it."""

    due_at: When | None = None


class TransferIn(ReasonIn):
    unit: Code


class MergeIn(ReasonIn):
    """``into``: the number of the case that goes on."""

    into: Code


class CommentIn(Wire):
    """A remark changes nothing, so it needs no version."""

    text: Reason
    photos: Photos = Field(default_factory=list)


class UrgeIn(Wire):
    text: Reason | None = None


class FileOneIn(FileIn):
    number: Code


class FileManyIn(Wire):
    items: Annotated[list[FileOneIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SignOneIn(SeenIn):
    number: Code


class SignManyIn(Wire):
    items: Annotated[list[SignOneIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CloseOneIn(RemarkIn):
    number: Code


class CloseManyIn(Wire):
    items: Annotated[list[CloseOneIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class DispatchOneIn(DispatchIn):
    number: Code


class DispatchManyIn(Wire):
    items: Annotated[list[DispatchOneIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CheckOneIn(CheckIn):
    number: Code


class CheckManyIn(Wire):
    items: Annotated[list[CheckOneIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class DoneOneOut(Wire):
    """``code`` is None where it was done, else why not.

    ``version`` and ``deadline_at`` are those of the case after it.
    """

    number: str
    done: bool
    code: str | None
    message: str | None
    version: int | None
    deadline_at: datetime | None


class DoneManyOut(Wire):
    """One result for each, in order of the numbers."""

    items: list[DoneOneOut]
