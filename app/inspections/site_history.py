"""The history of a site: its visits. It stands here because sites know nothing of visits."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from app.inspections.queries_of_sites import PastVisit, list_visits_of_site
from app.inspections.rules import Outcome
from app.kit.marks import score_of
from app.rounds.presenting import round_ref
from app.rounds.rules import Source
from app.rounds.schemas import ChecklistRef, RoundRef
from app.sites import queries as sites
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Wire

router = FeatureRouter(prefix="/v1", tags=["sites"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("visit.read")]


class PastVisitOut(Wire):
    """``score`` is null where nothing was scored; ``complete`` once all photos are stored."""

    id: UUID
    round: RoundRef
    source: Source
    checklist: ChecklistRef
    revision: int
    outcome: Outcome
    score: str | None
    counting: bool
    late: bool
    complete: bool
    started_at: datetime
    received_at: datetime


class PastVisitPage(Wire):
    items: list[PastVisitOut]
    next_cursor: str | None


@router.get(
    "/sites/{code}/visits",
    summary="点位的历次检查 · Visits of a site",
    responses=error_replies(404),
)
def list_site_visits(
    tx: Tx, reader: Reader, language: Lang, code: Code, paging: Paged
) -> PastVisitPage:
    """The last received first; those with an answer in the caller's reach, and his own."""
    site = sites.get_site(tx, code, reader.postings).site
    page = list_visits_of_site(
        tx, site.id, reader, before=paging.after_instant_and_id(), limit=paging.limit
    )
    items = [_past_visit_out(past, language) for past in page.items]
    return PastVisitPage(items=items, next_cursor=page.next_cursor)


def _past_visit_out(past: PastVisit, language: Language) -> PastVisitOut:
    visit, revision = past.visit, past.revision
    return PastVisitOut(
        id=visit.id,
        round=round_ref(past.round, language),
        source=visit.source,
        checklist=ChecklistRef(code=past.checklist.code, version=past.version.number),
        revision=revision.number,
        outcome=revision.outcome,
        score=score_of(revision.earned, revision.possible),
        counting=visit.counting,
        late=visit.late,
        complete=visit.completed_at is not None,
        started_at=revision.started_at,
        received_at=visit.received_at,
    )
