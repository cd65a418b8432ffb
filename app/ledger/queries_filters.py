"""What a list of the ledger is narrowed to, each filter as a predicate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.ledger.case import Appeal, CheckResult
from app.ledger.effects import NEW, WITH_UNIT
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem
from app.organisation import queries as organisation
from app.organisation.rules import Role
from app.organisation.tables import Category, Line
from app.web.principal import Principal


@dataclass(frozen=True)
class Box:
    """A box in WGS-84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Filters:
    """What a list of the ledger is narrowed to; ``due_within`` counts from ``now``."""

    now: datetime
    round_id: UUID | None = None
    states: Sequence[ProblemState] = ()
    area: str | None = None
    unit: str | None = None
    line: str | None = None
    category: str | None = None
    source: ProblemSource | None = None
    overdue: bool | None = None
    due_within: timedelta | None = None
    text: str | None = None
    box: Box | None = None
    found_from: datetime | None = None
    found_to: datetime | None = None
    to_do: bool = False


def predicates(tx: Session, principal: Principal, filters: Filters) -> Iterator[Any]:
    """One predicate per filter that is given; ``NotFound`` for an area or unit that is none."""
    if filters.states:
        yield col(Problem.state).in_(filters.states)
    for column, value in (
        (Problem.round_id, filters.round_id),
        (Problem.source, filters.source),
        (Line.code, filters.line),
    ):
        if value is not None:
            yield col(column) == value
    if filters.area is not None:
        area = organisation.get_unit(tx, filters.area)
        yield organisation.at_or_below(col(Problem.area_path), area.path)
    if filters.unit is not None:
        unit = organisation.get_unit(tx, filters.unit)
        yield organisation.at_or_below(col(Problem.answerable_path), unit.path)
    if filters.category is not None:
        yield _category(filters.category)
    yield from _of_time(filters)
    yield from _of_place_and_words(filters)
    if filters.to_do:
        yield to_do(principal)


def is_overdue(now: datetime) -> Any:
    """With the unit, and its deadline has passed."""
    return sa.and_(col(Problem.state).in_(WITH_UNIT), col(Problem.deadline_at) < now)


def to_do(principal: Principal) -> Any:
    """What waits for this caller: by the roles that he holds."""
    waiting: list[Any] = []
    for posting in principal.postings:
        if posting.role == Role.HQ_ADMIN:
            waiting.append(_for_the_office())
        elif posting.role in (Role.INSPECTOR, Role.TEAM_LEAD):
            waiting.append(_to_check(principal))
        elif posting.role == Role.UNIT_COORDINATOR:
            own = organisation.at_or_below(col(Problem.answerable_path), posting.unit_path)
            waiting.append(sa.and_(col(Problem.state).in_(WITH_UNIT), own))
        elif posting.role == Role.UNIT_HANDLER:
            own = col(Problem.answerable_path) == posting.unit_path
            waiting.append(sa.and_(col(Problem.state).in_(WITH_UNIT), own))
    return sa.or_(*waiting, sa.false())


def _for_the_office() -> Any:
    return sa.or_(
        col(Problem.state).in_([*NEW, ProblemState.FILED]),
        sa.and_(
            col(Problem.state) == ProblemState.CHECKING,
            col(Problem.check_result) == CheckResult.PASS,
        ),
        col(Problem.extension_by).is_not(None),
        col(Problem.appeal) == Appeal.OPEN,
    )


def _to_check(principal: Principal) -> Any:
    return sa.and_(
        col(Problem.state) == ProblemState.CHECKING,
        col(Problem.check_result).is_distinct_from(CheckResult.PASS),
        col(Problem.rectified_by).is_distinct_from(principal.user_id),
    )


def _category(named: str) -> Any:
    parts = named.split("/")
    keys = (Category.scheme, Category.code, Category.version)
    if len(parts) == len(keys):
        return sa.and_(*(col(key) == part for key, part in zip(keys, parts, strict=True)))
    return col(Category.code) == named


def _of_time(filters: Filters) -> Iterator[Any]:
    if filters.overdue is not None:
        late = is_overdue(filters.now)
        yield late if filters.overdue else sa.not_(sa.func.coalesce(late, sa.false()))
    if filters.due_within is not None:
        yield col(Problem.state).in_(WITH_UNIT)
        yield col(Problem.deadline_at).between(filters.now, filters.now + filters.due_within)
    if filters.found_from is not None:
        yield col(Problem.found_at) >= filters.found_from
    if filters.found_to is not None:
        yield col(Problem.found_at) < filters.found_to


def _of_place_and_words(filters: Filters) -> Iterator[Any]:
    if filters.box is not None:
        yield col(Problem.wgs84_lat).between(filters.box.south, filters.box.north)
        yield col(Problem.wgs84_lon).between(filters.box.west, filters.box.east)
    if filters.text is not None:
        words = col(Problem.note).icontains(filters.text, autoescape=True)
        yield sa.or_(words, col(Problem.number) == filters.text)
