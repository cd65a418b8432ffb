"""Opaque cursors for keyset paging: the sort key of the last row, in base64url JSON.

A cursor is not a secret and not a promise about its inside; a damaged one raises ``Invalid``.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from app.kit.errors import Fault, Invalid

MAX_LIMIT = 500
DEFAULT_LIMIT = 100

Key = str | int
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows of one page and the cursor of the next, or None at the end."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*key: Key) -> str:
    """The cursor that continues after the row with this sort key."""
    raw = json.dumps(key, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Key, ...]:
    """The sort key inside a cursor, checked against the expected types."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise _bad_cursor() from error
    fits = isinstance(key, list) and len(key) == len(kinds)
    if not fits or any(type(part) is not kind for part, kind in zip(key, kinds, strict=True)):
        raise _bad_cursor()
    if any(isinstance(part, str) and not _is_plain(part) for part in key):
        raise _bad_cursor()
    return tuple(key)


def _is_plain(text: str) -> bool:
    """No NUL and no half of a surrogate pair: the database takes neither."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _bad_cursor() -> Invalid:
    return Invalid("request.invalid", faults=(Fault(pointer="/cursor", code="field.bad-cursor"),))


def decode_id(cursor: str | None) -> UUID | None:
    """The row id inside a cursor, or None for the first page."""
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, str)[0]))
    except ValueError as error:
        raise _bad_cursor() from error


def decode_instant_and_id(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The instant and row id inside a cursor, or None for the first page."""
    if cursor is None:
        return None
    instant, row_id = decode_cursor(cursor, str, str)
    try:
        found = datetime.fromisoformat(str(instant)), UUID(str(row_id))
    except ValueError as error:
        raise _bad_cursor() from error
    if found[0].tzinfo is None:
        raise _bad_cursor()
    return found
