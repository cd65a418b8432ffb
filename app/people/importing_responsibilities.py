"""Responsibilities as the rows of sheets: who answers where, with the people who carry it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, select

from app.infra import events
from app.infra.bulk import upsert_rows
from app.kit.changes import Change, Row
from app.kit.ids import new_id
from app.organisation.importing_sheets import read_day, written_day
from app.organisation.tables import Line, Responsibility, Unit
from app.people.tables import Person

Key = tuple[Any, ...]
_PEOPLE = ("leader", "coordinator", "handler")


def stored_responsibilities(tx: Session) -> dict[Key, Row]:
    """Who answers for which line in which area, by area, line and first day."""
    units = dict(tx.exec(select(Unit.id, Unit.code)).all())
    lines = dict(tx.exec(select(Line.id, Line.code)).all())
    logins = dict(tx.exec(select(Person.id, Person.login)).all())
    found = {}
    for row in tx.exec(select(Responsibility)).all():
        named = {
            "area": units[row.area_id],
            "line": lines[row.line_id],
            "unit": units[row.unit_id],
            "leader": logins[row.leader_id] if row.leader_id else None,
            "coordinator": logins[row.coordinator_id] if row.coordinator_id else None,
            "handler": logins[row.handler_id] if row.handler_id else None,
            "valid_from": row.valid_from.isoformat(),
            "valid_to": written_day(row.valid_to),
        }
        found[named["area"], named["line"], named["valid_from"]] = named
    return found


def apply_responsibilities(tx: Session, changes: Sequence[Change]) -> None:
    """Write who answers, ending earlier periods before later ones begin."""
    units = dict(tx.exec(select(Unit.code, Unit.id)).all())
    lines = dict(tx.exec(select(Line.code, Line.id)).all())
    people = dict(tx.exec(select(Person.login, Person.id)).all())

    def values(row: Row) -> Row:
        return {
            "id": new_id(),
            "area_id": units[row["area"]],
            "line_id": lines[row["line"]],
            "unit_id": units[row["unit"]],
            "valid_from": date.fromisoformat(row["valid_from"]),
            "valid_to": read_day(row["valid_to"]),
        } | {f"{name}_id": people[row[name]] if row[name] else None for name in _PEOPLE}

    for part in _shorter_first(changes):
        rows = [values(change.after) for change in part]
        upsert_rows(tx, Responsibility, rows, key=("area_id", "line_id", "valid_from"))
    areas = {found: code for code, found in units.items()}
    named = {found: code for code, found in lines.items()}
    stored = tx.exec(select(Responsibility)).all()
    ids = {(areas[r.area_id], named[r.line_id], r.valid_from.isoformat()): r.id for r in stored}
    told = [(ids[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "responsibility", told)


def _shorter_first(changes: Sequence[Change]) -> list[list[Change]]:
    """Periods that end, then those that go on longer or are new: so that none overlap between."""
    endless = "9999-12-31"

    def ends_earlier(change: Change) -> bool:
        before = change.before
        return before is not None and (change.after["valid_to"] or endless) <= (
            before["valid_to"] or endless
        )

    ending = [change for change in changes if ends_earlier(change)]
    return [ending, [change for change in changes if not ends_earlier(change)]]
