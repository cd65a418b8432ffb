"""The only reader of the clock.

Two clocks are kept apart. ``real_now`` is for tokens, leases, presigning and throttles.
``business_now`` is what deadlines, rounds and bulletins see: the real instant plus a shift that the
demo and the tests may set (see ``app/infra/business_time.py``); in production the shift is zero.
"""

import time
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def business_now(shift: timedelta) -> datetime:
    """The present business instant, in UTC: the real one moved by ``shift``."""
    return real_now() + shift


def monotonic() -> float:
    """Seconds of a clock that never jumps, for measuring durations."""
    return time.monotonic()
