"""People, postings and deputies as they are shown."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from app.organisation.tables import Line, Unit
from app.people import queries
from app.people.schemas import DeputyOut, HeldPostingOut, PersonRef, UserOut
from app.people.tables import Person
from app.web.language import Language, pick
from app.web.wire import Named


def present_people(
    tx: Session, people: Sequence[Person], *, today: date, language: Language
) -> list[UserOut]:
    """People with all their postings, in a constant number of statements."""
    postings = queries.list_postings(tx, [person.id for person in people])
    return [
        UserOut(
            id=person.id,
            login=person.login,
            name=person.name,
            created_at=person.created_at,
            disabled_at=person.disabled_at,
            postings=[present_posting(view, today, language) for view in postings[person.id]],
        )
        for person in people
    ]


def present_posting(view: queries.PostingView, today: date, language: Language) -> HeldPostingOut:
    """One posting with the names of what it covers."""
    return HeldPostingOut(
        id=view.id,
        role=view.role,
        unit=_named(view.unit, language) if view.unit else None,
        areas=[_named(area, language) for area in view.areas],
        lines=[_named(line, language) for line in view.lines],
        valid_from=view.valid_from,
        valid_to=view.valid_to,
        is_valid=view.is_valid_on(today),
    )


def present_deputy(view: queries.DeputyView, today: date, language: Language) -> DeputyOut:
    """Who acts with whose posting."""
    return DeputyOut(
        id=view.id,
        holder=PersonRef(login=view.holder.login, name=view.holder.name),
        deputy=PersonRef(login=view.deputy.login, name=view.deputy.name),
        posting=present_posting(view.posting, today, language),
        valid_from=view.valid_from,
        valid_to=view.valid_to,
        reason=view.reason,
    )


def _named(row: Unit | Line, language: Language) -> Named:
    return Named(code=row.code, name=pick(language, row.name_zh, row.name_en))
