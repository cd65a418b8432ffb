"""People and their postings: who is there, and which offices each holds."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from app.infra import business_time, events
from app.kit.errors import Conflict, Fault, Invalid
from app.organisation import queries as organisation
from app.organisation.rules import Role
from app.people import queries
from app.people.tables import Person, PostingArea, PostingLine, PostingRow

_FIRST_DAY = date(2000, 1, 1)


def create_person(
    tx: Session,
    *,
    login: str,
    name: str,
    role: Role,
    unit: str,
    areas: Sequence[str],
    lines: Sequence[str],
) -> Person:
    """A new person with one posting; ``Invalid`` for unknown codes, ``Conflict`` for a login."""
    if queries.find_person(tx, login) is not None:
        raise Conflict("person.exists", login=login)
    units = organisation.find_units(tx, [unit, *areas])
    known_lines = organisation.find_lines(tx, lines)
    now = business_time.now(tx)
    person = Person(login=login, name=name, created_at=now)
    tx.add(person)
    tx.flush()
    posting = PostingRow(
        person_id=person.id,
        role=role,
        unit_id=_known(units, "unit", unit, "/unit").id,
        valid_from=_FIRST_DAY,
    )
    tx.add(posting)
    tx.flush()
    for code in areas:
        area = _known(units, "unit", code, "/areas")
        tx.add(PostingArea(posting_id=posting.id, unit_id=area.id))
    for code in lines:
        line = _known(known_lines, "line", code, "/lines")
        tx.add(PostingLine(posting_id=posting.id, line_id=line.id))
    events.record(
        tx,
        "person.created",
        subject=("person", person.id),
        login=login,
        role=role.value,
        unit=unit,
        areas=list(areas),
        lines=list(lines),
    )
    tx.flush()
    return person


def _known(found: dict[str, Any], kind: str, code: str, at: str) -> Any:
    if code not in found:
        fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        raise Invalid("request.invalid", faults=(fault,))
    return found[code]
