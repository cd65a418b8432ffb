"""Reads of checklist versions. A published version never changes, so its items may be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

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
