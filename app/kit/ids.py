"""Identifiers: UUIDv7 for rows, readable numbers for documents."""

import hashlib
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

# No vowels and nothing that is taken for something else when it is read out on the telephone.
_SPOKEN = "23456789BCDFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """A fresh UUIDv7: unique without coordination, and in order of making for the index."""
    return uuid7()


def document_number(year: int, serial: int) -> str:
    """The number people see on a ledger entry, for instance ``2018-000042``."""
    return f"{year:04d}-{serial:06d}"


def new_token() -> str:
    """A random bearer token of 256 bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is stored of a token: its SHA-256, so that a copy of the database opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def spoken_code(*groups: int) -> str:
    """A random code of groups of so many characters, to be read out: ``7QK2M-XH4PD``.

    Each character is worth 4.8 bits.
    """
    return "-".join("".join(secrets.choice(_SPOKEN) for _ in range(count)) for count in groups)


def plain_code(typed: str) -> str:
    """What a typed code means: case, hyphens and spaces do not count."""
    return "".join(char for char in typed.upper() if char.isalnum())
