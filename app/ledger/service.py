"""Opening problems: every finding of a visit becomes one ledger entry, whoever asks how often."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events, feeds
from app.kit.ids import document_number
from app.ledger import queries
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem, ProblemPhoto

FEED = "ledger"


def open_problems_of_visit(tx: Session, settings: Settings, *, visit_id: UUID) -> int:
    """One problem per finding that has none yet; returns how many were opened.

    Repeating it opens nothing: ``problem.finding_id`` is unique. Late and second visits open
    problems too: a fault is a fault, whether the visit counts for the ranking or not.
    """
    found = queries.findings_without_problem(tx, visit_id)
    if not found:
        return 0
    now = business_time.now(tx)
    year = now.astimezone(ZoneInfo(settings.timezone)).year
    photos = queries.photos_of_findings(tx, found[0].revision.id)
    for serial, one in zip(queries.next_serials(tx, len(found)), found, strict=True):
        problem = _problem(one, document_number(year, serial), now)
        tx.add(problem)
        named = photos.get(one.finding.id) or photos.get(one.item.id, [])
        for position, photo_id in enumerate(named):
            tx.add(ProblemPhoto(problem_id=problem.id, photo_id=photo_id, position=position))
        events.record(
            tx,
            "problem.opened",
            subject=("problem", problem.id),
            number=problem.number,
            source=problem.source.value,
        )
    tx.flush()
    feeds.touch(tx, [FEED])
    return len(found)


def _problem(one: queries.OpenFinding, number: str, opened_at: datetime) -> Problem:
    return Problem(
        number=number,
        source=ProblemSource.VISIT,
        state=ProblemState.REPORTED,
        round_id=one.visit.round_id,
        visit_id=one.visit.id,
        finding_id=one.finding.id,
        site_id=one.visit.site_id,
        category_id=one.item.category_id,
        line_id=one.answer.line_id,
        area_id=one.area_id,
        area_path=one.answer.area_path,
        answerable_unit_id=one.answer.answerable_unit_id,
        answerable_path=one.answerable_path,
        veto=one.item.veto,
        note=one.finding.note,
        found_at=one.revision.ended_at,
        opened_at=opened_at,
    )


def touch_ledger(tx: Session) -> None:
    """What the ledger shows beside its entries may have changed."""
    feeds.touch(tx, [FEED])
