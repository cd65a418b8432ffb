"""Writes the lines of sites, for one site and for thousands alike."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.infra.bulk import insert_rows
from app.sites.tables import SiteLine


def set_lines(tx: Session, site_id: UUID, line_ids: Iterable[UUID]) -> None:
    """Exactly these lines stand at the site."""
    set_lines_of_many(tx, {site_id: list(line_ids)})


def set_lines_of_many(tx: Session, lines: Mapping[UUID, Sequence[UUID]]) -> None:
    """Exactly these lines stand at each of these sites; two statements whatever their number."""
    tx.connection().execute(
        sa.delete(SiteLine).where(col(SiteLine.site_id) == sa.func.any(sa.bindparam("sites"))),
        {"sites": list(lines)},
    )
    pairs = [(site, line) for site, found in lines.items() for line in dict.fromkeys(found)]
    insert_rows(tx, SiteLine, [{"site_id": site, "line_id": line} for site, line in pairs])
