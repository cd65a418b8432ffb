"""(a) Photos: announce, PUT, complete, stored with renditions; beside a bare loop and raw PUTs."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from app.infra.blobs import Blobs, UploadBinding
from scripts.bench_steps import meters, pictures
from scripts.bench_steps.drain import wait_until_idle
from scripts.bench_steps.pictures import Shot
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import CLIENTS, Wire, expect, in_parallel

_AT_ONCE = 3
_LOOK_AGAIN_S = 0.25
_PATIENCE_S = 240.0
_CPU_AIM = 1.4
_UNDECIDED = """
SELECT 1 FROM photo WHERE id = ANY(%s) AND state IN ('announced', 'verifying') LIMIT 1
"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """One measured turn of the whole path."""

    api_ms: float
    worker_ms: float
    per_s: float
    delays_s: list[float]


def measure(stack: Stack, scene: Scene, *, photos: int, turns: int, say: Say) -> Part:
    """Alternate the path with its baselines, so that all meet the same machine."""
    base = pictures.base_picture()
    loop = _start_loop(stack, base)
    taken: list[Turn] = []
    bare, plain, raw = [], [], []
    try:
        _ask(loop, "ours", 3)
        _path(stack, scene, base, CLIENTS)
        for turn in range(1, turns + 1):
            say(f"photos: turn {turn} of {turns}")
            bare.append(_ask(loop, "ours", max(4, photos // 4)))
            taken.append(_path(stack, scene, base, photos))
            plain.append(_ask(loop, "plain", max(4, photos // 8)))
            raw.append(_raw_puts(stack, base, photos))
    finally:
        _end_loop(loop)
    return _part(taken, bare, plain, raw, len(base))


def _path(stack: Stack, scene: Scene, base: bytes, photos: int) -> Turn:
    """So many photos by sixteen phones; ends when the worker has nothing left to do."""
    per_client = max(1, photos // CLIENTS)
    shots = [[pictures.shot(base) for _ in range(per_client)] for _ in range(CLIENTS)]
    api, worker = stack.pid("api"), stack.pid("worker")
    cpu, began = (meters.cpu_ms(api), meters.cpu_ms(worker)), time.time()
    in_parallel(lambda client: _phone(stack, scene, client, shots[client]))
    wait_until_idle(stack)
    count = per_client * CLIENTS
    uploaded, stored = _event_times(stack, [one for some in shots for one in some])
    return Turn(
        api_ms=(meters.cpu_ms(api) - cpu[0]) / count,
        worker_ms=(meters.cpu_ms(worker) - cpu[1]) / count,
        per_s=count / (max(stored.values()) - began),
        delays_s=[stored[key] - uploaded[key] for key in stored],
    )


def _phone(stack: Stack, scene: Scene, client: int, shots: Sequence[Shot]) -> None:
    api, store = Wire(stack.url), Wire(stack.settings.s3_endpoint or "")
    headers = scene.headers(client)
    for start in range(0, len(shots), _AT_ONCE):
        some = shots[start : start + _AT_ONCE]
        body = json.dumps({"photos": [_announcement(one) for one in some]}).encode()
        reply = expect(api.call("POST", "/v1/photos", headers=headers, body=body), 200)
        for one, answer in zip(some, reply.json()["photos"], strict=True):
            upload = answer["upload"]
            target = "/" + upload["url"].split("/", 3)[3]
            expect(store.call("PUT", target, headers=upload["headers"], body=one.content), 200)
            done = f"/v1/photos/{one.id}/complete"
            expect(api.call("POST", done, headers=headers), 200, 202)
        _wait_stored(stack, api, headers, some)
    api.close()
    store.close()


def _announcement(one: Shot) -> dict[str, object]:
    return {
        "id": str(one.id),
        "sha256": one.sha256,
        "size": len(one.content),
        "content_type": "image/jpeg",
        "role": "near",
        "captured_at": "2018-09-10T09:12:00+08:00",
        "location": {"lat": 35.2159, "lon": 113.2418, "crs": "wgs84", "accuracy_m": 8.0},
    }


def _wait_stored(stack: Stack, api: Wire, headers: dict[str, str], some: Sequence[Shot]) -> None:
    """Looks into the database until all is decided and then asks the API once, as a phone would.

    How often a phone asks in between is its own affair and would only measure the machine's speed.
    """
    deadline = time.monotonic() + _PATIENCE_S
    with stack.connect() as connection:
        while connection.execute(_UNDECIDED, [[one.id for one in some]]).fetchone():
            if time.monotonic() > deadline:
                raise RuntimeError("photos are not decided in time")
            time.sleep(_LOOK_AGAIN_S)
    target = "/v1/photos?" + urlencode([("id", str(one.id)) for one in some])
    found = expect(api.call("GET", target, headers=headers), 200).json()["photos"]
    if {photo["state"] for photo in found} != {"stored"}:
        raise RuntimeError(f"photos end up as {found}")


def _event_times(stack: Stack, shots: Sequence[Shot]) -> tuple[dict[str, float], dict[str, float]]:
    with stack.connect() as connection:
        rows = connection.execute(
            "SELECT kind, subject_id::text, extract(epoch FROM recorded_at)::float8 FROM event"
            " WHERE subject_type = 'photo' AND subject_id = ANY(%s)",
            ([one.id for one in shots],),
        ).fetchall()
    uploaded = {str(row[1]): _seconds(row[2]) for row in rows if row[0] == "photo.uploaded"}
    stored = {str(row[1]): _seconds(row[2]) for row in rows if row[0] == "photo.stored"}
    if len(stored) != len(shots):
        raise RuntimeError(f"{len(stored)} of {len(shots)} photos are stored")
    return uploaded, stored


def _seconds(value: object) -> float:
    return float(str(value))


def _raw_puts(stack: Stack, base: bytes, photos: int) -> float:
    """The same uploads, with addresses that were signed before; per second."""
    blobs, per_client = Blobs(stack.settings), max(1, photos // CLIENTS)

    def signed(one: Shot) -> tuple[str, dict[str, str], bytes]:
        binding = UploadBinding(len(one.content), "image/jpeg", one.sha256, None)
        upload = blobs.presign_upload(f"raw/{one.id}", binding)
        return "/" + upload.url.split("/", 3)[3], upload.headers, one.content

    work = [[signed(pictures.shot(base)) for _ in range(per_client)] for _ in range(CLIENTS)]

    def put(client: int) -> None:
        store = Wire(stack.settings.s3_endpoint or "")
        for target, headers, content in work[client]:
            expect(store.call("PUT", target, headers=headers, body=content), 200)
        store.close()

    started = time.monotonic()
    in_parallel(put)
    return per_client * CLIENTS / (time.monotonic() - started)


def _start_loop(stack: Stack, base: bytes) -> subprocess.Popen[str]:
    file = Path(stack.data) / "picture.jpg"
    file.write_bytes(base)
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.bench_steps.photo_loop", str(file)],
        env=stack.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(loop: subprocess.Popen[str], kind: str, count: int) -> float:
    if loop.stdin is None or loop.stdout is None:
        raise AssertionError("both are pipes")
    loop.stdin.write(f"{kind} {count}\n")
    loop.stdin.flush()
    return float(loop.stdout.readline())


def _end_loop(loop: subprocess.Popen[str]) -> None:
    with suppress(subprocess.TimeoutExpired):
        loop.communicate(timeout=10)
    loop.kill()


def _part(
    taken: Sequence[Turn],
    bare: Sequence[float],
    plain: Sequence[float],
    raw: Sequence[float],
    size: int,
) -> Part:
    ours = [turn.api_ms + turn.worker_ms for turn in taken]
    ratios = [cost / other for cost, other in zip(ours, bare, strict=True)]
    api, worker = median([t.api_ms for t in taken]), median([t.worker_ms for t in taken])
    per_s, p95 = (
        median([turn.per_s for turn in taken]),
        median([meters.percentile(turn.delays_s, 0.95) for turn in taken]),
    )
    ratio, plain_ratio = median(ours) / median(bare), median(ours) / median(plain)
    rows = [
        Row(
            "photo: CPU ms, API + worker / bare loop",
            f"{median(ours):.1f} ({api:.1f} + {worker:.1f})",
            f"{median(bare):.1f}",
            ratio,
            aim=_CPU_AIM,
            noise=meters.spread(ratios),
        ),
        Row(
            "… / loop with plain Pillow", f"{median(ours):.1f}", f"{median(plain):.1f}", plain_ratio
        ),
        Row(
            "photos per second / raw presigned PUTs",
            f"{per_s:.1f}",
            f"{median(raw):.1f}",
            per_s / median(raw),
        ),
        Row("complete to stored at this load, p95", f"{p95:.2f} s"),
    ]
    figures = {
        "cpu_ratio": rounded(ratio),
        "cpu_ratio_to_plain_pillow": rounded(plain_ratio),
        "cpu_ms": series(ours),
        "cpu_ms_api": rounded(api),
        "cpu_ms_worker": rounded(worker),
        "bare_loop_cpu_ms": series(bare),
        "plain_pillow_loop_cpu_ms": series(plain),
        "per_second": series([turn.per_s for turn in taken]),
        "raw_puts_per_second": series(raw),
        "rate_ratio": rounded(per_s / median(raw)),
        "stored_after_s_p95": rounded(p95),
        "photo_bytes": size,
    }
    return Part("photos", rows, figures)
