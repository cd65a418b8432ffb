"""A city's years of cases with their histories, written by the database itself.

The city takes in the same number of cases a day in every database, so one of a million cases is
not a larger city but an older one: what is open is the same, what is over has grown.
"""

import psycopg

PER_DAY = 3_000
# Half of the lines are answered for by the street, the others by one bureau each.
# What the text search looks for: a word in one of 20 notes, in one of 100, and in 60 of them all.
COMMON, UNCOMMON, RARE = "积水", "油烟", "窨井盖沉降"
_PLAN = """
CREATE TEMP TABLE plan AS
WITH area AS (
  SELECT array_agg(c.id ORDER BY c.path) AS ids, array_agg(c.path ORDER BY c.path) AS paths,
         array_agg(s.id ORDER BY c.path) AS streets, array_agg(s.path ORDER BY c.path) AS above
  FROM unit c JOIN unit s ON s.id = c.parent_id WHERE c.kind = 'community'
), bureau AS (
  SELECT array_agg(id ORDER BY path) AS ids, array_agg(path ORDER BY path) AS paths
  FROM unit WHERE kind IN ('bureau', 'district_bureau')
), found AS (
  SELECT n, now() - (%(cases)s - n) * interval '1 day' / %(per_day)s AS at,
         (%(cases)s - n) / %(per_day)s::float AS age, hashint4(n) & 2147483647 AS h
  FROM generate_series(1, %(cases)s) n
)
SELECT n, h, age, at, uuidv7(at - now()) AS id,
       area.ids[1 + h %% cardinality(area.ids)] AS area_id,
       area.paths[1 + h %% cardinality(area.ids)] AS area_path,
       CASE WHEN (h / 11) %% 20 < 8 THEN area.streets[1 + h %% cardinality(area.ids)]
            ELSE bureau.ids[1 + (h / 11) %% 20] END AS unit_id,
       CASE WHEN (h / 11) %% 20 < 8 THEN area.above[1 + h %% cardinality(area.ids)]
            ELSE bureau.paths[1 + (h / 11) %% 20] END AS unit_path,
       line.ids[1 + (h / 11) %% 20] AS line_id,
       category.ids[1 + (h / 13) %% cardinality(category.ids)] AS category_id,
       person.ids[1 + (h / 17) %% cardinality(person.ids)] AS person_id,
       CASE WHEN age >= 6 AND (h / 19) %% 250 > 0 THEN
              CASE WHEN (h / 23) %% 25 = 0 THEN 'cancelled' ELSE 'closed' END
            WHEN age >= 6 OR (h / 29) %% 10 < 7 THEN
              (ARRAY['reported', 'filed', 'dispatched', 'rectifying', 'rectifying', 'rectifying',
                     'checking', 'suspended'])[1 + (h / 31) %% 8]
            ELSE 'closed' END AS state
FROM area, bureau, found,
     (SELECT array_agg(id ORDER BY code) AS ids FROM line) line,
     (SELECT array_agg(id ORDER BY scheme, code) AS ids FROM category
      WHERE kind = 'event') category,
     (SELECT array_agg(id ORDER BY login) AS ids FROM person) person
"""
_PROBLEM = """
INSERT INTO problem (id, number, source, state, site_id, category_id, line_id, area_id, area_path,
  answerable_unit_id, answerable_path, veto, note, lat, lon, crs, wgs84_lat, wgs84_lon, found_at,
  opened_at, version, events, limit_value, limit_unit, limit_basis, term, allowed_s, used_s,
  running_since, deadline_at, calendar_complete, ran_out, late_exempt, extensions, rework,
  suspensions, suspended_until, transfers, unit_transfers, reopened, urged, supervised, resolution,
  state_before, cancellation, filed_at, dispatched_at, rectified_at, closed_at, reported_by)
SELECT id, to_char(at, 'YYYY') || '-' || lpad(n::text, 7, '0'),
  (ARRAY['patrol', 'patrol', 'patrol', 'self', 'monitor', 'enterprise', 'platform'])[1 + h %% 7],
  state, NULL, category_id, line_id, area_id, area_path, unit_id, unit_path, false,
  (ARRAY['道路两侧', '小区门口', '公厕内', '菜市场', '沿街门店', '绿化带', '河道边', '工地围挡'])
    [1 + (h / 37) %% 8]
  || CASE WHEN n %% (%(cases)s / 60) = 1 THEN %(rare)s WHEN h %% 100 = 2 THEN %(uncommon)s || '超标'
          WHEN h %% 20 = 3 THEN %(common)s ELSE
     (ARRAY['暴露垃圾', '乱堆杂物', '占道经营', '路面破损', '小广告', '机动车乱停放', '设施破损',
            '保洁不及时', '绿植缺株', '污水外溢'])[1 + (h / 41) %% 10] END
  || '，距路口约' || h %% 500 || '米，第' || h %% 89 || '号',
  35.15 + (h %% 15013) / 100000.0, 113.10 + (h %% 29989) / 100000.0, 'wgs84',
  35.15 + (h %% 15013) / 100000.0, 113.10 + (h %% 29989) / 100000.0,
  at, at, 5, 5, 5, 'work_day', 'default',
  CASE WHEN has_term THEN 1 ELSE 0 END, CASE WHEN has_term THEN 144000 END,
  CASE WHEN has_term THEN 3600 END,
  CASE WHEN state IN ('dispatched', 'rectifying') THEN at + interval '2 hours' END,
  CASE WHEN has_term THEN at + (1 + h %% 5) * interval '1 day' END,
  true, state = 'closed' AND (h / 43) %% 9 = 0, false, ((h / 47) %% 12 = 0)::int,
  ((h / 53) %% 15 = 0)::int, (state = 'suspended')::int,
  CASE WHEN state = 'suspended' THEN at + interval '90 days' END, ((h / 59) %% 20 = 0)::int, 0, 0,
  0, false,
  CASE WHEN state IN ('closed', 'checking') THEN
    (ARRAY['solved', 'solved', 'solved', 'staged', 'explained'])[1 + (h / 61) %% 5] END,
  CASE WHEN state = 'suspended' THEN 'rectifying' WHEN state = 'cancelled' THEN 'reported' END,
  CASE WHEN state = 'cancelled' THEN 'refused' END,
  CASE WHEN state NOT IN ('reported', 'cancelled') THEN at + interval '1 hour' END,
  CASE WHEN has_term THEN at + interval '2 hours' END,
  CASE WHEN state IN ('closed', 'checking') THEN at + interval '3 days' END,
  CASE WHEN state = 'closed' THEN at + interval '4 days' END, person_id
FROM (SELECT *, state NOT IN ('reported', 'filed', 'cancelled') AS has_term FROM plan) p ORDER BY n
"""
_EVENTS = """
INSERT INTO problem_event (problem_id, seq, action, at, actor_id, changed, data)
SELECT id, seq, action, at + seq * interval '5 hours', person_id,
       jsonb_build_object('state', becomes, 'term', 1, 'answerable_path', unit_path),
       jsonb_build_object('reason', '按程序办理')
FROM plan, (VALUES (1, 'open', 'reported'), (2, 'file', 'filed'), (3, 'dispatch', 'dispatched'),
                   (4, 'rectify', 'checking'), (5, 'close', 'closed')) moves (seq, action, becomes)
ORDER BY n, seq
"""
_WORK = """
INSERT INTO work_done (id, problem_id, kind, quantity_milli, unit)
SELECT uuidv7(), id, kind, 1000 + h %% 50000, unit
FROM plan, (VALUES (0, '清运垃圾', '立方米'), (1, '恢复绿地', '平方米'), (2, '修补路面', '平方米'))
  kinds (k, kind, unit)
WHERE state = 'closed' AND h %% 3 = 0 AND (h / 67) %% 3 = k
"""
_POOL = """
INSERT INTO photo (id, owner_id, state, role, sha256, size, content_type, captured_at, announced_at,
                   sweeps, stored_at, blob_sha256)
SELECT uuidv7(), (SELECT id FROM person ORDER BY login LIMIT 1), 'stored',
       CASE WHEN n % 2 = 0 THEN 'near' ELSE 'after' END, digest, 300000, 'image/jpeg', now(), now(),
       0, now(), digest
FROM generate_series(1, 1000) n, LATERAL (SELECT encode(sha256(n::text::bytea), 'hex')) d (digest)
"""
_PHOTOS = """
INSERT INTO problem_photo (problem_id, photo_id, position, event_seq)
SELECT p.id, photos.ids[1 + (p.h + k) %% cardinality(photos.ids)], k,
       CASE WHEN k = 1 THEN 4 END
FROM plan p, generate_series(0, 1) k, (SELECT array_agg(id ORDER BY id) AS ids FROM photo) photos
WHERE k = 0 OR p.state = 'closed'
"""
_WORDS = """
INSERT INTO problem_words (problem_id, words)
SELECT id, regexp_replace(lower(note), '(.)', '\\1\\1', 'g') FROM problem ORDER BY id
"""
_TABLES = ("problem", "problem_event", "work_done", "problem_photo", "problem_words")


