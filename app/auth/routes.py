"""Sign-in by password and refresh token; passwords; my sessions; who am I."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from app.auth import accounts, queries, service, throttles
from app.auth.presenting import present_machine, present_person, present_session
from app.auth.schemas import ChangePasswordIn, MeOut, RedeemIn, SessionPage, TokensOut
from app.config import Settings
from app.infra import business_time, events
from app.kit import clock
from app.kit.errors import Fault, Invalid
from app.kit.throttle import Allowance
from app.web.app_version import app_version
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Caller, PersonCaller
from app.web.problems import problem_response
from app.web.rate_limit import allowance_headers
from app.web.transaction import Tx
from app.web.wire import Text

public = FeatureRouter(prefix="/v1", tags=["auth"], responses=error_replies(401, 429))
router = FeatureRouter(prefix="/v1", tags=["auth"], responses=error_replies(401))


@public.post("/auth/token", summary="登录与续期 · Sign in and refresh", response_model=TokensOut)
def issue_token(
    tx: Tx,
    request: Request,
    response: Response,
    grant_type: Annotated[str, Form(max_length=40)],
    username: Annotated[Text | None, Form(max_length=64)] = None,
    password: Annotated[str | None, Form(max_length=200)] = None,
    refresh_token: Annotated[str | None, Form(max_length=200)] = None,
    device_id: Annotated[UUID | None, Form()] = None,
    device_name: Annotated[Text | None, Form(max_length=100)] = None,
) -> TokensOut | Response:
    """OAuth 2 form: ``grant_type=password`` or ``grant_type=refresh_token``.

    A refresh token may be sent again for a while when the answer to it was lost. A ``device_id``
    that was given at sign-in must be given with each refresh.
    """
    settings: Settings = request.app.state.settings
    address = _address(request)
    events.name_actor(tx, request_id=request.state.request_id, address=address)
    device = service.Device(device_id, device_name, app_version(request.headers), address)
    if grant_type == "password" and username and password:
        left = _count_try(request, username)
        response.headers.update(allowance_headers(left))
        # Committed in this thread: the row of the address is shared by all who sign in from it, and
        # must not stay locked until another thread is free to end the request's transaction.
        with request.app.state.database.transaction() as own:
            events.name_actor(own, request_id=request.state.request_id, address=address)
            tokens = service.sign_in(
                own, settings, login=username, password=password, device=device
            )
            if not isinstance(tokens, service.Refused):
                throttles.give_back_sign_in(own, settings, login=username, address=address)
        if isinstance(tokens, service.Refused):
            refusal = problem_response(request, 401, "auth.bad-credentials")
            refusal.headers.update(allowance_headers(left))
            return refusal
        return _tokens_out(tx, tokens)
    if grant_type != "refresh_token" or not refresh_token:
        raise Invalid("auth.bad-grant", faults=_missing(grant_type))
    tokens = service.refresh(tx, settings, refresh_token=refresh_token, device=device)
    if isinstance(tokens, service.Refused):
        return problem_response(request, 401, "auth.bad-refresh-token")
    return _tokens_out(tx, tokens)


@public.post("/auth/reset", status_code=204, summary="凭一次性代码设密码 · Redeem a code")
def redeem_code(request: Request, body: RedeemIn) -> Response:
    """Set a password by the one-time code that an administrator has given; then sign in."""
    settings: Settings = request.app.state.settings
    address = _address(request)
    accounts.check_password(settings, body.new_password, login=body.login, at="/new_password")
    left = _count_try(request, body.login)
    # Committed in this thread, as a sign-in is.
    with request.app.state.database.transaction() as own:
        events.name_actor(own, request_id=request.state.request_id, address=address)
        refused = accounts.redeem_code(
            own, login=body.login, code=body.code, new_password=body.new_password
        )
        if not refused:
            throttles.give_back_sign_in(own, settings, login=body.login, address=address)
    if refused:
        reply = problem_response(request, 401, "auth.bad-code")
        reply.headers.update(allowance_headers(left))
        return reply
    return Response(status_code=204)


@router.post(
    "/auth/password",
    status_code=204,
    summary="修改密码 · Change my password",
    responses=error_replies(403, 429),
)
def change_password(
    tx: Tx, request: Request, caller: PersonCaller, body: ChangePasswordIn
) -> Response:
    """Needs the present password. All other sessions of the caller end."""
    settings: Settings = request.app.state.settings
    key = throttles.account_key(caller.login)
    throttles.take(tx, key, throttles.account_quota(settings), now=clock.real_now())
    refused = accounts.change_password(
        tx,
        settings,
        person_id=caller.user_id,
        login=caller.login,
        session_id=caller.session_id,
        current=body.current_password,
        new=body.new_password,
    )
    if refused:
        return problem_response(request, 403, "auth.wrong-password")
    throttles.forgive_account(tx, caller.login)
    return Response(status_code=204)


@router.post("/auth/revoke", status_code=204, summary="退出登录 · Sign out")
def revoke_session(tx: Tx, caller: Caller) -> None:
    """End the session of the token that is sent; all its tokens are dead at once."""
    service.revoke(tx, session_id=caller.session_id)


@router.get("/auth/sessions", summary="我的设备 · My sessions", responses=error_replies(403))
def list_my_sessions(tx: Tx, caller: PersonCaller) -> SessionPage:
    """Where the caller is signed in, newest first."""
    found = queries.list_sessions(tx, caller.user_id, now=clock.real_now())
    items = [present_session(session, current=caller.session_id) for session in found]
    return SessionPage(items=items, next_cursor=None)


@router.post(
    "/auth/sessions/{session_id}/revoke",
    status_code=204,
    summary="退出某台设备 · Sign out a device",
    responses=error_replies(403, 404),
)
def revoke_my_session(tx: Tx, caller: PersonCaller, session_id: UUID) -> None:
    """End one of the caller's sessions; all its tokens are dead at once."""
    service.revoke_of(tx, person_id=caller.user_id, session_id=session_id)


@router.get("/me", summary="我是谁 · Who am I")
def get_me(tx: Tx, caller: Caller, request: Request, language: Lang) -> MeOut:
    """The caller, his postings, deputies, what he may do, and the service's business time."""
    settings: Settings = request.app.state.settings
    now, least = business_time.now(tx), settings.min_app_version
    if caller.is_machine:
        return present_machine(tx, caller, now=now, language=language, minimum=least)
    today = now.astimezone(ZoneInfo(settings.timezone)).date()
    return present_person(tx, caller, now=now, today=today, language=language, minimum=least)


def _tokens_out(tx: Tx, tokens: service.Tokens) -> TokensOut:
    return TokensOut(
        access_token=tokens.access_token,
        token_type="bearer",  # noqa: S106 - the name of a scheme, not a secret
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh_token,
        refresh_expires_in=tokens.refresh_expires_in,
        server_time=business_time.now(tx),
    )


def _count_try(request: Request, login: str) -> Allowance:
    """Counted and committed before this request's own transaction touches the database."""
    state = request.app.state
    return throttles.take_sign_in(
        state.database, state.settings, login=login, address=_address(request)
    )


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def _missing(grant_type: str) -> tuple[Fault, ...]:
    wanted = {"password": ("username", "password"), "refresh_token": ("refresh_token",)}
    names = wanted.get(grant_type)
    if names is None:
        return (Fault("/grant_type", "field.value", {"expected": "password | refresh_token"}),)
    return tuple(Fault(f"/{name}", "field.missing") for name in names)
