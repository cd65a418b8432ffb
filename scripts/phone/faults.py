"""A bad network to order, on the real HTTP: for demonstrations and tests of any client.

`Faults` sits between the HTTP client and the real connection. It does not imitate the service:
every request that it lets through goes to the real one, and a lost reply is lost after the
service has really answered. What happens to the n-th request of a kind depends on the seed, the
kind and n alone, not on timing, so a run can be repeated; `counters` says what happened.

| fault | what the phone sees | what really happened |
|---|---|---|
| `lost-request` | connection error | the request never left |
| `lost-reply` | connection error | it was carried out; the answer was thrown away |
| `repeated` | one answer (the second) | it was carried out twice |
| `cut-upload` | connection error | half of the photo's bytes were sent, then the line broke |
| `skipped-complete` | connection error, always | this photo's `complete` never arrives |
| `reordered` | nothing | visits before photos, photos of several visits interleaved |
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import httpx2

from scripts.phone.decide import Step

T = TypeVar("T")


class Fault(StrEnum):
    """What can happen to a request."""

    LOST_REQUEST = "lost-request"
    LOST_REPLY = "lost-reply"
    REPEATED = "repeated"
    CUT_UPLOAD = "cut-upload"
    SKIPPED_COMPLETE = "skipped-complete"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Rates:
    """How often each fault happens, as a share of the requests it can happen to."""

    lost_request: float = 0.02
    lost_reply: float = 0.05
    repeated: float = 0.05
    cut_upload: float = 0.03
    skipped_complete: float = 0.0  # each one costs the minutes that the sweeper lets pass
    reordered: bool = True


class Faults:
    """One phone's bad network. `forced` puts a fault on the n-th (1, 2, …) request of a kind."""

    def __init__(
        self,
        seed: int,
        *,
        rates: Rates | None = None,
        forced: Mapping[tuple[Step, int], Fault] | None = None,
    ) -> None:
        self._seed = seed
        self._rates = rates or Rates()
        self._forced = dict(forced or {})
        self._seen: Counter[Step] = Counter()
        self._completes: dict[str, bool] = {}  # by path: whether it is never let through
        self._orders = 0
        self._lock = threading.Lock()
        self.counters: Counter[Fault] = Counter()

    def wrap(self, inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        return _FaultyTransport(self, inner)

    def order(self, items: Sequence[T]) -> list[T]:
        """Shuffle what the phone is about to send, if the rates say so."""
        if not self._rates.reordered:
            return list(items)
        with self._lock:
            self._orders += 1
            turn = self._orders
        places = sorted(range(len(items)), key=lambda place: self._chance(f"order {turn}", place))
        if places != list(range(len(items))):
            self.count(Fault.REORDERED)
        return [items[place] for place in places]

    def count(self, fault: Fault) -> None:
        with self._lock:
            self.counters[fault] += 1

    def draw(self, step: Step, path: str) -> Fault | None:
        """Return what is to happen to this request."""
        with self._lock:
            self._seen[step] += 1
            turn = self._seen[step]
        fault = self._forced.get((step, turn)) or self._drawn(step, turn)
        if step is Step.COMPLETE and self._is_skipped(path, fault):
            fault = Fault.SKIPPED_COMPLETE
        if fault is not None:
            self.count(fault)
        return fault

    def _drawn(self, step: Step, turn: int) -> Fault | None:
        rates = self._rates
        shares = [
            (Fault.LOST_REQUEST, rates.lost_request),
            (Fault.LOST_REPLY, rates.lost_reply),
            (Fault.REPEATED, rates.repeated),
            (Fault.CUT_UPLOAD, rates.cut_upload if step is Step.PUT else 0.0),
        ]
        chance = self._chance(step, turn)
        for fault, share in shares:
            if chance < share:
                return fault
            chance -= share
        return None

    def _is_skipped(self, path: str, fault: Fault | None) -> bool:
        """Whether this photo's `complete` is one of those that never arrive (decided once)."""
        with self._lock:
            if path not in self._completes:
                chance = self._chance("skip", len(self._completes))
                self._completes[path] = (
                    chance < self._rates.skipped_complete or fault is Fault.SKIPPED_COMPLETE
                )
            return self._completes[path]

    def _chance(self, what: str, turn: int) -> float:
        """Draw from [0, 1), the same on every machine for the same seed, kind and turn."""
        drawn = hashlib.sha256(f"{self._seed}/{what}/{turn}".encode()).digest()
        return int.from_bytes(drawn[:6], "big") / 2.0**48


class _FaultyTransport(httpx2.BaseTransport):
    """Plays the faults around the real transport."""

    def __init__(self, faults: Faults, inner: httpx2.BaseTransport) -> None:
        self._faults = faults
        self._inner = inner

    def close(self) -> None:
        self._inner.close()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self._faults.draw(step_of(request), request.url.path)
        if fault in {Fault.LOST_REQUEST, Fault.SKIPPED_COMPLETE}:
            raise httpx2.ConnectError(f"{fault} (played)", request=request)
        if fault is Fault.CUT_UPLOAD:
            request.stream = _CutStream(request.read())
        reply = self._inner.handle_request(request)
        if fault is Fault.LOST_REPLY:
            _swallow(reply)
            raise httpx2.ReadError(f"{fault} (played)", request=request)
        if fault is Fault.REPEATED:
            _swallow(reply)
            reply = self._inner.handle_request(request)
        return reply


class _CutStream(httpx2.SyncByteStream):
    """The first half of a body, then a broken line."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content[: len(self._content) // 2]
        raise httpx2.WriteError(f"{Fault.CUT_UPLOAD} (played)")


def step_of(request: httpx2.Request) -> Step:
    """Name the kind of a request by its method and path."""
    method, path = request.method, request.url.path
    if method == "PUT":
        return Step.PUT
    if method == "GET":
        return Step.POLL if path == "/v1/photos" else Step.READ
    if path == "/v1/auth/token":
        return Step.REFRESH if b"grant_type=refresh_token" in request.read() else Step.SIGN_IN
    if path == "/v1/photos":
        return Step.ANNOUNCE
    return Step.COMPLETE if path.endswith("/complete") else Step.VISIT


def _swallow(reply: httpx2.Response) -> None:
    """Wait for the whole answer, then throw it away: the service has certainly done its work."""
    reply.read()
    reply.close()
