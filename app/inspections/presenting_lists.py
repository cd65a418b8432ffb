"""Lists of visits, revisions and retakes, and visits side by side, as wire shapes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.checklists.rules import written
from app.inspections import rules
from app.inspections.presenting import READ_PEOPLE, person_named, state_of
from app.inspections.queries_retakes import RetakeView
from app.inspections.queries_visible import ListedVisit, RevisionView, VisitView
from app.inspections.schemas import (
    ComparedOut,
    DifferingOut,
    DoubleOut,
    RetakeOut,
    RevisionOut,
    VisitRowOut,
)
from app.inspections.tables import Visit, VisitRevision
from app.kit.marks import score_of
from app.organisation.presenting import named
from app.sites.tables import Site
from app.web.language import Language
from app.web.principal import Principal
from app.web.wire import Named


def visit_row_out(row: ListedVisit, reader: Principal, language: Language) -> VisitRowOut:
    """One visit of a list."""
    visit, revision = row.visit, row.revision
    return VisitRowOut(
        id=visit.id,
        revision=revision.number,
        round_id=visit.round_id,
        site=_site(row.site),
        area=named(row.area, language) if row.area else None,
        source=visit.source,
        outcome=revision.outcome,
        earned=written(revision.earned),
        possible=written(revision.possible),
        score=score_of(revision.earned, revision.possible),
        state=state_of(visit),
        counting=visit.counting,
        not_counting_reason=visit.not_counting_reason,
        late=visit.late,
        late_decision=visit.late_decision,
        received_at=visit.received_at,
        submitted_by=person_named(row.submitter) if reader.has(READ_PEOPLE) else None,
    )


def _site(site: Site) -> Named:
    return Named(code=site.code, name=site.name)


def revision_out(view: RevisionView, reader: Principal) -> RevisionOut:
    """One revision of a visit."""
    revision = view.revision
    return RevisionOut(
        id=revision.id,
        number=revision.number,
        reason=revision.reason,
        outcome=revision.outcome,
        earned=written(revision.earned),
        possible=written(revision.possible),
        score=score_of(revision.earned, revision.possible),
        received_at=revision.received_at,
        submitted_by=person_named(view.person) if reader.has(READ_PEOPLE) else None,
    )


def double_out(
    view: VisitView,
    others: Sequence[Visit],
    revisions: Mapping[UUID, VisitRevision],
    values: Mapping[UUID, dict[str, str]],
) -> DoubleOut:
    """A visit beside the others at its place."""
    own = values[view.revision.id]
    return DoubleOut(
        visit_id=view.visit.id,
        counting=view.visit.counting,
        outcome=view.revision.outcome,
        others=[
            _compared(other, revisions[other.current_revision_id], own, values) for other in others
        ],
    )


def _compared(
    other: Visit,
    revision: VisitRevision,
    own: Mapping[str, str],
    values: Mapping[UUID, dict[str, str]],
) -> ComparedOut:
    compared = rules.compare(own, values[revision.id])
    return ComparedOut(
        visit_id=other.id,
        counting=other.counting,
        not_counting_reason=other.not_counting_reason,
        state=state_of(other),
        outcome=revision.outcome,
        agreeing=list(compared.agreeing),
        differing=[
            DifferingOut(item=item, value=value, other=theirs)
            for item, value, theirs in compared.differing
        ],
    )


def retake_out(view: RetakeView) -> RetakeOut:
    """One retake."""
    retake = view.retake
    return RetakeOut(
        id=retake.id,
        visit_id=view.visit.id,
        round_id=view.visit.round_id,
        site=_site(view.site),
        photo_id=retake.photo_id,
        state=retake.state,
        reason=retake.reason,
        asked_at=retake.asked_at,
        decided_at=retake.decided_at,
        new_photo_id=retake.new_photo_id,
    )
