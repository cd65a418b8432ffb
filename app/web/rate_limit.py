"""Headers that tell a caller how often he may try, and when again.

``Retry-After`` is the standard and enough. ``RateLimit-Policy`` and ``RateLimit`` follow the IETF
draft (draft-ietf-httpapi-ratelimit-headers-10) and are for information.
"""

from app.kit.errors import TooMany
from app.kit.throttle import Allowance, Quota


def allowance_headers(allowance: Allowance) -> dict[str, str]:
    """What a reply says of a quota that was not used up."""
    left = f'"{allowance.quota.name}";r={allowance.remaining};t={allowance.full_in_s}'
    return {"RateLimit-Policy": _policy(allowance.quota), "RateLimit": left}


def refusal_headers(error: TooMany) -> dict[str, str]:
    """What a 429 says."""
    wait_s = max(1, error.wait_s)
    if error.quota is None:
        return {"Retry-After": str(wait_s)}
    return {
        "Retry-After": str(wait_s),
        "RateLimit-Policy": _policy(error.quota),
        "RateLimit": f'"{error.quota.name}";r=0;t={wait_s}',
    }


def _policy(quota: Quota) -> str:
    return f'"{quota.name}";q={quota.tries};w={quota.window_s}'
