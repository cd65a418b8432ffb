"""(g) Publishing a round: ten thousand, a hundred thousand and a million answers, all that follows.

A round of the city's forty streets and towns in twelve leagues is closed, published, and corrected
several times, each time without one more visit: scores with vetoes, places with tie-breaks, points
of component leagues, flags, money that waits for support, and beside it how sure all of it is. The
aim is in seconds; how fast the machine is meanwhile is told by the plain sum of the same answers.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import select

from app.rounds.tables import Campaign
from app.scoring.importing import load_rulebook
from scripts.bench_steps import meters, standing
from scripts.bench_steps.drain import wait_until_idle
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene, bearer
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.standing_rows import fill
from scripts.bench_steps.wire import Wire, expect

_AIM_S = 10.0
_AIM_MB = 500.0
_AIM_GROWTH = 1.1  # the cost of an answer, among ten times as many, and what two runs differ by
_SHARES = (100, 10, 1)
_HQ = ["hq_admin", "hq_editor", "auditor"]
RULES: dict[str, Any] = {
    "tie_break": ["fewer_vetoes", "heaviest_category", "earlier_finish"],
    "minimum_sites": 2,
    "vetoes": {"*": {"effect": "cap", "points": 60}},
    "visible_to": {"open": _HQ, "closed": _HQ, "appeal": _HQ, "published": ["*"]},
    "leagues": {
        "districts": {
            "aggregation": "rank_points",
            "components": [f"district-line-{number}" for number in (1, 2, 4, 5, 6, 7)],
            "points": [90, 85, 80, 75, 70],
            "award_fen": [40_000_000, 30_000_000],
            "supported_required": True,
        },
        "central-streets": {"award_fen": [10_000_000, 10_000_000], "supported_required": True},
        "outer-towns": {"aggregation": "mean_of_sites", "award_fen": [10_000_000]},
    },
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Once:
    """One publication: seconds, CPU seconds of API and PostgreSQL, and of the plain sum."""

    wall: float
    cpu: float
    plain: float


@dataclass(frozen=True)
class Size:
    """All publications of one round; ``peak_mb`` of the API, ``why_s`` of one explanation."""

    answers: int
    taken: Sequence[Once]
    peak_mb: float
    why_s: float
    lost: int

    @property
    def wall(self) -> float:
        return median([one.wall for one in self.taken])

    @property
    def per_answer(self) -> float:
        """Microseconds of CPU."""
        return 1e6 * median([one.cpu for one in self.taken]) / self.answers


def measure(stack: Stack, scene: Scene, *, answers: int, turns: int, say: Say) -> Part:
    """Rounds of three sizes, the largest last; before it is closed, its standing."""
    with stack.database.transaction() as tx:
        load_rulebook(tx, tx.exec(select(Campaign)).one(), RULES)
    sizes = []
    for share in _SHARES:
        wanted = answers // share
        say(f"ranking: writing {wanted:,} answers")
        round_id, count = fill(stack, scene, answers=wanted, name=f"ranked-{share}")
        if share == _SHARES[-1]:
            live = standing.measure_of(stack, scene, round_id, count, turns=turns, say=say)
        sizes.append(_publish(stack, scene, round_id, count, turns, say))
    return _part(sizes, live)


def _publish(stack: Stack, scene: Scene, round_id: UUID, count: int, turns: int, say: Say) -> Size:
    """Close, publish, correct so many times; by a fresh API, whose memory is its own."""
    stack.stop("api")
    stack.start("api")
    wire = Wire(stack.url)
    _post(wire, scene, f"/v1/rounds/{round_id}/close", {}, 200)
    say(f"ranking: closing {count:,} answers")
    wait_until_idle(stack)
    taken = []
    for turn in range(1, turns + 1):
        say(f"ranking: {count:,} answers, publication {turn} of {turns}")
        if turn > 1:
            _post(wire, scene, f"/v1/rounds/{round_id}/reopen", {"reason": "measured"}, 200)
            _take_out(stack, round_id)
            wait_until_idle(stack)
        taken.append(_once(stack, wire, scene, round_id))
        wait_until_idle(stack)
    peak = meters.peak_mb(stack.pid("api"))
    why_s, lost = _why(wire, scene, round_id)
    wire.close()
    return Size(count, taken, peak, why_s, lost)


def _take_out(stack: Stack, round_id: UUID) -> None:
    """A visit waits for photos again: the round is frozen anew."""
    with stack.connect() as connection:
        connection.execute(
            "UPDATE visit SET completed_at = NULL WHERE id = (SELECT id FROM visit WHERE round_id"
            " = %s AND completed_at IS NOT NULL ORDER BY id LIMIT 1)",
            [round_id],
        )


def _once(stack: Stack, wire: Wire, scene: Scene, round_id: UUID) -> Once:
    roots = stack.pid("api"), stack.postgres
    plain = standing.bare_sum_ms(stack, round_id) / 1000
    before, started = meters.cpu_ms(*roots), time.monotonic()
    body = {"without_pending": True, "reason": "measured"}
    _post(wire, scene, f"/v1/rounds/{round_id}/publish", body, 201)
    wall = time.monotonic() - started
    return Once(wall, (meters.cpu_ms(*roots) - before) / 1000, plain)


def _why(wire: Wire, scene: Scene, round_id: UUID) -> tuple[float, int]:
    """The explanation of a league's last entrant: seconds, and how many answers it lost."""
    at = f"/v1/rounds/{round_id}/rankings/outer-towns"
    reply = expect(wire.call("GET", at, headers=bearer(scene.watcher)), 200).json()
    last = [one for one in reply["items"] if one["score"]][-1]
    started = time.monotonic()
    target = f"{at}/entries/{last['entrant_id']}"
    found = expect(wire.call("GET", target, headers=bearer(scene.watcher)), 200).json()
    return time.monotonic() - started, found["answers_lost"]


