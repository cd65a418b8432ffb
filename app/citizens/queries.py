"""Reads around citizen reports: by their numbers, to the end of mergers, and contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.citizens.tables import CitizenContact, CitizenReport
from app.ledger.tables import Problem
from app.organisation.tables import Category

# A report follows its case into the one that it was merged into, and on from there.
_LAST_CASE = sa.text("""
WITH RECURSIVE chain (problem_id, next_id) AS (
  SELECT p.id, p.merged_into_id
  FROM citizen_report r JOIN problem p ON p.id = r.problem_id WHERE r.id = :report_id
  UNION
  SELECT p.id, p.merged_into_id FROM chain c JOIN problem p ON p.id = c.next_id
)
SELECT problem_id FROM chain WHERE next_id IS NULL
""")
_OVER = sa.text("""
WITH RECURSIVE chain (report_id, problem_id, next_id) AS (
  SELECT r.id, p.id, p.merged_into_id
  FROM citizen_contact c JOIN citizen_report r ON r.id = c.report_id
  JOIN problem p ON p.id = r.problem_id
  UNION
  SELECT c.report_id, p.id, p.merged_into_id FROM chain c JOIN problem p ON p.id = c.next_id
)
SELECT c.report_id FROM chain c JOIN problem p ON p.id = c.problem_id
WHERE c.next_id IS NULL AND p.state IN ('closed', 'cancelled')
AND coalesce(p.closed_at, (
  SELECT max(e.at) FROM problem_event e
  WHERE e.problem_id = p.id AND e.changed ->> 'state' = 'cancelled')) < :before
ORDER BY c.report_id LIMIT :most
""")
_PUBLIC_REASON = sa.text("""
SELECT e.data ->> 'public_reason' FROM problem_event e
WHERE e.problem_id = :problem_id AND e.action IN ('refuse', 'cancel')
ORDER BY e.seq DESC LIMIT 1
""")


def find_report(tx: Session, report_id: UUID) -> CitizenReport | None:
    """A report by the id that its sender's own stands for."""
    return tx.get(CitizenReport, report_id)


def find_by_number(tx: Session, number: str) -> CitizenReport | None:
    """A report by its number."""
    return tx.exec(select(CitizenReport).where(CitizenReport.number == number)).first()


def find_by_pass(tx: Session, pass_id: UUID) -> tuple[CitizenReport, Problem] | None:
    """The report whose photos a pass lets in, and its case."""
    query = select(CitizenReport, Problem).join(
        Problem, col(Problem.id) == CitizenReport.problem_id
    )
    return tx.exec(query.where(CitizenReport.pass_id == pass_id)).first()


def get_case(tx: Session, problem_id: UUID) -> Problem:
    """The case of a report."""
    return tx.exec(select(Problem).where(Problem.id == problem_id)).one()


@dataclass(frozen=True)
class Standing:
    """The case that a report stands in now, and what was said in public when it ended."""

    problem: Problem
    public_reason: str | None


def standing_of(tx: Session, report_id: UUID) -> Standing:
    """Where a report stands, also if its case was merged into others."""
    row = tx.connection().execute(_LAST_CASE, {"report_id": report_id}).one()
    problem = get_case(tx, row[0])
    reason = tx.connection().execute(_PUBLIC_REASON, {"problem_id": problem.id}).scalar()
    return Standing(problem, reason)


def find_contact(tx: Session, problem_id: UUID) -> CitizenContact | None:
    """The contact of who reported a case."""
    query = select(CitizenContact).join(
        CitizenReport, col(CitizenReport.id) == CitizenContact.report_id
    )
    return tx.exec(query.where(CitizenReport.problem_id == problem_id)).first()


def contact_of(tx: Session, report_id: UUID) -> CitizenContact | None:
    """The contact that came with a report."""
    return tx.get(CitizenContact, report_id)


def contacts_over(tx: Session, *, before: datetime, limit: int) -> list[UUID]:
    """Reports with a contact whose case ended before an instant."""
    rows = tx.connection().execute(_OVER, {"before": before, "most": limit})
    return [row[0] for row in rows]


def lock_contacts(tx: Session, report_ids: Sequence[UUID]) -> Sequence[CitizenContact]:
    """These contacts, held."""
    query = select(CitizenContact).where(col(CitizenContact.report_id).in_(report_ids))
    return tx.exec(query.order_by(col(CitizenContact.report_id)).with_for_update()).all()


def problems_of(tx: Session, report_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Per report its case."""
    query = select(CitizenReport.id, CitizenReport.problem_id)
    return dict(tx.exec(query.where(col(CitizenReport.id).in_(report_ids))).all())


def lock_sealed_otherwise(
    tx: Session, *, key_id: str, after: UUID | None, limit: int
) -> Sequence[CitizenContact]:
    """The next contacts that another key than this one has sealed, held."""
    query = select(CitizenContact).where(CitizenContact.key_id != key_id)
    if after is not None:
        query = query.where(col(CitizenContact.report_id) > after)
    query = query.order_by(col(CitizenContact.report_id)).limit(limit)
    return tx.exec(query.with_for_update(skip_locked=True)).all()


def count_by_key(tx: Session) -> dict[str, int]:
    """How many contacts each key has sealed."""
    rows = tx.execute(
        sa.select(col(CitizenContact.key_id), sa.func.count()).group_by(CitizenContact.key_id)
    )
    return {row[0]: row[1] for row in rows}


def list_categories(tx: Session, named: Sequence[tuple[str, str, str]]) -> list[Category]:
    """Those of the named categories that there are, in the given order."""
    key: Any = sa.tuple_(col(Category.scheme), col(Category.code), col(Category.version))
    found = tx.exec(select(Category).where(key.in_(list(named)))).all() if named else []
    known = {(one.scheme, one.code, one.version): one for one in found}
    return [known[one] for one in named if one in known]
