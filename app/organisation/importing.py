"""Loads a city's units, lines, categories and responsibilities from files.

Loading the same file again changes nothing; a row that is there already is brought up to date by
its code. Everything happens in the caller's transaction: a fault anywhere loads nothing.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.infra.bulk import insert_rows
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_id
from app.kit.workdays import LimitUnit
from app.organisation import queries, rules
from app.organisation.tables import Category, CategoryLimit, Line, Responsibility, Unit

Row = dict[str, Any]
_FIRST_DAY = date(2000, 1, 1)


def load_units(tx: Session, rows: Sequence[Row]) -> int:
    """Insert or rename units; parents may stand anywhere in the file. Returns how many."""
    by_code = {row["code"]: row for row in rows}
    known = queries.find_units(tx, [row["parent"] for row in rows if row["parent"]])
    paths = {code: unit.path for code, unit in known.items()}
    ids = {code: unit.id for code, unit in known.items()}
    values = []
    for code in rules.parents_first({row["code"]: row["parent"] for row in rows}):
        row = by_code[code]
        parent = row["parent"]
        if parent is not None and parent not in ids:
            raise _unknown("unit", parent, f"/units/{code}/parent")
        ids[code] = ids.get(code) or new_id()
        paths[code] = rules.child_path(paths[parent] if parent else rules.ROOT, code)
        values.append(_unit_values(row, ids[code], ids.get(parent), paths[code]))
    statement = insert(Unit).values(values)
    names = ("name_zh", "full_name_zh", "name_en")
    updates = {name: statement.excluded[name] for name in names}
    tx.connection().execute(statement.on_conflict_do_update(index_elements=["code"], set_=updates))
    return len(values)


def _unit_values(row: Row, unit_id: Any, parent_id: Any, path: str) -> Row:
    return {
        "id": unit_id,
        "code": row["code"],
        "scheme": row["scheme"],
        "kind": rules.UnitKind(row["kind"]),
        "parent_id": parent_id,
        "path": path,
        "name_zh": row["name_zh"],
        "full_name_zh": row.get("full_name_zh"),
        "name_en": row.get("name_en"),
        "valid_from": _FIRST_DAY,
        "valid_to": None,
    }


def load_lines(tx: Session, rows: Sequence[Row]) -> int:
    """Insert or rename lines of work."""
    values = [
        {"id": new_id(), "code": row["code"], "name_zh": row["name_zh"]}
        | {"name_en": row.get("name_en")}
        for row in rows
    ]
    statement = insert(Line).values(values)
    updates = {name: statement.excluded[name] for name in ("name_zh", "name_en")}
    tx.connection().execute(statement.on_conflict_do_update(index_elements=["code"], set_=updates))
    return len(values)


def load_categories(tx: Session, rows: Sequence[Row]) -> int:
    """Insert or rename problem categories; those that name ``limits`` get exactly these."""
    fields = ("scheme", "code", "version", "kind", "name_zh", "name_en")
    values = [{"id": new_id()} | {name: row.get(name) for name in fields} for row in rows]
    statement = insert(Category).values(values)
    updates = {name: statement.excluded[name] for name in ("name_zh", "name_en")}
    tx.connection().execute(
        statement.on_conflict_do_update(index_elements=["scheme", "code", "version"], set_=updates)
    )
    _load_limits(tx, [row for row in rows if "limits" in row])
    return len(values)


def _load_limits(tx: Session, rows: Sequence[Row]) -> None:
    known = queries.find_categories(tx)
    ids = [known[f"{row['scheme']}/{row['code']}/{row['version']}"].id for row in rows]
    tx.exec(sa.delete(CategoryLimit).where(col(CategoryLimit.category_id).in_(ids)))
    limits = [
        {
            "category_id": category_id,
            "condition": limit["condition"],
            "position": position,
            "name_zh": limit.get("name_zh"),
            "value": limit["value"],
            "unit": LimitUnit(limit["unit"]),
        }
        for category_id, row in zip(ids, rows, strict=True)
        for position, limit in enumerate(row["limits"])
    ]
    insert_rows(tx, CategoryLimit, limits)


def load_responsibilities(tx: Session, rows: Sequence[Row]) -> int:
    """Insert who answers for which line in which area; a pair that is there already stays."""
    units = queries.find_units(tx, [row[name] for row in rows for name in ("area", "unit")])
    lines = queries.find_lines(tx, [row["line"] for row in rows])
    values = []
    for index, row in enumerate(rows):
        at = f"/responsibilities/{index}"
        values.append(
            {
                "id": new_id(),
                "area_id": _known(units, "unit", row["area"], f"{at}/area").id,
                "line_id": _known(lines, "line", row["line"], f"{at}/line").id,
                "unit_id": _known(units, "unit", row["unit"], f"{at}/unit").id,
                "valid_from": _FIRST_DAY,
                "valid_to": None,
            }
        )
    tx.connection().execute(insert(Responsibility).values(values).on_conflict_do_nothing())
    return len(values)


def _known(found: dict[str, Any], kind: str, code: str, at: str) -> Any:
    if code not in found:
        raise _unknown(kind, code, at)
    return found[code]


def _unknown(kind: str, code: str, at: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
    return Invalid("request.invalid", faults=(fault,))
