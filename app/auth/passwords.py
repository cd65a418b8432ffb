"""Passwords: Argon2id through pwdlib. A hash costs a few hundred milliseconds on purpose."""

import threading

from pwdlib import PasswordHash

_HASHER = PasswordHash.recommended()
_AT_ONCE = threading.BoundedSemaphore(2)
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The salted hash to keep."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; an unknown account costs the same time as a known one."""
    with _AT_ONCE:
        matches = _HASHER.verify(password, password_hash or _NOBODY)
    return matches and password_hash is not None
