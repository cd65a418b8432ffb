"""What a round is, who may judge whom in it, and who may know of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.kit.reach import Posting
from app.organisation.rules import Role, UnitKind, is_at_or_below


class RoundState(StrEnum):
    """``planned`` can still be changed or cancelled; from ``closed`` on nothing more counts."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    APPEAL = "appeal"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


ENDED = frozenset({RoundState.CLOSED, RoundState.APPEAL, RoundState.PUBLISHED})


class Source(StrEnum):
    """Who inspects; kept apart through scoring and ledger."""

    CITY_TEAM = "city_team"
    BUREAU = "bureau"
    DISTRICT = "district"
    THIRD_PARTY = "third_party"
    SELF = "self"


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    SPECIAL = "special"


# Over: the visits are in, so that an unannounced round is a secret no more.
OVER = (RoundState.CLOSED, RoundState.APPEAL, RoundState.PUBLISHED)
# A bureau works in the whole area that its parent is; only these kinds are places.
AREA_KINDS = frozenset({UnitKind.CITY, UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMMUNITY})
# Units of these kinds are judged through their lines, wherever the site lies.
LINE_KINDS = frozenset({UnitKind.BUREAU, UnitKind.DISTRICT_BUREAU, UnitKind.SQUAD})
_MANAGERS = frozenset({Role.HQ_ADMIN, Role.UNIT_COORDINATOR})
_INSIDERS = frozenset({Role.HQ_ADMIN, Role.HQ_EDITOR, Role.AUDITOR})


@dataclass(frozen=True)
class Judging:
    """One line of the table of who may judge whom: by source and kinds of unit."""

    source: Source
    judge: UnitKind
    judged: UnitKind


def judged_kinds(table: Iterable[Judging], source: Source, judge: UnitKind) -> frozenset[UnitKind]:
    """The kinds of unit that a unit of this kind may judge as this source; empty: none."""
    return frozenset(row.judged for row in table if (row.source, row.judge) == (source, judge))


def may_run(table: Iterable[Judging], source: Source, judge: UnitKind) -> bool:
    """Whether a unit of this kind may have rounds of this source; all may inspect themselves."""
    return source is Source.SELF or bool(judged_kinds(table, source, judge))


@dataclass(frozen=True)
class Judge:
    """Whose round it is, where it takes place, and whom it may judge."""

    source: Source
    owner_path: str
    area_path: str
    judged: frozenset[UnitKind]


def is_judged(judge: Judge, site_path: str, kinds: Sequence[UnitKind]) -> bool:
    """Whether a site may be inspected in the judge's round.

    ``kinds`` are those of the units on the site's path, from the root down to its own. A judge
    never judges himself or who stands above him, except in a self-inspection.
    """
    if judge.source is Source.SELF:
        return is_at_or_below(site_path, judge.owner_path)
    if not is_at_or_below(site_path, judge.area_path):
        return False
    if judge.judged & LINE_KINDS:
        return True
    codes = [code for code in site_path.split("/") if code]
    paths = ["/" + "/".join(codes[: depth + 1]) + "/" for depth in range(len(codes))]
    return any(
        kind in judge.judged and not is_at_or_below(judge.owner_path, path)
        for path, kind in zip(paths, kinds, strict=True)
    )


def manages(postings: Iterable[Posting], unit_path: str) -> bool:
    """Whether somebody runs campaigns, rounds and teams of a unit: it is his or below his."""
    return any(
        posting.role in _MANAGERS and is_at_or_below(unit_path, posting.unit_path)
        for posting in postings
    )


def managed_paths(postings: Iterable[Posting]) -> tuple[str, ...]:
    """The units at or below which somebody runs rounds."""
    return tuple(sorted({one.unit_path for one in postings if one.role in _MANAGERS}))


def insider_areas(postings: Iterable[Posting]) -> tuple[str, ...]:
    """The areas where somebody may know of unannounced rounds: as headquarters or auditor."""
    return tuple(sorted({p for one in postings if one.role in _INSIDERS for p in one.area_paths}))


def areas_of(postings: Iterable[Posting]) -> tuple[str, ...]:
    """All areas of somebody's postings."""
    return tuple(sorted({path for one in postings for path in one.area_paths}))


def units_of(postings: Iterable[Posting]) -> tuple[str, ...]:
    """The units of somebody's postings."""
    return tuple(sorted({one.unit_path for one in postings}))


def is_secret(*, announced: bool, state: RoundState) -> bool:
    """Whether those who are inspected may not know of the round yet."""
    return not announced and state not in OVER


def progress_feed(round_id: UUID) -> str:
    """The name of the feed that a round's coverage and matrix are."""
    return f"round:{round_id}"
