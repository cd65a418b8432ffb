"""(b) Visits of 12 answers, beside a psycopg script that inserts the very same rows."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kit.ids import new_id
from scripts.bench_steps import meters
from scripts.bench_steps.drain import wait_until_idle
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import CHECKLIST, Scene
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.visit_rows import Copier
from scripts.bench_steps.wire import CLIENTS, Wire, expect, in_parallel

_AIM = 4.0
_PLAIN: dict[str, str | int] = {
    "SQ-01": "pass",
    "SQ-03": "pass",
    "SQ-04": "pass",
    "SQ-05": "pass",
    "SQ-08": 0,
    "SQ-09": 0,
    "SQ-10": "pass",
    "SQ-11": "pass",
    "SQ-12": "na",
}
_FOUND: dict[str, str | int] = {"SQ-06": "B", "SQ-07": 1}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """One measured turn, milliseconds of CPU per visit."""

    api_ms: float
    postgres_ms: float
    reactions_ms: float
    per_s: float
    bare_script_ms: float
    bare_postgres_ms: float
    bare_per_s: float

    @property
    def ours(self) -> float:
        return self.api_ms + self.postgres_ms

    @property
    def bare(self) -> float:
        return self.bare_script_ms + self.bare_postgres_ms


def sites_needed(visits: int, turns: int) -> int:
    """Every visit has a site of its own: ours, the script's, and those for warming up."""
    return 2 * visits * turns + 4 * CLIENTS


def measure(stack: Stack, scene: Scene, *, visits: int, turns: int, say: Say) -> Part:
    """Alternate the API with the script; what follows from a visit is measured apart."""
    sites = iter(scene.sites)
    _post(stack, scene, [next(sites) for _ in range(2 * CLIENTS)])
    wait_until_idle(stack)
    taken = []
    for turn in range(1, turns + 1):
        say(f"visits: turn {turn} of {turns}")
        ours = [next(sites) for _ in range(visits)]
        others = [next(sites) for _ in range(visits)]
        taken.append(_turn(stack, scene, ours, others))
    return _part(taken)


def post_one(stack: Stack, scene: Scene, site: str) -> UUID:
    """One visit over the API; its id."""
    body = _body(scene, site)
    api = Wire(stack.url)
    expect(api.call("POST", "/v1/visits", headers=scene.headers(0), body=body), 201)
    api.close()
    return UUID(json.loads(body)["id"])


def _turn(stack: Stack, scene: Scene, ours: Sequence[str], others: Sequence[str]) -> Turn:
    count, api = len(ours), stack.pid("api")
    stack.stop("worker")
    cpu, began = (meters.cpu_ms(api), meters.cpu_ms(stack.postgres)), time.monotonic()
    _post(stack, scene, ours)
    elapsed = time.monotonic() - began
    used = (meters.cpu_ms(api) - cpu[0], meters.cpu_ms(stack.postgres) - cpu[1])
    script = _insert(stack, scene, ours[0], others)
    reactions = _reactions(stack, count + len(others))
    return Turn(
        api_ms=used[0] / count,
        postgres_ms=used[1] / count,
        reactions_ms=reactions,
        per_s=count / elapsed,
        bare_script_ms=script[0],
        bare_postgres_ms=script[1],
        bare_per_s=script[2],
    )


def _post(stack: Stack, scene: Scene, sites: Sequence[str]) -> None:
    bodies = [_body(scene, site) for site in sites]

    def post(client: int) -> None:
        api = Wire(stack.url)
        headers = scene.headers(client)
        for body in bodies[client::CLIENTS]:
            expect(api.call("POST", "/v1/visits", headers=headers, body=body), 201)
        api.close()

    in_parallel(post)


def _body(scene: Scene, site: str) -> bytes:
    visit = {
        "id": str(new_id()),
        "round_id": str(scene.round_id),
        "site": site,
        "checklist": {"code": CHECKLIST, "version": 1},
        "task_id": str(scene.tasks[site]),
        "started_at": "2018-09-10T09:00:00+08:00",
        "ended_at": "2018-09-10T09:25:00+08:00",
        "location": _place(),
        "note": None,
        "photos": [str(new_id())],
        "answers": sorted([*_plain_answers(), *_found_answers()], key=lambda one: one["item"]),
    }
    return json.dumps(visit).encode()


