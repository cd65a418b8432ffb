"""People with their postings as the rows of sheets: one row per posting."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.infra import business_time, events
from app.infra.bulk import insert_rows, upsert_rows
from app.kit.changes import Change, Row
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.organisation.tables import Line, Unit
from app.people.tables import Person, PostingArea, PostingLine, PostingRow

Key = tuple[Any, ...]
_FACTS = ("role", "unit", "areas", "lines", "valid_from", "valid_to")
_HELD = "(valid_to IS NULL OR valid_to >= valid_from)"  # one taken back on its first day is not


@dataclass(frozen=True)
class NewPerson:
    """Somebody whom a sheet has added, with the first password where it gives one."""

    id: UUID
    login: str
    name: str
    password: str | None


def stored_users(tx: Session) -> dict[Key, Row]:
    """All postings by login, role, unit and first day, with the name of who holds them."""
    units = dict(tx.exec(select(Unit.id, Unit.code)).all())
    lines = dict(tx.exec(select(Line.id, Line.code)).all())
    people = {person.id: person for person in tx.exec(select(Person)).all()}
    areas, in_lines = defaultdict(list), defaultdict(list)
    for area in tx.exec(select(PostingArea)).all():
        areas[area.posting_id].append(units[area.unit_id])
    for line in tx.exec(select(PostingLine)).all():
        in_lines[line.posting_id].append(lines[line.line_id])
    found = {}
    for row in tx.exec(select(PostingRow).where(sa.text(_HELD))).all():
        if row.unit_id is None:  # an administrator of the whole city is made by command
            continue
        person = people[row.person_id]
        key = (person.login, row.role.value, units[row.unit_id], row.valid_from.isoformat())
        found[key] = {
            "login": person.login,
            "name": person.name,
            "role": row.role.value,
            "unit": units[row.unit_id],
            "areas": sorted(areas[row.id]),
            "lines": sorted(in_lines[row.id]),
            "valid_from": row.valid_from.isoformat(),
            "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        }
    return found


def apply_users(tx: Session, changes: Sequence[Change]) -> list[NewPerson]:
    """Write people and postings; returns who is new."""
    rows = {change.after["login"]: change.after for change in changes}
    passwords = {
        change.after["login"]: change.after["password"]
        for change in changes
        if change.after.get("password")
    }
    known = _ids_of(tx, list(rows))
    now = business_time.now(tx)
    people = [
        {"id": known.get(login) or new_id(), "login": login, "name": row["name"], "created_at": now}
        for login, row in rows.items()
    ]
    insert_rows(tx, Person, [row for row in people if row["login"] not in known])
    _rename(tx, {row["login"]: row["name"] for row in people if row["login"] in known})
    ids = {row["login"]: row["id"] for row in people}
    postings = _write_postings(tx, changes, ids)
    told = [(postings[change.key], _told(change)) for change in changes]
    events.record_many(tx, "row.imported", "posting", told)
    new = [
        NewPerson(ids[login], login, row["name"], passwords.get(login))
        for login, row in rows.items()
        if login not in known
    ]
    _record_new(tx, new, changes)
    return new


def _record_new(tx: Session, new: Sequence[NewPerson], changes: Sequence[Change]) -> None:
    """As when an administrator makes the account, with all the offices it begins with."""
    postings: dict[str, list[Row]] = {}
    for change in changes:
        facts = {name: change.after[name] for name in _FACTS}
        postings.setdefault(change.after["login"], []).append(facts)
    told = [
        (one.id, {"login": one.login, "name": one.name, "postings": postings[one.login]})
        for one in new
    ]
    events.record_many(tx, "person.created", "person", [(id_, {"after": t}) for id_, t in told])


def _told(change: Change) -> dict[str, Row]:
    told = change.told()
    return {when: {k: v for k, v in row.items() if k != "password"} for when, row in told.items()}


def _ids_of(tx: Session, logins: Sequence[str]) -> dict[str, UUID]:
    return dict(tx.exec(select(Person.login, Person.id).where(col(Person.login).in_(logins))).all())


def _rename(tx: Session, names: dict[str, str]) -> None:
    if not names:
        return
    given = sa.func.unnest(
        sa.bindparam("logins", type_=sa.ARRAY(sa.String)),
        sa.bindparam("names", type_=sa.ARRAY(sa.String)),
    ).table_valued(sa.column("login", sa.String), sa.column("name", sa.String))
    given = given.render_derived(name="given")
    table = Person.__table__  # type: ignore[attr-defined]
    statement = (
        sa.update(table)
        .values(name=given.c.name)
        .where(table.c.login == given.c.login, table.c.name != given.c.name)
    )
    tx.connection().execute(statement, {"logins": list(names), "names": list(names.values())})


def _write_postings(
    tx: Session, changes: Sequence[Change], ids: dict[str, UUID]
) -> dict[Key, UUID]:
    """Postings with exactly the areas and lines of their rows; their ids by key."""
    units = dict(tx.exec(select(Unit.code, Unit.id)).all())
    lines = dict(tx.exec(select(Line.code, Line.id)).all())
    values: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "person_id": ids[row["login"]],
            "role": Role(row["role"]),
            "unit_id": units[row["unit"]],
            "valid_from": date.fromisoformat(row["valid_from"]),
            "valid_to": date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        }
        for row in (change.after for change in changes)
    ]
    upsert_rows(
        tx, PostingRow, values, key=("person_id", "role", "unit_id", "valid_from"), where=_HELD
    )
    held = select(PostingRow).where(col(PostingRow.person_id).in_(set(ids.values())))
    stored: dict[Key, UUID] = {
        (row.person_id, row.role, row.unit_id, row.valid_from): row.id
        for row in tx.exec(held.where(sa.text(_HELD))).all()
    }
    found = {
        change.key: stored[one["person_id"], one["role"], one["unit_id"], one["valid_from"]]
        for change, one in zip(changes, values, strict=True)
    }
    for table in (PostingArea, PostingLine):
        tx.connection().execute(
            sa.delete(table).where(col(table.posting_id).in_(set(found.values())))
        )
    in_areas = [(found[c.key], units[code]) for c in changes for code in c.after["areas"]]
    in_lines = [(found[c.key], lines[code]) for c in changes for code in c.after["lines"]]
    insert_rows(tx, PostingArea, [{"posting_id": p, "unit_id": unit} for p, unit in in_areas])
    insert_rows(tx, PostingLine, [{"posting_id": p, "line_id": line} for p, line in in_lines])
    return found
