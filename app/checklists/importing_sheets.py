"""Checklists as the rows of sheets: the newest published version of each, item by item."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, select

from app.checklists import queries
from app.checklists.document import plain_points
from app.checklists.rules import VersionState, written
from app.checklists.storing import checked, publish, store_draft
from app.checklists.tables import Checklist, ChecklistVersion
from app.infra import events
from app.kit.changes import Change, Row

_OWN_COLUMNS = ("deduct_per", "min", "unit_zh")


def stored_checklists(tx: Session) -> dict[tuple[Any, ...], Row]:
    """The newest published version of each checklist, by its code."""
    found = {}
    for checklist, version in _newest(tx):
        found[checklist.code,] = {
            "checklist": checklist.code,
            "site_category": checklist.site_category,
            "title_zh": version.title_zh,
            "title_en": version.title_en,
            "items": [_row_of(view) for view in queries.items_of(tx, version.id)],
        }
    return found


def _newest(tx: Session) -> Sequence[tuple[Checklist, ChecklistVersion]]:
    rows = tx.exec(
        select(Checklist, ChecklistVersion)
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .where(ChecklistVersion.state == VersionState.PUBLISHED)
        .order_by(col(Checklist.code), col(ChecklistVersion.number))
    ).all()
    return list({checklist.code: (checklist, version) for checklist, version in rows}.values())


def _row_of(view: queries.ItemView) -> Row:
    item, params = view.item, view.item.params
    condition = item.applies_if or {}
    deduct_per = params.get("deduct_per")
    return {
        "item": item.code,
        "text_zh": item.text_zh,
        "text_en": item.text_en,
        "weight": plain_points(written(item.weight)),
        "answer_type": item.answer_type.value,
        "deduct_per": None if deduct_per is None else plain_points(str(deduct_per)),
        "min": params.get("min"),
        "unit_zh": params.get("unit_zh"),
        "line": view.line.code,
        "category": view.category.code if view.category else None,
        "veto": item.veto,
        "veto_class": item.veto_class,
        "photo_rule": item.photo_rule.value,
        "photo_min": item.photo_min,
        "photo_max": item.photo_max,
        "na_allowed": item.na_allowed,
        "applies_item": condition.get("item"),
        "applies_values": sorted(str(value) for value in condition.get("any_of") or ()),
        "exemption_zh": item.exemption_zh,
        "exemption_en": item.exemption_en,
        "limit_quantity": item.limit_quantity,
        "limit_unit": item.limit_unit.value if item.limit_unit else None,
        "params": {name: value for name, value in params.items() if name not in _OWN_COLUMNS},
    }


def apply_checklists(tx: Session, changes: Sequence[Change]) -> None:
    """Publish a new version of each checklist whose content differs."""
    for change in changes:
        row = change.after
        known = queries.find_checklist(tx, row["checklist"])
        newest = _last_number(tx, known) if known else 0
        document = {
            "code": row["checklist"],
            "version": newest + 1,
            "site_category": row["site_category"],
            "title_zh": row["title_zh"],
            "title_en": row["title_en"],
            "items": [_item_of(item) for item in row["items"]],
        }
        version = store_draft(tx, checked(tx, document))
        publish(tx, version, code=row["checklist"])
        events.record_many(tx, "row.imported", "checklist_version", [(version.id, change.told())])


def _last_number(tx: Session, checklist: Checklist) -> int:
    numbers = select(ChecklistVersion.number).where(ChecklistVersion.checklist_id == checklist.id)
    return max(tx.exec(numbers).all(), default=0)


def _item_of(row: Row) -> Row:
    params = dict(row["params"] or {})
    if row["deduct_per"] is not None:
        exact = Decimal(row["deduct_per"])
        params["deduct_per"] = int(exact) if exact == exact.to_integral_value() else float(exact)
    if row["min"] is not None:
        params["min"] = row["min"]
    if row["unit_zh"]:
        params["unit_zh"] = row["unit_zh"]
    values = [int(word) if word.isdecimal() else word for word in row["applies_values"]]
    asked = {"item": row["applies_item"], "any_of": values or None}
    limit = {"quantity": row["limit_quantity"], "unit": row["limit_unit"]}
    same = (
        "text_zh", "text_en", "weight", "answer_type", "line", "veto", "veto_class", "photo_rule",
        "photo_min", "photo_max", "na_allowed", "exemption_zh", "exemption_en",
    )  # fmt: skip
    return {name: row[name] for name in same} | {
        "code": row["item"],
        "params": params,
        "problem_category": row["category"],
        "applies_if": asked if row["applies_item"] else None,
        "rectification_limit": limit if row["limit_unit"] else None,
    }