def _plain_answers() -> list[dict[str, Any]]:
    reason = {"na": "没有室内场所"}
    answers = [
        {"item": item, "value": value, "na_reason": reason.get(str(value))}
        for item, value in _PLAIN.items()
    ]
    return [*answers, {"item": "SQ-02", "value": 2, "photos": [str(new_id())]}]


def _found_answers() -> list[dict[str, Any]]:
    return [
        {
            "item": item,
            "value": value,
            "findings": [
                {
                    "id": str(new_id()),
                    "note": "墙根堆放生活垃圾",
                    "location": _place(),
                    "photos": [str(new_id())],
                }
            ],
        }
        for item, value in _FOUND.items()
    ]


def _place() -> dict[str, Any]:
    return {"lat": 35.2159, "lon": 113.2418, "crs": "wgs84", "accuracy_m": 8.0}


def _insert(
    stack: Stack, scene: Scene, model: str, sites: Sequence[str]
) -> tuple[float, float, float]:
    """The script: CPU milliseconds per visit of itself and of PostgreSQL, and visits per second."""
    with stack.connect() as connection:
        copier = Copier(connection, model)
        copies = [copier.rows_for(site, scene.tasks[site]) for site in sites]
        for rows in copies[:CLIENTS]:
            copier.insert(rows)
        timed = copies[CLIENTS:]
        postgres, began = meters.cpu_ms(stack.postgres), time.monotonic()
        script = time.process_time()
        for rows in timed:
            copier.insert(rows)
        script = time.process_time() - script
        elapsed = time.monotonic() - began
        used = meters.cpu_ms(stack.postgres) - postgres
    return script * 1000 / len(timed), used / len(timed), len(timed) / elapsed


def _reactions(stack: Stack, visits: int) -> float:
    """CPU milliseconds of worker and PostgreSQL for all that follows from one visit."""
    postgres = meters.cpu_ms(stack.postgres)
    stack.start("worker")
    time.sleep(1.5)
    worker = stack.pid("worker")
    wait_until_idle(stack)
    return (meters.cpu_ms(worker) + meters.cpu_ms(stack.postgres) - postgres) / visits


def _part(taken: Sequence[Turn]) -> Part:
    ours, bare = median([turn.ours for turn in taken]), median([turn.bare for turn in taken])
    api, postgres = median([t.api_ms for t in taken]), median([t.postgres_ms for t in taken])
    script, other = (
        median([t.bare_script_ms for t in taken]),
        median([t.bare_postgres_ms for t in taken]),
    )
    per_s, bare_per_s = median([t.per_s for t in taken]), median([t.bare_per_s for t in taken])
    reactions = median([turn.reactions_ms for turn in taken])
    rows = [
        Row(
            "visit: CPU ms, API + PostgreSQL / psycopg",
            f"{ours:.2f} ({api:.2f} + {postgres:.2f})",
            f"{bare:.2f} ({script:.2f} + {other:.2f})",
            ours / bare,
            aim=_AIM,
            noise=meters.spread([turn.ours / turn.bare for turn in taken]),
        ),
        Row("visits per second", f"{per_s:.0f}", f"{bare_per_s:.0f}", per_s / bare_per_s),
        Row("reactions of one visit: CPU ms, worker + PostgreSQL", f"{reactions:.2f}"),
    ]
    figures = {
        "ratio": rounded(ours / bare),
        "cpu_ms": series([turn.ours for turn in taken]),
        "cpu_ms_api": rounded(api),
        "cpu_ms_postgres": rounded(postgres),
        "psycopg_cpu_ms": series([turn.bare for turn in taken]),
        "psycopg_cpu_ms_script": rounded(script),
        "psycopg_cpu_ms_postgres": rounded(other),
        "per_second": rounded(per_s),
        "psycopg_per_second": rounded(bare_per_s),
        "reactions_cpu_ms": rounded(reactions),
    }
    return Part("visits", rows, figures)
