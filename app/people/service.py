"""People, their postings and deputies: made, changed and ended.

A ``manager`` is asked for wherever somebody acts on another; commands of the operator and files
have none. Two things hold whatever happens at once: nobody raises his own rights, and there is
always an enabled administrator without an end.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.kit.reach import Posting
from app.organisation import queries as organisation
from app.organisation.rules import ROOT, Role
from app.organisation.service import faults_of_validity
from app.organisation.tables import Line, Unit
from app.people import queries, rules
from app.people.tables import Deputy, Person, PostingArea, PostingLine, PostingRow

_FIRST_DAY = date(2000, 1, 1)
_MOST_DEPUTY_DAYS = 366


@dataclass(frozen=True)
class NewPosting:
    """An office to be given, by codes. Only an administrator's may be without a unit."""

    role: Role
    unit: str | None
    areas: Sequence[str] = ()
    lines: Sequence[str] = ()
    valid_from: date = _FIRST_DAY
    valid_to: date | None = None

    def given_on(self, today: date) -> date:
        """Today, or its own first or last day where that is later or earlier."""
        day = max(self.valid_from, today)
        return min(day, self.valid_to or day)

    @property
    def facts(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        return {
            "role": self.role.value,
            "unit": self.unit,
            "areas": list(self.areas),
            "lines": list(self.lines),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }


def create_person(
    tx: Session,
    *,
    login: str,
    name: str,
    role: Role,
    unit: str | None,
    areas: Sequence[str],
    lines: Sequence[str],
) -> Person:
    """A new person with one posting; ``Invalid`` for unknown codes, ``Conflict`` for a login."""
    posting = NewPosting(role, unit, areas, lines)
    return register_person(tx, login=login, name=name, postings=[posting], manager=None, today=None)


def register_person(
    tx: Session,
    *,
    login: str,
    name: str,
    postings: Sequence[NewPosting],
    manager: rules.Manager | None,
    today: date | None,
) -> Person:
    """A new person with his postings, each of which the manager must be able to give.

    Without ``today`` their units may have ended, as those of a city's past have.
    """
    chosen = _resolve(tx, postings, at="/postings/{}" if manager else "", today=today)
    _check_grants(manager, [office.reach for office in chosen])
    if queries.find_person(tx, login) is not None:
        raise Conflict("person.exists", login=login)
    person = Person(login=login, name=name, created_at=business_time.now(tx))
    with conflicts(tx, {"uq_person_login": Conflict("person.exists", login=login)}):
        tx.add(person)
    for office in chosen:
        _insert_posting(tx, person.id, office)
    after = {"login": login, "name": name, "postings": [new.facts for new in postings]}
    events.record(tx, "person.created", subject=("person", person.id), after=after)
    tx.flush()
    return person


def require_manageable(tx: Session, *, person: Person, manager: rules.Manager, today: date) -> None:
    """Raises ``Forbidden`` unless all offices of the person lie inside what the manager manages."""
    holdings = queries.list_holdings(tx, person.id, today=today)
    if not rules.may_manage(manager.postings, holdings, today=today):
        raise Forbidden("person.not-yours")


def rename_person(
    tx: Session, *, login: str, name: str, manager: rules.Manager, today: date
) -> Person:
    """Give a person another name; the login stays for ever."""
    person = _managed(tx, login, manager, today)
    if person.name != name:
        before, person.name = {"name": person.name}, name
        subject = ("person", person.id)
        events.record(tx, "person.renamed", subject=subject, before=before, after={"name": name})
        tx.add(person)
        tx.flush()
    return person


def disable_person(tx: Session, *, login: str, manager: rules.Manager, today: date) -> Person:
    """Shut a person out; ``Conflict`` for the last administrator. Twice is once.

    Whoever calls this ends his sessions too (``auth.accounts``).
    """
    queries.lock_administrators(tx)
    person = _managed(tx, login, manager, today)
    if person.disabled_at is None:
        person.disabled_at = business_time.now(tx)
        tx.add(person)
        change = {"before": {"state": "enabled"}, "after": {"state": "disabled"}}
        events.record(tx, "person.disabled", subject=("person", person.id), **change)
        tx.flush()
        _keep_an_administrator(tx, person.id, today)
    return person


def enable_person(tx: Session, *, login: str, manager: rules.Manager, today: date) -> Person:
    """Let a person in again. Twice is once."""
    person = _managed(tx, login, manager, today)
    if person.disabled_at is not None:
        person.disabled_at = None
        tx.add(person)
        change = {"before": {"state": "disabled"}, "after": {"state": "enabled"}}
        events.record(tx, "person.enabled", subject=("person", person.id), **change)
        tx.flush()
    return person


def add_posting(
    tx: Session, *, login: str, new: NewPosting, manager: rules.Manager, today: date
) -> UUID:
    """Give a person another office inside one of the manager's own; nobody gives himself one."""
    person = _managed(tx, login, manager, today)
    if person.id == manager.person_id:
        raise Forbidden("person.self")
    (office,) = _resolve(tx, [new], at="", today=today)
    _check_grants(manager, [office.reach])
    posting_id = _insert_posting(tx, person.id, office)
    events.record(
        tx, "posting.added", subject=("person", person.id),
        posting=str(posting_id), before={}, after=new.facts,
    )  # fmt: skip
    return posting_id


def end_posting(
    tx: Session,
    *,
    login: str,
    posting_id: UUID,
    last_day: date | None,
    manager: rules.Manager,
    today: date,
) -> None:
    """Make ``last_day`` the last of a posting; without one it gives nothing from now on.

    ``Conflict`` where it has ended already or where no lasting administrator would be left.
    """
    queries.lock_administrators(tx)
    person = _managed(tx, login, manager, today)
    seen = queries.find_posting(tx, person.id, posting_id)
    if seen is None:
        raise NotFound("posting.not-found")
    row = queries.lock_posting(tx, posting_id)
    if row.valid_to is not None and row.valid_to < today:
        raise Conflict("posting.ended")
    nothing = row.valid_from - timedelta(days=1)
    last_day = last_day or max(today - timedelta(days=1), nothing)
    if last_day < nothing:
        raise Invalid("request.invalid", faults=(Fault("/last_day", "field.order"),))
    before = {"valid_to": row.valid_to.isoformat() if row.valid_to else None}
    row.valid_to = last_day
    tx.add(row)
    events.record(
        tx, "posting.ended", subject=("person", person.id), posting=str(posting_id),
        role=seen.role.value, unit=seen.unit.code if seen.unit else None,
        before=before, after={"valid_to": last_day.isoformat()},
    )  # fmt: skip
    tx.flush()
    _keep_an_administrator(tx, person.id, today)


def appoint_deputy(
    tx: Session,
    *,
    holder: str,
    posting_id: UUID,
    deputy: str,
    valid_from: date,
    valid_to: date,
    reason: str | None,
    manager: rules.Manager,
    today: date,
) -> UUID:
    """Let somebody act with another's posting from a day to a day; it ends by itself.

    The holder himself or his manager may say so, for somebody whom he manages and who is not he.
    """
    lender = queries.lock_visible(tx, holder, manager=manager, today=today)
    if lender.id != manager.person_id:
        require_manageable(tx, person=lender, manager=manager, today=today)
    person = queries.find_visible(tx, deputy, seen_by=manager.postings, today=today)
    posting = queries.find_posting(tx, lender.id, posting_id)
    if person is None:
        raise _unknown("/deputy", "person", deputy)
    if posting is None:
        raise _unknown("/posting_id", "posting", str(posting_id))
    require_manageable(tx, person=person, manager=manager, today=today)
    if person.id == manager.person_id:
        raise Forbidden("person.self")
    if person.id == lender.id:
        raise Invalid("request.invalid", faults=(Fault("/deputy", "deputy.is-holder"),))
    if not valid_from <= valid_to <= valid_from + timedelta(days=_MOST_DEPUTY_DAYS):
        raise Invalid("request.invalid", faults=(Fault("/valid_to", "deputy.term"),))
    if valid_to < today or (posting.valid_to is not None and posting.valid_to < valid_from):
        raise Conflict("posting.ended")
    row = Deputy(
        posting_id=posting.id,
        person_id=person.id,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
        created_at=business_time.now(tx),
    )
    tx.add(row)
    tx.flush()
    events.record(
        tx, "deputy.appointed", subject=("person", person.id), deputy=str(row.id),
        holder=str(lender.id), posting=str(posting.id), role=posting.role.value,
        before={}, after=_term(row), reason=reason,
    )  # fmt: skip
    return row.id


def end_deputy(
    tx: Session, *, holder: str, deputy_id: UUID, manager: rules.Manager, today: date
) -> None:
    """Take a posting back from a deputy at once."""
    lender = queries.lock_visible(tx, holder, manager=manager, today=today)
    if lender.id != manager.person_id:
        require_manageable(tx, person=lender, manager=manager, today=today)
    row = queries.lock_deputy(tx, lender.id, deputy_id)
    if row.valid_to < today:
        return
    before = _term(row)
    row.valid_to = max(today, row.valid_from) - timedelta(days=1)
    tx.add(row)
    events.record(
        tx, "deputy.ended", subject=("person", row.person_id), deputy=str(row.id),
        holder=str(lender.id), before=before, after=_term(row),
    )  # fmt: skip
    tx.flush()


def _unknown(at: str, kind: str, value: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))


