"""Wire shapes of retention classes and legal holds."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictInt, model_validator

from app.web.wire import Code, Named, Note, Text, Wire

_MOST_HELD = 500
Days = Annotated[StrictInt, Field(ge=1, le=36_500)] | None
Reason = Annotated[Note, Field(min_length=1)]


class RetentionClassIn(Wire):
    """``keep_days`` counts from the day of storing; null is for good.

    Without ``campaign`` it holds for all of them, without ``category`` for sites of every category.
    """

    code: Annotated[Text, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
    name_zh: Annotated[Text, Field(min_length=1, max_length=100)]
    name_en: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    campaign: Code | None = None
    category: Annotated[Text, Field(min_length=1, max_length=40)] | None = None
    keep_days: Days


class KeepDaysIn(Wire):
    keep_days: Days


class RetentionClassOut(Wire):
    code: str
    name: str
    campaign: Named | None
    category: str | None
    keep_days: int | None


class RetentionClassesOut(Wire):
    """Of the classes that fit a use of a photo, the narrowest counts; of its uses, the longest."""

    items: list[RetentionClassOut]


class HoldIn(Wire):
    """What is to be held: photos by their ids, or all that a visit, an entry or a round has now."""

    reason: Reason
    photos: Annotated[list[UUID], Field(min_length=1, max_length=_MOST_HELD)] | None = None
    visit_id: UUID | None = None
    problem: Code | None = None
    round_id: UUID | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = (self.photos, self.visit_id, self.problem, self.round_id)
        if sum(one is not None for one in given) != 1:
            raise ValueError("exactly one of photos, visit_id, problem, round_id")
        return self


class LiftIn(Wire):
    reason: Reason


class CauseOut(Wire):
    """Who holds: ``headquarters`` by hand, or a thing with its id."""

    kind: str
    id: UUID | None


class HoldOut(Wire):
    id: UUID
    reason: str
    cause: CauseOut
    photos: int
    set_by: Named | None
    set_at: datetime
    lifted_by: Named | None
    lifted_at: datetime | None
    lift_reason: str | None


class HoldPage(Wire):
    items: list[HoldOut]
    next_cursor: str | None
