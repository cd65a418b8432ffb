"""Wire shapes of people, postings and deputies."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.organisation.rules import Role
from app.people.rules import LOGIN
from app.web.wire import Code, Named, Text, Wire

Login = Annotated[Text, Field(pattern=LOGIN)]
PersonName = Annotated[Text, Field(min_length=1, max_length=100)]


class PostingIn(Wire):
    """An office to be given; lines may be left empty for all lines."""

    role: Role
    unit: Code | None = None
    areas: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    lines: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    valid_from: date | None = None
    valid_to: date | None = None


class RenameIn(Wire):
    name: PersonName


class EndIn(Wire):
    """The last day of a posting; absent, it has ended yesterday and gives nothing from now on."""

    last_day: date | None = None


class DeputyIn(Wire):
    """Who acts with which posting of this person, from a day to a day, both included."""

    deputy: Login
    posting_id: UUID
    valid_from: date
    valid_to: date
    reason: Annotated[Text, Field(max_length=200)] | None = None


class PersonRef(Wire):
    login: str
    name: str


class HeldPostingOut(Wire):
    """``unit`` is null for an administrator of the whole city; no ``lines`` means all lines."""

    id: UUID
    role: Role
    unit: Named | None
    areas: list[Named]
    lines: list[Named]
    valid_from: date
    valid_to: date | None
    is_valid: bool


class UserOut(Wire):
    id: UUID
    login: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    postings: list[HeldPostingOut]


class UserPage(Wire):
    items: list[UserOut]
    next_cursor: str | None


class DeputyOut(Wire):
    id: UUID
    holder: PersonRef
    deputy: PersonRef
    posting: HeldPostingOut
    valid_from: date
    valid_to: date
    reason: str | None


class DeputyPage(Wire):
    items: list[DeputyOut]
    next_cursor: None
