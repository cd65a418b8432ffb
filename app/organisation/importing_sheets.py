"""Units, lines, categories and responsibilities as the rows of sheets.

What is stored, by natural key, and the writing of changes that a plan has found, in the caller's
transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from app.infra import events
from app.infra.bulk import upsert_rows
from app.kit.changes import Change, Row
from app.kit.ids import new_id
from app.organisation import queries, rules
from app.organisation.tables import Category, Line, Unit

Stored = dict[tuple[Any, ...], Row]


def stored_units(tx: Session) -> Stored:
    """All units by code; parents and successors by their codes."""
    units = tx.exec(select(Unit)).all()
    codes = {unit.id: unit.code for unit in units}
    return {
        (unit.code,): {
            "code": unit.code,
            "scheme": unit.scheme,
            "kind": unit.kind.value,
            "parent": codes[unit.parent_id] if unit.parent_id else None,
            "name_zh": unit.name_zh,
            "full_name_zh": unit.full_name_zh,
            "name_en": unit.name_en,
            "valid_from": unit.valid_from.isoformat(),
            "valid_to": written_day(unit.valid_to),
            "successor": codes[unit.successor_id] if unit.successor_id else None,
        }
        for unit in units
    }


def apply_units(tx: Session, changes: Sequence[Change]) -> None:
    """Write units, parents before their children, successors after all of them."""
    rows = {change.after["code"]: change.after for change in changes}
    named = {row[name] for row in rows.values() for name in ("parent", "successor") if row[name]}
    known = queries.find_units(tx, [*rows, *named])
    ids = {code: known[code].id if code in known else new_id() for code in {*rows, *named}}
    paths = {code: unit.path for code, unit in known.items()}
    values = []
    for code in rules.parents_first({code: row["parent"] for code, row in rows.items()}):
        row = rows[code]
        parent = row["parent"]
        paths[code] = rules.child_path(paths[parent] if parent else rules.ROOT, code)
        values.append(
            {
                "id": ids[code],
                "code": code,
                "scheme": row["scheme"],
                "kind": rules.UnitKind(row["kind"]),
                "parent_id": ids[parent] if parent else None,
                "path": paths[code],
                "name_zh": row["name_zh"],
                "full_name_zh": row["full_name_zh"],
                "name_en": row["name_en"],
                "valid_from": date.fromisoformat(row["valid_from"]),
                "valid_to": read_day(row["valid_to"]),
                "successor_id": ids[row["successor"]] if row["successor"] else None,
            }
        )
    upsert_rows(tx, Unit, values, key=("code",))
    _record(tx, "unit", changes, {(code,): found for code, found in ids.items()})


def stored_lines(tx: Session) -> Stored:
    """All lines by code."""
    return {
        (line.code,): {"code": line.code, "name_zh": line.name_zh, "name_en": line.name_en}
        for line in tx.exec(select(Line)).all()
    }


def apply_lines(tx: Session, changes: Sequence[Change]) -> None:
    """Write lines of work."""
    values = [{"id": new_id(), **change.after} for change in changes]
    upsert_rows(tx, Line, values, key=("code",))
    ids = {(line.code,): line.id for line in tx.exec(select(Line)).all()}
    _record(tx, "line", changes, ids)


_CATEGORY = ("scheme", "code", "version", "kind", "name_zh", "name_en")


def stored_categories(tx: Session) -> Stored:
    """All problem categories by scheme, code and version."""
    return {
        (row.scheme, row.code, row.version): {
            "scheme": row.scheme,
            "code": row.code,
            "version": row.version,
            "kind": row.kind.value,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
        }
        for row in tx.exec(select(Category)).all()
    }


def apply_categories(tx: Session, changes: Sequence[Change]) -> None:
    """Write problem categories."""
    values = [
        {"id": new_id()}
        | {name: change.after[name] for name in _CATEGORY}
        | {"kind": rules.CategoryKind(change.after["kind"])}
        for change in changes
    ]
    upsert_rows(tx, Category, values, key=("scheme", "code", "version"))
    rows = tx.exec(select(Category)).all()
    _record(tx, "category", changes, {(r.scheme, r.code, r.version): r.id for r in rows})


def written_day(day: date | None) -> str | None:
    """A day as rows carry it."""
    return day.isoformat() if day else None


def read_day(text: str | None) -> date | None:
    """The reverse of ``written_day``."""
    return date.fromisoformat(text) if text else None


def _record(
    tx: Session, subject: str, changes: Sequence[Change], ids: Mapping[tuple[Any, ...], UUID]
) -> None:
    told = [(ids[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", subject, told)
