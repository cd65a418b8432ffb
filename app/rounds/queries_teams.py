"""Reads of teams and who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation.queries import at_or_below
from app.organisation.tables import Unit
from app.people.tables import Person
from app.rounds import rules
from app.rounds.tables import Team, TeamMember
from app.web.principal import Principal


@dataclass(frozen=True)
class TeamView:
    """A team with its unit and everybody who is or was in it."""

    team: Team
    unit: Unit
    members: Sequence[tuple[TeamMember, Person]]


def list_teams(tx: Session, principal: Principal, *, after: str, limit: int) -> Page[TeamView]:
    """The teams that the caller may see, by code; two statements whatever the page."""
    query = _visible(principal).where(col(Team.code) > after)
    rows = tx.execute(query.order_by(col(Team.code)).limit(limit + 1)).all()
    views = _with_members(tx, rows[:limit])
    return Page(views, encode_cursor(rows[limit - 1][0].code) if len(rows) > limit else None)


def get_team(tx: Session, code: str, principal: Principal) -> TeamView:
    """A team that the caller may see; else there is none."""
    row = tx.execute(_visible(principal).where(col(Team.code) == code)).first()
    if row is None:
        raise NotFound("team.not-found")
    return _with_members(tx, [row])[0]


def _visible(principal: Principal) -> Any:
    """Teams of units that he manages or may look into, and those he belongs to.

    Who inspects is nobody else's business.
    """
    mine = sa.select(col(TeamMember.team_id)).where(col(TeamMember.person_id) == principal.user_id)
    paths = rules.managed_paths(principal.postings) + rules.insider_areas(principal.postings)
    return (
        sa.select(Team, Unit)
        .join(Unit, col(Unit.id) == Team.unit_id)
        .where(
            sa.or_(col(Team.id).in_(mine), *(at_or_below(col(Unit.path), path) for path in paths))
        )
    )


def _with_members(tx: Session, rows: Sequence[Any]) -> list[TeamView]:
    ids = [row[0].id for row in rows]
    members = tx.exec(
        select(TeamMember, Person)
        .join(Person, col(Person.id) == TeamMember.person_id)
        .where(col(TeamMember.team_id).in_(ids))
        .order_by(col(TeamMember.valid_from), col(Person.login))
    ).all()
    return [
        TeamView(team, unit, [row for row in members if row[0].team_id == team.id])
        for team, unit in rows
    ]


def find_teams(tx: Session, codes: Sequence[str]) -> dict[str, tuple[Team, Unit]]:
    """Teams that have not ended, with their units, by code."""
    rows = tx.exec(
        select(Team, Unit)
        .join(Unit, col(Unit.id) == Team.unit_id)
        .where(col(Team.code).in_(set(codes)), col(Team.ended_at).is_(None))
    ).all()
    return {team.code: (team, unit) for team, unit in rows}


def lock_team(tx: Session, code: str) -> tuple[Team, Unit] | None:
    """A team with its unit, locked; None where there is none."""
    row = tx.exec(
        select(Team, Unit)
        .join(Unit, col(Unit.id) == Team.unit_id)
        .where(Team.code == code)
        .with_for_update(of=Team)
    ).first()
    return (row[0], row[1]) if row else None


def present_members(tx: Session, team_ids: Sequence[UUID], *, on: date) -> dict[UUID, list[UUID]]:
    """Per team, who is in it on a day."""
    rows = tx.exec(
        select(TeamMember.team_id, TeamMember.person_id)
        .where(col(TeamMember.team_id).in_(team_ids), col(TeamMember.valid_from) <= on)
        .where(sa.or_(col(TeamMember.valid_to).is_(None), col(TeamMember.valid_to) >= on))
        .order_by(col(TeamMember.person_id))
    ).all()
    found: dict[UUID, list[UUID]] = {team: [] for team in team_ids}
    for team_id, person_id in rows:
        if person_id not in found[team_id]:
            found[team_id].append(person_id)
    return found


def led_teams(tx: Session, person_id: UUID, *, on: date) -> list[UUID]:
    """The teams that somebody leads on a day."""
    rows = tx.exec(
        select(TeamMember.team_id)
        .where(TeamMember.person_id == person_id, col(TeamMember.leads))
        .where(col(TeamMember.valid_from) <= on)
        .where(sa.or_(col(TeamMember.valid_to).is_(None), col(TeamMember.valid_to) >= on))
    ).all()
    return list(set(rows))


def find_membership(tx: Session, team_id: UUID, person_id: UUID) -> TeamMember | None:
    """Somebody's membership of a team that has no end yet."""
    return tx.exec(
        select(TeamMember).where(
            TeamMember.team_id == team_id,
            TeamMember.person_id == person_id,
            col(TeamMember.valid_to).is_(None),
        )
    ).first()
