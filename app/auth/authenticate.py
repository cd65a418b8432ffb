"""Turns a Bearer token into the request's principal. A dependency of every protected router."""

from zoneinfo import ZoneInfo

from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session
from starlette.requests import Request

from app.auth import queries
from app.auth.permissions import permissions_of
from app.config import Settings
from app.infra import business_time, events
from app.kit import clock
from app.kit.errors import Unauthorised
from app.kit.ids import token_digest
from app.web.principal import Principal
from app.web.transaction import Tx

_scheme = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", auto_error=False)


def authenticate(request: Request, tx: Tx, token: str | None = Depends(_scheme)) -> None:
    """Fills ``request.state.principal``; raises ``Unauthorised`` without a living token."""
    principal = principal_of(tx, request.app.state.settings, token)
    request.state.principal = principal
    events.name_actor(
        tx,
        actor_id=principal.user_id,
        request_id=request.state.request_id,
        address=request.client.host if request.client else None,
    )


def principal_of(tx: Session, settings: Settings, token: str | None) -> Principal:
    """The holder of a token and what he may do today."""
    if not token:
        raise Unauthorised("auth.required")
    found = queries.find_caller(
        tx,
        digest=token_digest(token),
        now=clock.real_now(),
        today=business_time.now(tx).astimezone(ZoneInfo(settings.timezone)).date(),
    )
    if found is None:
        raise Unauthorised("auth.required")
    roles = frozenset(posting.role for posting in found.postings)
    return Principal(
        user_id=found.person_id,
        login=found.login,
        session_id=found.session_id,
        postings=found.postings,
        permissions=permissions_of(roles),
    )
