"""Loads checklist versions from files and publishes them.

A published version never changes: loading the same content again is nothing, loading other
content under the same number is refused.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, select

from app.checklists import queries, rules
from app.checklists.tables import Checklist, ChecklistVersion, Item
from app.infra import business_time, events
from app.kit.errors import Fault, Invalid
from app.organisation import queries as organisation

Row = dict[str, Any]


def load_checklists(tx: Session, rows: Sequence[Row]) -> int:
    """Publish every version that is not there yet; returns how many were new."""
    lines = organisation.find_lines(tx, [item["line"] for row in rows for item in row["items"]])
    categories = organisation.find_categories(tx)
    new = 0
    for row in rows:
        digest = content_digest(row)
        present = queries.find_version(tx, row["code"], row["version"])
        if present is None:
            _publish(tx, row, digest, lines, categories)
            new += 1
        elif present[1].digest != digest:
            at = f"/checklists/{row['code']}/versions/{row['version']}"
            raise Invalid("request.invalid", faults=(Fault(at, "field.differs"),))
    return new


def content_digest(row: Row) -> str:
    """SHA-256 over the canonical JSON of a version."""
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _publish(tx: Session, row: Row, digest: str, lines: Row, categories: Row) -> None:
    checklist = tx.exec(select(Checklist).where(Checklist.code == row["code"])).first()
    if checklist is None:
        checklist = Checklist(code=row["code"], site_category=row["site_category"])
        tx.add(checklist)
        tx.flush()
    version = ChecklistVersion(
        checklist_id=checklist.id,
        number=row["version"],
        title_zh=row["title_zh"],
        title_en=row.get("title_en"),
        state=rules.VersionState.DRAFT,
        digest=digest,
        published_at=None,
    )
    tx.add(version)
    tx.flush()
    for position, item in enumerate(row["items"], start=1):
        at = f"/checklists/{row['code']}/items/{position - 1}"
        tx.add(_item(item, at, position, version, lines, categories))
    tx.flush()
    version.state, version.published_at = rules.VersionState.PUBLISHED, business_time.now(tx)
    tx.add(version)
    events.record(
        tx,
        "checklist.published",
        subject=("checklist_version", version.id),
        code=row["code"],
        number=row["version"],
        digest=digest,
    )
    tx.flush()


def _item(
    item: Row, at: str, position: int, version: ChecklistVersion, lines: Row, categories: Row
) -> Item:
    answer_type = rules.AnswerType(item["answer_type"])
    try:
        scale = rules.read_scale(answer_type, item["weight"], item.get("params") or {})
    except ValueError as error:
        fault = Fault(at, "field.value", {"expected": str(error)})
        raise Invalid("request.invalid", faults=(fault,)) from error
    category = item.get("problem_category")
    return Item(
        version_id=version.id,
        position=position,
        code=item["code"],
        text_zh=item["text_zh"],
        text_en=item.get("text_en"),
        weight=scale.weight,
        answer_type=answer_type,
        params=item.get("params") or {},
        line_id=_known(lines, "line", item["line"], f"{at}/line").id,
        category_id=_known(categories, "category", category, at).id if category else None,
        veto=item["veto"],
        veto_class=item.get("veto_class"),
        photo_rule=rules.PhotoRule(item["photo_rule"]),
        photo_min=item.get("photo_min", 1),
    )


def _known(found: Row, kind: str, code: str, at: str) -> Any:
    if code not in found:
        fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        raise Invalid("request.invalid", faults=(fault,))
    return found[code]
