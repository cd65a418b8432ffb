"""Sign-in by password and refresh token; who am I; sign-out."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from app.auth import queries, service
from app.auth.schemas import MeOut, PostingOut, TokensOut
from app.config import Settings
from app.infra import business_time, events
from app.kit.errors import Fault, Invalid
from app.web.language import Lang, pick
from app.web.openapi import error_replies
from app.web.principal import Caller
from app.web.problems import problem_response
from app.web.transaction import Tx
from app.web.wire import Named, Text

public = APIRouter(prefix="/v1", tags=["auth"], responses=error_replies(401))
router = APIRouter(prefix="/v1", tags=["auth"], responses=error_replies(401))


@public.post("/auth/token", summary="登录与续期 · Sign in and refresh", response_model=TokensOut)
def issue_token(
    tx: Tx,
    request: Request,
    grant_type: Annotated[str, Form(max_length=40)],
    username: Annotated[Text | None, Form(max_length=64)] = None,
    password: Annotated[str | None, Form(max_length=200)] = None,
    refresh_token: Annotated[str | None, Form(max_length=200)] = None,
    device_id: Annotated[UUID | None, Form()] = None,
) -> TokensOut | Response:
    """OAuth 2 form: ``grant_type=password`` or ``grant_type=refresh_token``.

    A refresh token may be sent again for a while when the answer to it was lost.
    """
    settings: Settings = request.app.state.settings
    events.name_actor(tx, request_id=request.state.request_id, address=_address(request))
    if grant_type == "password" and username and password:
        tokens: service.Tokens | service.Refused = service.sign_in(
            tx, settings, login=username, password=password, device_id=device_id
        )
    elif grant_type == "refresh_token" and refresh_token:
        tokens = service.refresh(tx, settings, refresh_token=refresh_token)
    else:
        raise Invalid("auth.bad-grant", faults=_missing(grant_type))
    if isinstance(tokens, service.Refused):
        return problem_response(request, 401, "auth.bad-refresh-token")
    return TokensOut(
        access_token=tokens.access_token,
        token_type="bearer",  # noqa: S106 - the name of a scheme, not a secret
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh_token,
        refresh_expires_in=tokens.refresh_expires_in,
        server_time=business_time.now(tx),
    )


@router.post("/auth/revoke", status_code=204, summary="退出登录 · Sign out")
def revoke_session(tx: Tx, caller: Caller) -> None:
    """End the session of the token that is sent; all its tokens are dead at once."""
    service.revoke(tx, session_id=caller.session_id)


@router.get("/me", summary="我是谁 · Who am I")
def get_me(tx: Tx, caller: Caller, request: Request, language: Lang) -> MeOut:
    """The caller, his postings, what he may do, and the service's business time."""
    now = business_time.now(tx)
    settings: Settings = request.app.state.settings
    today = now.astimezone(ZoneInfo(settings.timezone)).date()
    person = queries.get_person(tx, caller.user_id)
    return MeOut(
        id=person.id,
        login=person.login,
        name=person.name,
        server_time=now,
        postings=[
            PostingOut(
                role=posting.role,
                unit=Named(
                    code=posting.unit.code,
                    name=pick(language, posting.unit.name_zh, posting.unit.name_en),
                ),
                areas=posting.areas,
                lines=posting.lines,
            )
            for posting in queries.list_postings(tx, caller.user_id, today)
        ],
        permissions=sorted(caller.permissions),
    )


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def _missing(grant_type: str) -> tuple[Fault, ...]:
    wanted = {"password": ("username", "password"), "refresh_token": ("refresh_token",)}
    names = wanted.get(grant_type)
    if names is None:
        return (Fault("/grant_type", "field.value", {"expected": "password | refresh_token"}),)
    return tuple(Fault(f"/{name}", "field.missing") for name in names)
