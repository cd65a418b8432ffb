"""(c) The standing of all leagues over very many answers, beside the same sum as plain SQL.

Cold means: a fresh API process and its first request after /readyz. What PostgreSQL and the
system hold in memory stays there for both sides.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from scripts.bench_steps import meters
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene, bearer
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.standing_rows import fill
from scripts.bench_steps.wire import Wire, expect

_AIM = 2.0
_CELLS = """
SELECT a.area_path, a.line_id, sum(a.earned), sum(a.possible)
FROM answer a JOIN visit v ON v.current_revision_id = a.revision_id
WHERE a.round_id = %s AND v.counting AND v.completed_at IS NOT NULL
GROUP BY a.area_path, a.line_id
"""
_SITES = """
SELECT r.area_path, count(DISTINCT v.site_id) FILTER (WHERE v.completed_at IS NOT NULL),
       count(*) FILTER (WHERE v.completed_at IS NULL)
FROM visit v JOIN visit_revision r ON r.id = v.current_revision_id
WHERE v.round_id = %s AND v.counting GROUP BY r.area_path
"""
_BARE = """
SELECT area_path, line_id, sum(earned), sum(possible) FROM answer WHERE round_id = %s
GROUP BY area_path, line_id
"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """Milliseconds of one turn."""

    cold: float
    again: float
    plain: float
    bare: float


def measure(stack: Stack, scene: Scene, *, answers: int, turns: int, say: Say) -> Part:
    """Fill a round, then alternate a fresh API with the plain statements."""
    say(f"standing: writing {answers:,} answers")
    round_id, count = fill(stack, scene, answers=answers)
    return measure_of(stack, scene, round_id, count, turns=turns, say=say)


def measure_of(
    stack: Stack, scene: Scene, round_id: UUID, count: int, *, turns: int, say: Say
) -> Part:
    """The standing of a round that is there."""
    taken = []
    for turn in range(turns + 1):
        say(f"standing: turn {turn} of {turns}" if turn else "standing: warming up")
        taken.append(_turn(stack, scene, round_id))
    return _part(taken[1:], count)


def _turn(stack: Stack, scene: Scene, round_id: UUID) -> Turn:
    stack.stop("api")
    stack.start("api")
    wire = Wire(stack.url)
    cold, again = (_ask(wire, scene, round_id) for _ in range(2))
    wire.close()
    plain = _query(stack, round_id, _CELLS, _SITES)
    return Turn(cold, again, plain, _query(stack, round_id, _BARE))


def bare_sum_ms(stack: Stack, round_id: UUID) -> float:
    """How long the plain sum of all answers of a round takes."""
    return _query(stack, round_id, _BARE)


def _ask(wire: Wire, scene: Scene, round_id: UUID) -> float:
    started = time.monotonic()
    target = f"/v1/rounds/{round_id}/rankings"
    reply = expect(wire.call("GET", target, headers=bearer(scene.watcher)), 200)
    elapsed = (time.monotonic() - started) * 1000
    scores = [entry["score"] for one in reply.json()["leagues"] for entry in one["entries"]]
    if not any(scores):
        raise RuntimeError("the standing holds no score")
    return elapsed


def _query(stack: Stack, round_id: UUID, *statements: str) -> float:
    with stack.connect() as connection:
        started = time.monotonic()
        for statement in statements:
            connection.execute(statement, [round_id]).fetchall()
        return (time.monotonic() - started) * 1000


def _part(taken: Sequence[Turn], count: int) -> Part:
    cold, plain = median([turn.cold for turn in taken]), median([turn.plain for turn in taken])
    again, bare = median([turn.again for turn in taken]), median([turn.bare for turn in taken])
    rows = [
        Row(
            f"standing of {count:,} answers, cold, ms / plain SQL",
            f"{cold:.0f}",
            f"{plain:.0f}",
            cold / plain,
            aim=_AIM,
            noise=meters.spread([turn.cold / turn.plain for turn in taken]),
        ),
        Row("… asked again", f"{again:.0f}", f"{plain:.0f}", again / plain),
        Row("… / a sum that asks nobody what counts", f"{cold:.0f}", f"{bare:.0f}", cold / bare),
    ]
    figures = {
        "ratio": rounded(cold / plain),
        "ratio_to_bare_sum": rounded(cold / bare),
        "answers": count,
        "cold_ms": series([turn.cold for turn in taken]),
        "again_ms": series([turn.again for turn in taken]),
        "plain_sql_ms": series([turn.plain for turn in taken]),
        "bare_sum_ms": series([turn.bare for turn in taken]),
    }
    return Part("standing", rows, figures)
