"""(e) Pages of a city with a million answers in 200 rounds, beside one with 10 thousand in two.

A round has the same size in both, so whatever a page costs more in the large city is the price of
history. Both databases lie in the same PostgreSQL; the same API is started on one after the other.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scripts.bench_steps import meters, visits
from scripts.bench_steps.city_rows import PER_VISIT, fill
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene, bearer
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import Wire, expect

_AIM = 1.5
_SMALL_ROUNDS = 2
ANSWERS_PER_ROUND = 5_000
VISITS_PER_ROUND = -(-ANSWERS_PER_ROUND // PER_VISIT)
_MOST_ROUNDS_ASKED = 10
# Name, path, query, who asks. What is not in the interface (yet) is left out and said.
PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("standing", "/v1/rounds/{round_id}/rankings", "", "watcher"),
    ("coverage", "/v1/rounds/{round_id}/coverage", "", "watcher"),
    ("matrix", "/v1/rounds/{round_id}/matrix", "", "watcher"),
    ("site", "/v1/sites/{code}", "", "watcher"),
    ("site history", "/v1/sites/{code}/visits", "?limit=2", "watcher"),
    ("sites", "/v1/sites", "?limit=100", "watcher"),
    ("tasks of a round", "/v1/tasks", "?round_id={round_id}&limit=100", "inspector"),
    ("round", "/v1/rounds/{round_id}", "", "watcher"),
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Town:
    """A database and what may be asked about it."""

    database: str
    answers: int
    rounds: Sequence[UUID]
    sites: Sequence[str]


def measure(
    stack: Stack, scene: Scene, *, rounds: int, requests: int, turns: int, say: Say
) -> Part:
    """Two cities from one model; every page of both, in turns."""
    say("city: a visit as the model")
    visit = visits.post_one(stack, scene, scene.sites[0])
    stack.stop("api", "worker")
    small = _build(stack, scene, visit, "city_small", _SMALL_ROUNDS, say)
    large = _build(stack, scene, visit, "city_large", rounds, say)
    taken: dict[str, list[tuple[float, float]]] = {}
    for turn in range(turns + 1):
        say(f"city: turn {turn} of {turns}" if turn else "city: warming up")
        pair = [_ask_all(stack, scene, town, requests) for town in (small, large)]
        for name in pair[0] if turn else ():
            taken.setdefault(name, []).append((pair[0][name], pair[1][name]))
    return _part(taken, small, large)


def _build(stack: Stack, scene: Scene, visit: UUID, name: str, rounds: int, say: Say) -> Town:
    say(f"city: writing {rounds} rounds")
    stack.copy_database(name)
    with stack.connect(name) as connection:
        row = connection.execute("SELECT submitted_by FROM visit WHERE id = %s", [visit]).fetchone()
    if row is None:
        raise RuntimeError("the model visit is gone")
    answers = fill(
        stack.address(name),
        model=scene.round_id,
        visit=visit,
        inspector=UUID(str(row[0])),
        rounds=rounds,
        visits=VISITS_PER_ROUND,
    )
    with stack.connect(name) as connection:
        found = connection.execute(
            "SELECT id FROM round WHERE code LIKE 'city-%%' ORDER BY id", []
        ).fetchall()
    step = max(1, len(found) // _MOST_ROUNDS_ASKED)
    asked = [UUID(str(one[0])) for one in found[::step]][:_MOST_ROUNDS_ASKED]
    return Town(name, answers, asked, scene.sites[1:VISITS_PER_ROUND:40])


def _ask_all(stack: Stack, scene: Scene, town: Town, requests: int) -> dict[str, float]:
    """Median milliseconds of each page, on a fresh API."""
    stack.start("api", database=town.database)
    wire = Wire(stack.url)
    known = _paths(wire)
    try:
        return {
            name: _ask(wire, targets(path + query, town), _headers(scene, who), requests)
            for name, path, query, who in PAGES
            if path in known
        }
    finally:
        wire.close()
        stack.stop("api")


def _paths(wire: Wire) -> set[str]:
    """The paths of the interface, whatever their parameters are called."""
    document = expect(wire.call("GET", "/openapi.json", headers={}), 200).json()
    return {path for path, found in document["paths"].items() if "get" in found}


def _headers(scene: Scene, who: str) -> Mapping[str, str]:
    return bearer(scene.watcher) if who == "watcher" else scene.headers(0)


def targets(template: str, town: Town) -> list[str]:
    """The addresses that are asked in turn."""
    if "{round_id}" in template:
        return [template.replace("{round_id}", str(one)) for one in town.rounds]
    return [template.replace("{code}", one) for one in town.sites]


def _ask(wire: Wire, addresses: Sequence[str], headers: Mapping[str, str], requests: int) -> float:
    for address in addresses:
        _once(wire, address, headers)
    return median([_once(wire, addresses[n % len(addresses)], headers) for n in range(requests)])


def _once(wire: Wire, address: str, headers: Mapping[str, str]) -> float:
    started = time.monotonic()
    reply = expect(wire.call("GET", address, headers=headers), 200)
    elapsed = (time.monotonic() - started) * 1000
    if _is_empty(json.loads(reply.body)):
        raise RuntimeError(f"{address} shows nothing: {reply.body[:300]!r}")
    return elapsed


def _is_empty(body: Any) -> bool:
    """A page without rows would be measured for nothing."""
    return any(body.get(name) == [] for name in ("items", "leagues", "rows", "cells"))


def _part(taken: Mapping[str, Sequence[tuple[float, float]]], small: Town, large: Town) -> Part:
    missing = [name for name, *_ in PAGES if name not in taken]
    rows, figures = [], {}
    for name, pairs in taken.items():
        ours, base = median([one[1] for one in pairs]), median([one[0] for one in pairs])
        rows.append(
            Row(
                f"{name}, {large.answers:,} answers, ms / {small.answers:,}",
                f"{ours:.1f}",
                f"{base:.1f}",
                ours / base,
                aim=_AIM,
                noise=meters.spread([large_ms / small_ms for small_ms, large_ms in pairs]),
            )
        )
        figures[name] = {
            "ratio": rounded(ours / base),
            "large_ms": series([one[1] for one in pairs]),
            "small_ms": series([one[0] for one in pairs]),
        }
    rows += [Row(f"{name}: not in the interface, not measured", "") for name in missing]
    sizes = {"answers_large": large.answers, "answers_small": small.answers, "missing": missing}
    return Part("city", rows, {**sizes, "pages": figures})
