"""People, their postings and their deputies. Accounts are made and shut in ``auth``."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from app.infra import business_time
from app.organisation.queries import get_unit
from app.organisation.rules import Role
from app.people import queries, service
from app.people.presenting import present_deputy, present_people
from app.people.rules import Manager
from app.people.schemas import (
    DeputyIn,
    DeputyOut,
    DeputyPage,
    EndIn,
    PostingIn,
    RenameIn,
    UserOut,
    UserPage,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Text

router = FeatureRouter(prefix="/v1", tags=["people"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("people.read")]
Administrator = Annotated[Principal, Needs("people.manage")]


def today_of(tx: Tx, request: Request) -> date:
    """The business day in the city's zone."""
    return business_time.today(tx, request.app.state.settings.timezone)


def manager_of(caller: Principal) -> Manager:
    """The caller as somebody who manages people: with his own offices only."""
    return Manager(caller.user_id, caller.own_postings)


def new_posting(body: PostingIn, today: date) -> service.NewPosting:
    """The office that a body describes; it begins today unless it says when."""
    first = body.valid_from or today
    return service.NewPosting(body.role, body.unit, body.areas, body.lines, first, body.valid_to)


def one_user(tx: Tx, request: Request, login: str, language: Language) -> UserOut:
    """A person who is there, as he is now."""
    person = queries.find_people(tx, [login])[login]
    return present_people(tx, [person], today=today_of(tx, request), language=language)[0]


@router.get("/users", summary="人员列表 · People", responses=error_replies(404))
def list_users(
    tx: Tx,
    request: Request,
    reader: Reader,
    language: Lang,
    paging: Paged,
    unit: Code | None = None,
    role: Role | None = None,
    state: Literal["enabled", "disabled"] | None = None,
    text: Annotated[Text | None, Query(max_length=100)] = None,
) -> UserPage:
    """Those whom the caller may see, by login: at or below a unit, with a role, by part of a name.

    Headquarters and auditors see everybody, a coordinator those at or below his unit.
    """
    today = today_of(tx, request)
    page = queries.list_people(
        tx,
        seen_by=reader.postings,
        today=today,
        unit_path=get_unit(tx, unit).path if unit else None,
        role=role,
        disabled=state == "disabled" if state else None,
        text=text,
        after=paging.after_code(),
        limit=paging.limit,
    )
    items = present_people(tx, page.items, today=today, language=language)
    return UserPage(items=items, next_cursor=page.next_cursor)


@router.get("/users/{login}", summary="人员 · One person", responses=error_replies(404))
def get_user(tx: Tx, request: Request, reader: Reader, language: Lang, login: Code) -> UserOut:
    """A person with all postings, also ended and coming ones."""
    today = today_of(tx, request)
    person = queries.get_visible(tx, login, seen_by=reader.postings, today=today)
    return present_people(tx, [person], today=today, language=language)[0]


@router.post("/users/{login}/rename", summary="改姓名 · Rename", responses=error_replies(404))
def rename_user(
    tx: Tx, request: Request, caller: Administrator, language: Lang, login: Code, body: RenameIn
) -> UserOut:
    """Give a person another name. The login never changes."""
    today = today_of(tx, request)
    service.rename_person(tx, login=login, name=body.name, manager=manager_of(caller), today=today)
    return one_user(tx, request, login, language)


@router.post(
    "/users/{login}/postings",
    status_code=201,
    summary="增加任职 · Add a posting",
    responses=error_replies(404, 409),
)
def add_posting(
    tx: Tx, request: Request, caller: Administrator, language: Lang, login: Code, body: PostingIn
) -> UserOut:
    """Give a person another office. It must lie inside one of the caller's own."""
    today = today_of(tx, request)
    new = new_posting(body, today)
    service.add_posting(tx, login=login, new=new, manager=manager_of(caller), today=today)
    return one_user(tx, request, login, language)


@router.post(
    "/users/{login}/postings/{posting_id}/end",
    summary="结束任职 · End a posting",
    responses=error_replies(404, 409),
)
def end_posting(
    tx: Tx,
    request: Request,
    caller: Administrator,
    language: Lang,
    login: Code,
    posting_id: UUID,
    body: EndIn,
) -> UserOut:
    """Say which day is the last. Without one it gives nothing from this moment on."""
    today = today_of(tx, request)
    service.end_posting(
        tx,
        login=login,
        posting_id=posting_id,
        last_day=body.last_day,
        manager=manager_of(caller),
        today=today,
    )
    return one_user(tx, request, login, language)


@router.get("/users/{login}/deputies", summary="代理人 · Deputies", responses=error_replies(404))
def list_deputies(
    tx: Tx, request: Request, reader: Reader, language: Lang, login: Code
) -> DeputyPage:
    """Who acts or will act with postings of this person; few, so the list is never cut."""
    today = today_of(tx, request)
    holder = queries.get_visible(tx, login, seen_by=reader.postings, today=today)
    found = queries.list_deputies(tx, holder_id=holder.id, today=today)
    items = [present_deputy(view, today, language) for view in found]
    return DeputyPage(items=items, next_cursor=None)


@router.post(
    "/users/{login}/deputies",
    status_code=201,
    summary="指定代理 · Appoint a deputy",
    responses=error_replies(404, 409),
)
def appoint_deputy(
    tx: Tx, request: Request, caller: Administrator, language: Lang, login: Code, body: DeputyIn
) -> DeputyOut:
    """Let somebody act with a posting of this person for a time; it ends by itself.

    A deputy may do what the posting may, but not manage people, machines' keys or deputies.
    """
    today = today_of(tx, request)
    deputy_id = service.appoint_deputy(
        tx,
        holder=login,
        posting_id=body.posting_id,
        deputy=body.deputy,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        reason=body.reason,
        manager=manager_of(caller),
        today=today,
    )
    holder = queries.find_people(tx, [login])[login]
    found = queries.list_deputies(tx, holder_id=holder.id, today=today)
    (made,) = (view for view in found if view.id == deputy_id)
    return present_deputy(made, today, language)


@router.post(
    "/users/{login}/deputies/{deputy_id}/end",
    status_code=204,
    summary="结束代理 · End a deputy",
    responses=error_replies(404),
)
def end_deputy(
    tx: Tx, request: Request, caller: Administrator, login: Code, deputy_id: UUID
) -> None:
    """Take the posting back at once."""
    today = today_of(tx, request)
    service.end_deputy(
        tx, holder=login, deputy_id=deputy_id, manager=manager_of(caller), today=today
    )
