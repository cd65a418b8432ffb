"""Reads of people, their postings and deputies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.kit.reach import Posting
from app.organisation.queries import at_or_below
from app.organisation.rules import ROOT, Role
from app.organisation.tables import Line, Unit
from app.people.rules import SEES_BELOW, Holding, Manager, may_see, sees_everybody
from app.people.tables import Deputy, Person, PostingArea, PostingLine, PostingRow

ADMINISTRATORS_LOCK = 0x44554142


def find_person(tx: Session, login: str) -> Person | None:
    """The person with this login name."""
    return tx.exec(select(Person).where(Person.login == login)).first()


def find_people(tx: Session, logins: Sequence[str]) -> dict[str, Person]:
    """The people with these login names."""
    rows = tx.exec(select(Person).where(col(Person.login).in_(set(logins)))).all()
    return {person.login: person for person in rows}


def find_people_by_id(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """The people with these ids."""
    rows = tx.exec(select(Person).where(col(Person.id).in_(set(ids)))).all()
    return {person.id: person for person in rows}


@dataclass(frozen=True)
class PostingView:
    """A posting with what it names. No unit: an administrator of the whole city."""

    id: UUID
    person_id: UUID
    role: Role
    unit: Unit | None
    areas: tuple[Unit, ...]
    lines: tuple[Line, ...]
    valid_from: date
    valid_to: date | None

    @property
    def reach(self) -> Posting:
        """The same as plain data for the scope predicate."""
        whole = self.unit is None
        return Posting(
            self.role.value,
            ROOT if self.unit is None else self.unit.path,
            (ROOT,) if whole else tuple(area.path for area in self.areas),
            tuple(line.id for line in self.lines),
        )

    @property
    def holding(self) -> Holding:
        """The same as the rules of management see it."""
        return Holding(self.role, self.reach.unit_path, self.valid_to)

    def is_valid_on(self, day: date) -> bool:
        """Whether it is held on that day."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


def list_postings(tx: Session, person_ids: Sequence[UUID]) -> dict[UUID, list[PostingView]]:
    """All postings of these people, also ended and coming ones, by beginning."""
    of_them = col(PostingRow.person_id).in_(set(person_ids))
    found: dict[UUID, list[PostingView]] = {person_id: [] for person_id in person_ids}
    for view in _views(tx, of_them):
        found[view.person_id].append(view)
    return found


def find_posting(tx: Session, person_id: UUID, posting_id: UUID) -> PostingView | None:
    """One posting of a person."""
    mine = sa.and_(col(PostingRow.person_id) == person_id, col(PostingRow.id) == posting_id)
    return next(iter(_views(tx, mine)), None)


def lock_posting(tx: Session, posting_id: UUID) -> PostingRow:
    """The row of a posting that is known to be there, to be changed."""
    locked = select(PostingRow).where(PostingRow.id == posting_id).with_for_update(key_share=True)
    return tx.exec(locked).one()


def _views(tx: Session, chosen: Any) -> list[PostingView]:
    rows: Any = tx.exec(
        select(PostingRow, Unit)
        .outerjoin(Unit, col(Unit.id) == PostingRow.unit_id)
        .where(chosen)
        .order_by(col(PostingRow.valid_from), col(PostingRow.id))
    ).all()
    ids = [posting.id for posting, _ in rows]
    areas = _named(tx, Unit, PostingArea.posting_id, PostingArea.unit_id, ids)
    lines = _named(tx, Line, PostingLine.posting_id, PostingLine.line_id, ids)
    return [
        PostingView(
            posting.id,
            posting.person_id,
            posting.role,
            unit,
            tuple(areas.get(posting.id, ())),
            tuple(lines.get(posting.id, ())),
            posting.valid_from,
            posting.valid_to,
        )
        for posting, unit in rows
    ]


def _named(
    tx: Session, target: Any, posting_id: Any, target_id: Any, ids: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    rows: Any = tx.exec(
        select(posting_id, target)
        .join(target, target.id == target_id)
        .where(posting_id.in_(ids))
        .order_by(target.code)
    ).all()
    found: dict[UUID, list[Any]] = {}
    for key, row in rows:
        found.setdefault(key, []).append(row)
    return found


def list_people(
    tx: Session,
    *,
    seen_by: Sequence[Posting],
    today: date,
    unit_path: str | None,
    role: Role | None,
    disabled: bool | None,
    text: str | None,
    after: str,
    limit: int,
) -> Page[Person]:
    """People by login whom somebody with ``seen_by`` may see; ``rules.may_see`` for many.

    ``unit_path`` and ``role`` select those who hold or will hold such an office at or below the
    unit; ``text`` is part of the login or of the name.
    """
    query = select(Person).where(col(Person.login) > after).order_by(col(Person.login))
    if not sees_everybody(seen_by):
        below = [one.unit_path for one in seen_by if Role(one.role) in SEES_BELOW]
        query = query.where(_is_below(below, today))
    if unit_path is not None or role is not None:
        asked: list[Any] = [_living(today)]
        if unit_path is not None:
            asked.append(at_or_below(Unit.path, unit_path))
        if role is not None:
            asked.append(PostingRow.role == role)
        query = query.where(_has_posting(*asked))
    if disabled is not None:
        at = col(Person.disabled_at)
        query = query.where(at.is_not(None) if disabled else at.is_(None))
    if text:
        query = query.where(
            sa.or_(
                col(Person.login).icontains(text, autoescape=True),
                col(Person.name).icontains(text, autoescape=True),
            )
        )
    rows = tx.exec(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].login) if more else None)


