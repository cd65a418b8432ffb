"""What headquarters decides about visits: which one counts, and what becomes of late ones.

All of it before publication; after that a standing is never changed silently.
"""

from uuid import UUID

from sqlmodel import Session

from app.infra import events
from app.inspections import queries_ground, rules
from app.inspections.queries_ground import Held
from app.inspections.rules import LateDecision, NotCounting, Outcome
from app.inspections.tables import Visit
from app.kit.errors import Conflict
from app.rounds.rules import RoundState
from app.sites.rules import SiteState


def count_visit(tx: Session, *, visit: Visit, reason: str) -> Held:
    """Let this visit count, and whichever counted there before no more; both in one step.

    Asking again changes nothing. Raises ``Conflict`` for a visit that cannot count.
    """
    held = _held_before_publication(tx, visit)
    if held.visit.counting:
        return held
    if held.revision.outcome is not Outcome.INSPECTED:
        raise Conflict("visit.not-inspected")
    if held.visit.late and held.visit.late_decision is not LateDecision.ACCEPTED:
        raise Conflict("visit.late")
    earlier = queries_ground.find_counting(tx, held.visit)
    if earlier is not None:
        queries_ground.lock_visit(tx, earlier.id)
        set_counting(tx, earlier, NotCounting.REPLACED, reason=reason)
        tx.flush()
    set_counting(tx, held.visit, None, reason=reason)
    tx.flush()
    return held


def decide_late(tx: Session, *, visit: Visit, decision: LateDecision, reason: str) -> Held:
    """Accept or refuse a late visit, once; accepted, it counts if nothing else does."""
    held = _held_before_publication(tx, visit)
    found = held.visit
    if not found.late:
        raise Conflict("visit.not-late")
    if found.late_decision is decision:
        return held
    if found.late_decision is not None:
        raise Conflict("visit.late-decided")
    found.late_decision = decision
    events.record(
        tx,
        "visit.late-decided",
        subject=("visit", found.id),
        round_id=str(found.round_id),
        reason=reason,
        before={"late_decision": None},
        after={"late_decision": decision.value},
    )
    if decision is LateDecision.ACCEPTED:
        why_not = rules.why_not_counting(
            late=False, outcome=held.revision.outcome, blind=held.blind, taken=held.taken
        )
        set_counting(tx, found, why_not, reason=reason)
    tx.add(found)
    tx.flush()
    return held


def stop_counting_at(tx: Session, *, site_id: UUID, reason: str) -> int:
    """A site was refused: its visits in rounds that are not published count no more."""
    stopped = 0
    for visit in queries_ground.counting_at(tx, site_id):
        held = queries_ground.hold_visit(tx, visit)
        if held.visit.counting and held.round_state is not RoundState.PUBLISHED:
            set_counting(tx, held.visit, NotCounting.SITE_REFUSED, reason=reason)
            stopped += 1
    tx.flush()
    return stopped


def stop_counting_at_refused_site(tx: Session, *, visit_id: UUID) -> int:
    """A visit came in: it counts not where its site has been refused since it was made."""
    site = queries_ground.site_of(tx, visit_id)
    if site.state is not SiteState.CLOSED:
        return 0
    subject = ("site", site.id)
    decided = events.newest_kind(tx, subject=subject, kinds=("site.refused", "site.reopened"))
    if decided != "site.refused":
        return 0
    return stop_counting_at(tx, site_id=site.id, reason="site refused before the visit came in")


def _held_before_publication(tx: Session, visit: Visit) -> Held:
    held = queries_ground.hold_visit(tx, visit)
    if held.round_state is RoundState.PUBLISHED:
        raise Conflict("visit.published")
    return held


def set_counting(tx: Session, visit: Visit, why_not: NotCounting | None, *, reason: str) -> None:
    """Change whether a locked visit counts, and record it; nothing where it stays as it is."""
    if visit.not_counting_reason is why_not:
        return
    before = _counting(visit)
    visit.not_counting_reason = why_not
    visit.counting = why_not is None
    tx.add(visit)
    events.record(
        tx,
        "visit.counting-changed",
        subject=("visit", visit.id),
        round_id=str(visit.round_id),
        reason=reason,
        before=before,
        after=_counting(visit),
    )


def _counting(visit: Visit) -> dict[str, bool | str | None]:
    why_not = visit.not_counting_reason
    return {"counting": visit.counting, "not_counting_reason": why_not.value if why_not else None}
