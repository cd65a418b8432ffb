"""What phones do with photos, as cheaply as it can be done; and when it came through."""

import json
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

from scripts.bench_steps.pictures import Shot
from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack
from scripts.bench_steps.wire import Wire, expect

AT_ONCE = 3
_LOOK_AGAIN_S = 0.25
_PATIENCE_S = 240.0
_UNDECIDED = """
SELECT 1 FROM photo WHERE id = ANY(%s) AND state IN ('announced', 'verifying') LIMIT 1
"""


class Phone:
    """One inspector's phone with a line to the API and one to the store; a context manager."""

    def __init__(self, stack: Stack, scene: Scene, client: int) -> None:
        self._stack = stack
        self._headers: Mapping[str, str] = scene.headers(client)
        self._api, self._store = Wire(stack.url), Wire(stack.settings.s3_endpoint or "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._api.close()
        self._store.close()

    def send(self, some: Sequence[Shot]) -> None:
        """Announce them together, then PUT and complete one after the other."""
        body = json.dumps({"photos": [_announcement(one) for one in some]}).encode()
        reply = expect(self._api.call("POST", "/v1/photos", headers=self._headers, body=body), 200)
        for one, answer in zip(some, reply.json()["photos"], strict=True):
            upload = answer["upload"]
            target = "/" + upload["url"].split("/", 3)[3]
            expect(
                self._store.call("PUT", target, headers=upload["headers"], body=one.content), 200
            )
            done = f"/v1/photos/{one.id}/complete"
            expect(self._api.call("POST", done, headers=self._headers), 200, 202)

    def wait_stored(self, ids: Sequence[UUID]) -> None:
        """Looks into the database until all is decided and then asks the API, as a phone would.

        How often a phone asks in between is its own affair and would only measure the machine.
        """
        deadline = time.monotonic() + _PATIENCE_S
        with self._stack.connect() as connection:
            while connection.execute(_UNDECIDED, [list(ids)]).fetchone():
                if time.monotonic() > deadline:
                    raise RuntimeError("photos are not decided in time")
                time.sleep(_LOOK_AGAIN_S)
        self.ask_stored(ids)

    def ask_stored(self, ids: Sequence[UUID]) -> None:
        """Asks the API for photos that must be stored by now, a few at a time."""
        for first in range(0, len(ids), AT_ONCE):
            query = urlencode([("id", str(one)) for one in ids[first : first + AT_ONCE]])
            reply = self._api.call("GET", f"/v1/photos?{query}", headers=self._headers)
            found: list[dict[str, Any]] = expect(reply, 200).json()["photos"]
            if {photo["state"] for photo in found} != {"stored"}:
                raise RuntimeError(f"photos end up as {found}")


def event_times(stack: Stack, ids: Sequence[UUID]) -> tuple[dict[str, float], dict[str, float]]:
    """When photos were completed and when they were stored, in seconds of the wall clock."""
    with stack.connect() as connection:
        rows = connection.execute(
            "SELECT kind, subject_id::text, extract(epoch FROM recorded_at)::float8 FROM event"
            " WHERE subject_type = 'photo' AND subject_id = ANY(%s)",
            (list(ids),),
        ).fetchall()
    uploaded = {str(row[1]): float(str(row[2])) for row in rows if row[0] == "photo.uploaded"}
    stored = {str(row[1]): float(str(row[2])) for row in rows if row[0] == "photo.stored"}
    if len(stored) != len(ids):
        raise RuntimeError(f"{len(stored)} of {len(ids)} photos are stored")
    return uploaded, stored


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
