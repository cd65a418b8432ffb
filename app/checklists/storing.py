"""Writes a checklist document into its rows, for files and for drafts alike."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.checklists import document as documents
from app.checklists import queries, rules
from app.checklists.tables import Checklist, ChecklistVersion, Item
from app.infra import business_time, events
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_id
from app.kit.workdays import LimitUnit
from app.organisation import queries as organisation

Row = dict[str, Any]


def store_draft(tx: Session, document: Row) -> ChecklistVersion:
    """A new draft of a canonical document that ``checked`` has let through."""
    checklist = queries.find_checklist(tx, document["code"])
    if checklist is None:
        checklist = Checklist(code=document["code"], site_category=document["site_category"])
        tx.add(checklist)
        tx.flush()
    version = ChecklistVersion(
        checklist_id=checklist.id,
        number=document["version"],
        title_zh=document["title_zh"],
        title_en=document["title_en"],
        state=rules.VersionState.DRAFT,
        digest=documents.digest_of(document),
        published_at=None,
    )
    tx.add(version)
    tx.flush()
    store_items(tx, version, document)
    return version


def store_items(tx: Session, version: ChecklistVersion, document: Row) -> None:
    """The items of a draft that has none."""
    lines = organisation.find_lines(tx, [item["line"] for item in document["items"]])
    categories = organisation.find_categories(tx)
    for position, item in enumerate(document["items"], start=1):
        tx.add(_item(item, position, version, lines, categories))
    tx.flush()


def drop_items(tx: Session, version: ChecklistVersion) -> None:
    """Take a draft's items away; the database refuses it for a published version."""
    tx.connection().execute(sa.delete(Item).where(col(Item.version_id) == version.id))


def publish(tx: Session, version: ChecklistVersion, *, code: str) -> None:
    """Make a draft a published version, which the database then refuses to change."""
    version.state, version.published_at = rules.VersionState.PUBLISHED, business_time.now(tx)
    tx.add(version)
    events.record(
        tx,
        "checklist.published",
        subject=("checklist_version", version.id),
        code=code,
        number=version.number,
        digest=version.digest,
    )
    tx.flush()


def checked(tx: Session, row: Mapping[str, Any], *, extra: Iterable[Fault] = ()) -> Row:
    """The canonical document; ``Invalid`` with every fault there is, ``extra`` ones first."""
    document = documents.canonical(row)
    faults = [*extra, *documents.faults_of(document), *_unknown(tx, document)]
    known = queries.find_checklist(tx, document["code"])
    if known is not None and known.site_category != document["site_category"]:
        faults.append(Fault("/site_category", "field.value", {"expected": known.site_category}))
    if faults:
        raise Invalid("checklist.invalid", faults=tuple(faults))
    return document


def _unknown(tx: Session, document: Row) -> Iterator[Fault]:
    lines = organisation.find_lines(tx, [item["line"] for item in document["items"]])
    categories = organisation.find_categories(tx)
    for index, item in enumerate(document["items"]):
        line, category = item["line"], item["problem_category"]
        if line not in lines:
            named = {"kind": "line", "value": line}
            yield Fault(f"/items/{index}/line", "field.unknown-reference", named)
        if category is not None and category not in categories:
            named = {"kind": "category", "value": category}
            yield Fault(f"/items/{index}/problem_category", "field.unknown-reference", named)


def _item(item: Row, position: int, version: ChecklistVersion, lines: Row, categories: Row) -> Item:
    category = item["problem_category"]
    limit = item.get("rectification_limit") or {}
    return Item(
        id=new_id(),
        version_id=version.id,
        position=position,
        code=item["code"],
        text_zh=item["text_zh"],
        text_en=item["text_en"],
        weight=rules.thousandths(item["weight"]),
        answer_type=rules.AnswerType(item["answer_type"]),
        params=item["params"],
        line_id=lines[item["line"]].id,
        category_id=categories[category].id if category else None,
        veto=item["veto"],
        veto_class=item["veto_class"],
        photo_rule=rules.PhotoRule(item["photo_rule"]),
        photo_min=item["photo_min"],
        photo_max=item.get("photo_max"),
        na_allowed=item.get("na_allowed", True),
        applies_if=item.get("applies_if"),
        exemption_zh=item.get("exemption_zh"),
        exemption_en=item.get("exemption_en"),
        limit_quantity=limit.get("quantity"),
        limit_unit=LimitUnit(limit["unit"]) if limit else None,
    )
