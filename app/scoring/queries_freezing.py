"""What is frozen of a round: which visits count, with digests over their answers; read for export.

See queries_marks for what they come to.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.scoring.rules_adjusting import Inspection
from app.scoring.rules_inputs import AnswerGiven, VisitGiven
from app.scoring.tables_results import RoundFreeze

# A veto item without a class is of the class that stands for all.
_VETO = "CASE WHEN i.veto THEN coalesce(i.veto_class, '*') END"
# The text of an answer, as rules_inputs.AnswerGiven.text writes it.
_TEXT = f"""i.code || E'\\t' || l.code || E'\\t' || a.value || E'\\t' || i.weight || E'\\t'
  || a.earned || E'\\t' || a.possible || E'\\t' || coalesce({_VETO}, '') || E'\\n'"""

# What counts now. The digest of a visit that was frozen as it is now is taken from there: its
# revision, with all answers, has not changed since. (It is looked up visit by visit: the planner
# knows nothing yet of rows that were frozen a moment ago, and would join them badly.)
_FREEZE = sa.text(f"""
WITH counting AS (
  SELECT v.id AS visit_id, r.id AS revision_id, s.code AS site, s.category, c.code AS checklist,
         r.area_path, (r.ended_at AT TIME ZONE :zone)::date AS finished_on,
         (SELECT known.digest FROM frozen_visit known
          WHERE known.freeze_id = :before AND known.visit_id = v.id
            AND known.revision_id = r.id AND known.site = s.code AND known.category = s.category
            AND known.finished_on = (r.ended_at AT TIME ZONE :zone)::date) AS digest
  FROM visit v
  JOIN visit_revision r ON r.id = v.current_revision_id
  JOIN site s ON s.id = v.site_id
  JOIN checklist c ON c.id = v.checklist_id
  WHERE v.round_id = :round_id AND v.counting AND v.completed_at IS NOT NULL
)
INSERT INTO frozen_visit (freeze_id, visit_id, revision_id, site, category, finished_on, digest)
SELECT :freeze_id, visit_id, revision_id, site, category, finished_on, digest
FROM counting WHERE digest IS NOT NULL
UNION ALL
SELECT :freeze_id, n.visit_id, n.revision_id, n.site, n.category, n.finished_on,
       encode(sha256(convert_to(
         concat_ws(E'\\t', n.site, n.category, n.checklist, n.area_path,
                   to_char(n.finished_on, 'YYYY-MM-DD')) || E'\\n'
         || d.texts, 'UTF8')), 'hex')
FROM counting n
CROSS JOIN LATERAL (
  SELECT string_agg({_TEXT}, '' ORDER BY i.code COLLATE "C") AS texts
  FROM answer a JOIN item i ON i.id = a.item_id JOIN line l ON l.id = a.line_id
  WHERE a.revision_id = n.revision_id
) d
WHERE n.digest IS NULL AND d.texts IS NOT NULL
""")  # noqa: S608 - put together from constants

# One digest over those of all visits, as rules_inputs.digest_of_visits takes it.
_DIGEST = sa.text("""
SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
         visit_id::text || E'\\t' || digest || E'\\n', '' ORDER BY visit_id), ''), 'UTF8')), 'hex')
FROM frozen_visit WHERE freeze_id = ANY(:freezes)
""")

_ANSWERS = sa.text(f"""
SELECT f.visit_id::text, o.code, f.site, f.category, c.code, r.area_path, f.finished_on,
       f.digest, i.code, l.code, a.value, i.weight, a.earned, a.possible, {_VETO}
FROM frozen_visit f
JOIN round_freeze z ON z.id = f.freeze_id
JOIN round o ON o.id = z.round_id
JOIN visit_revision r ON r.id = f.revision_id
JOIN checklist_version cv ON cv.id = r.checklist_version_id
JOIN checklist c ON c.id = cv.checklist_id
JOIN answer a ON a.revision_id = f.revision_id
JOIN item i ON i.id = a.item_id
JOIN line l ON l.id = a.line_id
WHERE f.freeze_id = ANY(:freezes)
ORDER BY f.visit_id, i.code COLLATE "C"
""")  # noqa: S608 - put together from constants


_HEAD = 8  # columns of a visit before those of its answers


_UNCHANGED = sa.text("""
SELECT count(same) = :visits
   AND NOT coalesce(bool_or(same IS NULL AND EXISTS (
         SELECT 1 FROM answer WHERE answer.revision_id = counting.revision_id)), false)
