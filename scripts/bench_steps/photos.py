"""(a) Photos: announce, PUT, complete, stored with renditions; beside a bare loop and raw PUTs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.infra.blobs import Blobs, UploadBinding
from scripts.bench_steps import loops, meters, phones, pictures
from scripts.bench_steps.drain import wait_until_idle
from scripts.bench_steps.phones import Phone
from scripts.bench_steps.pictures import Shot
from scripts.bench_steps.report import Part, Row, median, rounded, series
from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import CLIENTS, Wire, expect, in_parallel

_CPU_AIM = 1.4
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
    taken: list[Turn] = []
    bare, plain, raw = [], [], []
    with loops.running(stack, base) as loop:
        loop.measure("ours", 3)
        path(stack, scene, base, CLIENTS)
        for turn in range(1, turns + 1):
            say(f"photos: turn {turn} of {turns}")
            bare.append(loop.measure("ours", max(4, photos // 4)).cpu_ms)
            taken.append(path(stack, scene, base, photos))
            plain.append(loop.measure("plain", max(4, photos // 8)).cpu_ms)
            raw.append(_raw_puts(stack, base, photos))
    return _part(taken, bare, plain, raw, len(base))


def path(stack: Stack, scene: Scene, base: bytes, photos: int) -> Turn:
    """So many photos by up to sixteen phones; ends when the workers have nothing left to do."""
    clients = min(CLIENTS, photos)
    per_client = photos // clients
    shots = [[pictures.shot(base) for _ in range(per_client)] for _ in range(clients)]
    api, workers = stack.pid("api"), stack.workers()
    cpu, began = (meters.cpu_ms(api), meters.cpu_ms(*workers)), time.time()
    in_parallel(lambda client: _inspect(stack, scene, client, shots[client]), clients)
    wait_until_idle(stack)
    count = per_client * clients
    uploaded, stored = phones.event_times(stack, [one.id for some in shots for one in some])
    return Turn(
        api_ms=(meters.cpu_ms(api) - cpu[0]) / count,
        worker_ms=(meters.cpu_ms(*workers) - cpu[1]) / count,
        per_s=count / (max(stored.values()) - began),
        delays_s=[stored[key] - uploaded[key] for key in stored],
    )


def _inspect(stack: Stack, scene: Scene, client: int, shots: Sequence[Shot]) -> None:
    with Phone(stack, scene, client) as phone:
        for start in range(0, len(shots), phones.AT_ONCE):
            some = shots[start : start + phones.AT_ONCE]
            phone.send(some)
            phone.wait_stored([one.id for one in some])


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
