"""What is signed, byte for byte, and how a signature is checked.

docs/receipts.md says it in words, for those who check in another language.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM: Literal["ed25519"] = "ed25519"
_LARGEST = 2**53  # what every language reads back as it was written
_TIME = "%Y-%m-%dT%H:%M:%SZ"

Statement = Mapping[str, str | int]


class Flaw(StrEnum):
    """Why a signature proves nothing; the first that holds."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    FALSE_KEY = "false-key"
    SIGNATURE = "signature"
    OUTSIDE_VALIDITY = "outside-validity"


@dataclass(frozen=True)
class PublicKey:
    """A published key; without ``valid_to`` it is in use."""

    key_id: str
    public_key: str
    valid_from: datetime
    valid_to: datetime | None


def canonical(statement: Statement) -> bytes:
    """The only bytes that a statement is signed as: keys sorted, nothing between, all of it ASCII.

    ``TypeError`` for anything but ASCII keys with texts and integers of less than 2^53: floats,
    nulls and nested objects are written differently by different programs.
    """
    for key, value in statement.items():
        is_plain = type(value) is str or (type(value) is int and abs(value) < _LARGEST)
        if not (key.isascii() and is_plain):
            raise TypeError(f"{key} cannot be signed")
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def key_id_of(public_key: bytes) -> str:
    """A key is named by its own digest, so no name can come to mean another key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def encode(raw: bytes) -> str:
    """Base64 for addresses, without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The reverse; ``ValueError`` for what ``encode`` never wrote."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if encode(raw) != text:
        raise ValueError("not base64url as it is written here")
    return raw


def written(at: datetime) -> str:
    """An instant as statements write it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime(_TIME)


def read_time(text: str) -> datetime:
    """The reverse of ``written``; ``ValueError`` for any other way to write an instant."""
    at = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    if written(at) != text:
        raise ValueError("not an instant as it is written here")
    return at


def sign(key: Ed25519PrivateKey, statement: Statement) -> str:
    """The signature of a statement; the same at every time."""
    return encode(key.sign(canonical(statement)))


def flaw_of(
    statement: Statement,
    signature: str,
    keys: Mapping[str, PublicKey],
    *,
    key_id: str,
    at: datetime,
) -> Flaw | None:
    """What keeps this from being signed by ``key_id`` at ``at``; None where it is proven."""
    key = keys.get(key_id)
    if key is None:
        return Flaw.UNKNOWN_KEY
    try:
        raw = decode(key.public_key)
        public = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        return Flaw.FALSE_KEY
    if key_id_of(raw) != key_id:
        return Flaw.FALSE_KEY
    try:
        public.verify(decode(signature), canonical(statement))
    except (InvalidSignature, ValueError, TypeError):
        return Flaw.SIGNATURE
    if at < key.valid_from or (key.valid_to is not None and at > key.valid_to):
        return Flaw.OUTSIDE_VALIDITY
    return None
