"""Accounts of others: made, shut, reset; their sessions."""

from typing import Annotated
from uuid import UUID

from starlette.requests import Request

from app.auth import accounts, queries, service
from app.auth.presenting import present_session
from app.auth.schemas import CodeOut, NewUserIn, NewUserOut, SessionPage
from app.kit import clock
from app.people import queries as people_queries
from app.people import service as people
from app.people.routes import manager_of, new_posting, one_user, today_of
from app.people.schemas import UserOut
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["people"], responses=error_replies(401, 403))
Administrator = Annotated[Principal, Needs("people.manage")]


@router.post(
    "/users", status_code=201, summary="新建账号 · Create an account", responses=error_replies(409)
)
def create_user(
    tx: Tx, request: Request, caller: Administrator, language: Lang, body: NewUserIn
) -> NewUserOut:
    """A person with postings inside the caller's own.

    Without a password the reply carries a one-time code, shown this once.
    """
    settings = request.app.state.settings
    if body.password is not None:
        accounts.check_password(settings, body.password, login=body.login, at="/password")
    today = today_of(tx, request)
    person = people.register_person(
        tx,
        login=body.login,
        name=body.name,
        postings=[new_posting(posting, today) for posting in body.postings],
        manager=manager_of(caller),
        today=today,
    )
    code = None
    if body.password is None:
        code = _code_out(accounts.issue_code(tx, settings, person_id=person.id))
    else:
        accounts.set_password(tx, person_id=person.id, password=body.password)
    return NewUserOut(user=one_user(tx, request, person.login, language), one_time_code=code)


@router.post(
    "/users/{login}/disable", summary="停用 · Shut an account", responses=error_replies(404, 409)
)
def disable_user(
    tx: Tx, request: Request, caller: Administrator, language: Lang, login: Code
) -> UserOut:
    """Shut a person out at once; all his sessions end. The last administrator stays."""
    today = today_of(tx, request)
    accounts.shut(tx, login=login, manager=manager_of(caller), today=today)
    return one_user(tx, request, login, language)


@router.post(
    "/users/{login}/enable", summary="启用 · Open an account", responses=error_replies(404)
)
def enable_user(
    tx: Tx, request: Request, caller: Administrator, language: Lang, login: Code
) -> UserOut:
    """Let a person in again, with the password he had."""
    today = today_of(tx, request)
    people.enable_person(tx, login=login, manager=manager_of(caller), today=today)
    return one_user(tx, request, login, language)


@router.post(
    "/users/{login}/reset", summary="重置密码 · Reset a password", responses=error_replies(404)
)
def reset_user(tx: Tx, request: Request, caller: Administrator, login: Code) -> CodeOut:
    """A one-time code, shown this once; all sessions of the person end."""
    settings, today = request.app.state.settings, today_of(tx, request)
    code = accounts.reset(tx, settings, login=login, manager=manager_of(caller), today=today)
    return _code_out(code)


@router.get(
    "/users/{login}/sessions", summary="某人的设备 · Sessions", responses=error_replies(404)
)
def list_user_sessions(tx: Tx, request: Request, caller: Administrator, login: Code) -> SessionPage:
    """Where a person whom the caller manages is signed in, newest first."""
    person_id = _managed(tx, request, caller, login)
    found = queries.list_sessions(tx, person_id, now=clock.real_now())
    items = [present_session(session, current=caller.session_id) for session in found]
    return SessionPage(items=items, next_cursor=None)


@router.post(
    "/users/{login}/sessions/{session_id}/revoke",
    status_code=204,
    summary="退出某人的设备 · Sign out a device of somebody",
    responses=error_replies(404),
)
def revoke_user_session(
    tx: Tx, request: Request, caller: Administrator, login: Code, session_id: UUID
) -> None:
    """End a session of a person whom the caller manages."""
    person_id = _managed(tx, request, caller, login)
    service.revoke_of(tx, person_id=person_id, session_id=session_id)


def _managed(tx: Tx, request: Request, caller: Principal, login: str) -> UUID:
    manager, today = manager_of(caller), today_of(tx, request)
    person = people_queries.get_visible(tx, login, seen_by=manager.postings, today=today)
    people.require_manageable(tx, person=person, manager=manager, today=today)
    return person.id


def _code_out(code: accounts.Code) -> CodeOut:
    return CodeOut(code=code.code, expires_at=code.expires_at)
