"""Wire shapes of checklists: what a phone renders and marks, and the document that is edited.

``ChecklistDocument`` is the whole of a version in both languages; its JSON schema is served, so
that a phone or an editor can be built against it. The same shape stands in a city's files.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, FiniteFloat, StrictBool, StrictInt

from app.checklists.rules import MAX_COUNT, AnswerType, PhotoRule, VersionState
from app.kit.workdays import LimitUnit
from app.web.wire import Text, Wire

_MOST_ITEMS = 200  # a visit carries no more answers
_MOST_PHOTOS = 50

Points = Annotated[Text, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$", examples=["8", "2.5"])]
ShortCode = Annotated[Text, Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z._-]+$")]
Words = Annotated[Text, Field(min_length=1, max_length=400)]
Photos = Annotated[StrictInt, Field(ge=1, le=_MOST_PHOTOS)]
Answered = Annotated[Text, Field(max_length=12)] | Annotated[StrictInt, Field(ge=0, le=MAX_COUNT)]
_Whole = Annotated[StrictInt, Field(ge=-(10**9), le=10**9)]
_Real = Annotated[FiniteFloat, Field(strict=True, ge=-1e9, le=1e9)]
Parameter = StrictBool | _Whole | _Real | Annotated[Text, Field(max_length=200)]


class ConditionDocument(Wire):
    """The item applies only if an earlier item has one of these answers.

    Without ``any_of``: if that item is answered with anything but ``na``.
    """

    item: ShortCode
    any_of: Annotated[list[Answered], Field(min_length=1, max_length=50)] | None = None


class LimitDocument(Wire):
    """Within what time a problem found under the item is to be rectified."""

    quantity: Annotated[StrictInt, Field(ge=1, le=1000)]
    unit: LimitUnit


class ItemDocument(Wire):
    """One question. ``params`` by ``answer_type``: ``deduct_per`` points or a whole ``min``.

    Optional for every type: ``observations`` (how often the item is to be looked at) and
    ``per_length_m`` (the metres that one count or number refers to); further keys are kept for
    the phone.
    """

    code: ShortCode
    text_zh: Words
    text_en: Words | None = None
    weight: Points
    answer_type: AnswerType
    params: Annotated[dict[ShortCode, Parameter], Field(max_length=20)] = Field(
        default_factory=dict
    )
    line: ShortCode
    problem_category: Annotated[Text, Field(min_length=1, max_length=82)] | None = None
    veto: StrictBool
    veto_class: ShortCode | None = None
    photo_rule: PhotoRule
    photo_min: Photos = 1
    photo_max: Photos | None = None
    na_allowed: StrictBool = True
    applies_if: ConditionDocument | None = None
    exemption_zh: Words | None = None
    exemption_en: Words | None = None
    rectification_limit: LimitDocument | None = None


class ChecklistDocument(Wire):
    """A whole checklist version in Chinese and English."""

    code: ShortCode
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    site_category: Annotated[Text, Field(min_length=1, max_length=40)]
    title_zh: Annotated[Text, Field(min_length=1, max_length=200)]
    title_en: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    items: Annotated[list[ItemDocument], Field(min_length=1, max_length=_MOST_ITEMS)]


class CategoryOut(Wire):
    """A problem category; the code means nothing without its scheme and version."""

    scheme: str
    code: str
    version: str
    name: str


class ConditionOut(Wire):
    """``any_of`` null: any answer to ``item`` but na."""

    item: str
    any_of: list[str | int] | None


class LimitOut(Wire):
    quantity: int
    unit: LimitUnit


class ItemOut(Wire):
    """An item whose ``applies_if`` does not hold is not answered; ``exemption`` spares things."""

    code: str
    position: int
    text: str
    weight: str
    answer_type: AnswerType
    params: dict[str, Any]
    line: str
    problem_category: CategoryOut | None
    veto: bool
    veto_class: str | None
    photo_rule: PhotoRule
    photo_min: int
    photo_max: int | None
    na_allowed: bool
    applies_if: ConditionOut | None
    exemption: str | None
    rectification_limit: LimitOut | None


class ChecklistVersionOut(Wire):
    code: str
    version: int
    title: str
    site_category: str
    state: VersionState
    digest: str
    items: list[ItemOut]


class ChecklistOut(Wire):
    """A checklist; title and state are those of its newest version."""

    code: str
    site_category: str
    newest_version: int
    title: str
    state: VersionState


class ChecklistPage(Wire):
    items: list[ChecklistOut]
    next_cursor: str | None


class VersionSummaryOut(Wire):
    version: int
    title: str
    state: VersionState
    digest: str
    published_at: datetime | None


class VersionPage(Wire):
    items: list[VersionSummaryOut]
    next_cursor: str | None


class FieldChangeOut(Wire):
    field: str
    before: Any
    after: Any


class ItemChangeOut(Wire):
    item: str
    fields: list[FieldChangeOut]


class PlacedItemOut(Wire):
    """An item of the document with its position, counted from 1."""

    position: int
    item: dict[str, Any]


class MoveOut(Wire):
    item: str
    before: int
    after: int


class DifferenceOut(Wire):
    """From version ``against`` to ``version``. ``moved`` names the fewest items that must move."""

    code: str
    against: int
    version: int
    fields: list[FieldChangeOut]
    added: list[PlacedItemOut]
    removed: list[PlacedItemOut]
    changed: list[ItemChangeOut]
    moved: list[MoveOut]
    total_weight_before: str
    total_weight_after: str
