"""One request, one transaction, committed before the reply leaves.

``scope="function"`` is the point: with FastAPI's default the commit would come after the reply,
and a phone would be told that a visit is saved which a failing commit has just lost.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import anyio
from fastapi import Depends
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.infra.db import Database


async def open_transaction(request: Request) -> AsyncIterator[Session]:
    """The transaction of this request.

    Entering it touches no connection, so it needs no thread; ending it waits for the database and
    runs in one, before the reply.
    """
    database: Database = request.app.state.database
    manager = database.transaction()
    tx = manager.__enter__()
    try:
        yield tx
    except BaseException as error:
        await _to_the_end(manager.__exit__, type(error), error, error.__traceback__)
        raise
    await _to_the_end(manager.__exit__, None, None, None)


async def _to_the_end(finish: Callable[..., object], *result: object) -> None:
    """Commit or roll back even if the caller hangs up meanwhile: no connection is left behind."""
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(finish, *result)


Tx = Annotated[Session, Depends(open_transaction, scope="function")]
