"""Contacts are sealed with AES-256-GCM under the first key of a ring; the others only open.

What is sealed is bound to its report, so that it opens in no other place. A key is named by the
beginning of its digest.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES, _NONCE_BYTES, _ID_LENGTH = 32, 12, 16
_PURPOSE = b"dudao citizen contact\n"


class Unopenable(Exception):
    """No key of the ring opens it, or it is not what was sealed for this report."""


@dataclass(frozen=True)
class Sealed:
    """What is stored, and the key that opens it."""

    key_id: str
    content: bytes


@dataclass(frozen=True, repr=False)
class KeyRing:
    """Keys by their ids, the newest first; at least one."""

    keys: dict[str, bytes]

    @property
    def newest(self) -> str:
        """The key that seals."""
        return next(iter(self.keys))

    def seal(self, text: str, *, report_id: UUID) -> Sealed:
        """Seal a text for a report."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self.keys[self.newest])
        content = nonce + cipher.encrypt(nonce, text.encode(), _PURPOSE + report_id.bytes)
        return Sealed(self.newest, content)

    def open(self, sealed: Sealed, *, report_id: UUID) -> str:
        """The text again; ``Unopenable`` without its key, or where it was changed or moved."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise Unopenable(sealed.key_id)
        nonce, content = sealed.content[:_NONCE_BYTES], sealed.content[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, content, _PURPOSE + report_id.bytes).decode()
        except (InvalidTag, ValueError) as error:
            raise Unopenable(sealed.key_id) from error


def new_key() -> str:
    """A fresh key as it is written down."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def read_ring(text: str) -> KeyRing:
    """One key in base64 per line, the newest first; ValueError where it is no such text."""
    keys = {}
    for line in text.split():
        key = base64.b64decode(line, validate=True)
        if len(key) != _KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        keys[hashlib.sha256(key).hexdigest()[:_ID_LENGTH]] = key
    if not keys:
        raise ValueError("no key")
    return KeyRing(keys)


def write_ring(ring: KeyRing) -> str:
    """The text that ``read_ring`` reads."""
    return "".join(base64.b64encode(key).decode() + "\n" for key in ring.keys.values())
