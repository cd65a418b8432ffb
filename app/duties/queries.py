"""Reads of responsibilities with their people, of special groups and of grid cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.duties.tables import (
    GridCell,
    SpecialGroup,
    SpecialGroupArea,
    SpecialGroupLine,
    SpecialGroupMember,
    SpecialGroupSite,
)
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.kit.reach import Posting
from app.organisation.queries import get_unit, holds_on
from app.organisation.tables import Line, Responsibility, Unit
from app.people.tables import Person
from app.sites.queries import visible
from app.sites.tables import Site


@dataclass(frozen=True)
class Duty:
    """A responsibility with everything it names."""

    row: Responsibility
    area: Unit
    line: Line
    unit: Unit
    leader: Person | None
    coordinator: Person | None
    handler: Person | None


def _duties() -> Any:
    area, unit = aliased(Unit), aliased(Unit)
    people = [aliased(Person) for _ in range(3)]
    columns: list[Any] = [Responsibility, area, Line, unit, *people]
    query = (
        sa.select(*columns)
        .join(area, area.id == Responsibility.area_id)  # type: ignore[arg-type]
        .join(Line, col(Line.id) == Responsibility.line_id)
        .join(unit, unit.id == Responsibility.unit_id)  # type: ignore[arg-type]
    )
    kinds = (Responsibility.leader_id, Responsibility.coordinator_id, Responsibility.handler_id)
    for person, key in zip(people, kinds, strict=True):
        query = query.outerjoin(person, person.id == key)  # type: ignore[arg-type]
    return query, area


def list_duties(
    tx: Session,
    *,
    area: str | None,
    line: str | None,
    unit: str | None,
    on: date | None,
    after: UUID | None,
    limit: int,
) -> Page[Duty]:
    """Responsibilities in order of their making; without a day ended ones too. One statement."""
    query, _ = _duties()
    query = query.order_by(col(Responsibility.id)).limit(limit + 1)
    if after is not None:
        query = query.where(col(Responsibility.id) > after)
    if area is not None:
        query = query.where(Responsibility.area_id == get_unit(tx, area).id)
    if unit is not None:
        query = query.where(Responsibility.unit_id == get_unit(tx, unit).id)
    if line is not None:
        query = query.where(Line.code == line)
    if on is not None:
        query = query.where(holds_on(Responsibility, on))
    rows = [Duty(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].row.id)) if more else None)


def duties_above(tx: Session, codes: Sequence[str], line_id: UUID) -> list[Duty]:
    """All that was ever said about a line in any of these areas: one statement."""
    query, area = _duties()
    query = query.where(area.code.in_(codes), Responsibility.line_id == line_id)
    return [Duty(*row) for row in tx.execute(query).all()]


def get_duty(tx: Session, responsibility_id: UUID) -> Duty:
    """One responsibility."""
    query, _ = _duties()
    found = tx.execute(query.where(Responsibility.id == responsibility_id)).first()
    if found is None:
        raise NotFound("responsibility.not-found")
    return Duty(*found)


def find_sites(tx: Session, codes: Sequence[str], postings: Sequence[Posting]) -> dict[str, Site]:
    """The sites with these codes that are in the caller's reach."""
    query = select(Site).join(Unit, col(Unit.id) == Site.unit_id)
    query = query.where(col(Site.code).in_(codes), visible(postings, Unit.path))
    return {site.code: site for site in tx.exec(query)}


def find_groups(tx: Session, codes: Sequence[str]) -> dict[str, SpecialGroup]:
    """The special groups with these codes."""
    query = select(SpecialGroup).where(col(SpecialGroup.code).in_(codes))
    return {group.code: group for group in tx.exec(query)}


@dataclass(frozen=True)
class Member:
    """A unit or a person in a group."""

    row: SpecialGroupMember
    unit: Unit | None
    person: Person | None


@dataclass(frozen=True)
class Group:
    """A special group with what it is for and who sits in it."""

    row: SpecialGroup
    parent: SpecialGroup | None
    lines: Sequence[Line]
    areas: Sequence[Unit]
    sites: Sequence[Site]
    members: Sequence[Member]


def list_groups(tx: Session, postings: Sequence[Posting], *, on: date) -> list[Group]:
    """The groups of a day, the office first, with the sites in the caller's reach.

    Six statements, however many there are.
    """
    query = select(SpecialGroup).where(holds_on(SpecialGroup, on))
    rows = tx.exec(query.order_by(col(SpecialGroup.kind).desc(), col(SpecialGroup.code))).all()
    return _with_content(tx, rows, postings)


