"""(g) Pages, text search, summary and export of a ledger of a million cases, beside smaller ones.

Every database takes in as many cases a day as the others (``ledger_rows``): what a page costs more
in the large one is the price of history. The same API is started on one after the other; the
export is held against the bare ``COPY`` of the same columns.
"""

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from app.kit.ids import new_id
from scripts.bench_steps import meters
from scripts.bench_steps.ledger_rows import COMMON, RARE, UNCOMMON, fill
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene, bearer
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import Wire, expect

_AIM = 1.5
_SUMMARY_MS = 20.0
_ROWS_PER_S = 20_000
_MEMORY_MB = 150.0
_PIECE = 1 << 20
_ABSENT = "鲸鱼"
_SUMMARY = "/v1/ledger/summary"
_KEPT = ("summary, kept", "summary, 304")
_EXPORT_LIMIT_S = 600.0
_COPY = """
COPY (
  SELECT p.number, p.state, p.source, c.name_zh, c.code, l.name_zh, a.name_zh, u.name_zh, p.note,
         p.found_at, p.opened_at, p.filed_at, p.dispatched_at, p.deadline_at, p.rectified_at,
         p.closed_at, p.extensions, p.rework, p.transfers, p.resolution, p.cancellation,
         p.external_ref, p.wgs84_lon, p.wgs84_lat
  FROM problem p JOIN category c ON c.id = p.category_id JOIN line l ON l.id = p.line_id
  JOIN unit a ON a.id = p.area_id JOIN unit u ON u.id = p.answerable_unit_id ORDER BY p.id
) TO STDOUT (FORMAT csv, HEADER)
"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Town:
    """A database of so many cases."""

    database: str
    cases: int
    pages: Mapping[str, str]


@dataclass(frozen=True)
class Export:
    """One full export: rows, wall seconds, CPU seconds of both sides, memory of who made it."""

    rows: int
    wall_s: float
    own_s: float
    postgres_s: float
    before_mb: float
    peak_mb: float

    @property
    def cpu_s(self) -> float:
        return self.own_s + self.postgres_s


def measure(stack: Stack, scene: Scene, *, cases: int, requests: int, turns: int, say: Say) -> Part:
    """A hundredth, a tenth and all of so many cases."""
    stack.stop("api", "worker")
    towns = [_build(stack, size, say) for size in (cases // 100, cases // 10, cases)]
    taken: dict[str, list[tuple[float, ...]]] = {}
    for turn in range(turns + 1):
        say(f"ledger: turn {turn} of {turns}" if turn else "ledger: warming up")
        found = [_ask_all(stack, scene, town, requests) for town in towns]
        for name in found[0] if turn else ():
            taken.setdefault(name, []).append(tuple(one[name] for one in found))
    rows, figures = _pages(taken, towns)
    say("ledger: full exports")
    for name, made in _exports(stack, scene, towns[-1]).items():
        rows += _export_rows(name, made)
        figures[name] = vars(made) | {"rows_per_cpu_s": rounded(made.rows / made.cpu_s)}
    say("ledger: bare COPY")
    copied = _copy(stack, towns[-1])
    rows.append(Row(f"bare COPY of {copied[0]:,} cases, rows per second", f"{copied[1]:,.0f}"))
    return Part("ledger", rows, figures | {"copy_rows_per_s": rounded(copied[1])})


def _build(stack: Stack, cases: int, say: Say) -> Town:
    say(f"ledger: writing {cases:,} cases")
    name = f"ledger_{cases}"
    stack.copy_database(name)
    fill(stack.address(name), cases=cases)
    with stack.connect(name) as connection:
        row = connection.execute(
            "SELECT number, split_part(area_path, '/', 3), split_part(area_path, '/', 4), l.code"
            " FROM problem p JOIN line l ON l.id = p.line_id ORDER BY p.id DESC LIMIT 1"
        ).fetchone()
    if row is None:
        raise RuntimeError("there are no cases")
    return Town(name, cases, _addresses(*map(str, row)))


def _addresses(number: str, district: str, street: str, line: str) -> dict[str, str]:
    """The pages that are asked for, by name: what a coordinator opens on a working day."""
    now = datetime.now(UTC)
    day = {"found_from": now - timedelta(days=2.5), "found_to": now - timedelta(days=1.5)}
    queries: dict[str, dict[str, object]] = {
        "all": {},
        "in one state": {"state": "reported"},
        "being rectified": {"state": ["dispatched", "rectifying"]},
        "closed": {"state": "closed"},
        "overdue": {"overdue": "true"},
        "due within a day": {"due_within_h": 24},
        "of a district": {"area": district},
        "of a street": {"area": street},
        "a street's own": {"unit": street},
        "of a line": {"line": line},
        "of a source": {"source": "monitor"},
        "district, line, closed": {"area": district, "line": line, "state": "closed"},
        "mine to do": {"mine": "true"},
        "of a day": {name: at.isoformat() for name, at in day.items()},
        "in a box": {"bbox": "113.20,35.20,113.22,35.22"},
        "text, common": {"text": COMMON},
        "text, uncommon": {"text": UNCOMMON},
        "text, rare": {"text": RARE},
        "text, absent": {"text": _ABSENT},
    }
    lists = {
        name: f"/v1/ledger?{urlencode({**query, 'limit': 50}, doseq=True)}"
        for name, query in queries.items()
    }
    return {
        **lists,
        "map of 500": "/v1/ledger:geojson?limit=500",
        "case": f"/v1/ledger/{number}",
    }


def _ask_all(stack: Stack, scene: Scene, town: Town, requests: int) -> dict[str, float]:
    """Median milliseconds of each page, on a fresh API."""
    stack.start("api", database=town.database)
    wire, headers = Wire(stack.url), bearer(scene.watcher)
    try:
        _feed(stack, town, touched=True)
        found = {name: _ask(wire, path, headers, requests) for name, path in town.pages.items()}
        found["summary, counted anew"] = _ask(wire, _SUMMARY, headers, requests)
        _feed(stack, town, touched=False)
        found["summary, kept"] = _ask(wire, _SUMMARY, headers, requests)
        return found | {"summary, 304": _ask_unchanged(wire, headers, requests)}
    finally:
        wire.close()
        stack.stop("api")


def _ask(wire: Wire, path: str, headers: Mapping[str, str], requests: int) -> float:
    for _ in range(3):
        expect(wire.call("GET", path, headers=headers), 200)
    return median([_once(wire, path, headers, 200) for _ in range(requests)])


def _ask_unchanged(wire: Wire, headers: Mapping[str, str], requests: int) -> float:
    first = expect(wire.call("GET", _SUMMARY, headers=headers), 200)
    held = {**headers, "If-None-Match": first.header("etag")}
    return median([_once(wire, _SUMMARY, held, 304) for _ in range(requests)])


def _feed(stack: Stack, town: Town, *, touched: bool) -> None:
    """As after a move that is not counted up yet, or as when nothing has moved."""
    with stack.connect(town.database) as connection:
        connection.execute(
            "INSERT INTO feed_version (scope, version, touched) VALUES ('ledger', 1, %(touched)s)"
            " ON CONFLICT (scope) DO UPDATE SET touched = %(touched)s",
            {"touched": touched},
        )


def _once(wire: Wire, path: str, headers: Mapping[str, str], status: int) -> float:
    started = time.monotonic()
    expect(wire.call("GET", path, headers=headers), status)
    return (time.monotonic() - started) * 1000


def _pages(
    taken: Mapping[str, Sequence[tuple[float, ...]]], towns: Sequence[Town]
) -> tuple[list[Row], dict[str, object]]:
    small, middle, large = towns
    rows, figures = [], {}
    for name, turns in taken.items():
        found = [median([turn[place] for turn in turns]) for place in range(len(towns))]
        base, between, ours = found
        is_sum = name in _KEPT
        rows.append(
            Row(
                f"{name}: {large.cases:,} cases, ms / "
                + ("limit" if is_sum else f"{small.cases:,} ({middle.cases:,}: {between:.1f})"),
                f"{ours:.1f}",
                f"{_SUMMARY_MS:.0f}" if is_sum else f"{base:.1f}",
                ours / (_SUMMARY_MS if is_sum else base),
                aim=1.0 if is_sum else _AIM,
                noise=meters.spread([turn[-1] / turn[0] for turn in turns]),
            )
        )
        figures[name] = {
            str(town.cases): series([turn[place] for turn in turns])
            for place, town in enumerate(towns)
        } | {"ratio": rounded(ours / base)}
    return rows, {"pages": figures}


def _exports(stack: Stack, scene: Scene, town: Town) -> dict[str, Export]:
    """All cases as a CSV that the API streams, and as files that the worker writes."""
    stack.start("api", database=town.database)
    try:
        streamed = _stream(stack, scene)
        made = _job(stack, scene, town, "csv")
    finally:
        stack.stop("api")
    return {"CSV streamed by the API": streamed, "CSV written by the worker": made}


def _stream(stack: Stack, scene: Scene) -> Export:
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    pid, rows = stack.pid("api"), -1
    before, cpu = meters.memory_mb(pid), _cpu(pid, stack.postgres)
    started = time.monotonic()
    connection.request("GET", "/v1/ledger:sheet?format=csv", headers=bearer(scene.watcher))
    reply = connection.getresponse()
    if reply.status != http.client.OK:
        raise RuntimeError(f"{reply.status}: {reply.read(500)!r}")
    with meters.watching([pid]) as memory:
        while piece := reply.read(_PIECE):
            rows += piece.count(b"\n")
    connection.close()
    return _export(rows, started, cpu, (pid, stack.postgres), before, max(memory))


def _job(stack: Stack, scene: Scene, town: Town, kind: str) -> Export:
    stack.start("worker", database=town.database)
    time.sleep(3.0)  # it has looked at everything once
    (pid,) = stack.workers()
    wire, headers, export_id = Wire(stack.url), bearer(scene.watcher), str(new_id())
    before, cpu = meters.memory_mb(pid), _cpu(pid, stack.postgres)
    started = time.monotonic()
    body = json.dumps({"id": export_id, "format": kind}).encode()
    expect(wire.call("POST", "/v1/ledger-exports", headers=headers, body=body), 202)
    with meters.watching([pid]) as memory:
        while True:
            time.sleep(0.1)
            path = f"/v1/ledger-exports/{export_id}"
            found = expect(wire.call("GET", path, headers=headers), 200).json()
            if found["state"] == "done":
                break
            if time.monotonic() > started + _EXPORT_LIMIT_S:
                raise RuntimeError(f"the export does not end: {found}")
    made = _export(found["rows_done"], started, cpu, (pid, stack.postgres), before, max(memory))
    wire.close()
    stack.stop("worker")
    return made


def _cpu(pid: int, postgres: int) -> tuple[float, float]:
    return meters.cpu_ms(pid), meters.cpu_ms(postgres)


def _export(
    rows: int,
    started: float,
    cpu: tuple[float, float],
    pids: tuple[int, int],
    before: float,
    peak: float,
) -> Export:
    own, postgres = _cpu(*pids)
    wall = time.monotonic() - started
    return Export(rows, wall, (own - cpu[0]) / 1000, (postgres - cpu[1]) / 1000, before, peak)


def _export_rows(name: str, made: Export) -> list[Row]:
    per_s, per_cpu_s = made.rows / made.wall_s, made.rows / made.cpu_s
    return [
        Row(
            f"{name}: {made.rows:,} rows, rows per second / aim",
            f"{per_s:,.0f}",
            f"{_ROWS_PER_S:,}",
            per_s / _ROWS_PER_S,
            aim=1.0,
            at_least=True,
        ),
        Row(
            "… rows per CPU second, with PostgreSQL's",
            f"{per_cpu_s:,.0f}",
            f"{_ROWS_PER_S:,}",
            per_cpu_s / _ROWS_PER_S,
            aim=1.0,
            at_least=True,
        ),
        Row(
            "… memory that the export takes, MB / limit",
            f"{made.peak_mb - made.before_mb:.0f}",
            f"{_MEMORY_MB:.0f}",
            (made.peak_mb - made.before_mb) / _MEMORY_MB,
            aim=1.0,
        ),
        Row("… the whole process at its most, MB", f"{made.peak_mb:.0f}"),
    ]


def _copy(stack: Stack, town: Town) -> tuple[int, float]:
    with stack.connect(town.database) as connection, connection.cursor() as cursor:
        started, rows = time.monotonic(), -1
        with cursor.copy(_COPY) as copy:
            for piece in copy:
                rows += bytes(piece).count(b"\n")
        return rows, rows / (time.monotonic() - started)
