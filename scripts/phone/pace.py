"""When something may be tried again: exponential back-off with jitter and a cap.

The times live in memory only. A restarted app tries everything at once, which is right: people
restart an app because they have just found a better network.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """The waiting times. The defaults are for the field; tests and demos pass shorter ones."""

    base_s: float = 1.0  # first wait after a failure, doubled each time
    cap_s: float = 60.0  # no wait of our own is longer
    poll_s: float = 1.0  # first wait before asking for the states of photos
    poll_cap_s: float = 15.0
    patience_s: float = 30.0  # how long reads (sign-in, tasks, checklist) are repeated
    retry_after_cap_s: float = 900.0  # a larger Retry-After is taken for a mistake


def delay_s(attempt: int, *, base_s: float, cap_s: float, chance: float) -> float:
    """Return the wait after the `attempt`-th failure (1, 2, …); `chance` is in [0, 1).

    Half of the wait is fixed and half is drawn, so that the phones of a whole city, cut off by
    the same dead mast, do not all come back in the same second.
    """
    full = min(cap_s, base_s * 2.0 ** min(attempt - 1, 30))
    return full * (0.5 + 0.5 * chance)


class Timers:
    """Next permitted time and number of failures by key (an item's id, a host, a step)."""

    def __init__(
        self,
        pace: Pace,
        *,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pace = pace
        self._chance = chance
        self._monotonic = monotonic
        self._not_before: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def now(self) -> float:
        return self._monotonic()

    def is_due(self, key: str) -> bool:
        return self._not_before.get(key, 0.0) <= self._monotonic()

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    def fail(self, key: str, *, retry_after_s: float | None = None) -> float:
        """Note a failure; return the wait. A Retry-After is a lower bound, never shortened."""
        self._failures[key] = self._failures.get(key, 0) + 1
        pace = self._pace
        if retry_after_s is None:
            wait = delay_s(
                self._failures[key], base_s=pace.base_s, cap_s=pace.cap_s, chance=self._chance()
            )
        else:
            wait = min(retry_after_s, pace.retry_after_cap_s) * (1.0 + 0.2 * self._chance())
        self.wait(key, wait)
        return wait

    def wait(self, key: str, seconds: float) -> None:
        self._not_before[key] = self._monotonic() + seconds

    def wait_polling(self, key: str, *, idle_rounds: int) -> None:
        """Set the next poll: soon after a change, slower the longer nothing changes."""
        pace = self._pace
        self.wait(
            key,
            delay_s(
                idle_rounds + 1, base_s=pace.poll_s, cap_s=pace.poll_cap_s, chance=self._chance()
            ),
        )

    def clear(self, key: str) -> None:
        self._not_before.pop(key, None)
        self._failures.pop(key, None)

    def soonest_s(self) -> float | None:
        """Seconds until the next waiting key is due; None if nothing is waiting."""
        now = self._monotonic()
        ahead = [at - now for at in self._not_before.values() if at > now]
        return min(ahead, default=None)
