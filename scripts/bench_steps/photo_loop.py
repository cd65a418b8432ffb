"""The bare loop beside the photo path, as a process of its own.

Reads ``<kind> <count>`` per line from its input, uploads so many photos, says ``ready`` and waits
for another line; then does them and answers with the CPU milliseconds of one and with how many it
did in a second. Kind ``ours`` decodes and scales with the service's own function; ``plain`` with
Pillow's thumbnail() as it comes.
"""

import hashlib
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image

from app.config import Settings, read_settings
from app.evidence.images import LARGE_PX, THUMB_PX, Limits, read_picture
from app.infra.blobs import make_client
from scripts.bench_steps.pictures import Shot, shot

_RENDITION = "image/jpeg"
Renditions = tuple[bytes, bytes]


@dataclass(frozen=True)
class Uploaded:
    """A photo in the store."""

    id: UUID
    sha256: str


def main() -> None:
    """Serve until the input ends; the picture's file is the only argument."""
    settings, base = read_settings(), Path(sys.argv[1]).read_bytes()
    client = make_client(settings, endpoint=settings.s3_endpoint)
    while line := sys.stdin.readline():
        kind, count = line.split()
        shots = [_put(client, settings, shot(base)) for _ in range(int(count))]
        print("ready", flush=True)
        sys.stdin.readline()
        print(*_measure(client, settings, shots, _RENDITIONS[kind]), flush=True)


def _put(client: Any, settings: Settings, one: Shot) -> Uploaded:
    client.put_object(Bucket=settings.quarantine_bucket, Key=_upload(one), Body=one.content)
    return Uploaded(one.id, one.sha256)


def _measure(
    client: Any, settings: Settings, shots: Sequence[Uploaded], make: Callable[[bytes], Renditions]
) -> tuple[float, float]:
    cpu, began = time.process_time(), time.monotonic()
    for one in shots:
        _handle(client, settings, one, make)
    count, cpu_s = len(shots), time.process_time() - cpu
    return cpu_s * 1000 / count, count / (time.monotonic() - began)


def _handle(
    client: Any, settings: Settings, one: Uploaded, make: Callable[[bytes], Renditions]
) -> None:
    content = client.get_object(Bucket=settings.quarantine_bucket, Key=_upload(one))["Body"].read()
    if hashlib.sha256(content).hexdigest() != one.sha256:
        raise RuntimeError("the store gave other bytes")
    for name, rendition in zip(("large", "thumb"), make(content), strict=True):
        client.put_object(
            Bucket=settings.evidence_bucket,
            Key=f"bare/{one.sha256}/{name}.jpg",
            Body=rendition,
            ContentType=_RENDITION,
        )
    client.copy_object(
        Bucket=settings.evidence_bucket,
        Key=f"bare/{one.sha256}/original",
        CopySource={"Bucket": settings.quarantine_bucket, "Key": _upload(one)},
    )


def _upload(one: Shot | Uploaded) -> str:
    return f"bare/{one.id}"


def _ours(content: bytes) -> Renditions:
    picture = read_picture(content, Limits(60_000_000))
    return picture.large, picture.thumb


def _plain(content: bytes) -> Renditions:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return _thumbnail(image, LARGE_PX), _thumbnail(image, THUMB_PX)


def _thumbnail(image: Image.Image, longest: int) -> bytes:
    small, out = image.copy(), io.BytesIO()
    small.thumbnail((longest, longest))
    small.save(out, "JPEG")
    return out.getvalue()


_RENDITIONS: dict[str, Callable[[bytes], Renditions]] = {"ours": _ours, "plain": _plain}

if __name__ == "__main__":
    main()
