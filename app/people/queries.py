"""Reads of people."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.people.tables import Person


def find_person(tx: Session, login: str) -> Person | None:
    """The person with this login name."""
    return tx.exec(select(Person).where(Person.login == login)).first()


def find_people(tx: Session, logins: Sequence[str]) -> dict[str, Person]:
    """The people with these login names."""
    rows = tx.exec(select(Person).where(col(Person.login).in_(set(logins)))).all()
    return {person.login: person for person in rows}
