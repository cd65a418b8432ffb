"""What headquarters decides about visits."""

from typing import Annotated
from uuid import UUID

from app.inspections import deciding, queries, queries_visible
from app.inspections.presenting import visit_out
from app.inspections.presenting_lists import double_out
from app.inspections.queries_ground import Held
from app.inspections.rules import LateDecision
from app.inspections.schemas import DoubleOut, ReasonIn, VisitOut
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(
    prefix="/v1/visits", tags=["inspections"], responses=error_replies(401, 403, 404)
)
Comparer = Annotated[Principal, Needs("visit.read-double")]
Chooser = Annotated[Principal, Needs("visit.count")]
Decider = Annotated[Principal, Needs("visit.decide-late")]


@router.get("/{visit_id}/double", summary="双盲比对 · Visits side by side")
def compare_visits(tx: Tx, comparer: Comparer, visit_id: UUID) -> DoubleOut:
    """A visit and the others to the same site, with the items on which they agree and differ."""
    view = queries_visible.get_visible_visit(tx, visit_id, comparer)
    others = queries_visible.others_at(tx, view.visit)
    present = [other.current_revision_id for other in others]
    revisions = queries.revisions_of(tx, present)
    values = queries_visible.values_of(tx, [view.revision.id, *present])
    return double_out(view, others, revisions, values)


@router.post(
    "/{visit_id}/count",
    summary="改由此次检查计分 · Let this visit count",
    responses=error_replies(409),
)
def count_visit(tx: Tx, chooser: Chooser, visit_id: UUID, body: ReasonIn) -> VisitOut:
    """Let this visit count from now on, and the one that did no more."""
    view = queries_visible.get_visible_visit(tx, visit_id, chooser)
    held = deciding.count_visit(tx, visit=view.visit, reason=body.reason)
    return _told(tx, held, view)


@router.post(
    "/{visit_id}/accept-late",
    summary="采纳逾期检查 · Accept a late visit",
    responses=error_replies(409),
)
def accept_late(tx: Tx, decider: Decider, visit_id: UUID, body: ReasonIn) -> VisitOut:
    """The visit counts although it came after the close, if no other does."""
    view = queries_visible.get_visible_visit(tx, visit_id, decider)
    held = deciding.decide_late(
        tx, visit=view.visit, decision=LateDecision.ACCEPTED, reason=body.reason
    )
    return _told(tx, held, view)


@router.post(
    "/{visit_id}/refuse-late",
    summary="不采纳逾期检查 · Refuse a late visit",
    responses=error_replies(409),
)
def refuse_late(tx: Tx, decider: Decider, visit_id: UUID, body: ReasonIn) -> VisitOut:
    """The visit is kept and does not count."""
    view = queries_visible.get_visible_visit(tx, visit_id, decider)
    held = deciding.decide_late(
        tx, visit=view.visit, decision=LateDecision.REFUSED, reason=body.reason
    )
    return _told(tx, held, view)


def _told(tx: Tx, held: Held, view: queries_visible.VisitView) -> VisitOut:
    missing = queries.missing_photos(tx, held.revision)
    return visit_out(held.visit, held.revision, view.site.code, missing)
