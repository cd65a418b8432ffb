"""Reads for reports: what they name, and whether they are known already."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, select

from app.ledger.tables import Problem
from app.organisation import queries as organisation
from app.organisation.tables import Category, Line, Unit
from app.sites.tables import Site


@dataclass(frozen=True)
class GroundFound:
    """What a report names, as far as it is known."""

    line: Line | None
    category: Category | None
    site: Site | None
    site_unit: Unit | None
    unit: Unit | None


def hold_report(tx: Session, report_id: UUID) -> None:
    """Two sendings of one report take turns until the end of the transaction."""
    key = int.from_bytes(report_id.bytes[-8:], "big", signed=True)
    tx.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def find_report(tx: Session, report_id: UUID) -> Problem | None:
    """The entry that a report opened."""
    return tx.exec(select(Problem).where(Problem.report_id == report_id)).first()


def find_ground(
    tx: Session,
    *,
    line: str | None,
    category: tuple[str, str, str] | None,
    site: str | None,
    unit: str | None,
) -> GroundFound:
    """Line, category, site with its unit, and unit of a report."""
    site_row = unit_row = category_row = None
    if category is not None:
        category_row = find_category(tx, category)
    if site is not None:
        site_row = tx.exec(select(Site).where(Site.code == site)).first()
    site_unit = None
    if site_row is not None:
        site_unit = organisation.find_units_by_id(tx, [site_row.unit_id])[site_row.unit_id]
    if unit is not None:
        unit_row = organisation.find_units(tx, [unit]).get(unit)
    line_row = organisation.find_lines(tx, [line]).get(line) if line is not None else None
    return GroundFound(line_row, category_row, site_row, site_unit, unit_row)


def find_category(tx: Session, named: tuple[str, str, str]) -> Category | None:
    """A category by scheme, code and version."""
    scheme, code, version = named
    query = select(Category).where(Category.scheme == scheme, Category.code == code)
    return tx.exec(query.where(Category.version == version)).first()
