"""The two query parameters of every list."""

from typing import Annotated

from fastapi import Query

from app.kit.paging import DEFAULT_LIMIT, MAX_LIMIT

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows per page, at most 500")]
Cursor = Annotated[str | None, Query(max_length=400, description="next_cursor of the page before")]
STANDARD_LIMIT = DEFAULT_LIMIT
