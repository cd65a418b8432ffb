"""The engine: moves what is in the queue to the service, whatever the network does.

One *pass* (`Engine.run_once`) tries everything that is due, once: announce, PUT, complete, send
visits, ask for states. A pass never raises for the network and never sleeps. What failed gets a
time before which it is not tried again (`scripts.phone.pace`), per host when the host is out of
reach and per item when only the item failed. One bad item never blocks the others: what has failed
least goes first, and while the service is out of reach each pass begins with another step. All
decisions are in `scripts.phone.decide`; all lasting state is in `scripts.phone.queue`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import httpx2

from scripts.phone.api import (
    PHOTOS_AT_ONCE,
    STATES_AT_ONCE,
    Api,
    LostError,
    PhotoStatus,
    ProblemError,
    Upload,
)
from scripts.phone.decide import Action, Outcome, Step, decide
from scripts.phone.files import DamagedError
from scripts.phone.model import Json, Photo, PhotoState, Progress, Visit, VisitState
from scripts.phone.pace import Timers
from scripts.phone.queue import Queue
from scripts.phone.receipts import Flaw, flaw_of
from scripts.phone.session import Session, SignInNeededError

T = TypeVar("T")
Item = TypeVar("Item", Photo, Visit)

UPLOADS_PER_PASS = 20  # so that visits, which are small, are not kept waiting by many photos
_ITEM_POINTER = re.compile(r"^#?(?:/body)?/photos/(\d+)(?:/|$)")
_SERVICE = "host:service"
_STORAGE = "host:storage"
_ANNOUNCE = "step:announce"
_POLL = "step:poll"
_KEYS = "step:keys"


class Network(Protocol):
    """What a test or a demo may put between the phone and the network (see `faults`)."""

    def wrap(self, inner: httpx2.BaseTransport) -> httpx2.BaseTransport: ...

    def order(self, items: Sequence[T]) -> list[T]: ...


class PlainNetwork:
    """The network as it is, things sent in the order in which they were made."""

    def wrap(self, inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        return inner

    def order(self, items: Sequence[T]) -> list[T]:
        return list(items)


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What one request came to: a value if it was answered with one, a problem if refused."""

    action: Action
    value: T | None = None
    problem: ProblemError | None = None


