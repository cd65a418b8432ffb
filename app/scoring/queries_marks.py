"""What frozen visits come to: the marks per site and line that results follow from.

The database adds up the answers, since a round may hold a million of them. A revision never
changes: its sums are kept when it is first frozen, and no later reading meets its answers again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.scoring.rules import Rulebook
from app.scoring.rules_inputs import (
    LinesOf,
    LineSums,
    SiteMarks,
    VisitMarks,
    lines_under,
    merged,
)

_ROW = "json_build_array(s.line, s.earned, s.possible, s.asked, s.vetoes, s.left_out)"
# Sums by line of the answers of a revision, as rules_inputs.LineSums reads them.
_LINES = """
SELECT a.revision_id, l.code AS line, sum(a.earned) AS earned, sum(a.possible) AS possible,
       sum(i.weight) AS asked,
       array_agg(coalesce(i.veto_class, '*')) FILTER (WHERE i.veto AND a.earned < a.possible)
         AS vetoes,
       json_agg(json_build_array(i.code, i.weight)) FILTER (WHERE a.value = 'na') AS left_out
FROM answer a JOIN item i ON i.id = a.item_id JOIN line l ON l.id = a.line_id
"""
_KEEP = sa.text(f"""
INSERT INTO revision_marks (revision_id, lines)
SELECT s.revision_id, json_agg({_ROW})
FROM ({_LINES}
  WHERE a.revision_id IN (
    SELECT f.revision_id FROM frozen_visit f WHERE f.freeze_id = :freeze_id AND NOT EXISTS (
      SELECT 1 FROM revision_marks k WHERE k.revision_id = f.revision_id))
  GROUP BY a.revision_id, l.code) s
GROUP BY s.revision_id
ON CONFLICT DO NOTHING
""")  # noqa: S608 - put together from constants

# First the visits of the areas, then all else, whatever the planner knows of fresh rows.
_MARKS = sa.text(f"""
WITH here AS MATERIALIZED (
  SELECT f.freeze_id, f.site, f.category, f.finished_on, f.revision_id, r.area_path,
         r.checklist_version_id
  FROM frozen_visit f JOIN visit_revision r ON r.id = f.revision_id
  WHERE f.freeze_id = ANY(:freezes) AND (:everywhere OR EXISTS (
    SELECT 1 FROM unnest(CAST(:areas AS text[])) AS area WHERE starts_with(r.area_path, area)))
)
SELECT o.code, f.site, f.category, f.area_path, f.finished_on, c.code,
       coalesce(k.lines, (SELECT json_agg({_ROW}) FROM ({_LINES}
         WHERE a.revision_id = f.revision_id GROUP BY a.revision_id, l.code) s))::text
FROM here f
JOIN round_freeze z ON z.id = f.freeze_id
JOIN round o ON o.id = z.round_id
JOIN checklist_version v ON v.id = f.checklist_version_id
JOIN checklist c ON c.id = v.checklist_id
LEFT JOIN revision_marks k ON k.revision_id = f.revision_id
""")  # noqa: S608 - put together from constants


def keep_marks(tx: Session, freeze_id: UUID) -> None:
    """Keep the sums of frozen revisions that were not frozen before."""
    tx.connection().execute(_KEEP, {"freeze_id": freeze_id})


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
    values = {
        "freezes": list(freeze_ids),
        "everywhere": areas is None,
        "areas": list(areas or ()),
    }
    thin = 0
    found = []
    known: dict[tuple[str, str], LinesOf] = {}  # most visits are like others
    for row in tx.connection().execute(_MARKS, values):
        round_code, site, category, path, day, checklist, text = row
        lines = known.get((checklist, text))
        if lines is None:
            lines = known[checklist, text] = _lines(text, checklist, book)
        place = f"{round_code}/{site}" if named else site
        one = VisitMarks(SiteMarks(place, category, path, day, lines[0]), *lines[1:])
        thin += one.is_thin(book)
        found.append(one.marks)
    return Marks(merged(found), thin)


def _lines(text: str, checklist: str, book: Rulebook) -> LinesOf:
    rows: list[list[Any]] = json.loads(text)
    return lines_under((LineSums(*row) for row in rows), checklist, book)
