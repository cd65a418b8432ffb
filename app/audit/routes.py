"""The audit log. It only reads: events are written by what happens, and never changed."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.audit import queries
from app.audit.presenting import present_event
from app.audit.schemas import AuditPage
from app.kit.errors import NotFound
from app.people.queries import find_person
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Text, When

router = FeatureRouter(prefix="/v1", tags=["audit"], responses=error_replies(401, 403))
Auditor = Annotated[Principal, Needs("audit.read")]


@router.get("/audit", summary="审计日志 · Audit log", responses=error_replies(404))
def list_audit(
    tx: Tx,
    auditor: Auditor,
    language: Lang,
    paging: Paged,
    actor: Annotated[Code | None, Query(description="login of who acted")] = None,
    actor_id: Annotated[UUID | None, Query(description="or the id, also of an API key")] = None,
    kind: Annotated[Text | None, Query(max_length=80)] = None,
    subject_type: Annotated[Text | None, Query(max_length=40)] = None,
    subject_id: UUID | None = None,
    since: Annotated[When | None, Query(description="recorded at or after")] = None,
    until: Annotated[When | None, Query(description="recorded before")] = None,
    address: Annotated[Text | None, Query(max_length=64)] = None,
    request_id: Annotated[Text | None, Query(max_length=64)] = None,
) -> AuditPage:
    """Who did what to what, when and from where, with before and after; newest first.

    Nothing is ever deleted here.
    """
    asked = queries.Asked(
        actor_id=_person_id(tx, actor) if actor else actor_id,
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        since=since,
        until=until,
        address=address,
        request_id=request_id,
    )
    page = queries.list_events(tx, asked, before=paging.after_number(), limit=paging.limit)
    actors = queries.name_actors(tx, page.items)
    items = [present_event(event, actors, language) for event in page.items]
    return AuditPage(items=items, next_cursor=page.next_cursor)


def _person_id(tx: Tx, login: str) -> UUID:
    person = find_person(tx, login)
    if person is None:
        raise NotFound("person.not-found")
    return person.id
