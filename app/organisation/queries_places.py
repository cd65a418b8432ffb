"""Reads of boundaries: which ones stand around a place, and their shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.organisation.queries import holds_on
from app.organisation.tables import Unit, UnitBoundary


@dataclass(frozen=True)
class Box:
    """Degrees of WGS-84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Candidate:
    """A boundary whose box meets the place that is asked about."""

    boundary_id: UUID
    unit_id: UUID
    path: str
    area_m2: float
    box: Box


def boundaries_meeting(tx: Session, box: Box, *, on: date) -> list[Candidate]:
    """The boundaries of units, both valid on the day, whose boxes meet ``box``: one statement."""
    box_columns = (UnitBoundary.west, UnitBoundary.south, UnitBoundary.east, UnitBoundary.north)
    columns: list[Any] = [UnitBoundary.id, Unit.id, Unit.path, UnitBoundary.area_m2, *box_columns]
    query = (
        sa.select(*columns)
        .join(Unit, col(Unit.id) == UnitBoundary.unit_id)
        .where(
            col(UnitBoundary.west) <= box.east,
            col(UnitBoundary.east) >= box.west,
            col(UnitBoundary.south) <= box.north,
            col(UnitBoundary.north) >= box.south,
            col(UnitBoundary.withdrawn_at).is_(None),
            holds_on(UnitBoundary, on),
            holds_on(Unit, on),
        )
    )
    rows: Sequence[Any] = tx.connection().execute(query).all()
    return [Candidate(row[0], row[1], row[2], row[3], Box(*row[4:])) for row in rows]


def shapes_of(tx: Session, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The shapes of boundaries as WKB."""
    query = select(UnitBoundary.id, UnitBoundary.shape).where(col(UnitBoundary.id).in_(ids))
    return {row[0]: row[1] for row in tx.connection().execute(query)}


def get_boundary(tx: Session, boundary_id: UUID) -> UnitBoundary:
    """The boundary with this id, which must be there."""
    return tx.exec(select(UnitBoundary).where(UnitBoundary.id == boundary_id)).one()


def find_boundary(tx: Session, unit_id: UUID, *, on: date) -> UnitBoundary | None:
    """The boundary of a unit on a day."""
    query = select(UnitBoundary).where(
        UnitBoundary.unit_id == unit_id,
        col(UnitBoundary.withdrawn_at).is_(None),
        holds_on(UnitBoundary, on),
    )
    return tx.exec(query).first()


def boundaries_from(tx: Session, unit_ids: Sequence[UUID], *, day: date) -> list[UnitBoundary]:
    """The boundaries of units that hold on a day or later, by unit and beginning; locked."""
    query = (
        select(UnitBoundary)
        .where(
            col(UnitBoundary.unit_id).in_(unit_ids),
            col(UnitBoundary.withdrawn_at).is_(None),
            col(UnitBoundary.valid_to).is_(None) | (col(UnitBoundary.valid_to) >= day),
        )
        .order_by(col(UnitBoundary.unit_id), col(UnitBoundary.valid_from))
        .with_for_update()
    )
    return list(tx.exec(query).all())


def open_boundaries(tx: Session) -> list[tuple[UnitBoundary, Unit]]:
    """The boundaries that have no end, at most one of each unit, with their units."""
    query = (
        select(UnitBoundary, Unit)
        .join(Unit, col(Unit.id) == UnitBoundary.unit_id)
        .where(col(UnitBoundary.withdrawn_at).is_(None), col(UnitBoundary.valid_to).is_(None))
        .options(defer(UnitBoundary.shape))  # type: ignore[arg-type]
    )
    return [(boundary, unit) for boundary, unit in tx.exec(query).all()]
