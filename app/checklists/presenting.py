"""Between rows of checklists and their wire shapes."""

from typing import Any

from app.checklists import queries, rules
from app.checklists.diffing import Difference, FieldChange, Placed
from app.checklists.schemas import (
    CategoryOut,
    ChecklistDocument,
    ChecklistOut,
    ChecklistVersionOut,
    ConditionOut,
    DifferenceOut,
    FieldChangeOut,
    ItemChangeOut,
    ItemOut,
    LimitOut,
    MoveOut,
    PlacedItemOut,
    VersionSummaryOut,
)
from app.checklists.tables import ChecklistVersion, Item
from app.organisation.tables import Category
from app.web.language import Language, pick

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document_schema() -> dict[str, Any]:
    """The JSON schema of a whole checklist document."""
    return {"$schema": _DIALECT} | ChecklistDocument.model_json_schema()


def document_row(body: ChecklistDocument) -> dict[str, Any]:
    """A document on the wire as plain JSON values."""
    return body.model_dump(mode="json")


def checklist_out(view: queries.ChecklistView, language: Language) -> ChecklistOut:
    """A checklist under its newest version."""
    newest = view.newest
    return ChecklistOut(
        code=view.checklist.code,
        site_category=view.checklist.site_category,
        newest_version=newest.number,
        title=pick(language, newest.title_zh, newest.title_en),
        state=newest.state,
    )


def summary_out(version: ChecklistVersion, language: Language) -> VersionSummaryOut:
    """A version without its items."""
    return VersionSummaryOut(
        version=version.number,
        title=pick(language, version.title_zh, version.title_en),
        state=version.state,
        digest=version.digest,
        published_at=version.published_at,
    )


def version_out(view: queries.VersionView, language: Language) -> ChecklistVersionOut:
    """A version as a phone renders it."""
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
        photo_max=item.photo_max,
        na_allowed=item.na_allowed,
        applies_if=_condition_out(view.condition),
        exemption=_exemption(item, language),
        rectification_limit=_limit_out(item),
    )


def _condition_out(condition: rules.Condition | None) -> ConditionOut | None:
    if condition is None:
        return None
    values = condition.any_of
    return ConditionOut(item=condition.item, any_of=None if values is None else list(values))


def _exemption(item: Item, language: Language) -> str | None:
    if item.exemption_zh is None:
        return None
    return pick(language, item.exemption_zh, item.exemption_en)


def _limit_out(item: Item) -> LimitOut | None:
    if item.limit_quantity is None or item.limit_unit is None:
        return None
    return LimitOut(quantity=item.limit_quantity, unit=item.limit_unit)


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


def difference_out(code: str, against: int, version: int, diff: Difference) -> DifferenceOut:
    """What differs between two versions of one checklist."""
    return DifferenceOut(
        code=code,
        against=against,
        version=version,
        fields=[_change_out(change) for change in diff.fields],
        added=[_placed_out(one) for one in diff.added],
        removed=[_placed_out(one) for one in diff.removed],
        changed=[
            ItemChangeOut(item=one.item, fields=[_change_out(change) for change in one.fields])
            for one in diff.changed
        ],
        moved=[MoveOut(item=one.item, before=one.before, after=one.after) for one in diff.moved],
        total_weight_before=rules.written(diff.weight_before),
        total_weight_after=rules.written(diff.weight_after),
    )


def _change_out(change: FieldChange) -> FieldChangeOut:
    return FieldChangeOut(field=change.field, before=change.before, after=change.after)


def _placed_out(placed: Placed) -> PlacedItemOut:
    return PlacedItemOut(position=placed.position, item=placed.item)
