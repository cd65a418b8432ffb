"""The change feed of whoever sends photos and visits."""

from typing import Annotated

from fastapi import Query

from app.kit.paging import decode_cursor
from app.sync import queries
from app.sync.presenting import changes_out
from app.sync.queries import Span
from app.sync.schemas import ChangesOut
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
Sender = Annotated[Principal, Needs("photo.submit")]


@router.get("/sync/changes", summary="变更流 · Change feed", responses=error_replies(410))
def list_own_changes(
    tx: Tx,
    sender: Sender,
    cursor: Annotated[str | None, Query(max_length=400, description="of the call before")] = None,
) -> ChangesOut:
    """What happened to the caller's own photos and visits since the call before, oldest first.

    No change is skipped or given twice, however many happen at once; one is here within a second.
    Without a cursor the feed begins now: read what is there first by ``/v1/photos`` and
    ``/v1/visits``, but take the cursor before you do. 410 ``sync.cursor-ahead``: begin anew.
    """
    if cursor is None:
        return changes_out(Span([], queries.newest_place(tx), more=False))
    after = int(decode_cursor(cursor, int)[0])
    return changes_out(queries.own_changes(tx, sender.user_id, after=max(after, 0)))
