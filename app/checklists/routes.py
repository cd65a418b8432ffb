"""Published checklist versions."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.checklists import queries, rules
from app.checklists.schemas import CategoryOut, ChecklistVersionOut, ItemOut
from app.organisation.tables import Category
from app.web.language import Lang, Language, pick
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = APIRouter(prefix="/v1", tags=["checklists"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("checklist.read")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get(
    "/checklists/{code}/versions/{number}",
    summary="检查表版本 · One checklist version",
    responses=error_replies(404),
)
def get_checklist_version(
    tx: Tx, reader: Reader, language: Lang, code: Code, number: Number
) -> ChecklistVersionOut:
    """A published version whole; it never changes, so a phone may keep it."""
    view = queries.get_version(tx, code, number)
    return ChecklistVersionOut(
        code=view.checklist.code,
        version=view.version.number,
        title=pick(language, view.version.title_zh, view.version.title_en),
        site_category=view.checklist.site_category,
        state=view.version.state,
        digest=view.version.digest,
        items=[_item_out(item, language) for item in view.items],
    )


def _item_out(view: queries.ItemView, language: Language) -> ItemOut:
    item = view.item
    return ItemOut(
        code=item.code,
        position=item.position,
        text=pick(language, item.text_zh, item.text_en),
        weight=rules.written(item.weight),
        answer_type=item.answer_type,
        params=item.params,
        line=view.line.code,
        problem_category=category_out(view.category, language),
        veto=item.veto,
        veto_class=item.veto_class,
        photo_rule=item.photo_rule,
        photo_min=item.photo_min,
    )


def category_out(category: Category | None, language: Language) -> CategoryOut | None:
    """A category on the wire."""
    if category is None:
        return None
    return CategoryOut(
        scheme=category.scheme,
        code=category.code,
        version=category.version,
        name=pick(language, category.name_zh, category.name_en),
    )
