"""Inspection teams: made, joined, left, ended."""

from datetime import date, timedelta

from sqlmodel import Session

from app.infra import business_time, events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.people import queries as people
from app.people.tables import Person
from app.rounds import queries_teams, rules
from app.rounds.service import managed_unit
from app.rounds.tables import Team, TeamMember
from app.web.principal import Principal


def create_team(tx: Session, *, code: str, name: str, unit: str, by: Principal) -> Team:
    """A new team of a unit that the caller manages; ``Conflict`` for a code in use."""
    owner = managed_unit(tx, unit, by, "/unit")
    team = Team(code=code, name=name, unit_id=owner.id)
    with conflicts(tx, {"uq_team_code": Conflict("team.exists", team=code)}):
        tx.add(team)
    after = {"code": code, "name": name, "unit": unit}
    events.record(tx, "team.created", subject=("team", team.id), after=after)
    return team


def join_team(
    tx: Session, *, code: str, login: str, leads: bool, since: date, by: Principal
) -> None:
    """Somebody is in the team from a day on; who is in it already may come to lead it.

    ``since`` is for who is new; a change of lead holds from its day on too.
    """
    team = _managed(tx, code, by)
    if team.ended_at is not None:
        raise Conflict("team.ended", team=code)
    person = _person(tx, login)
    present = queries_teams.find_membership(tx, team.id, person.id)
    if present is not None and present.leads == leads:
        return
    before = None
    if present is not None:
        before = {"leads": present.leads}
        _end(tx, present, since - timedelta(days=1))
    joined = Conflict("team.joined-that-day", person=login)
    with conflicts(tx, {"uq_team_member_team_id_person_id_valid_from": joined}):
        if present is None or present.valid_from < since:
            tx.add(TeamMember(team_id=team.id, person_id=person.id, leads=leads, valid_from=since))
        else:
            present.leads, present.valid_to = leads, None
            tx.add(present)
    events.record(
        tx,
        "team.joined",
        subject=("team", team.id),
        before=before,
        after={"person": login, "leads": leads, "valid_from": since.isoformat()},
    )


def leave_team(tx: Session, *, code: str, login: str, until: date, by: Principal) -> None:
    """Somebody is in the team until a day, that day included; his open tasks stay his."""
    team = _managed(tx, code, by)
    person = _person(tx, login)
    present = queries_teams.find_membership(tx, team.id, person.id)
    if present is None:
        raise Conflict("team.not-a-member", person=login)
    if until < present.valid_from:
        raise Invalid("request.invalid", faults=(Fault("/until", "field.order"),))
    _end(tx, present, until)
    events.record(
        tx,
        "team.left",
        subject=("team", team.id),
        before={"person": login, "valid_to": None},
        after={"person": login, "valid_to": until.isoformat()},
    )


def end_team(tx: Session, *, code: str, by: Principal) -> None:
    """The team gets no more tasks; ending twice is ending once."""
    team = _managed(tx, code, by)
    if team.ended_at is not None:
        return
    team.ended_at = business_time.now(tx)
    tx.add(team)
    tx.flush()
    events.record(
        tx,
        "team.ended",
        subject=("team", team.id),
        before={"ended_at": None},
        after={"ended_at": team.ended_at.isoformat()},
    )


def _managed(tx: Session, code: str, by: Principal) -> Team:
    found = queries_teams.lock_team(tx, code)
    if found is None or not rules.manages(by.postings, found[1].path):
        raise NotFound("team.not-found")
    return found[0]


def _person(tx: Session, login: str) -> Person:
    found = people.find_person(tx, login)
    if found is None:
        unknown = {"kind": "person", "value": login}
        fault = Fault("/person", "field.unknown-reference", unknown)
        raise Invalid("request.invalid", faults=(fault,))
    return found


def _end(tx: Session, present: TeamMember, until: date) -> None:
    present.valid_to = max(until, present.valid_from)
    tx.add(present)
    tx.flush()
