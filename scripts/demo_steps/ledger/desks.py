"""People of units and of headquarters at their desks: signed in, with commands and photos.

Everybody has his own account; all share the demo's connections. An answer that is no success ends
the demo with the service's own words, unless the caller expects it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import httpx2
from uuid_utils.compat import uuid7

from scripts.demo_steps.stage import Stage, StageError
from scripts.phone.api import Api
from scripts.phone.model import Photo, PhotoState, Role

Json = dict[str, Any]
_PAGE = "500"
_SESSION_S = 600.0  # somewhat less than a token lasts
_LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=64)


class RefusedError(StageError):
    """The service said no to somebody who should have been let."""

    def __init__(self, who: str, request: str, reply: httpx2.Response) -> None:
        super().__init__(f"{who}: {request}: {reply.status_code} {reply.text[:1000]}")


@dataclass(frozen=True)
class Shot:
    """A photo that was taken."""

    content: bytes
    taken_at: datetime
    location: Json


class Desk:
    """One person who is signed in."""

    def __init__(self, http: httpx2.Client, api: Api, name: str, token: str) -> None:
        self.name = name
        self.since = time.monotonic()
        self._http = http
        self._api = api
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh"}

    def get(self, path: str, **params: str) -> Json:
        """One JSON object."""
        return self._said(self._http.get(path, params=params, headers=self._headers))

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """What the service answers to a command."""
        return self._said(self._http.post(path, json=body, headers=self._headers))

    def pages(self, path: str, **params: str) -> Iterator[Json]:
        """All items of a paged list."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit=_PAGE, **params, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next_cursor"]

    def send_photo(self, shot: Shot, role: Role) -> UUID:
        """Announce a photo, send its bytes to the store, and say so."""
        photo = Photo(
            id=uuid7(),
            state=PhotoState.QUEUED,
            sha256=hashlib.sha256(shot.content).hexdigest(),
            md5=hashlib.md5(shot.content, usedforsecurity=False).hexdigest(),
            size=len(shot.content),
            content_type="image/jpeg",
            role=role,
            captured_at=shot.taken_at.isoformat(timespec="milliseconds"),
            location=shot.location,
            problem=None,
        )
        upload = self._api.announce([photo])[photo.id].upload
        if upload is None:
            raise StageError(f"{self.name}: no address for a new photo")
        self._api.put(upload, shot.content)
        self._api.complete(photo.id)
        return photo.id

    def _said(self, reply: httpx2.Response) -> Json:
        if not reply.is_success:
            raise RefusedError(self.name, f"{reply.request.method} {reply.request.url}", reply)
        said: Json = reply.json()
        return said


class Desks:
    """Everybody's desk by his login: he signs in when he is first asked for, and again later."""

    def __init__(self, stage: Stage, users: list[Json]) -> None:
        self.users = users
        self._url = stage.url
        self._passwords = {user["login"]: user["password"] for user in users}
        self._transport = httpx2.HTTPTransport(limits=_LIMITS)
        self._http = httpx2.Client(base_url=stage.url, transport=self._transport, timeout=60)
        self._desks: dict[str, Desk] = {}
        self._waiting = {login: threading.Lock() for login in self._passwords}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def of(self, login: str) -> Desk:
        """Somebody's desk."""
        with self._waiting[login]:
            known = self._desks.get(login)
            if known is None or time.monotonic() - known.since > _SESSION_S:
                api = Api(self._url, transport=self._transport)
                tokens = api.sign_in(login, self._passwords[login], str(uuid7()))
                api.access_token = tokens.access
                self._desks[login] = Desk(self._http, api, login, tokens.access)
            return self._desks[login]

    def of_machine(self, name: str, key: str) -> Desk:
        """A machine with its key."""
        return Desk(self._http, Api(self._url, transport=self._transport), name, key)

    @property
    def public(self) -> httpx2.Client:
        """Somebody without an account."""
        return self._http