def fill(url: str, *, cases: int) -> None:
    """So many cases, the newest of this moment, in a copy of the service's database.

    What indexes, foreign keys and the trigger of the words would do row by row is done once.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        indexes, keys = _take_indexes(connection), _take_foreign_keys(connection)
        with connection.transaction():
            connection.execute(_PLAN, {"cases": cases, "per_day": PER_DAY})
            connection.execute("ALTER TABLE problem DISABLE TRIGGER problem_words")
            connection.execute("ALTER TABLE work_done DISABLE TRIGGER work_done_of_closed")
            words = {"common": COMMON, "uncommon": UNCOMMON, "rare": RARE, "cases": cases}
            for statement in (_WORK, _PROBLEM, _EVENTS):
                connection.execute(statement, words)
            connection.execute(_POOL)
            connection.execute(_PHOTOS, words)
            connection.execute(_WORDS)
            connection.execute("ALTER TABLE problem ENABLE TRIGGER problem_words")
            connection.execute("ALTER TABLE work_done ENABLE TRIGGER work_done_of_closed")
        for statement in [*indexes, *keys]:
            connection.execute(statement)
        connection.execute("VACUUM (ANALYZE)")


def _take_indexes(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Drop what is quicker made at the end; the statements that make it again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND indexname NOT LIKE 'pk\\_%%' AND indexname NOT LIKE 'uq\\_%%'",
        [list(_TABLES)],
    ).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [str(statement) for _, statement in found]


def _take_foreign_keys(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Drop the foreign keys; the statements that bring them back for what comes later."""
    found = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)",
        [[*_TABLES, "photo"]],
    ).fetchall()
    for table, name, _ in found:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    return [
        f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {statement} NOT VALID'
        for table, name, statement in found
    ]