def _term(row: Deputy) -> dict[str, str]:
    return {"valid_from": row.valid_from.isoformat(), "valid_to": row.valid_to.isoformat()}


def _managed(tx: Session, login: str, manager: rules.Manager, today: date) -> Person:
    person = queries.lock_visible(tx, login, manager=manager, today=today)
    require_manageable(tx, person=person, manager=manager, today=today)
    return person


def _keep_an_administrator(tx: Session, person_id: UUID, today: date) -> None:
    """The caller holds the lock of administrators, so two cannot each rely on the other."""
    held = queries.list_postings(tx, [person_id])[person_id]
    was_one = any(view.role is Role.HQ_ADMIN for view in held)
    if was_one and not queries.has_lasting_administrator(tx, today=today):
        raise Conflict("person.last-administrator")


@dataclass(frozen=True)
class _Office:
    """A posting whose codes have been found."""

    new: NewPosting
    unit: Unit | None
    areas: tuple[Unit, ...]
    lines: tuple[Line, ...]

    @property
    def reach(self) -> Posting:
        return Posting(
            self.new.role.value,
            self.unit.path if self.unit else ROOT,
            tuple(area.path for area in self.areas) if self.unit else (ROOT,),
            tuple(line.id for line in self.lines),
        )


def _resolve(
    tx: Session, postings: Sequence[NewPosting], *, at: str, today: date | None
) -> list[_Office]:
    """Codes become rows; ``Invalid`` names every code that is unknown, and every wrong term."""
    codes = [code for new in postings for code in (*new.areas, *([new.unit] if new.unit else []))]
    units = organisation.find_units(tx, codes)
    lines = organisation.find_lines(tx, [code for new in postings for code in new.lines])
    faults: list[Fault] = []
    for index, new in enumerate(postings):
        faults += _faults_of(new, units, lines, at.format(index))
        if today is not None and new.unit in units:
            faults += faults_of_validity(
                units[new.unit], new.given_on(today), at=f"{at.format(index)}/unit"
            )
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))
    return [
        _Office(
            new,
            units[new.unit] if new.unit else None,
            tuple(units[code] for code in dict.fromkeys(new.areas)),
            tuple(lines[code] for code in dict.fromkeys(new.lines)),
        )
        for new in postings
    ]