FROM (
  SELECT r.id AS revision_id,
         (SELECT true FROM frozen_visit known
          WHERE known.freeze_id = :freeze_id AND known.visit_id = v.id
            AND known.revision_id = r.id AND known.site = s.code AND known.category = s.category
            AND known.finished_on = (r.ended_at AT TIME ZONE :zone)::date) AS same
  FROM visit v
  JOIN visit_revision r ON r.id = v.current_revision_id
  JOIN site s ON s.id = v.site_id
  WHERE v.round_id = :round_id AND v.counting AND v.completed_at IS NOT NULL
) counting
""")


def is_still(tx: Session, freeze: RoundFreeze, *, zone: str) -> bool:
    """Whether exactly the visits that were frozen then count now, and as they were."""
    values = {
        "freeze_id": freeze.id,
        "visits": freeze.visits,
        "round_id": freeze.round_id,
        "zone": zone,
    }
    return bool(tx.connection().execute(_UNCHANGED, values).scalar_one())


def freeze_visits(
    tx: Session, *, freeze_id: UUID, before: UUID | None, round_id: UUID, zone: str
) -> None:
    """Copy which visits count now; ``before``: the freeze that knows most of them."""
    values = {"freeze_id": freeze_id, "before": before, "round_id": round_id, "zone": zone}
    tx.connection().execute(_FREEZE, values)


def digest_of(tx: Session, freeze_ids: Sequence[UUID]) -> tuple[int, str]:
    """How many visits are frozen, and the digest of all their answers."""
    count, digest = tx.connection().execute(_DIGEST, {"freezes": list(freeze_ids)}).one()
    return count, digest


def known_digest(tx: Session, freeze_ids: Sequence[UUID]) -> str:
    """The same digest of freezes that are done: a single one has noted it."""
    if len(freeze_ids) == 1:
        return tx.exec(select(RoundFreeze.digest).where(RoundFreeze.id == freeze_ids[0])).one()
    return digest_of(tx, freeze_ids)[1]


def read_visits(tx: Session, freeze_ids: Sequence[UUID]) -> Iterator[tuple[str, VisitGiven, str]]:
    """The frozen visits by id: round, visit with all its answers, and the digest that was taken.

    The whole answers of one visit at a time: as many as there are do not fit into memory.
    """
    rows = tx.connection().execute(
        _ANSWERS, {"freezes": list(freeze_ids)}, execution_options={"yield_per": 5000}
    )
    for head, several in groupby(rows, key=_head):
        visit_id, round_code, site, category, checklist, path, day, digest = head
        answers = [AnswerGiven(*row[_HEAD:]) for row in several]
        visit = VisitGiven(visit_id, site, category, checklist, path, day, answers)
        yield round_code, visit, digest


def _head(row: Any) -> tuple[Any, ...]:
    return tuple(row[:_HEAD])


_INSPECTIONS = sa.text("""
SELECT o.code, f.site, f.category, r.area_path, v.submitted_by::text, r.earned, r.possible
FROM frozen_visit f
JOIN round_freeze z ON z.id = f.freeze_id
JOIN round o ON o.id = z.round_id
JOIN visit_revision r ON r.id = f.revision_id
JOIN visit v ON v.id = f.visit_id
WHERE f.freeze_id = ANY(:freezes) AND r.possible > 0
ORDER BY f.visit_id
""")


def read_inspections(
    tx: Session, freeze_ids: Sequence[UUID], *, named: bool = False
) -> list[Inspection]:
    """Who gave which site how much; ``named`` as in ``read_marks``."""
    rows = tx.connection().execute(_INSPECTIONS, {"freezes": list(freeze_ids)})
    return [
        Inspection(f"{round_code}/{site}" if named else site, category, path, who, earned, possible)
        for round_code, site, category, path, who, earned, possible in rows
    ]


_PENDING = sa.text("""
SELECT count(*) FROM visit WHERE round_id = :round_id AND counting AND completed_at IS NULL
""")


def count_pending(tx: Session, round_id: UUID) -> int:
    """Counting visits of a round that still wait for photos."""
    return int(tx.connection().execute(_PENDING, {"round_id": round_id}).scalar_one())


def newest_freeze(tx: Session, round_id: UUID) -> RoundFreeze | None:
    """What was frozen of a round last."""
    query = select(RoundFreeze).where(RoundFreeze.round_id == round_id)
    return tx.exec(query.order_by(col(RoundFreeze.number).desc())).first()
