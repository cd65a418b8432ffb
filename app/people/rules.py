"""Who may see and manage whom, and which offices he may give: decided without a database.

An office may be given only inside one of the giver's own, so nobody can raise his rights by way of
somebody he manages. Offices held as a deputy count for the deputy (whoever could take over his
account would hold them too) but never as a ground to manage people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.kit.reach import Posting
from app.organisation.rules import Role, is_at_or_below

LOGIN = r"^[^\s/\\?#%]{2,64}$"


@dataclass(frozen=True)
class Management:
    """What a role may manage: which roles, and whether beyond its own unit."""

    roles: frozenset[Role]
    everywhere: bool


MANAGEMENT: Mapping[Role, Management] = {
    Role.HQ_ADMIN: Management(frozenset(Role), everywhere=True),
    Role.UNIT_COORDINATOR: Management(
        frozenset({Role.UNIT_COORDINATOR, Role.UNIT_HANDLER}), everywhere=False
    ),
}
SEES_EVERYBODY = frozenset({Role.HQ_ADMIN, Role.AUDITOR})
SEES_BELOW = frozenset({Role.UNIT_COORDINATOR})


@dataclass(frozen=True)
class Manager:
    """Who manages: a person with the offices that are his own."""

    person_id: UUID
    postings: tuple[Posting, ...]


@dataclass(frozen=True)
class Holding:
    """An office that the managed person holds, held, or will hold."""

    role: Role
    unit_path: str
    valid_to: date | None


def sees_everybody(postings: Iterable[Posting]) -> bool:
    """Whether one of these offices sees all people."""
    return any(Role(posting.role) in SEES_EVERYBODY for posting in postings)


def may_see(postings: Sequence[Posting], holdings: Sequence[Holding], *, today: date) -> bool:
    """Whether a person with ``holdings`` is known to somebody with ``postings``."""
    if sees_everybody(postings):
        return True
    return any(
        is_at_or_below(holding.unit_path, posting.unit_path)
        for holding in _standing(holdings, today)
        for posting in postings
        if Role(posting.role) in SEES_BELOW
    )


def may_manage(postings: Sequence[Posting], holdings: Sequence[Holding], *, today: date) -> bool:
    """Whether every office of the person lies inside what ``postings`` manage.

    Somebody without any office, past or present, is managed by those who manage everywhere.
    """
    if any(_management(posting).everywhere for posting in postings):
        return True
    standing = _standing(holdings, today)
    return bool(standing) and all(
        any(_manages(posting, holding.role, holding.unit_path) for posting in postings)
        for holding in standing
    )


def may_grant(postings: Sequence[Posting], wanted: Posting) -> bool:
    """Whether ``wanted`` lies inside one of ``postings``: role, unit, areas and lines."""
    return any(
        _management(posting).everywhere
        or (
            _manages(posting, Role(wanted.role), wanted.unit_path)
            and _areas_inside(posting, wanted)
            and _lines_inside(posting, wanted)
        )
        for posting in postings
    )


_NOTHING = Management(frozenset(), everywhere=False)


def _management(posting: Posting) -> Management:
    return MANAGEMENT.get(Role(posting.role), _NOTHING)


def _manages(posting: Posting, role: Role, unit_path: str) -> bool:
    return role in _management(posting).roles and is_at_or_below(unit_path, posting.unit_path)


def _areas_inside(posting: Posting, wanted: Posting) -> bool:
    return all(
        any(is_at_or_below(area, own) for own in posting.area_paths) for area in wanted.area_paths
    )


def _lines_inside(posting: Posting, wanted: Posting) -> bool:
    if not wanted.area_paths or not posting.line_ids:
        return True
    return bool(wanted.line_ids) and set(wanted.line_ids) <= set(posting.line_ids)


def _standing(holdings: Sequence[Holding], today: date) -> Sequence[Holding]:
    """What is held or will be; where everything has ended, what was held last decides."""
    living = [one for one in holdings if one.valid_to is None or one.valid_to >= today]
    return living or holdings
