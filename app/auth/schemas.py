"""Wire shapes of sign-in, accounts, sessions, keys and of ``/v1/me``."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.organisation.rules import Role
from app.people.schemas import DeputyOut, Login, PersonName, PersonRef, PostingIn, UserOut
from app.web.wire import Code, Named, Text, When, Wire

Password = Annotated[Text, Field(min_length=1, max_length=200)]


class TokensOut(Wire):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    server_time: datetime


class PostingOut(Wire):
    """``unit`` is null for an administrator of the whole city."""

    role: str
    unit: Named | None
    areas: list[str]
    lines: list[str]


class MeOut(Wire):
    """The caller. ``server_time`` is business time: a phone keeps its offset to it.

    ``acting_for``: whose postings the caller holds as a deputy now or soon; ``deputies``: who
    holds his. An app below ``minimum_app_version`` can only hand in what it has.
    """

    id: UUID
    login: str
    name: str
    server_time: datetime
    postings: list[PostingOut]
    permissions: list[str]
    acting_for: list[DeputyOut]
    deputies: list[DeputyOut]
    minimum_app_version: str | None


class ChangePasswordIn(Wire):
    current_password: Password
    new_password: Password


class RedeemIn(Wire):
    """The one-time code that an administrator has given; case and hyphens do not count."""

    login: Annotated[Text, Field(min_length=1, max_length=64)]
    code: Annotated[Text, Field(min_length=1, max_length=40)]
    new_password: Password


class SessionOut(Wire):
    """A sign-in on a device, as it was last seen at sign-in or refresh."""

    id: UUID
    device_id: UUID | None
    device_name: str | None
    app_version: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    is_current: bool


class SessionPage(Wire):
    items: list[SessionOut]
    next_cursor: None


class NewUserIn(Wire):
    """A new account. Without a password the reply carries a one-time code to set one."""

    login: Login
    name: PersonName
    postings: Annotated[list[PostingIn], Field(min_length=1, max_length=20)]
    password: Password | None = None


class CodeOut(Wire):
    """Shown once. It is redeemed at ``POST /v1/auth/reset``."""

    code: str
    expires_at: datetime


class NewUserOut(Wire):
    user: UserOut
    one_time_code: CodeOut | None


class NewKeyIn(Wire):
    """A key for a machine: what it may do, for which unit, areas and lines, until when."""

    name: PersonName
    role: Role
    scopes: Annotated[list[Code], Field(min_length=1, max_length=50)]
    unit: Code
    areas: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    lines: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    expires_at: When


class KeyOut(Wire):
    """``last_used_at`` is exact to the hour. The key itself cannot be shown again."""

    id: UUID
    name: str
    prefix: str
    role: Role
    scopes: list[str]
    unit: Named
    areas: list[Named]
    lines: list[Named]
    created_by: PersonRef
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyOut(Wire):
    """``key`` is shown here and never again."""

    key: str
    about: KeyOut


class KeyPage(Wire):
    items: list[KeyOut]
    next_cursor: str | None
