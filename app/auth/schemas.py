"""Wire shapes of sign-in and of ``/v1/me``."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.web.wire import Named, Wire


class TokensOut(Wire):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    server_time: datetime


class PostingOut(Wire):
    role: str
    unit: Named
    areas: list[str]
    lines: list[str]


class MeOut(Wire):
    """The caller. ``server_time`` is business time: a phone keeps its offset to it."""

    id: UUID
    login: str
    name: str
    server_time: datetime
    postings: list[PostingOut]
    permissions: list[str]
