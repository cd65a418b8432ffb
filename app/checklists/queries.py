"""Reads of checklists. A published version never changes, so its items may be kept in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists import document as documents
from app.checklists.rules import (
    Condition,
    Scale,
    VersionState,
    read_condition,
    read_scale,
    written,
)
from app.checklists.tables import Checklist, ChecklistVersion, Item
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation.tables import Category, Line


@dataclass(frozen=True)
class ItemView:
    """An item with its line and category, as a phone needs it."""

    item: Item
    line: Line
    category: Category | None
    scale: Scale
    condition: Condition | None


@dataclass(frozen=True)
class VersionView:
    """A whole published version."""

    checklist: Checklist
    version: ChecklistVersion
    items: tuple[ItemView, ...]


_KEPT: dict[UUID, tuple[ItemView, ...]] = {}
_MOST_KEPT = 500


def find_checklist(tx: Session, code: str) -> Checklist | None:
    """A checklist through all its versions."""
    return tx.exec(select(Checklist).where(Checklist.code == code)).first()


def find_version(
    tx: Session, code: str, number: int, *, drafts: bool = False
) -> tuple[Checklist, ChecklistVersion] | None:
    """A published version by checklist code and number; a draft too if ``drafts``."""
    query = (
        select(Checklist, ChecklistVersion)
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .where(Checklist.code == code, ChecklistVersion.number == number)
    )
    if not drafts:
        query = query.where(ChecklistVersion.state == VersionState.PUBLISHED)
    return tx.exec(query).first()


def get_version(tx: Session, code: str, number: int, *, drafts: bool = False) -> VersionView:
    """A whole version; drafts are not there for anybody but their authors."""
    found = find_version(tx, code, number, drafts=drafts)
    if found is None:
        raise NotFound("checklist.not-found")
    is_draft = found[1].state is VersionState.DRAFT
    items = _read_items(tx, found[1].id) if is_draft else items_of(tx, found[1].id)
    return VersionView(found[0], found[1], tuple(items))


def items_of(tx: Session, version_id: UUID) -> tuple[ItemView, ...]:
    """The items of a published version, from memory where they were read before."""
    kept = _KEPT.get(version_id)
    if kept is None:
        kept = tuple(_read_items(tx, version_id))
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[version_id] = kept
    return kept


@dataclass(frozen=True)
class ChecklistView:
    """A checklist with the newest of its versions that the reader may know of."""

    checklist: Checklist
    newest: ChecklistVersion


def list_checklists(tx: Session, *, after: str, limit: int, drafts: bool) -> Page[ChecklistView]:
    """Checklists by code, each with its newest published version (or draft, if ``drafts``)."""
    newest: Any = (
        sa.select(ChecklistVersion)
        .where(col(ChecklistVersion.checklist_id) == col(Checklist.id), *_visible(drafts=drafts))
        .order_by(col(ChecklistVersion.number).desc())
        .limit(1)
        .correlate(Checklist.__table__)  # type: ignore[attr-defined]
        .lateral()
    )
    version = sa.orm.aliased(ChecklistVersion, newest)
    query = (
        sa.select(Checklist, version)
        .join(newest, sa.true())
        .where(col(Checklist.code) > after)
        .order_by(col(Checklist.code))
        .limit(limit + 1)
    )
    rows = [ChecklistView(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].checklist.code) if more else None)


def list_versions(
    tx: Session, code: str, *, below: int, limit: int, drafts: bool
) -> Page[ChecklistVersion]:
    """The versions of a checklist, newest first; ``NotFound`` where there is none to be seen."""
    rows = tx.exec(
        select(ChecklistVersion)
        .join(Checklist, col(Checklist.id) == ChecklistVersion.checklist_id)
        .where(Checklist.code == code, ChecklistVersion.number < below, *_visible(drafts=drafts))
        .order_by(col(ChecklistVersion.number).desc())
        .limit(limit + 1)
    ).all()
    if not rows:
        raise NotFound("checklist.not-found")
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].number) if more else None)


def lock_version(tx: Session, code: str, number: int) -> ChecklistVersion:
    """A version, held so that nobody else changes or publishes it meanwhile."""
    found = tx.exec(
        select(ChecklistVersion)
        .join(Checklist, col(Checklist.id) == ChecklistVersion.checklist_id)
        .where(Checklist.code == code, ChecklistVersion.number == number)
        .with_for_update(of=ChecklistVersion)
    ).first()
    if found is None:
        raise NotFound("checklist.not-found")
    return found


def has_versions(tx: Session, checklist_id: UUID) -> bool:
    """Whether a checklist has any version, draft or published."""
    query = select(ChecklistVersion.id).where(ChecklistVersion.checklist_id == checklist_id)
    return tx.exec(query.limit(1)).first() is not None


def document_of(view: VersionView) -> dict[str, Any]:
    """The canonical document of a version, as it was published or drafted."""
    return documents.canonical(
        {
            "code": view.checklist.code,
            "version": view.version.number,
            "site_category": view.checklist.site_category,
            "title_zh": view.version.title_zh,
            "title_en": view.version.title_en,
            "items": [_item_row(one) for one in view.items],
        }
    )


def _item_row(view: ItemView) -> dict[str, Any]:
    item = view.item
    limit = {"quantity": item.limit_quantity, "unit": item.limit_unit}
    plain = (
        "code", "text_zh", "text_en", "params", "veto", "veto_class", "photo_min", "photo_max",
        "na_allowed", "applies_if", "exemption_zh", "exemption_en",
    )  # fmt: skip
    return {name: getattr(item, name) for name in plain} | {
        "weight": written(item.weight),
        "answer_type": item.answer_type.value,
        "line": view.line.code,
        "problem_category": view.category.code if view.category else None,
        "photo_rule": item.photo_rule.value,
        "rectification_limit": limit if item.limit_quantity else None,
    }


def _visible(*, drafts: bool) -> list[Any]:
    return [] if drafts else [col(ChecklistVersion.state) == VersionState.PUBLISHED]


def _read_items(tx: Session, version_id: UUID) -> Sequence[ItemView]:
    rows = tx.exec(
        select(Item, Line, Category)
        .join(Line, col(Line.id) == Item.line_id)
        .join(Category, col(Category.id) == Item.category_id, isouter=True)
        .where(Item.version_id == version_id)
        .order_by(col(Item.position))
    ).all()
    for part in {id(part): part for row in rows for part in row if part is not None}.values():
        tx.expunge(part)
    return [
        ItemView(item, line, category, _scale(item), read_condition(item.applies_if))
        for item, line, category in rows
    ]


def _scale(item: Item) -> Scale:
    return read_scale(item.answer_type, written(item.weight), item.params)