class Engine:
    """Sends one phone's queue. Used by one thread at a time; items may be added meanwhile."""

    def __init__(
        self, api: Api, session: Session, queue: Queue, timers: Timers, network: Network
    ) -> None:
        self._api = api
        self._session = session
        self._queue = queue
        self._timers = timers
        self._network = network
        self._uploads: dict[UUID, tuple[Upload, float]] = {}  # with the time they expire
        self._batch = PHOTOS_AT_ONCE
        self._idle_polls = 0
        self._poll_is_planned = False
        self._first_step = 0
        self.stats: Counter[str] = Counter()

    def run_once(self) -> None:
        """Try everything that is due, once."""
        steps = [self._announce, self._put, self._complete, self._send_visits, self._poll]
        for step in self._network.order(steps[self._first_step :] + steps[: self._first_step]):
            step()
        is_open = self._is_open(_SERVICE)
        self._first_step = 0 if is_open else (self._first_step + 1) % len(steps)

    def progress(self) -> Progress:
        photos, visits = self._queue.counts()
        return Progress(photos, visits, self._queue.attention(), self._session.needs_sign_in)

    # -- the steps ---------------------------------------------------------------------------

    def _announce(self) -> None:
        """Ask where to put each queued photo that has no living address."""
        queued = self._due(self._queue.photos(PhotoState.QUEUED))
        waiting = [photo for photo in queued if self._upload_for(photo.id) is None]
        while waiting and self._is_open(_SERVICE) and self._timers.is_due(_ANNOUNCE):
            some, waiting = waiting[: self._batch], waiting[self._batch :]
            key = _ANNOUNCE if len(some) > 1 else str(some[0].id)
            attempt = self._attempt(Step.ANNOUNCE, key, partial(self._api.announce, some))
            if attempt.action is Action.ACCEPT and attempt.value is not None:
                self._batch = min(PHOTOS_AT_ONCE, self._batch * 2)
                self._note_announced(attempt.value)
            elif attempt.problem is not None:
                self._refuse_announced(some, attempt.problem)
                waiting = [*self._still_queued(some), *waiting]
            else:
                self._batch = max(1, self._batch // 2)  # find the one that cannot be digested

    def _put(self) -> None:
        """Send the bytes of photos whose address is known."""
        queued = self._due(self._queue.photos(PhotoState.QUEUED))
        ready = [photo for photo in queued if photo.id in self._uploads]
        for photo in ready[:UPLOADS_PER_PASS]:
            upload = self._upload_for(photo.id)
            if not self._is_open(_STORAGE):
                return
            if upload is not None:
                self._put_one(photo, upload)

    def _put_one(self, photo: Photo, upload: Upload) -> None:
        try:
            content = self._queue.files.read(photo.id, photo.sha256)
        except DamagedError as error:
            self._move(photo.id, PhotoState.REFUSED, _local_problem(str(error)))
            return
        request = partial(self._api.put, upload, content)
        attempt = self._attempt(Step.PUT, str(photo.id), request, host=_STORAGE)
        if attempt.action is Action.ACCEPT:
            self._uploads.pop(photo.id, None)
            self._move(photo.id, PhotoState.UPLOADED)
        elif attempt.action is Action.ANNOUNCE:
            self._uploads.pop(photo.id, None)

    def _complete(self) -> None:
        """Tell the service that the bytes are there.

        If this never arrives, the service's sweeper finds them within minutes: the poll sees it.
        """
        for photo in self._due(self._queue.photos(PhotoState.UPLOADED)):
            if not self._is_open(_SERVICE):
                return
            request = partial(self._api.complete, photo.id)
            attempt = self._attempt(Step.COMPLETE, str(photo.id), request)
            if attempt.value is not None:
                status = attempt.value
                if status.is_lost:
                    self._timers.fail(_resend(photo.id))  # give the service time to look
                self._move(photo.id, status.final or PhotoState.VERIFYING, status.problem)
                self._poll_soon()
            elif attempt.problem is not None:
                self._move(photo.id, PhotoState.REFUSED, attempt.problem.body)
            elif attempt.action is Action.ANNOUNCE:
                self._move(photo.id, PhotoState.QUEUED)

    def _send_visits(self) -> None:
        """Send visits; they do not wait for their photos, nor the photos for them."""
        for visit in self._due(self._queue.visits(VisitState.QUEUED)):
            if not self._is_open(_SERVICE):
                return
            self._send_visit(visit)

    def _send_visit(self, visit: Visit) -> None:
        waiting = {photo.id for photo in self._queue.photos(PhotoState.QUEUED)}
        early = not waiting.isdisjoint(visit.photo_ids)
        request = partial(self._api.send_visit, visit.body or "")
        attempt = self._attempt(Step.VISIT, str(visit.id), request)
        if attempt.value is not None:
            receipt, replayed = attempt.value
            self.stats["visits that were already there"] += replayed
            self.stats["visits received before their photos"] += early
            self._queue.receive_visit(visit.id, receipt)
            self._timers.clear(str(visit.id))
        elif attempt.problem is not None:
            self._queue.refuse_visit(visit.id, attempt.problem.body)

    def _poll(self) -> None:
        """Ask for the states, and then the receipts, of photos that the service should have."""
        moving = self._queue.photos(PhotoState.UPLOADED, PhotoState.VERIFYING, PhotoState.STORED)
        self._poll_is_planned = self._poll_is_planned and bool(moving)
        if not moving or not self._timers.is_due(_POLL):
            return
        changed = 0
        for start in range(0, len(moving), STATES_AT_ONCE):
            some = moving[start : start + STATES_AT_ONCE]
            if not self._is_open(_SERVICE):
                return
            request = partial(self._api.photo_states, [photo.id for photo in some])
            attempt = self._attempt(Step.POLL, _POLL, request)
            if attempt.value is None:
                return
            changed += self._note_states(some, attempt.value)
            changed += self._take_receipts(some, attempt.value)
        self._plan_poll(idle_polls=0 if changed else self._idle_polls + 1)

    # -- what the answers mean ---------------------------------------------------------------

    def _note_announced(self, said: Mapping[UUID, PhotoStatus]) -> None:
        moved: dict[UUID, tuple[PhotoState, Json | None]] = {}
        for key, status in said.items():
            if status.upload is not None:
                expires_at = self._timers.now() + 0.9 * status.upload.expires_in_s
                self._uploads[key] = (status.upload, expires_at)
            else:
                moved[key] = (status.final or PhotoState.VERIFYING, status.problem)
        self._queue.move_photos(moved)

    def _refuse_announced(self, some: Sequence[Photo], problem: ProblemError) -> None:
        """Refuse the items that the problem points at; if it points at none, look closer."""
        matches = [_ITEM_POINTER.match(str(error.get("pointer", ""))) for error in problem.errors]
        named = {int(match[1]) for match in matches if match and int(match[1]) < len(some)}
        if len(some) == 1:
            named = {0}
        self._queue.move_photos(
            {some[index].id: (PhotoState.REFUSED, problem.body) for index in named}
        )
        if not named:
            self._batch = max(1, len(some) // 2)

    def _note_states(self, asked: Sequence[Photo], said: Mapping[UUID, PhotoStatus]) -> int:
        """Record what changed; a photo the service does not know is announced again."""
        moved: dict[UUID, tuple[PhotoState, Json | None]] = {}
        for photo in asked:
            status = said.get(photo.id)
            may_resend = self._timers.is_due(_resend(photo.id))
            new = _state_after(photo, status, may_resend=may_resend)
            if new is not photo.state:
                moved[photo.id] = (new, status.problem if status else None)
                if new is PhotoState.QUEUED:
                    self._timers.fail(str(photo.id))
                else:
                    self._timers.clear(str(photo.id))
                if status and status.is_lost and new is PhotoState.QUEUED:
                    self.stats["photos sent again that the store had lost"] += 1
        self._queue.move_photos(moved)
        return len(moved)

    def _take_receipts(self, asked: Sequence[Photo], said: Mapping[UUID, PhotoStatus]) -> int:
        """Keep the receipts that hold; only then the bytes go. A bad one is for the person."""
        given = [
            (photo, status.receipt)
            for photo in asked
            if (status := said.get(photo.id)) and status.receipt and status.final
        ]
        keys = self._known_keys()
        flaws = {photo.id: _flaw(photo, receipt, keys) for photo, receipt in given}
        if Flaw.UNKNOWN_KEY in flaws.values():
            keys = self._fetch_keys(keys)
            flaws = {photo.id: _flaw(photo, receipt, keys) for photo, receipt in given}
        held = {photo.id: receipt for photo, receipt in given if flaws[photo.id] is None}
        self._queue.keep_receipts(held)
        bad = {key for key, flaw in flaws.items() if flaw not in {None, Flaw.UNKNOWN_KEY}}
        self._queue.move_photos({key: (PhotoState.STORED, _bad_receipt(flaws[key])) for key in bad})
        return len(held)

    def _known_keys(self) -> dict[str, str]:
        known: dict[str, str] = json.loads(self._queue.note("signing_keys") or "{}")
        return known

    def _fetch_keys(self, known: Mapping[str, str]) -> dict[str, str]:
        """Learn keys; none that was known is ever forgotten, or exchanged under its id."""
        if not self._timers.is_due(_KEYS) or not self._is_open(_SERVICE):
            return dict(known)
        attempt = self._attempt(Step.POLL, _KEYS, self._api.signing_keys)
        if attempt.value is None:
            return dict(known)
        keys = {**attempt.value, **known}
        self._queue.write_notes({"signing_keys": json.dumps(keys)})
        self._timers.fail(_KEYS)  # what it does not list now, it lists in some minutes
        return keys

    # -- one request -------------------------------------------------------------------------

    def _attempt(
        self, step: Step, key: str, request: Callable[[], T], *, host: str = _SERVICE
    ) -> Attempt[T]:
        """Make a request, decide what it came to, and set the times for what failed."""
        self.stats[f"{step} requests"] += 1
        try:
            value = request() if step is Step.PUT else self._session.call(request)
        except SignInNeededError:
            return Attempt(Action.PAUSE)
        except LostError:
            action, problem = decide(Outcome(step)), None
        except ProblemError as said:
            action, problem = decide(Outcome(step, said.status, said.code)), said
        else:
            self._timers.clear(host)
            if key in {_ANNOUNCE, _POLL}:
                self._timers.clear(key)
            return Attempt(Action.ACCEPT, value)
        self._note_failure(action, key, host, problem)
        return Attempt(action, problem=problem if action is Action.REFUSE else None)

    def _note_failure(
        self, action: Action, key: str, host: str, problem: ProblemError | None
    ) -> None:
        self.stats[f"answers that meant {action}"] += 1
        if problem is not None:
            self._timers.clear(host)  # it is within reach
        if action is Action.RENEW:
            self._session.forget_tokens()
            self._timers.fail(host)
        elif action is Action.PAUSE:
            self._timers.fail(host, retry_after_s=problem.retry_after_s if problem else None)
            if problem is None:
                self._timers.fail(key)  # perhaps it was this item: the others go first next time
        elif action in {Action.BACK_OFF, Action.ANNOUNCE}:
            self._timers.fail(key)

    def _due(self, items: Sequence[Item]) -> list[Item]:
        """What may be tried now: first what has failed least, then in order of age."""
        due = [item for item in items if self._timers.is_due(str(item.id))]
        return sorted(
            self._network.order(due), key=lambda item: self._timers.failures(str(item.id))
        )

    def _is_open(self, host: str) -> bool:
        stopped = host == _SERVICE and self._session.needs_sign_in
        return self._timers.is_due(host) and not stopped

    def _upload_for(self, photo_id: UUID) -> Upload | None:
        """The address to put the photo to, if there is one that has not run out."""
        upload, expires_at = self._uploads.get(photo_id, (None, 0.0))
        if upload is not None and self._timers.now() >= expires_at:
            del self._uploads[photo_id]
            return None
        return upload

    def _still_queued(self, photos: Sequence[Photo]) -> list[Photo]:
        queued = {photo.id for photo in self._queue.photos(PhotoState.QUEUED)}
        return [photo for photo in photos if photo.id in queued]

    def _move(self, photo_id: UUID, state: PhotoState, problem: Json | None = None) -> None:
        self._queue.move_photos({photo_id: (state, problem)})

    def _poll_soon(self) -> None:
        """Plan a poll after a `complete`, but never put off one that is planned already."""
        if self._idle_polls or not self._poll_is_planned:
            self._plan_poll(idle_polls=0)

    def _plan_poll(self, *, idle_polls: int) -> None:
        self._idle_polls = idle_polls
        self._poll_is_planned = True
        self._timers.wait_polling(_POLL, idle_rounds=idle_polls)


def _state_after(photo: Photo, status: PhotoStatus | None, *, may_resend: bool) -> PhotoState:
    """Read a polled state.

    "Announced" after `verifying` means that the bytes were not there; before it, only that
    `complete` has not arrived yet. A photo that the service does not know is announced again, and
    so is one that the store has lost, unless it was sent again a moment ago.
    """
    if status is None:
        return PhotoState.QUEUED
    if status.state == "announced":
        return PhotoState.UPLOADED if photo.state is PhotoState.UPLOADED else PhotoState.QUEUED
    if status.is_lost and (photo.state is PhotoState.STORED or may_resend):
        return PhotoState.QUEUED
    if status.final is None:
        return PhotoState.STORED if photo.state is PhotoState.STORED else PhotoState.VERIFYING
    return status.final


def _resend(photo_id: UUID) -> str:
    """The timer of a photo that was sent again because the store had lost it."""
    return f"lost:{photo_id}"


def _flaw(photo: Photo, receipt: Json, keys: Mapping[str, str]) -> Flaw | None:
    return flaw_of(receipt, keys, photo_id=str(photo.id), sha256=photo.sha256, size=photo.size)


def _bad_receipt(flaw: Flaw | None) -> Json:
    title = "照片回执无效 / the receipt of the photo does not hold"
    return {"code": "phone.receipt-invalid", "title": title, "detail": str(flaw)}


def _local_problem(detail: str) -> Json:
    """A problem found on the phone, in the shape of the service's own."""
    return {"code": "phone.photo-damaged", "title": "照片已损坏 / photo damaged", "detail": detail}
