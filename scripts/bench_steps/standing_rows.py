"""A round with a million answers, written by the database itself: what a large city collects."""

from uuid import UUID

from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack

_PER_VISIT = 11
_STEPS = (
    """
CREATE TEMP TABLE plan AS
WITH area AS (
  SELECT array_agg(id ORDER BY code) AS ids, array_agg(path ORDER BY code) AS paths
  FROM unit WHERE kind = 'street'
), crew AS (
  SELECT array_agg(id ORDER BY login) AS who FROM person
), list AS (
  SELECT array_agg(v.id ORDER BY c.code) AS versions, array_agg(c.id ORDER BY c.code) AS lists
  FROM checklist_version v JOIN checklist c ON c.id = v.checklist_id
)
SELECT n, uuidv7() AS visit_id, uuidv7() AS revision_id, uuidv7() AS site_id,
       ids[1 + mod(n, cardinality(ids))] AS unit_id, paths[1 + mod(n, cardinality(ids))] AS path,
       versions[1 + mod(n / 7, cardinality(versions))] AS version_id,
       lists[1 + mod(n / 7, cardinality(versions))] AS list_id,
       mod(n, 20) <> 0 AS complete, who[1 + mod(n / 3, cardinality(who))] AS inspector_id
FROM area, list, crew, generate_series(1, %(visits)s) n
""",
    """
INSERT INTO site (id, code, name, category, unit_id, state, valid_from)
SELECT site_id, %(name)s || '-' || n, 'mass-' || n, '社区', unit_id, 'active', '2018-01-01'
FROM plan
""",
    """
INSERT INTO visit (id, round_id, site_id, task_id, checklist_id, source, submitted_by,
                   current_revision_id, counting, late, received_at, completed_at)
SELECT visit_id, %(round)s, site_id, NULL, list_id, 'city_team',
       inspector_id, revision_id, true, false, now(),
       CASE WHEN complete THEN now() END
FROM plan
""",
    """
INSERT INTO visit_revision (id, visit_id, number, checklist_version_id, outcome, content_parts,
                            submitted_by, started_at, ended_at, received_at, area_path,
                            scored_lines, earned, possible)
SELECT revision_id, visit_id, 1, version_id, 'inspected', '{}',
       inspector_id, now(), now(), now(), path,
       ARRAY(SELECT DISTINCT line_id FROM item WHERE item.version_id = plan.version_id ORDER BY 1),
       60000 + mod(n * 7919, 40001), 100000
FROM plan
""",
    """
INSERT INTO answer (revision_id, item_id, round_id, position, value, earned, possible, area_path,
                    line_id)
SELECT revision_id, item.id, %(round)s, item.position, 'B',
       item.weight * (ARRAY[0, 1, 2, 2, 2, 2, 2, 2])[1 + mod(n * 31 + item.position * 17, 8)] / 2,
       item.weight, path, line_id
FROM plan JOIN item USING (version_id)
""",
)
_ROUND = """
INSERT INTO round (id, campaign_id, unit_id, area_id, code, name_zh, source, period, announced,
                   timed, state, opens_at, closes_at)
SELECT uuidv7(), campaign_id, unit_id, area_id, %s, '大轮次', source, period, announced,
       timed, state, opens_at, closes_at
FROM round WHERE id = %s RETURNING id
"""
_ENTER = """
INSERT INTO membership (id, round_id, league_id, entrant_id, position)
SELECT uuidv7(), %s, league_id, entrant_id, position FROM membership WHERE round_id = %s
"""


def fill(stack: Stack, scene: Scene, *, answers: int, name: str = "mass") -> tuple[UUID, int]:
    """A new round with about so many answers that count; its id and how many there are."""
    with stack.connect() as connection:
        connection.execute("SET statement_timeout = 0")
        with connection.transaction():
            row = connection.execute(_ROUND, [name, scene.round_id]).fetchone()
            if row is None:
                raise RuntimeError("there is no round to copy")
            round_id = UUID(str(row[0]))
            connection.execute(_ENTER, [round_id, scene.round_id])
            visits = -(-answers // _PER_VISIT) * 21 // 20
            values = {"visits": visits, "round": round_id, "name": name}
            for step in _STEPS:
                connection.execute(step, values)
        for table in ("site", "visit", "visit_revision", "answer"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
        count = connection.execute(
            "SELECT count(*) FROM answer WHERE round_id = %s", [round_id]
        ).fetchone()
    return round_id, int(str(count[0])) if count else 0