def _is_below(paths: Sequence[str], today: date) -> Any:
    below = sa.or_(sa.false(), *(at_or_below(Unit.path, path) for path in paths))
    return sa.or_(
        _has_posting(_living(today), below),
        sa.and_(~_has_posting(_living(today)), _has_posting(below)),
    )


def _living(today: date) -> Any:
    return sa.or_(col(PostingRow.valid_to).is_(None), col(PostingRow.valid_to) >= today)


def _has_posting(*conditions: Any) -> Any:
    found = (
        select(PostingRow.id)
        .outerjoin(Unit, col(Unit.id) == PostingRow.unit_id)
        .where(PostingRow.person_id == Person.id, *conditions)
    )
    return found.correlate(Person).exists()


def find_visible(
    tx: Session, login: str, *, seen_by: Sequence[Posting], today: date
) -> Person | None:
    """The person with this login, if somebody with ``seen_by`` may see him."""
    person = find_person(tx, login)
    if person is None:
        return None
    held = [view.holding for view in list_postings(tx, [person.id])[person.id]]
    return person if may_see(seen_by, held, today=today) else None


def get_visible(tx: Session, login: str, *, seen_by: Sequence[Posting], today: date) -> Person:
    """The same; ``NotFound`` where there is nobody whom he may see."""
    person = find_visible(tx, login, seen_by=seen_by, today=today)
    if person is None:
        raise NotFound("person.not-found")
    return person


def lock_visible(tx: Session, login: str, *, manager: Manager, today: date) -> Person:
    """The same, and nobody else changes him until the transaction ends."""
    locked = select(Person).where(Person.login == login).with_for_update(key_share=True)
    tx.exec(locked).first()
    return get_visible(tx, login, seen_by=manager.postings, today=today)


def list_holdings(tx: Session, person_id: UUID, *, today: date) -> list[Holding]:
    """Own offices and those held as a deputy, now or later: what management has to lie above."""
    own = [view.holding for view in list_postings(tx, [person_id])[person_id]]
    lent = [
        Holding(view.posting.role, view.posting.reach.unit_path, view.valid_to)
        for view in list_deputies(tx, person_id=person_id, today=today)
    ]
    return own + lent


@dataclass(frozen=True)
class DeputyView:
    """Who acts with whose posting, and how long."""

    id: UUID
    posting: PostingView
    holder: Person
    deputy: Person
    valid_from: date
    valid_to: date
    reason: str | None


def list_deputies(
    tx: Session,
    *,
    today: date,
    person_id: UUID | None = None,
    holder_id: UUID | None = None,
) -> list[DeputyView]:
    """Deputies that have not ended: those that a person is, or those that he has."""
    query = (
        select(Deputy)
        .join(PostingRow, col(PostingRow.id) == Deputy.posting_id)
        .where(col(Deputy.valid_to) >= today)
        .order_by(col(Deputy.valid_from), col(Deputy.id))
    )
    if person_id is not None:
        query = query.where(Deputy.person_id == person_id)
    if holder_id is not None:
        query = query.where(PostingRow.person_id == holder_id)
    return _deputy_views(tx, tx.exec(query).all())


def _deputy_views(tx: Session, rows: Sequence[Deputy]) -> list[DeputyView]:
    if not rows:
        return []
    wanted = {row.posting_id for row in rows}
    postings = {view.id: view for view in _views(tx, col(PostingRow.id).in_(wanted))}
    ids = [row.person_id for row in rows] + [view.person_id for view in postings.values()]
    people = find_people_by_id(tx, ids)
    return [
        DeputyView(
            row.id,
            postings[row.posting_id],
            people[postings[row.posting_id].person_id],
            people[row.person_id],
            row.valid_from,
            row.valid_to,
            row.reason,
        )
        for row in rows
    ]


def lock_deputy(tx: Session, holder_id: UUID, deputy_id: UUID) -> Deputy:
    """A deputy of a person, to be changed."""
    row = tx.exec(
        select(Deputy)
        .join(PostingRow, col(PostingRow.id) == Deputy.posting_id)
        .where(Deputy.id == deputy_id, PostingRow.person_id == holder_id)
        .with_for_update(of=Deputy)
    ).first()
    if row is None:
        raise NotFound("deputy.not-found")
    return row


def has_administrator(tx: Session) -> bool:
    """Whether there has ever been an administrator."""
    found = select(PostingRow.id).where(PostingRow.role == Role.HQ_ADMIN).limit(1)
    return tx.exec(found).first() is not None


def has_lasting_administrator(tx: Session, *, today: date) -> bool:
    """Whether an enabled person is administrator today and without an end."""
    found = (
        select(PostingRow.id)
        .join(Person, col(Person.id) == PostingRow.person_id)
        .where(
            PostingRow.role == Role.HQ_ADMIN,
            col(PostingRow.valid_from) <= today,
            col(PostingRow.valid_to).is_(None),
            col(Person.disabled_at).is_(None),
        )
        .limit(1)
    )
    return tx.exec(found).first() is not None


def lock_administrators(tx: Session) -> None:
    """Wait for everybody who may be making or unmaking administrators; until the transaction ends.

    What is read after it sees all that they have committed.
    """
    tx.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(ADMINISTRATORS_LOCK)))
