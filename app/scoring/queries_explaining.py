"""Reads behind an explanation: which answers lost points, and their photos."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.scoring.rules import Rulebook
from app.scoring.rules_inputs import AnswerGiven, EntrantGiven
from app.scoring.rules_losses import LostAnswer, lost_of

# First the visits of the areas, then their answers visit by visit: an area is a small part of a
# round, which the planner cannot know of rows that were frozen a moment ago, and would look up all
# else for every visit, or read the answers of all rounds. OFFSET 0 holds it to that.
_LOST = sa.text("""
WITH here AS MATERIALIZED (
  SELECT f.freeze_id, f.visit_id, f.site, f.revision_id, r.area_path, r.checklist_version_id
  FROM frozen_visit f JOIN visit_revision r ON r.id = f.revision_id
  WHERE f.freeze_id = ANY(:freezes) AND EXISTS (
    SELECT 1 FROM unnest(CAST(:areas AS text[])) AS p WHERE starts_with(r.area_path, p))
)
SELECT s.area_path, CASE WHEN :named THEN o.code || '/' || s.site ELSE s.site END,
       s.visit_id::text, c.code, i.code, l.code, a.value, i.weight, a.earned, a.possible,
       CASE WHEN i.veto THEN coalesce(i.veto_class, '*') END
FROM here s
JOIN round_freeze z ON z.id = s.freeze_id
JOIN round o ON o.id = z.round_id
JOIN checklist_version cv ON cv.id = s.checklist_version_id
JOIN checklist c ON c.id = cv.checklist_id
CROSS JOIN LATERAL (
  SELECT item_id, line_id, value, earned, possible FROM answer
  WHERE answer.revision_id = s.revision_id
    AND (answer.earned < answer.possible OR answer.value = 'na')
  OFFSET 0
) a
JOIN item i ON i.id = a.item_id
JOIN line l ON l.id = a.line_id
WHERE :all_lines OR l.code = ANY(CAST(:lines AS text[]))
""")

_PHOTOS = sa.text("""
SELECT f.visit_id::text, c.code || '/' || i.code, p.photo_id
FROM frozen_visit f
JOIN visit_photo p ON p.revision_id = f.revision_id
JOIN item i ON i.id = p.item_id
JOIN checklist_version cv ON cv.id = i.version_id
JOIN checklist c ON c.id = cv.checklist_id
WHERE f.freeze_id = ANY(:freezes) AND f.visit_id = ANY(:visits)
ORDER BY p.id
""")


def list_lost(
    tx: Session,
    freeze_ids: Sequence[UUID],
    entrants: Sequence[EntrantGiven],
    book: Rulebook,
    *,
    named: bool = False,
) -> dict[str, list[LostAnswer]]:
    """The answers in the scope of each entrant that did not earn all, in a fixed order."""
    values = {
        "freezes": list(freeze_ids),
        "named": named,
        "areas": sorted({area for one in entrants for area in one.areas}),
        "all_lines": not all(one.lines for one in entrants),
        "lines": sorted({line for one in entrants for line in one.lines}),
    }
    found: dict[str, list[LostAnswer]] = {one.key: [] for one in entrants}
    for row in tx.connection().execute(_LOST, values):
        path, site, visit, checklist, *answer = row
        lost = lost_of(site, visit, checklist, AnswerGiven(*answer), book)
        if lost is None:
            continue
        for one in entrants:
            if path.startswith(one.areas) and one.has_line(lost.line):
                found[one.key].append(lost)
    return {key: sorted(answers) for key, answers in found.items()}


def photos_of(
    tx: Session, freeze_ids: Sequence[UUID], answers: Sequence[LostAnswer]
) -> dict[tuple[str, str], list[UUID]]:
    """The photos of answers, by visit and item, in the order in which they were named."""
    wanted = {(one.visit, one.item) for one in answers}
    visits = sorted({UUID(visit) for visit, _ in wanted})
    values = {"freezes": list(freeze_ids), "visits": visits}
    found: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for visit, item, photo in tx.connection().execute(_PHOTOS, values):
        if (visit, item) in wanted and photo not in found[visit, item]:
            found[visit, item].append(photo)
    return found
