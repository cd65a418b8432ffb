"""Wire shapes of public keys."""

from datetime import datetime
from typing import Literal

from app.web.wire import Wire


class KeyOut(Wire):
    """``public_key``: 32 bytes in base64url. ``key_id``: the first 16 hex digits of their SHA-256.

    ``valid_to`` is null while the key is in use.
    """

    key_id: str
    algorithm: Literal["ed25519"]
    public_key: str
    valid_from: datetime
    valid_to: datetime | None


class KeysOut(Wire):
    keys: list[KeyOut]
