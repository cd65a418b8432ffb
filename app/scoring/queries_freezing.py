"""Reads of what is frozen: whole answers for export, and marks per site for ranking.

Both say the same; the marks are added up by the database, since a round may hold a million answers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.checklists.tables import Checklist, ChecklistVersion, Item
from app.scoring.rules import NaPolicy, Rulebook
from app.scoring.rules_adjusting import Inspection
from app.scoring.rules_inputs import (
    AnswerGiven,
    LineMarks,
    SiteMarks,
    VisitGiven,
    VisitMarks,
    merged,
)
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

_MARKS = sa.text(f"""
SELECT o.code, any_value(m.site), any_value(m.category), any_value(m.area_path),
       any_value(m.finished_on),
       json_agg(json_build_array(m.line, m.earned, m.possible, m.vetoes)),
       sum(m.applicable)::bigint, sum(m.asked)::bigint
FROM (
  SELECT f.freeze_id, f.visit_id, f.site, f.category, r.area_path, f.finished_on, l.code AS line,
    (sum(a.earned) + coalesce(sum(i.weight) FILTER (
       WHERE a.value = 'na' AND coalesce(p.policy, :usual) = 'full'), 0))::bigint AS earned,
    (sum(a.possible) + coalesce(sum(i.weight) FILTER (
       WHERE a.value = 'na' AND coalesce(p.policy, :usual) <> 'exclude'), 0))::bigint AS possible,
    coalesce(sum(i.weight) FILTER (WHERE a.value <> 'na'), 0) AS applicable,
    sum(i.weight) AS asked,
    array_agg({_VETO}) FILTER (WHERE i.veto AND a.earned < a.possible) AS vetoes
  FROM frozen_visit f
  JOIN visit_revision r ON r.id = f.revision_id
  JOIN answer a ON a.revision_id = f.revision_id
  JOIN item i ON i.id = a.item_id
  JOIN line l ON l.id = a.line_id
  LEFT JOIN unnest(CAST(:items AS uuid[]), CAST(:policies AS text[])) AS p(item_id, policy)
    ON p.item_id = i.id
  WHERE f.freeze_id = ANY(:freezes) AND (:everywhere OR EXISTS (
    SELECT 1 FROM unnest(CAST(:areas AS text[])) AS area WHERE starts_with(r.area_path, area)))
  GROUP BY f.freeze_id, f.visit_id, r.id, l.id
) m
JOIN round_freeze z ON z.id = m.freeze_id
JOIN round o ON o.id = z.round_id
GROUP BY m.freeze_id, m.visit_id, o.code
""")  # noqa: S608 - put together from constants

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


@dataclass(frozen=True)
class Marks:
    """The marks of all sites, and how many visits are thin."""

    sites: tuple[SiteMarks, ...]
    thin_visits: int


def read_marks(
    tx: Session,
    freeze_ids: Sequence[UUID],
    book: Rulebook,
    *,
    named: bool = False,
    areas: Sequence[str] | None = None,
) -> Marks:
    """The marks of frozen visits under a rulebook, everywhere or in some areas (paths).

    ``named``: a site is another one in each round, as in a standing of several.
    """
    items, policies = _policies(tx, book)
    values = {
        "freezes": list(freeze_ids),
        "everywhere": areas is None,
        "areas": list(areas or ()),
        "usual": book.not_applicable.default.value,
        "items": items,
        "policies": policies,
    }
    thin = 0
    found = []
    for row in tx.connection().execute(_MARKS, values):
        one = _visit_marks(row, named=named)
        thin += one.is_thin(book)
        found.append(one.marks)
    return Marks(merged(found), thin)


def _visit_marks(row: Any, *, named: bool) -> VisitMarks:
    round_code, site, category, path, day, lines, applicable, asked = row
    marks = tuple(
        LineMarks(code, earned, possible, tuple(sorted(set(failed))) if failed else ())
        for code, earned, possible, failed in sorted(lines, key=_code)
        if possible
    )
    place = f"{round_code}/{site}" if named else site
    return VisitMarks(SiteMarks(place, category, path, day, marks), applicable, asked)


def _code(row: Sequence[Any]) -> Any:
    return row[0]


def _policies(tx: Session, book: Rulebook) -> tuple[list[UUID], list[str]]:
    """The items with a policy of their own, in all versions of their checklists."""
    own: dict[str, dict[str, NaPolicy]] = defaultdict(dict)
    for name, policy in book.not_applicable.items.items():
        checklist, _, item = name.partition("/")
        own[checklist][item] = policy
    if not own:
        return [], []
    rows = tx.exec(
        select(Checklist.code, Item.code, Item.id)
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .join(Item, col(Item.version_id) == ChecklistVersion.id)
        .where(col(Checklist.code).in_(list(own)))
    ).all()
    chosen = [
        (id_, own[checklist][code]) for checklist, code, id_ in rows if code in own[checklist]
    ]
    return [id_ for id_, _ in chosen], [policy.value for _, policy in chosen]


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
