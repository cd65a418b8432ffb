"""Wire shapes of citizen reports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from app.checklists.schemas import CategoryOut
from app.citizens.rules import MOST_PHOTOS, PublicState
from app.evidence.schemas import PhotoIn
from app.ledger.schemas import CategoryRef
from app.web.wire import Location, Text, Wire, storable


def _sendable(value: SecretStr) -> SecretStr:
    storable(value.get_secret_value())
    return value


Contact = Annotated[SecretStr, Field(min_length=3, max_length=100), AfterValidator(_sendable)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=100), AfterValidator(_sendable)]


class ReportFormOut(Wire):
    """What a form offers. Without ``takes_contact`` a report can only be anonymous."""

    categories: list[CategoryOut]
    takes_contact: bool
    most_photos: int


class CitizenReportIn(Wire):
    """A fault that a citizen saw. ``id`` is made at random by the sender, for repeats.

    ``contact`` is a telephone number or the like; without it the report is anonymous.
    """

    id: UUID
    category: CategoryRef | None = None
    location: Location
    note: Annotated[Text, Field(min_length=1, max_length=500)]
    contact: Contact | None = None


class CitizenReportOut(Wire):
    """``number`` is what to ask by; keep it. ``photo_token`` is good for ``photos_left`` photos.

    Each answer to a repeat holds a new token, and the former one ends; null once
    the time for them is over.
    """

    number: str
    received_at: datetime
    state: PublicState
    state_label: str
    photo_token: str | None
    photo_token_expires_at: datetime
    photos_left: int


class NumberIn(Wire):
    """As it was answered; case, spaces and hyphens do not count."""

    number: Annotated[Text, Field(min_length=1, max_length=64)]


class CitizenStateOut(Wire):
    """Where a report stands. ``reason`` says why it was not accepted, ``outcome`` what came of it.

    A report that was taken together with others stands where they stand.
    """

    number: str
    received_at: datetime
    state: PublicState
    state_label: str
    is_over: bool
    outcome: str | None
    reason: str | None


class CitizenPhotosIn(Wire):
    """``form`` asks for forms to POST as well, for what cannot PUT (``wx.uploadFile``)."""

    token: Token
    photos: Annotated[list[PhotoIn], Field(min_length=1, max_length=MOST_PHOTOS)]
    form: bool = False


class TokenIn(Wire):
    token: Token


class ContactOut(Wire):
    """Shown to headquarters; each look is written down."""

    contact: str
