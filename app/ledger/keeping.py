"""Summaries as they were last made, for whoever asks again before anything has moved.

Kept per reach, filters and language, under the version of the ledger's feed and the day: exactly
what an ``ETag`` stands for. While a change waits to be counted up, nothing kept is given.
"""

import hashlib
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.ledger.tables_sums import KeptSummary
from app.web.language import Language
from app.web.principal import Principal


def key_of(principal: Principal, language: Language, query: str) -> str:
    """Who would see the same: the same offices, permissions, language and filters."""
    seen = repr(
        (
            sorted(map(repr, principal.postings)),
            sorted(principal.permissions),
            principal.user_id if principal.has("visit.submit") else None,
            language,
            query,
        )
    )
    return hashlib.sha256(seen.encode()).hexdigest()


def keep(tx: Session, key: str, *, version: int, on: date, body: str) -> None:
    """Keep a body that was made after ``version`` was read."""
    values = {"version": version, "day": on, "body": body}
    statement = insert(KeptSummary).values(key=key, **values)
    tx.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_=values, where=col(KeptSummary.version) <= version
        )
    )


def forget(tx: Session, *, before: date) -> int:
    """Drop what was kept on earlier days; returns how much."""
    return tx.exec(sa.delete(KeptSummary).where(col(KeptSummary.day) < before)).rowcount
