"""Passwords: Argon2id through pwdlib. A hash costs tens of milliseconds on purpose.

The figures are those of the OWASP Password Storage Cheat Sheet (19 MiB, two passes, one lane): a
round begins with hundreds of phones that sign in at once, and each hash holds its memory meanwhile.
"""

import threading
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

HASHER = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHER = PasswordHash((HASHER,))
_AT_ONCE = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """The salted hash to keep."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; an unknown account costs the same time as a known one."""
    with _AT_ONCE:
        matches = _HASHER.verify(password, password_hash or _hash_of_nobody())
    return matches and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")
