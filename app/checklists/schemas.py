"""Wire shapes of a checklist version: enough for a phone to render and mark it."""

from typing import Any

from app.checklists.rules import AnswerType, PhotoRule, VersionState
from app.web.wire import Wire


class CategoryOut(Wire):
    """A problem category; the code means nothing without its scheme and version."""

    scheme: str
    code: str
    version: str
    name: str


class ItemOut(Wire):
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


class ChecklistVersionOut(Wire):
    code: str
    version: int
    title: str
    site_category: str
    state: VersionState
    digest: str
    items: list[ItemOut]
