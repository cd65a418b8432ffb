"""Reads of units and lines; and the scope predicate in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.kit.reach import Posting
from app.organisation import rules
from app.organisation.tables import Category, Line, Unit

Predicate = sa.ColumnElement[bool]


def at_or_below(column: Any, path: str) -> Predicate:
    """Rows whose path is ``path`` or lies below it; served by a text_pattern_ops index."""
    predicate: Predicate = column.like(path + "%")
    return predicate


def within_reach(
    postings: Sequence[Posting], *, area: Any, line: Any, answerable: Any | None
) -> Predicate:
    """The scope predicate over a row's columns; the same as ``rules.covers``.

    Paths hold letters, digits, dots and hyphens only (a CHECK says so), so they are safe in LIKE.
    """
    alternatives: list[Predicate] = []
    for posting in postings:
        by_area = sa.or_(*(at_or_below(area, path) for path in posting.area_paths), sa.false())
        if posting.line_ids:
            by_area = sa.and_(by_area, line.in_(posting.line_ids))
        alternatives.append(by_area)
        if answerable is not None:
            alternatives.append(at_or_below(answerable, posting.unit_path))
    return sa.or_(*alternatives, sa.false())


def find_units(tx: Session, codes: Sequence[str]) -> dict[str, Unit]:
    """The units with these codes; absent codes are absent from the result."""
    rows = tx.exec(select(Unit).where(col(Unit.code).in_(set(codes)))).all()
    return {unit.code: unit for unit in rows}


def find_units_by_id(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Unit]:
    """The units with these ids."""
    rows = tx.exec(select(Unit).where(col(Unit.id).in_(ids))).all()
    return {unit.id: unit for unit in rows}


def get_unit(tx: Session, code: str) -> Unit:
    """The unit with this code."""
    unit = tx.exec(select(Unit).where(Unit.code == code)).first()
    if unit is None:
        raise NotFound("unit.not-found")
    return unit


def list_units(
    tx: Session, *, kind: rules.UnitKind | None, parent: str | None, after: str, limit: int
) -> Page[Unit]:
    """Units by code, optionally of one kind or directly below one parent."""
    query = select(Unit).where(col(Unit.code) > after).order_by(col(Unit.code)).limit(limit + 1)
    if kind is not None:
        query = query.where(Unit.kind == kind)
    if parent is not None:
        query = query.where(Unit.parent_id == get_unit(tx, parent).id)
    rows = tx.exec(query).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].code) if more else None)


def list_lines(tx: Session) -> Sequence[Line]:
    """All lines of work, by code."""
    return tx.exec(select(Line).order_by(col(Line.code))).all()


def find_lines(tx: Session, codes: Sequence[str]) -> dict[str, Line]:
    """The lines with these codes."""
    rows = tx.exec(select(Line).where(col(Line.code).in_(codes))).all()
    return {line.code: line for line in rows}


def find_categories(tx: Session) -> dict[str, Category]:
    """All categories by code. One scheme is loaded per city so far; a second needs its key here."""
    return {row.code: row for row in tx.exec(select(Category)).all()}


@dataclass(frozen=True)
class Area:
    """A unit with the districts above it, as feeds show places."""

    unit: Unit
    district: Unit | None


def describe_areas(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Area]:
    """Units by id, each with the district it lies in; two statements whatever the number."""
    units = find_units_by_id(tx, list(set(ids)))
    upper = {code for unit in units.values() for code in rules.codes_of(unit.path)}
    above = find_units(tx, list(upper))
    districts = {unit.code: unit for unit in above.values() if unit.kind is rules.UnitKind.DISTRICT}
    return {
        key: Area(unit, _first_of(districts, rules.codes_of(unit.path)))
        for key, unit in units.items()
    }


def _first_of(districts: dict[str, Unit], codes: Sequence[str]) -> Unit | None:
    return next((districts[code] for code in codes if code in districts), None)


_RESPONSIBILITIES = sa.text("""
SELECT area.path, r.line_id, r.unit_id, answerable.path, r.valid_from, r.valid_to
FROM unit area
JOIN responsibility r ON r.area_id = area.id
JOIN unit answerable ON answerable.id = r.unit_id
WHERE area.code = ANY(:codes)
""")


def answerable_units(tx: Session, *, area_path: str, on: date) -> dict[UUID, rules.Responsibility]:
    """Per line, who answers at this place on this day."""
    codes = {"codes": rules.codes_of(area_path)}
    rows = tx.connection().execute(_RESPONSIBILITIES, codes).all()
    candidates = (rules.Responsibility(*row) for row in rows)
    return dict(rules.answerable_units(candidates, area_path=area_path, on=on))
