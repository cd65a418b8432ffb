"""Reads of what is frozen: whole answers for export, and marks per site for ranking.

Both say the same; the marks are added up by the database, since a round may hold a million answers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from app.scoring.tables_results import FrozenVisit, RoundFreeze

# A veto item without a class is of the class that stands for all.
_VETO = "CASE WHEN i.veto THEN coalesce(i.veto_class, '*') END"
# The text of an answer, as rules_inputs.AnswerGiven.text writes it.
_TEXT = f"""i.code || E'\\t' || l.code || E'\\t' || a.value || E'\\t' || i.weight || E'\\t'
  || a.earned || E'\\t' || a.possible || E'\\t' || coalesce({_VETO}, '') || E'\\n'"""

_FREEZE = sa.text(f"""
INSERT INTO frozen_visit (freeze_id, visit_id, revision_id, site, category, finished_on, digest)
SELECT :freeze_id, v.id, r.id, s.code, s.category, (r.ended_at AT TIME ZONE :zone)::date,
       encode(sha256(convert_to(
         concat_ws(E'\\t', s.code, s.category, c.code, r.area_path,
                   to_char(r.ended_at AT TIME ZONE :zone, 'YYYY-MM-DD')) || E'\\n' || d.texts,
         'UTF8')), 'hex')
FROM visit v
JOIN visit_revision r ON r.id = v.current_revision_id
JOIN site s ON s.id = v.site_id
JOIN checklist c ON c.id = v.checklist_id
JOIN (
  SELECT a.revision_id, string_agg({_TEXT}, '' ORDER BY i.code COLLATE "C") AS texts
  FROM answer a JOIN item i ON i.id = a.item_id JOIN line l ON l.id = a.line_id
  WHERE a.round_id = :round_id GROUP BY a.revision_id
) d ON d.revision_id = r.id
WHERE v.round_id = :round_id AND v.counting AND v.completed_at IS NOT NULL
RETURNING visit_id, digest
""")  # noqa: S608 - put together from constants

_MARKS = sa.text(f"""
WITH chosen AS (
  SELECT f.visit_id, f.revision_id, f.site, f.category, r.area_path, f.finished_on, f.freeze_id
  FROM frozen_visit f JOIN visit_revision r ON r.id = f.revision_id
  WHERE f.freeze_id = ANY(:freezes) AND (:everywhere OR EXISTS (
    SELECT 1 FROM unnest(CAST(:areas AS text[])) AS p WHERE starts_with(r.area_path, p)))
)
SELECT f.visit_id, f.site, f.category, f.area_path, f.finished_on, f.freeze_id,
       array_agg(m.line), array_agg(m.earned), array_agg(m.possible),
       jsonb_agg(m.vetoes), sum(m.applicable)::bigint, sum(m.asked)::bigint
FROM chosen f
JOIN (
  SELECT a.revision_id, l.code AS line,
    (sum(a.earned) + coalesce(sum(i.weight) FILTER (
       WHERE a.value = 'na' AND coalesce(p.policy, :usual) = 'full'), 0))::bigint AS earned,
    (sum(a.possible) + coalesce(sum(i.weight) FILTER (
       WHERE a.value = 'na' AND coalesce(p.policy, :usual) <> 'exclude'), 0))::bigint AS possible,
    coalesce(sum(i.weight) FILTER (WHERE a.value <> 'na'), 0) AS applicable,
    sum(i.weight) AS asked,
    array_agg(DISTINCT {_VETO}) FILTER (WHERE i.veto AND a.earned < a.possible) AS vetoes
  FROM chosen x
  JOIN answer a ON a.revision_id = x.revision_id
  JOIN item i ON i.id = a.item_id
  JOIN line l ON l.id = a.line_id
  LEFT JOIN unnest(CAST(:items AS uuid[]), CAST(:policies AS text[])) AS p(item_id, policy)
    ON p.item_id = i.id
  GROUP BY a.revision_id, l.code
) m ON m.revision_id = f.revision_id
GROUP BY f.visit_id, f.site, f.category, f.area_path, f.finished_on, f.freeze_id
""")  # noqa: S608 - put together from constants

_ANSWERS = sa.text(f"""
SELECT f.visit_id, f.site, f.category, c.code, r.area_path, f.finished_on, f.digest,
       i.code, l.code, a.value, i.weight, a.earned, a.possible, {_VETO}
FROM frozen_visit f
JOIN visit_revision r ON r.id = f.revision_id
JOIN checklist_version cv ON cv.id = r.checklist_version_id
JOIN checklist c ON c.id = cv.checklist_id
JOIN answer a ON a.revision_id = f.revision_id
JOIN item i ON i.id = a.item_id
JOIN line l ON l.id = a.line_id
WHERE f.freeze_id = :freeze_id
ORDER BY f.visit_id, i.code COLLATE "C"
""")  # noqa: S608 - put together from constants


def freeze_visits(tx: Session, *, freeze_id: UUID, round_id: UUID, zone: str) -> dict[str, str]:
    """Copy which visits count now; returns the digests of their answers by visit."""
    values = {"freeze_id": freeze_id, "round_id": round_id, "zone": zone}
    return {str(visit): digest for visit, digest in tx.connection().execute(_FREEZE, values)}


def digests_of(tx: Session, freeze_ids: Sequence[UUID]) -> dict[str, str]:
    """The digests of frozen visits by id."""
    rows = tx.execute(
        sa.select(col(FrozenVisit.visit_id), col(FrozenVisit.digest)).where(
            col(FrozenVisit.freeze_id).in_(list(freeze_ids))
        )
    ).all()
    return {str(visit): digest for visit, digest in rows}


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

    ``named``: a site is another one in each freeze, as in a standing of several rounds.
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
    _, site, category, path, day, freeze_id, codes, earned, possible, vetoes, applied, asked = row
    lines = tuple(
        LineMarks(code, gained, of, tuple(sorted(failed or ())))
        for code, gained, of, failed in sorted(
            zip(codes, earned, possible, vetoes, strict=True), key=_code
        )
        if of
    )
    place = f"{freeze_id}/{site}" if named else site
    return VisitMarks(SiteMarks(place, category, path, day, lines), applied, asked)


def _code(row: tuple[str, int, int, Any]) -> str:
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


def read_visits(tx: Session, freeze_id: UUID) -> Iterator[tuple[VisitGiven, str]]:
    """The frozen visits with all their answers and the digest that was taken, by id.

    The whole answers of one visit at a time: as many as there are do not fit into memory.
    """
    rows = tx.connection().execute(
        _ANSWERS, {"freeze_id": freeze_id}, execution_options={"yield_per": 5000}
    )
    head: tuple[Any, ...] | None = None
    answers: list[AnswerGiven] = []
    for row in rows:
        if head is not None and row[0] != head[0]:
            yield _visit(head, answers)
            answers = []
        head = tuple(row[:7])
        answers.append(AnswerGiven(*row[7:]))
    if head is not None:
        yield _visit(head, answers)


def _visit(head: tuple[Any, ...], answers: list[AnswerGiven]) -> tuple[VisitGiven, str]:
    visit_id, site, category, checklist, path, day, digest = head
    return VisitGiven(str(visit_id), site, category, checklist, path, day, answers), digest


_INSPECTIONS = sa.text("""
SELECT f.freeze_id, f.site, f.category, r.area_path, v.submitted_by, r.earned, r.possible
FROM frozen_visit f
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
        Inspection(
            f"{freeze}/{site}" if named else site, category, path, str(who), earned, possible
        )
        for freeze, site, category, path, who, earned, possible in rows
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
