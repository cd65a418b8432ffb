"""Wire shapes of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.web.wire import Named, Wire


class AuditActorOut(Wire):
    """A person by login, or a machine's key by its prefix; both empty for what is gone."""

    id: UUID
    login: str | None
    name: str | None


class AuditSubjectOut(Wire):
    type: str
    id: UUID


class AuditEventOut(Wire):
    """Who, when, from where, what, before and after.

    No ``actor``: the service itself or the operator's command line. ``deputy_for``: whose postings
    the actor held as a deputy then. ``happened_at`` is business time, ``recorded_at`` real time.
    """

    seq: int
    id: UUID
    kind: Named
    subject: AuditSubjectOut
    actor: AuditActorOut | None
    deputy_for: list[AuditActorOut]
    address: str | None
    request_id: str | None
    happened_at: datetime
    recorded_at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    data: dict[str, Any]


class AuditPage(Wire):
    items: list[AuditEventOut]
    next_cursor: str | None
