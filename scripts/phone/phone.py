"""One inspector's phone: what an app's screens call. Everything else is behind it.

Taking a photo and submitting a visit touch only the disk: they work without a network, return in
milliseconds, and what they have returned for is safe. Sending is `sync_once`, to be called from
one background task; the app calls it when the network changes, when something was queued, and
otherwise when it next makes sense (`sync_until_empty` shows the loop).
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar
from uuid import UUID

import httpx2
from uuid_utils.compat import uuid7

from scripts.phone.api import Api, LostError, ProblemError
from scripts.phone.decide import Action, Outcome, Step, decide
from scripts.phone.model import (
    MAX_PHOTO_BYTES,
    PHOTO_TYPES,
    Json,
    Location,
    Photo,
    PhotoState,
    Progress,
    Role,
    Visit,
    photos_of,
)
from scripts.phone.pace import Pace, Timers, delay_s
from scripts.phone.queue import Queue
from scripts.phone.session import Session
from scripts.phone.sync import Engine, Network, PlainNetwork

T = TypeVar("T")


def phone_clock() -> datetime:
    """The phone's own clock, which may be wrong by any amount."""
    return datetime.now(UTC)


class Phone:
    """A queue in `folder`, an account, and the address of the service.

    `clock` is the phone's own clock, `faults` a bad network to play (see `faults.Faults`),
    `pace` the waiting times, `chance` the source of the jitter.
    """

    def __init__(
        self,
        folder: Path,
        base_url: str,
        login: str,
        password: str,
        *,
        clock: Callable[[], datetime] = phone_clock,
        faults: Network | None = None,
        pace: Pace | None = None,
        language: str = "zh",
        chance: Callable[[], float] = random.random,
    ) -> None:
        network = faults or PlainNetwork()
        self._clock = clock
        self._pace = pace or Pace()
        self._chance = chance
        self.queue = Queue(folder)
        transport = network.wrap(httpx2.HTTPTransport())
        self._api = Api(base_url, transport=transport, language=language)
        try:
            self._session = Session(self._api, self.queue, login=login, password=password)
        except BaseException:
            self.close()
            raise
        timers = Timers(self._pace, chance=chance)
        self._timers = timers
        self._engine = Engine(self._api, self._session, self.queue, timers, network)
        self._syncing = threading.Lock()
        self._queued = threading.Event()

    def close(self) -> None:
        """Let go of the folder; what is in the queue stays there."""
        self._api.close()
        self.queue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- reading -----------------------------------------------------------------------------

    def sign_in(self, password: str | None = None) -> Json:
        """Sign in if need be, learn the business time, and return `/v1/me`.

        Raises `SignInNeededError` if the service refuses login and password; then nothing is sent
        until this is called again, with another password if one is given.
        """
        self._session.allow_sign_in(password)
        return self._patiently(self._read_me)

    def tasks(self, round_id: UUID | None = None) -> list[Json]:
        """My tasks; without a network, those of the last time."""
        return list(self._cached(f"tasks:{round_id}", lambda: self._read_tasks(round_id))["items"])

    def checklist(self, code: str, version: int) -> Json:
        """A checklist version. It never changes, so it is read from the service once."""
        key = f"checklist:{code}:{version}"
        known = self.queue.note(key)
        if known is not None:
            found: Json = json.loads(known)
            return found
        path = f"/v1/checklists/{code}/versions/{version}"
        return self._cached(key, lambda: self._api.get(path))

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Any other read, repeated patiently; nothing of it is kept."""
        return self._patiently(lambda: self._api.get(path, params))

    def business_now(self) -> datetime:
        """The service's business time, as far as the phone knows it.

        The phone's clock is corrected by the offset learnt at the last sign-in, so that a phone
        that is an hour wrong, or plays another year, still stamps photos rightly.
        """
        return self._clock() + timedelta(seconds=float(self.queue.note("clock_offset_s") or 0.0))

    # -- working -----------------------------------------------------------------------------

    def take_photo(
        self,
        content: bytes,
        content_type: str,
        role: str,
        captured_at: datetime | None = None,
        location: Location | None = None,
        *,
        photo_id: UUID | None = None,
    ) -> UUID:
        """Freeze, hash and queue a photo; when this returns, the photo survives anything.

        `captured_at` is business time (`business_now()` by default). The bytes are final: resize
        before, never after. An app that must repeat the call after a crash gives `photo_id`.
        """
        if content_type not in PHOTO_TYPES:
            raise ValueError(f"{content_type} is not a type of photo the service takes")
        if not 0 < len(content) <= MAX_PHOTO_BYTES:
            raise ValueError(f"a photo of {len(content)} bytes: make it smaller before freezing")
        taken_at = captured_at or self.business_now()
        if taken_at.tzinfo is None:
            raise ValueError("captured_at needs an offset from UTC")
        photo = Photo(
            id=photo_id or uuid7(),
            state=PhotoState.FREEZING,
            sha256=hashlib.sha256(content).hexdigest(),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            size=len(content),
            content_type=content_type,
            role=Role(role),
            captured_at=taken_at.isoformat(timespec="milliseconds"),
            location=location.as_json() if location else None,
            problem=None,
        )
        self.queue.take(photo, content)
        self._queued.set()
        return photo.id

    def submit_visit(self, body: Mapping[str, object]) -> UUID:
        """Queue a whole visit (the body of `POST /v1/visits`); its text is frozen here.

        Without an `id` it gets one. Every photo it names must have been taken on this phone.
        """
        visit_id = UUID(str(body["id"])) if body.get("id") else uuid7()
        whole = {**body, "id": str(visit_id)}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=_plain)
        self.queue.add_visit(visit_id, text, photos_of(whole))
        self._queued.set()
        return visit_id

    def retry_refused(self) -> None:
        """Send refused items again; for the person to press, after the cause was removed."""
        self.queue.retry_refused()
        self._queued.set()

    # -- sending -----------------------------------------------------------------------------

    def sync_once(self) -> Progress:
        """Try everything that is due, once; never raises for the network, never sleeps."""
        with self._syncing:
            self._queued.clear()
            self._engine.run_once()
            return self._engine.progress()

    def sync_until_empty(self, timeout: float) -> Progress:
        """Sync until nothing is left that the phone can do by itself, or time is up."""
        end = time.monotonic() + timeout
        while True:
            progress = self.sync_once()
            left = end - time.monotonic()
            if progress.is_idle or progress.needs_sign_in or left <= 0:
                return progress
            wait = self._timers.soonest_s()
            self._queued.wait(min(left, 1.0, 0.01 if wait is None else wait))

    def progress(self) -> Progress:
        return self._engine.progress()

    @property
    def stats(self) -> Counter[str]:
        """What was sent and what was answered, counted since this object was made."""
        return self._engine.stats

    def photos(self) -> list[Photo]:
        return self.queue.photos()

    def visits(self) -> list[Visit]:
        return self.queue.visits()

    # -- inside ------------------------------------------------------------------------------

    def _read_me(self) -> Json:
        before = self._clock()
        me, server_time = self._api.me()
        after = self._clock()
        offset = server_time - (before + (after - before) / 2)
        self.queue.write_notes({"clock_offset_s": str(offset.total_seconds())})
        return me

    def _read_tasks(self, round_id: UUID | None) -> Json:
        items: list[Json] = []
        params = {"limit": "200"}
        if round_id is not None:
            params["round_id"] = str(round_id)
        while True:
            some, cursor = self._api.page("/v1/tasks", params)
            items += some
            if cursor is None:
                return {"items": items}
            params["cursor"] = cursor

    def _cached(self, key: str, request: Callable[[], Json]) -> Json:
        """Read and keep; if the service is out of reach, return what was kept, if anything."""
        known = self.queue.note(key)
        try:
            found = self._patiently(request, patience_s=0.0 if known else None)
        except (LostError, ProblemError) as failure:
            if known is None or _is_refusal(failure):
                raise
            found = json.loads(known)
        else:
            self.queue.write_notes({key: json.dumps(found, ensure_ascii=False)})
        return found

    def _patiently(self, request: Callable[[], T], *, patience_s: float | None = None) -> T:
        """Repeat a read until it is answered or patience is over; raise what then stands."""
        end = time.monotonic() + (self._pace.patience_s if patience_s is None else patience_s)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._session.call(request)
            except (LostError, ProblemError) as failure:
                wait = delay_s(
                    attempt, base_s=self._pace.base_s, cap_s=self._pace.cap_s, chance=self._chance()
                )
                if isinstance(failure, ProblemError) and failure.retry_after_s is not None:
                    wait = failure.retry_after_s
                if _is_refusal(failure) or time.monotonic() + wait > end:
                    raise
            time.sleep(wait)


def _is_refusal(failure: LostError | ProblemError) -> bool:
    if isinstance(failure, LostError):
        return False
    action = decide(Outcome(Step.READ, failure.status, failure.code))
    return action in {Action.REFUSE, Action.RENEW}


def _plain(value: object) -> str:
    """Write ids and times in a body the way the wire wants them."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} cannot be sent")
