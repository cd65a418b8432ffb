"""The two query parameters of every list, as one dependency."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from app.kit.paging import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    decode_cursor,
    decode_id,
    decode_instant_and_id,
)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows per page, at most 500")]
Cursor = Annotated[str | None, Query(max_length=400, description="next_cursor of the page before")]


@dataclass(frozen=True)
class Paging:
    """The page that is asked for: how many rows, and after which one.

    A list reads the cursor as the key that it is sorted by; a damaged one raises ``Invalid``.
    """

    limit: int
    cursor: str | None

    def after_code(self) -> str:
        """The code of the last row of the page before; "" for the first page."""
        return str(decode_cursor(self.cursor, str)[0]) if self.cursor else ""

    def after_codes(self, parts: int) -> tuple[str, ...]:
        """The same where several codes make the key; as many "" for the first page."""
        if not self.cursor:
            return ("",) * parts
        return tuple(str(part) for part in decode_cursor(self.cursor, *[str] * parts))

    def after_number(self) -> int | None:
        """The number of the last row of the page before; None for the first page."""
        return int(decode_cursor(self.cursor, int)[0]) if self.cursor else None

    def after_id(self) -> UUID | None:
        """The id of the last row of the page before; None for the first page."""
        return decode_id(self.cursor)

    def after_instant_and_id(self) -> tuple[datetime, UUID] | None:
        """The instant and id of the last row of the page before; None for the first page."""
        return decode_instant_and_id(self.cursor)


async def _paging(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Paging:
    return Paging(limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]
