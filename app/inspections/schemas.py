"""Wire shapes of visits."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt

from app.inspections.rules import Outcome
from app.rounds.schemas import ChecklistRef
from app.web.wire import Code, Location, Named, Note, Text, When, Wire

_MOST_PHOTOS = 50
_MOST_FINDINGS = 100
PhotoIds = Annotated[list[UUID], Field(max_length=_MOST_PHOTOS)]


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


class VisitIn(Wire):
    """A whole visit. Every item of the checklist version is answered exactly once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6b",
                    "round_id": "01928374-0000-7000-8000-000000000001",
                    "site": "410802001-01",
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
    started_at: When
    ended_at: When
    location: Location | None = None
    note: Note | None = None
    photos: PhotoIds = Field(default_factory=list)
    answers: Annotated[list[AnswerIn], Field(min_length=1, max_length=200)]


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
    late: bool
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
    state: Literal["waiting-for-photos", "complete"]
    note: str | None
    started_at: datetime
    ended_at: datetime
    photos: list[UUID]
    answers: list[AnswerOut]
