"""The visits of one site, newest first: what its history shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.checklists.tables import Checklist, ChecklistVersion
from app.inspections.tables import Answer, Visit, VisitRevision
from app.kit.paging import Page, encode_cursor
from app.organisation.queries import within_reach
from app.organisation.tables import Unit
from app.rounds.tables import Round
from app.web.principal import Principal


@dataclass(frozen=True)
class PastVisit:
    """A visit with its present revision, round and checklist."""

    visit: Visit
    revision: VisitRevision
    round: Round
    checklist: Checklist
    version: ChecklistVersion


def list_visits_of_site(
    tx: Session,
    site_id: UUID,
    principal: Principal,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Page[PastVisit]:
    """Those that the caller made or has an answer of in his reach, the last received first.

    Served by ``ix_visit_of_site``: it costs the same however many visits other sites have.
    """
    query: Any = (
        sa.select(Visit, VisitRevision, Round, Checklist, ChecklistVersion)
        .join(VisitRevision, col(VisitRevision.id) == col(Visit.current_revision_id))
        .join(Round, col(Round.id) == col(Visit.round_id))
        .join(Checklist, col(Checklist.id) == col(Visit.checklist_id))
        .join(ChecklistVersion, col(ChecklistVersion.id) == col(VisitRevision.checklist_version_id))
        .where(col(Visit.site_id) == site_id, _reached(principal))
        .order_by(col(Visit.received_at).desc(), col(Visit.id).desc())
        .limit(limit + 1)
    )
    if before is not None:
        place = sa.tuple_(col(Visit.received_at), col(Visit.id))
        query = query.where(place < sa.tuple_(*before))
    rows: Sequence[PastVisit] = [PastVisit(*row) for row in tx.execute(query).all()]
    more = len(rows) > limit
    last = rows[limit - 1].visit if more else None
    cursor = encode_cursor(last.received_at.isoformat(), str(last.id)) if last else None
    return Page(rows[:limit], cursor)


def _reached(principal: Principal) -> sa.ColumnElement[bool]:
    unit: Any = sa.orm.aliased(Unit)
    answered = (
        sa.select(sa.literal(1))
        .select_from(Answer)
        .join(unit, unit.id == col(Answer.answerable_unit_id), isouter=True)
        .where(
            col(Answer.revision_id) == col(Visit.current_revision_id),
            within_reach(
                principal.postings,
                area=col(Answer.area_path),
                line=col(Answer.line_id),
                answerable=unit.path,
            ),
        )
        .exists()
    )
    return sa.or_(col(Visit.submitted_by) == principal.user_id, answered)