def _faults_of(
    new: NewPosting, units: dict[str, Unit], lines: dict[str, Line], at: str
) -> list[Fault]:
    asked: list[tuple[str, str, str, Container[str]]] = [
        *((f"{at}/unit", "unit", code, units) for code in ([new.unit] if new.unit else [])),
        *((f"{at}/areas", "unit", code, units) for code in new.areas),
        *((f"{at}/lines", "line", code, lines) for code in new.lines),
    ]
    faults = [
        Fault(place, "field.unknown-reference", {"kind": kind, "value": code})
        for place, kind, code, known in asked
        if code not in known
    ]
    if new.unit is None and new.role is not Role.HQ_ADMIN:
        faults.append(Fault(f"{at}/unit", "field.missing"))
    if new.valid_to is not None and new.valid_to < new.valid_from:
        faults.append(Fault(f"{at}/valid_to", "field.order"))
    return faults


def _check_grants(manager: rules.Manager | None, wanted: Sequence[Posting]) -> None:
    if manager is None:
        return
    if not all(rules.may_grant(manager.postings, posting) for posting in wanted):
        raise Forbidden("posting.not-yours")


def _insert_posting(tx: Session, person_id: UUID, office: _Office) -> UUID:
    row = PostingRow(
        person_id=person_id,
        role=office.new.role,
        unit_id=office.unit.id if office.unit else None,
        valid_from=office.new.valid_from,
        valid_to=office.new.valid_to,
    )
    with conflicts(tx, {"uq_posting_office": Conflict("posting.exists")}):
        tx.add(row)
    tx.add_all(PostingArea(posting_id=row.id, unit_id=area.id) for area in office.areas)
    tx.add_all(PostingLine(posting_id=row.id, line_id=line.id) for line in office.lines)
    tx.flush()
    return row.id
