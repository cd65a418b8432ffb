"""What a list of the ledger is narrowed to, each filter as a predicate."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.duties import queries as duties
from app.infra.columns import enum_column
from app.ledger.case import Appeal, CheckResult
from app.ledger.effects import NEW, WITH_UNIT
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem
from app.ledger.tables_sums import ProblemWords
from app.organisation import queries as organisation
from app.organisation.rules import Role
from app.organisation.tables import Category
from app.web.principal import Principal

OVER = frozenset({ProblemState.CLOSED, ProblemState.CANCELLED})
_STATE = enum_column(ProblemState)
_NUMBER = re.compile(r"\d{4}-\d+")


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
    group: str | None = None
    category: str | None = None
    source: ProblemSource | None = None
    overdue: bool | None = None
    due_within: timedelta | None = None
    text: str | None = None
    box: Box | None = None
    found_from: datetime | None = None
    found_to: datetime | None = None
    to_do: bool = False
    running: bool = False
    also: tuple[Any, ...] = ()


def predicates(tx: Session, principal: Principal, filters: Filters) -> Iterator[Any]:
    """One predicate per filter that is given; ``NotFound`` for an area or unit that is none."""
    if filters.states:
        yield col(Problem.state).in_(filters.states)
    for column, value in ((Problem.round_id, filters.round_id), (Problem.source, filters.source)):
        if value is not None:
            yield col(column) == value
    if filters.line is not None:
        lines = organisation.find_lines(tx, [filters.line])
        yield _one_of(Problem.line_id, [line.id for line in lines.values()])
    if filters.area is not None:
        area = organisation.get_unit(tx, filters.area)
        yield organisation.at_or_below(col(Problem.area_path), area.path)
    if filters.unit is not None:
        unit = organisation.get_unit(tx, filters.unit)
        yield organisation.at_or_below(col(Problem.answerable_path), unit.path)
    if filters.group is not None:
        yield from _of_group(tx, filters.group)
    if filters.category is not None:
        yield _one_of(Problem.category_id, tx.exec(_categories(filters.category)).all())
    yield from _of_time(filters)
    yield from _of_place_and_words(filters)
    if filters.to_do:
        yield to_do(principal)
    yield from filters.also


def fixed(states: Collection[ProblemState]) -> Any:
    """States that stand in the statement itself, so that a partial index is found to fit."""
    values = sorted(states)
    return sa.bindparam(None, values, expanding=True, literal_execute=True, type_=_STATE)


def is_open() -> Any:
    """Neither closed nor cancelled."""
    return col(Problem.state).not_in(fixed(OVER))


def _one_of(column: Any, ids: Sequence[UUID]) -> Any:
    """Equality where there is one, for the sake of an index that is ordered."""
    return col(column) == ids[0] if len(ids) == 1 else col(column).in_(ids)


def _of_group(tx: Session, code: str) -> Iterator[Any]:
    """What a special group is for: its lines, in its areas or at its sites; of what it names."""
    group = duties.get_group(tx, code, None)
    if group.lines:
        yield col(Problem.line_id).in_([line.id for line in group.lines])
    places = [organisation.at_or_below(col(Problem.area_path), area.path) for area in group.areas]
    if group.sites:
        places.append(col(Problem.site_id).in_([site.id for site in group.sites]))
    if places:
        yield sa.or_(*places)


def is_overdue(now: datetime) -> Any:
    """With the unit, and its deadline has passed."""
    return sa.and_(is_running(), col(Problem.deadline_at) < now)


def is_running(problem: Any = Problem) -> Any:
    """With the unit: its clock runs."""
    return col(problem.state).in_(fixed(WITH_UNIT))


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
            waiting.append(sa.and_(is_running(), own))
        elif posting.role == Role.UNIT_HANDLER:
            own = col(Problem.answerable_path) == posting.unit_path
            waiting.append(sa.and_(is_running(), own))
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


def _categories(named: str) -> Any:
    """The ids of the categories that ``code`` or ``scheme/code/version`` names."""
    parts = named.split("/")
    keys = (Category.scheme, Category.code, Category.version)
    if len(parts) == len(keys):
        named_so = sa.and_(*(col(key) == part for key, part in zip(keys, parts, strict=True)))
    else:
        named_so = col(Category.code) == named
    return select(Category.id).where(named_so)


def _of_time(filters: Filters) -> Iterator[Any]:
    if filters.overdue is not None:
        late = is_overdue(filters.now)
        yield late if filters.overdue else sa.not_(sa.func.coalesce(late, sa.false()))
    if filters.due_within is not None:
        soon = col(Problem.deadline_at).between(filters.now, filters.now + filters.due_within)
        yield sa.and_(is_running(), soon)
    elif filters.running and not filters.overdue:  # said twice, the planner counts it twice
        yield is_running()
    found = []
    if filters.found_from is not None:
        found.append(col(Problem.found_at) >= filters.found_from)
    if filters.found_to is not None:
        found.append(col(Problem.found_at) < filters.found_to)
    if found:
        yield sa.and_(*found)


def _of_place_and_words(filters: Filters) -> Iterator[Any]:
    if filters.box is not None:
        yield sa.and_(
            col(Problem.wgs84_lat).between(filters.box.south, filters.box.north),
            col(Problem.wgs84_lon).between(filters.box.west, filters.box.east),
        )
    if filters.text is not None:
        words = _says(filters.text)
        found = col(Problem.id).in_(sa.select(col(ProblemWords.problem_id)).where(words))
        is_number = _NUMBER.fullmatch(filters.text) is not None
        yield col(Problem.number) == filters.text if is_number else found


def _says(text: str) -> Any:
    """Notes with these words. A single character has no trigram: the index would be read whole."""
    words = col(ProblemWords.words)
    if len(text) == 1:
        return sa.func.strpos(words, doubled(text)) > 0
    return words.contains(doubled(text), autoescape=True)


def doubled(text: str) -> str:
    """A text as ``problem_words`` keeps it: in small letters, every character twice.

    Most Chinese words have two characters; so a word of two has trigrams, and an index finds it.
    """
    return "".join(char * 2 for char in text.lower())
