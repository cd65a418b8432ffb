"""Events as an auditor reads them."""

from collections.abc import Mapping
from uuid import UUID

from app.audit.labels import label_of
from app.audit.queries import Actor
from app.audit.rules import shown
from app.audit.schemas import AuditActorOut, AuditEventOut, AuditSubjectOut
from app.infra.events import Event
from app.web.language import Language
from app.web.wire import Named


def present_event(event: Event, actors: Mapping[UUID, Actor], language: Language) -> AuditEventOut:
    """One event with names and words."""
    parts = shown(event.data)
    return AuditEventOut(
        seq=event.seq or 0,
        id=event.id,
        kind=Named(code=event.kind, name=label_of(event.kind, language)),
        subject=AuditSubjectOut(type=event.subject_type, id=event.subject_id),
        actor=_actor(event.actor_id, actors) if event.actor_id else None,
        deputy_for=[_actor(lender, actors) for lender in event.deputy_for or ()],
        address=event.address,
        request_id=event.request_id,
        happened_at=event.happened_at,
        recorded_at=event.recorded_at,
        before=parts.before,
        after=parts.after,
        data=parts.data,
    )


def _actor(actor_id: UUID, actors: Mapping[UUID, Actor]) -> AuditActorOut:
    found = actors.get(actor_id)
    return AuditActorOut(
        id=actor_id, login=found.login if found else None, name=found.name if found else None
    )