def get_group(
    tx: Session, code: str, postings: Sequence[Posting] | None, *, lock: bool = False
) -> Group:
    """The group with this code, with the sites in reach of ``postings``; all of them if None."""
    query = select(SpecialGroup).where(SpecialGroup.code == code)
    row = tx.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound("group.not-found")
    return _with_content(tx, [row], postings)[0]


def _with_content(
    tx: Session, rows: Sequence[SpecialGroup], postings: Sequence[Posting] | None
) -> list[Group]:
    ids = [row.id for row in rows]
    above = [row.parent_id for row in rows if row.parent_id]
    parents = {
        row.id: row for row in tx.exec(select(SpecialGroup).where(col(SpecialGroup.id).in_(above)))
    }
    lines = _linked(tx, SpecialGroupLine, Line, SpecialGroupLine.line_id, ids)
    areas = _linked(tx, SpecialGroupArea, Unit, SpecialGroupArea.unit_id, ids)
    seen: Any = None
    if postings is not None:
        here = select(Unit.id).where(visible(postings, Unit.path))
        seen = col(Site.unit_id).in_(here)
    sites = _linked(tx, SpecialGroupSite, Site, SpecialGroupSite.site_id, ids, seen)
    members: dict[UUID, list[Member]] = {}
    found = tx.execute(
        sa.select(SpecialGroupMember, Unit, Person)
        .outerjoin(Unit, col(Unit.id) == SpecialGroupMember.unit_id)
        .outerjoin(Person, col(Person.id) == SpecialGroupMember.person_id)
        .where(col(SpecialGroupMember.group_id).in_(ids))
        .order_by(col(SpecialGroupMember.id))
    )
    for member, unit, person in found.all():
        members.setdefault(member.group_id, []).append(Member(member, unit, person))
    return [
        Group(
            row=row,
            parent=parents[row.parent_id] if row.parent_id else None,
            lines=lines.get(row.id, []),
            areas=areas.get(row.id, []),
            sites=sites.get(row.id, []),
            members=members.get(row.id, []),
        )
        for row in rows
    ]


def _linked(
    tx: Session, link: Any, table: Any, key: Any, ids: Sequence[UUID], only: Any = None
) -> dict[UUID, list[Any]]:
    query = (
        sa.select(link.group_id, table)
        .join(table, table.id == key)
        .where(link.group_id.in_(ids), sa.true() if only is None else only)
        .order_by(table.code)
    )
    found: dict[UUID, list[Any]] = {}
    for group_id, entry in tx.execute(query).all():
        found.setdefault(group_id, []).append(entry)
    return found


@dataclass(frozen=True)
class Cell:
    """A cell of the grid with its unit and the person who looks after it."""

    row: GridCell
    unit: Unit
    person: Person | None


def list_cells(
    tx: Session,
    *,
    on: date,
    scheme: str | None,
    unit: str | None,
    after: tuple[str, ...],
    limit: int,
) -> Page[Cell]:
    """The cells of a day by scheme and code, of one scheme or of one unit and all below it."""
    key = sa.tuple_(col(GridCell.scheme), col(GridCell.code))
    query = _cells().where(key > sa.tuple_(*after), holds_on(GridCell, on))
    if scheme is not None:
        query = query.where(GridCell.scheme == scheme)
    if unit is not None:
        query = query.where(col(Unit.path).like(get_unit(tx, unit).path + "%"))
    rows = [Cell(*row) for row in tx.execute(query.order_by(key).limit(limit + 1)).all()]
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1].row
    return Page(rows[:limit], encode_cursor(last.scheme, last.code))


def get_cell(tx: Session, scheme: str, code: str) -> Cell:
    """The newest cell with this code."""
    query = _cells().where(GridCell.scheme == scheme, GridCell.code == code)
    found = tx.execute(query.order_by(col(GridCell.valid_from).desc()).limit(1)).first()
    if found is None:
        raise NotFound("cell.not-found")
    return Cell(*found)


def _cells() -> Any:
    columns: list[Any] = [GridCell, Unit, Person]
    return (
        sa.select(*columns)
        .join(Unit, col(Unit.id) == GridCell.unit_id)
        .outerjoin(Person, col(Person.id) == GridCell.person_id)
    )
