"""How often something may be tried: arithmetic of one instant per key, no counter to reset.

Each try moves the key's ``busy_until`` one step on; a try that would move it further than the
window from now is refused. So ``tries`` may come at once, and after that one per step.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Quota:
    """So many tries in so many seconds, under a name that the caller is told."""

    name: str
    tries: int
    window_s: int

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_s)

    @property
    def step(self) -> timedelta:
        """What one try costs; rounded down, so that all tries fit into the window."""
        return self.window // self.tries

    def remaining(self, busy_until: datetime, now: datetime) -> int:
        """Tries that are left at once."""
        room = now + self.window - max(busy_until, now)
        return min(self.tries, max(0, room // self.step))

    def wait_s(self, busy_until: datetime, now: datetime) -> int:
        """Whole seconds until the next try is possible; 0 where it is possible now."""
        over = max(busy_until, now) + self.step - (now + self.window)
        return max(0, math.ceil(over.total_seconds()))


@dataclass(frozen=True)
class Allowance:
    """What is left of a quota after a try."""

    quota: Quota
    remaining: int
    full_in_s: int


def address_key(address: str | None) -> str:
    """Whom an address counts as: itself, and in IPv6 its /64, of which a caller has all."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return (address or "unknown")[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
