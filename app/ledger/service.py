"""The ledger follows the visits: each finding of the present revision is one entry.

Handling looks at the present revision only and holds the visit, so that repeats and any order of
jobs end in the same state. A finding keeps its entry through all revisions: what it says is
brought up to date, an entry whose finding is gone is withdrawn, and one that comes back is
reported again. Late and second visits open entries too: a fault is a fault, whether the visit
counts for the ranking or not.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.config import Settings
from app.infra import events
from app.inspections import queries_ground
from app.ledger import queries
from app.ledger.case import plain
from app.ledger.effects import NEW
from app.ledger.history import Desk, mark_if_late, open_desk, write_move
from app.ledger.lifecycle import Action, Answerable
from app.ledger.moves import OPEN
from app.ledger.opening import NewProblem, open_problems, placed, touch_ledger, write_photos
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem, ProblemPhoto
from app.rounds.rules import Source

WITHDRAWN = "检查修订后不再有此问题 · a revision of the visit does not name it any more"
_FIXED = frozenset({"round_id", "visit_id", "site_id", "finding_id", "area_id", "area_path"})
_OF_THE_CASE = frozenset({"answerable_unit_id", "answerable_path"})
_FILED = _OF_THE_CASE | {"category_id", "line_id"}
_UNSAID = {
    "revision_id",
    "answerable_path",
    "reported_by",
    "wgs84_lat",
    "wgs84_lon",
}  # internal, or follows from another


def follow_visit(tx: Session, settings: Settings, *, visit_id: UUID) -> int:
    """Make the entries of a visit what its present revision says; returns how many changed."""
    queries_ground.lock_visit(tx, visit_id)
    seen = queries.present_findings(tx, visit_id)
    known = queries.lock_problems_of_visit(tx, visit_id)
    photos = queries.photos_of_findings(tx, seen[0].revision.id) if seen else {}
    named = {
        one.finding.id: photos.get(one.finding.id) or photos.get(one.item.id, []) for one in seen
    }
    fresh = [_new(one, named[one.finding.id]) for one in seen if one.finding.id not in known]
    changed = len(open_problems(tx, settings, fresh))
    if known:
        there = {one.finding.id: one for one in seen}
        changed += _follow_known(tx, open_desk(tx, settings), known, there, named)
    tx.flush()
    if changed:
        touch_ledger(tx)
    return changed


def _follow_known(
    tx: Session,
    desk: Desk,
    known: Mapping[UUID, Problem],
    there: Mapping[UUID, queries.SeenFinding],
    named: Mapping[UUID, Sequence[UUID]],
) -> int:
    """Bring entries up to date, or withdraw them; returns how many changed."""
    changed = 0
    shown = queries.photo_ids_of(tx, [problem.id for problem in known.values()])
    for finding_id, problem in known.items():
        if finding_id in there:
            changed += _bring_back(tx, problem, desk)
            one = there[finding_id]
            changed += _update(tx, problem, desk, one, shown[problem.id], named[finding_id])
        else:
            changed += _withdraw(tx, problem, desk)
    return changed


def _values(one: queries.SeenFinding) -> dict[str, Any]:
    """What an entry takes from its finding."""
    return {
        "round_id": one.visit.round_id,
        "visit_id": one.visit.id,
        "revision_id": one.revision.id,
        "finding_id": one.finding.id,
        "site_id": one.visit.site_id,
        "category_id": one.item.category_id,
        "line_id": one.answer.line_id,
        "area_id": one.area_id,
        "area_path": one.answer.area_path,
        "answerable_unit_id": one.answer.answerable_unit_id,
        "answerable_path": one.answerable_path,
        "reported_by": one.visit.submitted_by,
        "veto": one.item.veto,
        "note": one.finding.note,
        "lat": one.finding.lat,
        "lon": one.finding.lon,
        "crs": one.finding.crs,
        "accuracy_m": one.finding.accuracy_m,
        **placed(one.finding.lat, one.finding.lon, one.finding.crs, site=one.site_point),
    }


def _new(one: queries.SeenFinding, photos: Sequence[UUID]) -> NewProblem:
    is_own = one.visit.source is Source.SELF
    source = ProblemSource.SELF if is_own else ProblemSource.VISIT
    return NewProblem(source, one.revision.ended_at, _values(one), photos)


def _withdraw(tx: Session, problem: Problem, desk: Desk) -> bool:
    """An entry that is over stays what it is."""
    if problem.state not in OPEN:
        return False
    mark_if_late(tx, problem, desk)
    before = problem.state
    write_move(tx, problem, Action.WITHDRAW, desk.step(reason=WITHDRAWN), desk.rules)
    events.record(
        tx,
        "problem.withdrawn",
        subject=("problem", problem.id),
        number=problem.number,
        visit_id=str(problem.visit_id),
        reason=WITHDRAWN,
        before={"state": before.value},
        after={"state": problem.state.value},
    )
    return True


def _bring_back(tx: Session, problem: Problem, desk: Desk) -> bool:
    """An entry that was withdrawn and is named again; one cancelled by people stays cancelled."""
    if problem.withdrawn_at is None:
        return False
    write_move(tx, problem, Action.REPORT_AGAIN, desk.step(), desk.rules)
    events.record(
        tx,
        "problem.reported-again",
        subject=("problem", problem.id),
        number=problem.number,
        visit_id=str(problem.visit_id),
        before={"state": ProblemState.CANCELLED.value},
        after={"state": problem.state.value},
    )
    return True


def _update(
    tx: Session,
    problem: Problem,
    desk: Desk,
    one: queries.SeenFinding,
    shown: Sequence[UUID],
    named: Sequence[UUID],
) -> bool:
    wanted = _values(one) | {"found_at": one.revision.ended_at}
    changed = {
        key: value
        for key, value in wanted.items()
        if key not in _kept(problem) and getattr(problem, key) != value
    }
    before = {key: plain(getattr(problem, key)) for key in changed if key not in _UNSAID}
    after = {key: plain(value) for key, value in changed.items() if key not in _UNSAID}
    for key, value in changed.items():
        if key not in _OF_THE_CASE:
            setattr(problem, key, value)
    tx.add(problem)
    photos = list(dict.fromkeys(named))
    if photos != list(shown):
        before["photos"], after["photos"] = plain(shown), plain(photos)
        tx.flush()
        of_fault = col(ProblemPhoto.event_seq).is_(None)
        tx.exec(sa.delete(ProblemPhoto).where(col(ProblemPhoto.problem_id) == problem.id, of_fault))
        write_photos(tx, [(problem.id, photos)])
    if not after:
        return False
    unit = None
    if one.answer.answerable_unit_id is not None and one.answerable_path is not None:
        unit = Answerable(one.answer.answerable_unit_id, one.answerable_path)
    told = {"before": before, "after": after}
    write_move(tx, problem, Action.CHANGE, desk.step(unit=unit), desk.rules, told)
    events.record(
        tx,
        "problem.changed",
        subject=("problem", problem.id),
        number=problem.number,
        visit_id=str(problem.visit_id),
        before=before,
        after=after,
    )
    return True


def _kept(problem: Problem) -> frozenset[str]:
    """What a revision leaves alone: once filed, a case is not moved to others by it."""
    return _FIXED if problem.state in NEW else _FIXED | _FILED
