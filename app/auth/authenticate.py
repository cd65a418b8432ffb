"""Turns a Bearer token into the request's principal. A dependency of every protected router."""

from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session
from starlette.requests import Request

from app.auth import keys, queries
from app.auth.permissions import granted_by
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
    lenders = {posting.lent_by for posting in principal.postings if posting.lent_by is not None}
    events.name_actor(
        tx,
        actor_id=principal.user_id,
        request_id=request.state.request_id,
        address=request.client.host if request.client else None,
        deputy_for=sorted(lenders) or None,
    )


def principal_of(tx: Session, settings: Settings, token: str | None) -> Principal:
    """The holder of a token or key and what he may do today."""
    if not token:
        raise Unauthorised("auth.required")
    if token.startswith(keys.PREFIX):
        return _machine(tx, token)
    found = queries.find_caller(
        tx,
        digest=token_digest(token),
        now=clock.real_now(),
        today=business_time.today(tx, settings.timezone),
    )
    if found is None:
        raise Unauthorised("auth.required")
    return Principal(
        user_id=found.person_id,
        login=found.login,
        session_id=found.session_id,
        postings=found.postings,
        permissions=granted_by(found.postings),
        device_id=found.device_id,
    )


def _machine(tx: Session, token: str) -> Principal:
    """The holder of a key: its scopes, as far as its role still has them."""
    now = clock.real_now()
    key = queries.find_key(tx, digest=token_digest(token), now=now)
    if key is None:
        raise Unauthorised("auth.required")
    keys.note_use(tx, key, now=now)
    return Principal(
        user_id=key.id,
        login=key.prefix,
        session_id=key.id,
        postings=(key.posting,),
        permissions=key.scopes & granted_by([key.posting]),
        is_machine=True,
    )
