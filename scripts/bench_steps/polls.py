"""(d) Polls that find nothing new (304), beside an empty route with the same authentication."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from app.auth.authenticate import authenticate
from app.main import create_app
from scripts.bench_steps import meters
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene, bearer
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import CLIENTS, Wire, expect, in_parallel

_FACTORY = "scripts.bench_steps.polls:app_with_empty_route"
_EMPTY = "/v1/bench-empty"
_AIM = 0.7
Say = Callable[[str], None]


def app_with_empty_route() -> FastAPI:
    """The service with one route more, which only authenticates."""
    app = create_app()
    router = APIRouter(dependencies=[Depends(authenticate)])
    router.add_api_route(_EMPTY, _nothing, methods=["GET"])
    app.include_router(router)
    return app


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Rate:
    """Requests per second, and what one costs the API and PostgreSQL."""

    per_s: float
    cpu_ms: float


def measure(stack: Stack, scene: Scene, *, seconds: float, turns: int, say: Say) -> Part:
    """Both routes in the same process, one after the other, several times."""
    stack.stop("api")
    stack.start("api", factory=_FACTORY)
    rankings = f"/v1/rounds/{scene.round_id}/rankings"
    headers = bearer(scene.watcher)
    first = expect(Wire(stack.url).call("GET", rankings, headers=headers), 200)
    held = {**headers, "If-None-Match": first.header("etag")}
    polls, empty = [], []
    _rate(stack, rankings, held, 304, seconds / 4)
    for turn in range(1, turns + 1):
        say(f"polls: turn {turn} of {turns}")
        empty.append(_rate(stack, _EMPTY, headers, 200, seconds))
        polls.append(_rate(stack, rankings, held, 304, seconds))
    stack.stop("api")
    stack.start("api")
    return _part(polls, empty)


def _rate(stack: Stack, target: str, headers: dict[str, str], status: int, seconds: float) -> Rate:
    cpu, began = meters.cpu_ms(stack.pid("api"), stack.postgres), time.monotonic()

    def poll(_client: int) -> int:
        wire, done = Wire(stack.url), 0
        head = wire.head("GET", target, headers, 0)
        while time.monotonic() < began + seconds:
            expect(wire.send(head), status)
            done += 1
        wire.close()
        return done

    count = sum(in_parallel(poll, CLIENTS))
    elapsed = time.monotonic() - began
    used = meters.cpu_ms(stack.pid("api"), stack.postgres) - cpu
    return Rate(count / elapsed, used / count)


def _part(polls: Sequence[Rate], empty: Sequence[Rate]) -> Part:
    ours, other = median([one.per_s for one in polls]), median([one.per_s for one in empty])
    cost, bare = median([one.cpu_ms for one in polls]), median([one.cpu_ms for one in empty])
    ratios = [one.per_s / two.per_s for one, two in zip(polls, empty, strict=True)]
    rows = [
        Row(
            "304 polls per second / empty route",
            f"{ours:.0f}",
            f"{other:.0f}",
            ours / other,
            aim=_AIM,
            at_least=True,
            noise=meters.spread(ratios),
        ),
        Row("… CPU ms, API + PostgreSQL", f"{cost:.2f}", f"{bare:.2f}", cost / bare),
    ]
    figures = {
        "ratio": rounded(ours / other),
        "polls_per_second": series([one.per_s for one in polls]),
        "empty_route_per_second": series([one.per_s for one in empty]),
        "cpu_ms": rounded(cost),
        "empty_route_cpu_ms": rounded(bare),
    }
    return Part("polls", rows, figures)
