"""The largest photos that are taken, through the real worker: it and its children stay small."""

import io
import time
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests import factories as make
from tests.journeys.service import Service

_MOST_MB = 400
_LIMIT_S = 60.0
_MOST_BYTES = 20 * 1024 * 1024


def largest() -> list[bytes]:
    """59 megapixels, and 20 MiB: a film follows the picture, as phones do it."""
    out = io.BytesIO()
    Image.new("RGB", (7680, 7680), "teal").save(out, "JPEG")
    return [out.getvalue(), make.make_photo_bytes().ljust(_MOST_BYTES, b"x")]


def children_of(pid: int) -> list[int]:
    """The processes whose parent it is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rsplit(")", 1)[1].split()[1]
        except OSError:  # it has just ended
            continue
        if int(parent) == pid:
            found.append(int(stat.parent.name))
    return found


def peak_mb(pid: int) -> int:
    """The most memory that a process has ever held."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) // 1024


@pytest.mark.long
def test_worker_and_children_stay_below_the_limit(service: Service) -> None:
    service.wait_ready()
    with service.looking() as tx:
        who = make.signed_in(tx)
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as client:
        ids = [make.upload_photo(client, client, who, content) for content in largest() * 2]
        end = time.monotonic() + _LIMIT_S
        while True:
            params = {"id": ids}
            answer = client.get("/v1/photos", params=params, headers=who.headers).json()
            if all(photo["state"] == "stored" for photo in answer["photos"]):
                break
            assert time.monotonic() < end, (answer, service.log())
            time.sleep(0.2)
    worker = service.pids()["worker"]
    children = children_of(worker)
    assert children
    peaks = {pid: peak_mb(pid) for pid in (worker, *children)}
    assert max(peaks.values()) < _MOST_MB, peaks
