"""Reads of credentials and tokens; the caller of a request in one statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.auth.tables import AuthSession, Credential, RefreshToken
from app.kit.reach import Posting
from app.organisation.tables import Line, Unit
from app.people.tables import Person, PostingRow

_CALLER = sa.text("""
SELECT s.id, p.id, p.login, o.role, u.path,
       ARRAY(SELECT a.path FROM posting_area pa JOIN unit a ON a.id = pa.unit_id
             WHERE pa.posting_id = o.id ORDER BY a.path),
       ARRAY(SELECT pl.line_id FROM posting_line pl WHERE pl.posting_id = o.id ORDER BY 1)
FROM access_token t
JOIN auth_session s ON s.id = t.session_id AND s.revoked_at IS NULL
JOIN person p ON p.id = s.person_id AND p.disabled_at IS NULL
LEFT JOIN posting o ON o.person_id = p.id AND o.valid_from <= :today
     AND (o.valid_to IS NULL OR o.valid_to >= :today)
LEFT JOIN unit u ON u.id = o.unit_id
WHERE t.digest = :digest AND t.expires_at > :now
ORDER BY o.id
""")


@dataclass(frozen=True)
class CallerRow:
    """Who holds a token, with the postings that are valid today."""

    session_id: UUID
    person_id: UUID
    login: str
    postings: tuple[Posting, ...]


def find_caller(tx: Session, *, digest: str, now: datetime, today: date) -> CallerRow | None:
    """The holder of a living access token."""
    parameters = {"digest": digest, "now": now, "today": today}
    rows = tx.connection().execute(_CALLER, parameters).all()
    if not rows:
        return None
    postings = tuple(
        Posting(row[3], row[4], tuple(row[5]), tuple(row[6])) for row in rows if row[3]
    )
    return CallerRow(rows[0][0], rows[0][1], rows[0][2], postings)


def find_credential(tx: Session, login: str) -> tuple[Person, Credential] | None:
    """An enabled person with his credential."""
    return tx.exec(
        select(Person, Credential)
        .join(Credential, col(Credential.person_id) == Person.id)
        .where(Person.login == login, col(Person.disabled_at).is_(None))
    ).first()


def lock_refresh_token(tx: Session, digest: str) -> tuple[RefreshToken, AuthSession] | None:
    """A refresh token with its session, locked against a second refresh at the same time."""
    return tx.exec(
        select(RefreshToken, AuthSession)
        .join(AuthSession, col(AuthSession.id) == RefreshToken.session_id)
        .where(RefreshToken.digest == digest)
        .with_for_update()
    ).first()


def is_enabled(tx: Session, person_id: UUID) -> bool:
    """Whether the person may still sign in."""
    person = tx.get(Person, person_id)
    return person is not None and person.disabled_at is None


@dataclass(frozen=True)
class PostingView:
    """A posting with names, for ``/v1/me``."""

    role: str
    unit: Unit
    areas: list[str]
    lines: list[str]


def list_postings(tx: Session, person_id: UUID, today: date) -> list[PostingView]:
    """The postings of a person that are valid today."""
    valid = sa.and_(
        col(PostingRow.valid_from) <= today,
        sa.or_(col(PostingRow.valid_to).is_(None), col(PostingRow.valid_to) >= today),
    )
    rows: Any = tx.exec(
        select(PostingRow, Unit)
        .join(Unit, col(Unit.id) == PostingRow.unit_id)
        .where(PostingRow.person_id == person_id, valid)
        .order_by(col(PostingRow.id))
    ).all()
    return [
        PostingView(
            posting.role.value,
            unit,
            _codes(tx, "posting_area", "unit_id", Unit, posting.id),
            _codes(tx, "posting_line", "line_id", Line, posting.id),
        )
        for posting, unit in rows
    ]


def _codes(tx: Session, table: str, column: str, target: Any, posting_id: UUID) -> list[str]:
    link = sa.table(table, sa.column("posting_id", sa.Uuid), sa.column(column, sa.Uuid))
    found = (
        sa.select(target.code)
        .join(link, link.c[column] == target.id)
        .where(link.c.posting_id == posting_id)
        .order_by(target.code)
    )
    return list(tx.connection().execute(found).scalars())


def get_person(tx: Session, person_id: UUID) -> Person:
    """The person behind a principal, who exists because his token did."""
    return tx.exec(select(Person).where(Person.id == person_id)).one()
