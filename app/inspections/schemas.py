"""Wire shapes of visits."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.evidence.schemas import PhotoStateOut
from app.inspections.rules import LateDecision, NotCounting, Outcome, RetakeState
from app.rounds.rules import Source
from app.rounds.schemas import ChecklistRef
from app.web.wire import Code, Location, Named, Note, Text, When, Wire

_MOST_PHOTOS = 50
_MOST_FINDINGS = 100
_MOST_ANSWERS = 200
_MOST_CREW = 20
PhotoIds = Annotated[list[UUID], Field(max_length=_MOST_PHOTOS)]
Reason = Annotated[Note, Field(min_length=1)]
VisitState = Literal["waiting-for-photos", "complete"]


class FindingIn(Wire):
    """One fault that was seen; it opens a ledger entry of its own."""

    id: UUID
    note: Note | None = None
    location: Location | None = None
    photos: PhotoIds = Field(default_factory=list)


class AnswerIn(Wire):
    """``value``: pass | fail, A | B | C, a whole number, or na with ``na_reason``."""

    item: Code
    value: Annotated[Text, Field(max_length=12)] | StrictInt
    na_reason: Note | None = None
    photos: PhotoIds = Field(default_factory=list)
    findings: Annotated[list[FindingIn], Field(max_length=_MOST_FINDINGS)] = Field(
        default_factory=list
    )


class Content(Wire):
    """What a visit says.

    Every item that applies is answered exactly once, unless the site could not be inspected: then
    there are no answers, but a note and a photo. ``crew``: the logins of who else was there.
    """

    outcome: Outcome = Outcome.INSPECTED
    started_at: When
    ended_at: When
    location: Location | None = None
    note: Note | None = None
    crew: Annotated[list[Code], Field(max_length=_MOST_CREW)] = Field(default_factory=list)
    photos: PhotoIds = Field(default_factory=list)
    answers: Annotated[list[AnswerIn], Field(max_length=_MOST_ANSWERS)] = Field(
        default_factory=list, validate_default=True
    )

    @field_validator("answers")
    @classmethod
    def _inspected_has_answers(
        cls, answers: list[AnswerIn], known: ValidationInfo
    ) -> list[AnswerIn]:
        if not answers and known.data.get("outcome") is Outcome.INSPECTED:
            raise PydanticCustomError("too_short", "no answers", {"min_length": 1})
        return answers


class VisitIn(Content):
    """A whole visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6b",
                    "round_id": "01928374-0000-7000-8000-000000000001",
                    "site": "GC-0001",
                    "checklist": {"code": "bj", "version": 1},
                    "task_id": None,
                    "started_at": "2018-09-10T09:00:00+08:00",
                    "ended_at": "2018-09-10T09:25:00+08:00",
                    "location": None,
                    "note": None,
                    "photos": [],
                    "answers": [
                        {"item": "BJ-01", "value": "A"},
                        {
                            "item": "BJ-02",
                            "value": 1,
                            "findings": [
                                {
                                    "id": "01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6c",
                                    "note": "墙根堆放生活垃圾",
                                    "photos": ["01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6d"],
                                }
                            ],
                        },
                    ],
                }
            ]
        }
    )

    id: UUID
    round_id: UUID
    site: Code
    checklist: ChecklistRef
    task_id: UUID | None = None


class RevisionIn(Content):
    """A new whole content of a visit. ``based_on``: the number of the revision it replaces."""

    id: UUID
    based_on: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    reason: Reason


class ReasonIn(Wire):
    """Why headquarters decides so."""

    reason: Reason


class RetakeIn(Wire):
    """A photo of the visit that is to be taken again, and why."""

    photo_id: UUID
    reason: Reason


class FulfilIn(Wire):
    """The photo that takes the place of the one that was asked for again."""

    photo_id: UUID


class VisitOut(Wire):
    """``missing_photos``: named by the visit and not stored yet; it counts once there are none."""

    id: UUID
    revision: int
    round_id: UUID
    site: str
    outcome: Outcome
    earned: str
    possible: str
    score: str | None
    counting: bool
    not_counting_reason: NotCounting | None
    late: bool
    late_decision: LateDecision | None
    received_at: datetime
    missing_photos: list[UUID]


class FindingOut(Wire):
    id: UUID
    note: str | None
    location: Location | None
    photos: list[UUID]


class AnswerOut(Wire):
    item: str
    text: str
    value: str
    na_reason: str | None
    earned: str
    possible: str
    line: Named
    answerable_unit: Named | None
    photos: list[UUID]
    findings: list[FindingOut]


class VisitDetailOut(VisitOut):
    """``submitted_by`` and ``crew`` are shown to headquarters only, and null to all others.

    ``rejected_photos``: those of ``missing_photos`` that will never come, and why.
    """

    checklist: ChecklistRef
    state: VisitState
    note: str | None
    started_at: datetime
    ended_at: datetime
    submitted_by: Named | None
    crew: list[Named] | None
    photos: list[UUID]
    rejected_photos: list[PhotoStateOut]
    answers: list[AnswerOut]


class VisitRowOut(Wire):
    """One visit of a list; ``submitted_by`` is shown to headquarters only."""

    id: UUID
    revision: int
    round_id: UUID
    site: Named
    area: Named | None
    source: Source
    outcome: Outcome
    earned: str
    possible: str
    score: str | None
    state: VisitState
    counting: bool
    not_counting_reason: NotCounting | None
    late: bool
    late_decision: LateDecision | None
    received_at: datetime
    submitted_by: Named | None


class VisitPage(Wire):
    items: list[VisitRowOut]
    next_cursor: str | None


class RevisionOut(Wire):
    """One revision of a visit; ``reason`` is null for the first."""

    id: UUID
    number: int
    reason: str | None
    outcome: Outcome
    earned: str
    possible: str
    score: str | None
    received_at: datetime
    submitted_by: Named | None


class RevisionsOut(Wire):
    """All revisions, the first one first."""

    items: list[RevisionOut]


class DifferingOut(Wire):
    """An item that two visits answer differently; null: not answered there."""

    item: str
    value: str | None
    other: str | None


class ComparedOut(Wire):
    """Another visit to the same site, and where both say the same."""

    visit_id: UUID
    counting: bool
    not_counting_reason: NotCounting | None
    state: VisitState
    outcome: Outcome
    agreeing: list[str]
    differing: list[DifferingOut]


class DoubleOut(Wire):
    """A visit beside the others for the same round, site, source and checklist."""

    visit_id: UUID
    counting: bool
    outcome: Outcome
    others: list[ComparedOut]


class RetakeOut(Wire):
    """A photo that is to be taken again."""

    id: UUID
    visit_id: UUID
    round_id: UUID
    site: Named
    photo_id: UUID
    state: RetakeState
    reason: str
    asked_at: datetime
    decided_at: datetime | None
    new_photo_id: UUID | None


class RetakePage(Wire):
    items: list[RetakeOut]
    next_cursor: str | None
