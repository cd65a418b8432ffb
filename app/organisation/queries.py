"""Reads of units and lines; and the scope predicate in SQL."""

from collections import Counter
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
from app.organisation.tables import Category, Line, Responsibility, Unit

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


def holds_on(table: Any, on: date) -> Predicate:
    """Rows whose period holds on a day; its last day belongs to it."""
    begun: Predicate = table.valid_from <= on
    return sa.and_(begun, sa.or_(table.valid_to.is_(None), table.valid_to >= on))


def find_units(tx: Session, codes: Sequence[str], *, lock: bool = False) -> dict[str, Unit]:
    """The units with these codes; absent codes are absent from the result."""
    query = select(Unit).where(col(Unit.code).in_(set(codes))).order_by(col(Unit.id))
    rows = tx.exec(query.with_for_update() if lock else query).all()
    return {unit.code: unit for unit in rows}


def find_units_by_id(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Unit]:
    """The units with these ids."""
    rows = tx.exec(select(Unit).where(col(Unit.id).in_(ids))).all()
    return {unit.id: unit for unit in rows}


def get_unit(tx: Session, code: str, *, lock: bool = False) -> Unit:
    """The unit with this code."""
    unit = find_units(tx, [code], lock=lock).get(code)
    if unit is None:
        raise NotFound("unit.not-found")
    return unit


def list_units(
    tx: Session,
    *,
    on: date,
    kind: rules.UnitKind | None,
    parent: str | None,
    after: str,
    limit: int,
) -> Page[Unit]:
    """Units that are valid on a day by code, optionally of one kind or directly below a parent."""
    query = select(Unit).where(col(Unit.code) > after, holds_on(Unit, on))
    query = query.order_by(col(Unit.code)).limit(limit + 1)
    if kind is not None:
        query = query.where(Unit.kind == kind)
    if parent is not None:
        query = query.where(Unit.parent_id == get_unit(tx, parent).id)
    rows = tx.exec(query).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].code) if more else None)


def count_children(tx: Session, unit_id: UUID, *, on: date, or_later: bool = False) -> int:
    """How many units directly below are valid on a day, or then ``or_later``."""
    query = select(sa.func.count()).select_from(Unit).where(Unit.parent_id == unit_id)
    last_day = col(Unit.valid_to)
    holds = last_day.is_(None) | (last_day >= on) if or_later else holds_on(Unit, on)
    return tx.exec(query.where(holds)).one()


def responsibilities_of(tx: Session, unit_id: UUID, *, after: date) -> Sequence[Responsibility]:
    """What a unit answers for, and what is answered for in it, beyond a day; locked."""
    here = (col(Responsibility.unit_id) == unit_id) | (col(Responsibility.area_id) == unit_id)
    last_day = col(Responsibility.valid_to)
    query = select(Responsibility).where(here, last_day.is_(None) | (last_day > after))
    return tx.exec(query.order_by(col(Responsibility.id)).with_for_update()).all()


def is_answered_for(tx: Session, area_id: UUID, line_id: UUID, *, after: date) -> bool:
    """Whether anybody answers for a line in exactly this area on some day after one."""
    last_day = col(Responsibility.valid_to)
    query = select(Responsibility.id).where(
        Responsibility.area_id == area_id,
        Responsibility.line_id == line_id,
        last_day.is_(None) | (last_day > after),
    )
    return tx.exec(query).first() is not None


def list_categories(
    tx: Session,
    *,
    scheme: str | None,
    version: str | None,
    kind: rules.CategoryKind | None,
    after: tuple[str, ...],
    limit: int,
) -> Page[Category]:
    """Problem categories by scheme, code and version."""
    key = sa.tuple_(col(Category.scheme), col(Category.code), col(Category.version))
    query = select(Category).where(key > sa.tuple_(*after)).order_by(key).limit(limit + 1)
    for column, value in (
        (Category.scheme, scheme),
        (Category.version, version),
        (Category.kind, kind),
    ):
        if value is not None:
            query = query.where(column == value)
    rows = tx.exec(query).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], encode_cursor(last.scheme, last.code, last.version))


def list_lines(tx: Session) -> Sequence[Line]:
    """All lines of work, by code."""
    return tx.exec(select(Line).order_by(col(Line.code))).all()


def find_lines(tx: Session, codes: Sequence[str]) -> dict[str, Line]:
    """The lines with these codes."""
    rows = tx.exec(select(Line).where(col(Line.code).in_(codes))).all()
    return {line.code: line for line in rows}


def find_categories(tx: Session) -> dict[str, Category]:
    """All categories by ``scheme/code/version``, and by the bare code where only one has it.

    The same code means another thing in another scheme, so a bare one that several share names
    none of them.
    """
    rows = tx.exec(select(Category)).all()
    shared = Counter(row.code for row in rows)
    found = {f"{row.scheme}/{row.code}/{row.version}": row for row in rows}
    return found | {row.code: row for row in rows if shared[row.code] == 1}


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
  AND answerable.valid_from <= :on AND (answerable.valid_to IS NULL OR answerable.valid_to >= :on)
""")


def answerable_units(tx: Session, *, area_path: str, on: date) -> dict[UUID, rules.Responsibility]:
    """Per line, who answers at this place on this day; a unit that is not valid then does not."""
    asked = {"codes": rules.codes_of(area_path), "on": on}
    rows = tx.connection().execute(_RESPONSIBILITIES, asked).all()
    candidates = (rules.Responsibility(*row) for row in rows)
    return dict(rules.answerable_units(candidates, area_path=area_path, on=on))
