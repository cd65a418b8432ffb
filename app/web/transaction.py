"""One request, one transaction, committed before the reply leaves.

``scope="function"`` is the point: with FastAPI's default the commit would come after the reply,
and a phone would be told that a visit is saved which a failing commit has just lost.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session
from starlette.requests import Request

from app.infra.db import Database


def open_transaction(request: Request) -> Iterator[Session]:
    """The transaction of this request."""
    database: Database = request.app.state.database
    with database.transaction() as tx:
        yield tx


Tx = Annotated[Session, Depends(open_transaction, scope="function")]
