"""What people do to a case: each move checked, written down, and told.

Every command names the version that its sender saw. A case that has moved since is a ``Stale``: the
route answers with the case as it is now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.rules import PhotoRole, PhotoState
from app.evidence.service import GrantTo, grant
from app.infra import events
from app.infra.bulk import insert_rows
from app.kit.errors import Conflict, DudaoError, Fault, Invalid, NotFound
from app.kit.ids import new_id
from app.ledger import deadlines, queries, queries_cases, queries_reports
from app.ledger.case import Resolution
from app.ledger.history import Desk, Written, back_at, mark_if_late, open_desk, write_move
from app.ledger.lifecycle import Action, Actor, Answerable, Chosen
from app.ledger.opening import touch_ledger
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem, ProblemPhoto, WorkDone
from app.organisation import queries as organisation
from app.organisation.queries_calendar import limits_of
from app.organisation.service import faults_of_validity
from app.organisation.tables import Category, Line, Unit
from app.web.principal import Principal

_MILLI = 1000


class Stale(Exception):
    """The case has moved since the sender saw it."""

    def __init__(self, number: str) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class Work:
    """So much of a kind, for instance 清运垃圾 300 立方米."""

    kind: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True)
class Stage:
    """A step of a plan, and by when."""

    on: date
    text: str


@dataclass(frozen=True)
class Given:
    """What a command comes with; ``category`` is (scheme, code, version), ``line`` a code."""

    reason: str | None = None
    unit: str | None = None
    category: tuple[str, str, str] | None = None
    line: str | None = None
    condition: str | None = None
    until: datetime | None = None
    result: str | None = None
    resolution: Resolution | None = None
    plan: Sequence[Stage] = ()
    photos: Sequence[UUID] = ()
    work: Sequence[Work] = ()
    cost_fen: int | None = None
    into: str | None = None
    public_reason: str | None = None


@dataclass
class _Found:
    """What the names of a command stand for, and what is wrong with them."""

    unit: Unit | None = None
    category: Category | None = None
    line: Line | None = None
    limit: Chosen | None = None
    into: Problem | None = None
    faults: list[Fault] = field(default_factory=list)


def act(
    tx: Session,
    settings: Settings,
    *,
    by: Principal,
    number: str,
    version: int | None,
    action: Action,
    given: Given,
    desk: Desk | None = None,
) -> Problem:
    """Make one move of a case in reach; returns it. ``desk``: one of this transaction.

    Whoever calls it touches the ledger afterwards, as the last step: others wait from then on.
    ``version`` None is for what needs not have seen it (a comment). ``Stale``, ``Invalid`` with a
    fault per field, ``Conflict`` and ``Forbidden`` as the table of moves says.
    """
    if given.into is not None:
        queries_cases.lock_in_order(tx, by, [number, given.into])
    desk = desk or open_desk(tx, settings)
    problem = queries_cases.lock_problem(tx, by, number)
    return _made(tx, by, desk, problem, version, action, given)


def act_on_many(
    tx: Session,
    settings: Settings,
    *,
    by: Principal,
    commands: Sequence[tuple[str, int, Action, Given]],
) -> Iterator[tuple[str, Problem | Stale | DudaoError]]:
    """A move on each of many cases, by their numbers; each succeeds or fails for itself."""
    held = queries_cases.lock_in_order(tx, by, [one[0] for one in commands])
    desk = open_desk(tx, settings)
    for number, version, action, given in sorted(commands, key=lambda one: one[0]):
        try:
            if number not in held:
                raise NotFound("problem.not-found")
            with tx.begin_nested():
                problem = _made(tx, by, desk, held[number], version, action, given)
        except (Stale, DudaoError) as refusal:
            yield number, refusal
        else:
            yield number, problem
    touch_ledger(tx)


def _made(
    tx: Session,
    by: Principal,
    desk: Desk,
    problem: Problem,
    version: int | None,
    action: Action,
    given: Given,
) -> Problem:
    if version is not None and version != problem.version:
        raise Stale(problem.number)
    desk = back_at(tx, desk)
    found = _find(tx, by, problem, desk, action, given)
    found.faults += _wrong_photos(tx, by, action, given)
    found.faults += _wrong_plan(desk, given)
    found.faults += _untold(problem, action, given)
    if found.faults:
        raise Invalid("problem.invalid-command", faults=tuple(found.faults))
    if action in (Action.CHECK_PASS, Action.CLOSE):
        _require_stored(tx, problem)
    unit = Answerable(found.unit.id, found.unit.path) if found.unit else None
    step = desk.step(
        by=Actor(by.user_id, by.postings),
        reason=given.reason,
        unit=unit,
        limit=found.limit,
        until=given.until,
        resolution=given.resolution,
        into=found.into.id if found.into else None,
        found_by=problem.reported_by,
    )
    mark_if_late(tx, problem, desk)
    before = _class_of(problem)
    if found.category is not None:
        problem.category_id = found.category.id
    if found.line is not None:
        problem.line_id = found.line.id
    written = write_move(tx, problem, action, step, desk.rules, _told(given))
    _attach(tx, problem, written.seq, given)
    _tell(tx, problem, action, written, before)
    if action in (Action.FILE, Action.DISPATCH, Action.TRANSFER):
        _open_photos(tx, problem)
    return problem


def _find(
    tx: Session,
    by: Principal,
    problem: Problem,
    desk: Desk,
    action: Action,
    given: Given,
) -> _Found:
    found = _Found()
    if given.unit is not None:
        found.unit = organisation.find_units(tx, [given.unit]).get(given.unit)
        if found.unit is None:
            found.faults.append(_unknown("/unit", "unit", given.unit))
        else:
            today = desk.calendar.day_of(desk.at)
            found.faults += faults_of_validity(found.unit, today, at="/unit")
    if given.into is not None:
        found.into = queries_cases.find_to_merge_into(tx, by, given.into)
        if found.into is None or found.into.id == problem.id:
            found.faults.append(_unknown("/into", "problem", given.into))
        elif found.into.state is ProblemState.CANCELLED:
            raise Conflict("problem.merge-cancelled", number=found.into.number)
    if action is Action.FILE:
        _choose_limit(tx, problem, desk, given, found)
        _choose_line(tx, problem, desk, given, found)
    return found


def _choose_line(tx: Session, problem: Problem, desk: Desk, given: Given, found: _Found) -> None:
    """The line that is named; and who answers for it there.

    Citizens name none: theirs follows the category. That of a visit's case is the item's, and
    stays.
    """
    is_of_citizen = problem.source is ProblemSource.CITIZEN
    code = given.line or (desk.rules.line_of(given.category) if is_of_citizen else None)
    if code is None:
        return
    line = organisation.find_lines(tx, [code]).get(code)
    if line is None or problem.visit_id is not None:
        found.faults.append(_unknown("/line", "line", code))
    elif line.id != problem.line_id:
        found.line = line
        if found.unit is None:
            today = desk.calendar.day_of(desk.at)
            answers = organisation.answerable_units(tx, area_path=problem.area_path, on=today)
            if (one := answers.get(line.id)) is not None:
                found.unit = organisation.find_units_by_id(tx, [one.unit_id])[one.unit_id]
            elif problem.answerable_unit_id is not None:  # who answered for the other line
                found.faults.append(Fault("/unit", "field.missing"))


def _choose_limit(tx: Session, problem: Problem, desk: Desk, given: Given, found: _Found) -> None:
    category_id = problem.category_id
    if given.category is not None:
        found.category = queries_reports.find_category(tx, given.category)
        if found.category is None:
            found.faults.append(_unknown("/category", "category", "/".join(given.category)))
            return
        category_id = found.category.id
    conditions = limits_of(tx, category_id)
    if given.condition is not None and given.condition not in conditions:
        found.faults.append(_unknown("/condition", "condition", given.condition))
        return
    limit, basis = deadlines.choose_limit(
        conditions,
        condition=given.condition,
        item=queries_cases.item_limit(tx, problem),
        default=desk.rules.default_limit,
    )
    found.limit = Chosen(limit, basis, given.condition)


def _wrong_photos(tx: Session, by: Principal, action: Action, given: Given) -> Iterator[Fault]:
    known = evidence.find_photos(tx, list(given.photos)) if given.photos else {}
    for index, photo_id in enumerate(given.photos):
        at, photo = f"/photos/{index}", known.get(photo_id)
        if photo_id in given.photos[:index]:
            yield Fault(at, "field.duplicate", {"value": str(photo_id)})
        elif photo is None:
            yield _unknown(at, "photo", str(photo_id))
        elif photo.owner_id != by.user_id:
            yield Fault(at, "photo.not-yours")
        elif photo.state in (PhotoState.REJECTED, PhotoState.DELETED):
            yield Fault(at, "photo.refused")
        elif action is Action.RECTIFY and photo.role is not PhotoRole.AFTER:
            yield Fault(at, "field.value", {"expected": PhotoRole.AFTER.value})


def _wrong_plan(desk: Desk, given: Given) -> Iterator[Fault]:
    """A plan in stages has dates that lie ahead; what is only explained says why."""
    if given.resolution is Resolution.STAGED and not given.plan:
        yield Fault("/plan", "field.missing")
    if given.resolution is Resolution.EXPLAINED and not given.reason:
        yield Fault("/reason", "field.missing")
    today = desk.calendar.day_of(desk.at)
    for index, stage in enumerate(given.plan):
        if stage.on < today:
            yield Fault(f"/plan/{index}/on", "field.in-the-past")


def _untold(problem: Problem, action: Action, given: Given) -> Iterator[Fault]:
    """A citizen is told why his report is not taken up, in words that are meant for him."""
    ends = action in (Action.REFUSE, Action.CANCEL)
    if ends and problem.source is ProblemSource.CITIZEN and given.public_reason is None:
        yield Fault("/public_reason", "field.missing")


def _require_stored(tx: Session, problem: Problem) -> None:
    """What is judged by photos is judged when they are there."""
    seq = queries_cases.last_event(tx, problem.id, Action.RECTIFY)
    missing = queries_cases.count_not_stored(tx, problem.id, seq) if seq else 0
    if missing:
        raise Conflict("problem.photos-missing", count=missing)


def _told(given: Given) -> dict[str, Any]:
    """What a command came with, as its event keeps it."""
    told: dict[str, Any] = {
        "unit": given.unit,
        "category": "/".join(given.category) if given.category else None,
        "line": given.line,
        "condition": given.condition,
        "until": given.until.isoformat() if given.until else None,
        "result": given.result,
        "resolution": given.resolution.value if given.resolution else None,
        "plan": [{"on": one.on.isoformat(), "text": one.text} for one in given.plan],
        "photos": [str(photo) for photo in given.photos],
        "work": [
            {"kind": one.kind, "quantity": str(one.quantity), "unit": one.unit}
            for one in given.work
        ],
        "cost_fen": given.cost_fen,
        "into": given.into,
        "public_reason": given.public_reason,
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def _attach(tx: Session, problem: Problem, seq: int, given: Given) -> None:
    """The photos of a move; and the work of the newest report-back in the place of earlier ones."""
    if given.photos:
        first = queries_cases.next_photo_position(tx, problem.id)
        rows = [
            {"problem_id": problem.id, "photo_id": photo, "position": place, "event_seq": seq}
            for place, photo in enumerate(given.photos, start=first)
        ]
        insert_rows(tx, ProblemPhoto, rows, skip_known=True)
        _grant(tx, problem, given.photos)
    if given.resolution is not None:
        tx.exec(sa.delete(WorkDone).where(col(WorkDone.problem_id) == problem.id))
        insert_rows(tx, WorkDone, _work_rows(problem.id, given.work))


def _work_rows(problem_id: UUID, work: Sequence[Work]) -> list[Mapping[str, Any]]:
    total: dict[tuple[str, str], Decimal] = {}
    for one in work:
        total[one.kind, one.unit] = total.get((one.kind, one.unit), Decimal()) + one.quantity
    return [
        {"id": new_id(), "problem_id": problem_id, "kind": kind, "unit": unit}
        | {"quantity_milli": int(quantity * _MILLI)}
        for (kind, unit), quantity in total.items()
    ]


def _open_photos(tx: Session, problem: Problem) -> None:
    """Who answers now sees the photos."""
    _grant(tx, problem, list(queries_cases.brought_by(tx, problem.id)))


def _grant(tx: Session, problem: Problem, photos: Sequence[UUID]) -> None:
    path = problem.answerable_path
    grant(tx, [GrantTo(photo, problem.area_path, problem.line_id, path) for photo in photos])


def _class_of(problem: Problem) -> dict[str, str | None]:
    """What filing may correct beside the case itself."""
    category = str(problem.category_id) if problem.category_id else None
    return {"category_id": category, "line_id": str(problem.line_id)}


def _tell(
    tx: Session,
    problem: Problem,
    action: Action,
    written: Written,
    class_before: Mapping[str, str | None],
) -> None:
    before, after = dict(written.before), dict(written.after)
    for name, value in _class_of(problem).items():
        if class_before[name] != value:
            before[name], after[name] = class_before[name], value
    events.record(
        tx,
        "problem.moved",
        subject=("problem", problem.id),
        number=problem.number,
        action=action.value,
        seq=written.seq,
        before=before,
        after=after,
    )


def _unknown(pointer: str, kind: str, value: str) -> Fault:
    return Fault(pointer, "field.unknown-reference", {"kind": kind, "value": value})


def view_of(tx: Session, by: Principal, problem: Problem) -> queries.ProblemView:
    """A case with its context, for the one who has just moved it."""
    return queries.get_problem_by_id(tx, by, problem.id)