def _post(wire: Wire, scene: Scene, path: str, body: dict[str, Any], status: int) -> None:
    sent = json.dumps(body).encode()
    expect(wire.call("POST", path, headers=bearer(scene.watcher), body=sent), status)


def _part(sizes: Sequence[Size], live: Part) -> Part:
    rows = []
    for one in sizes:
        plain = median([once.plain for once in one.taken])
        rows.append(
            Row(
                f"publishing {one.answers:,} answers, s / their plain sum",
                f"{one.wall:.2f}",
                f"{plain:.2f}",
                one.wall / plain,
                noise=meters.spread([once.wall for once in one.taken]),
            )
        )
    small, middle, large = sizes
    rows += [
        Row(
            f"publishing {large.answers:,} answers, s / its aim",
            f"{large.wall:.2f}",
            f"{_AIM_S:.0f}",
            large.wall / _AIM_S,
            aim=1.0,
        ),
        Row(
            "peak memory of the API, MB / its aim",
            f"{large.peak_mb:.0f}",
            f"{_AIM_MB:.0f}",
            large.peak_mb / _AIM_MB,
            aim=1.0,
        ),
        _growth(middle, small),
        _growth(large, middle),
        Row(f"why one stands there, {large.lost:,} lost answers, s", f"{large.why_s:.2f}"),
    ]
    figures = {
        "sizes": [
            {
                "answers": one.answers,
                "wall_s": series([once.wall for once in one.taken]),
                "cpu_s": series([once.cpu for once in one.taken]),
                "plain_sum_s": series([once.plain for once in one.taken]),
                "cpu_us_per_answer": rounded(one.per_answer),
                "api_peak_mb": rounded(one.peak_mb),
                "explanation_s": rounded(one.why_s),
                "explained_answers": one.lost,
            }
            for one in sizes
        ],
        "standing": live.figures,
    }
    return Part("ranking", [*rows, *live.rows], figures)


def _growth(large: Size, small: Size) -> Row:
    return Row(
        f"CPU of an answer, µs: among {large.answers:,} / among {small.answers:,}",
        f"{large.per_answer:.1f}",
        f"{small.per_answer:.1f}",
        large.per_answer / small.per_answer,
        aim=_AIM_GROWTH,
    )
