"""Whether a receipt allows the phone to delete a photo: the service's docs/receipts.md, on a phone.

It stands on its own, as an app would have it: nothing of the service is imported here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TYPE = "dudao.photo-receipt/1"
_FIELDS = frozenset({"type", "photo_id", "sha256", "size", "issued_at", "key_id"})


class Flaw(StrEnum):
    """Why a receipt does not free the bytes; only `UNKNOWN_KEY` is ordinary: fetch the keys."""

    MALFORMED = "malformed"
    OTHER_PHOTO = "other-photo"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature"


def flaw_of(
    receipt: object, keys: Mapping[str, str], *, photo_id: str, sha256: str, size: int
) -> Flaw | None:
    """Return what is wrong with a receipt of this very photo, or None: it may be deleted.

    `keys` are the public keys by id. A key that does not fit its id is as good as unknown.
    """
    match receipt:
        case {"statement": dict() as statement, "signature": str() as signature}:
            pass
        case _:
            return Flaw.MALFORMED
    texts = [value for key, value in statement.items() if key != "size"]
    is_formed = set(statement) == _FIELDS and all(isinstance(text, str) for text in texts)
    if not is_formed or type(statement["size"]) is not int or statement["type"] != TYPE:
        return Flaw.MALFORMED
    if (statement["photo_id"], statement["sha256"], statement["size"]) != (photo_id, sha256, size):
        return Flaw.OTHER_PHOTO
    public_key = _key(keys.get(statement["key_id"]), statement["key_id"])
    if public_key is None:
        return Flaw.UNKNOWN_KEY
    signed = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    try:
        public_key.verify(_decode(signature), signed.encode("ascii"))
    except (InvalidSignature, ValueError):
        return Flaw.SIGNATURE
    return None


def _key(text: str | None, key_id: str) -> Ed25519PublicKey | None:
    """The key of this id; an id is the beginning of the digest of its key."""
    try:
        raw = _decode(text or "")
        is_its_own = hashlib.sha256(raw).hexdigest()[:16] == key_id
        return Ed25519PublicKey.from_public_bytes(raw) if is_its_own else None
    except ValueError:
        return None


def _decode(text: str) -> bytes:
    """Base64url without padding, written in the only way; `ValueError` for anything else."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise ValueError("not base64url")
    return raw
