"""The service over HTTP, as thin as it can be: one method per request, typed, no decisions.

Every method either returns what the service said or raises one of two things:

- `LostError`: no answer came that can be trusted. The request may or may not have been carried out.
- `ProblemError`: an answer came and it is not a success. If it is the service's own
  (`application/problem+json` with a `code`), `code` says why; clients switch on `code` only.

Redirects are never followed, and a "success" that does not have the promised shape counts as
`LostError`: both are what a hotel's sign-in page does to a phone.
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import httpx2

from scripts.phone.model import Json, Photo, PhotoState

T = TypeVar("T")

# Explicit, since the network is bad by assumption. The limits on reading and writing are between
# two pieces of data, not for the whole: half a megabyte at 8 KB/s takes a minute and is fine.
SERVICE_TIMEOUT = httpx2.Timeout(connect=10.0, read=30.0, write=30.0, pool=5.0)
STORAGE_TIMEOUT = httpx2.Timeout(connect=10.0, read=60.0, write=60.0, pool=5.0)
STATES_AT_ONCE = 50
PHOTOS_AT_ONCE = 50


class LostError(Exception):
    """No answer came that can be trusted; the request may have been carried out."""


class ProblemError(Exception):
    """An answer that is not a success (RFC 9457 if the service spoke it)."""

    def __init__(self, status: int, body: Json | None, retry_after_s: float | None) -> None:
        self.status = status
        self.body: Json = body or {}
        self.retry_after_s = retry_after_s
        self.code: str | None = self.body.get("code")
        super().__init__(f"{status} {self.code or 'not from the service'}: {self.text}")

    @property
    def text(self) -> str:
        """The words for the person, in the language the phone asked for."""
        return str(self.body.get("detail") or self.body.get("title") or "")

    @property
    def errors(self) -> list[Json]:
        """The single faults, each with a JSON `pointer` into the request."""
        return [each for each in self.body.get("errors") or [] if isinstance(each, dict)]


@dataclass(frozen=True)
class Tokens:
    """An access token and the refresh token that follows it. Never logged."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True)
class Upload:
    """Where the bytes go: sent with exactly these headers, which the address is signed over."""

    url: str = field(repr=False)
    headers: Mapping[str, str]
    expires_in_s: float


@dataclass(frozen=True)
class PhotoStatus:
    """What the service says about one photo."""

    id: UUID
    state: str  # announced | verifying | stored | rejected
    problem: Json | None = None
    upload: Upload | None = None
    receipt: Json | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the store has lost the bytes: they are wanted once more, under the same id."""
        return self.state == "stored" and (self.problem or {}).get("code") == "photo.lost"

    @property
    def final(self) -> PhotoState | None:
        """The phone's own state, if the service has decided."""
        if self.is_lost:
            return None
        return {"stored": PhotoState.STORED, "rejected": PhotoState.REJECTED}.get(self.state)


class Api:
    """One phone's connections: to the service (with a token) and to the store (without)."""

    def __init__(
        self, base_url: str, *, transport: httpx2.BaseTransport, language: str = "zh"
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx2.Client(transport=transport, follow_redirects=False)
        self._language = language
        self.access_token: str | None = None

    def close(self) -> None:
        self._http.close()

    def sign_in(self, login: str, password: str, device_id: str) -> Tokens:
        return self._token(
            {
                "grant_type": "password",
                "username": login,
                "password": password,
                "device_id": device_id,
            }
        )

    def refresh(self, refresh_token: str, device_id: str) -> Tokens:
        return self._token(
            {
                "grant_type": "refresh_token",
                "refresh_token": refresh_token,
                "device_id": device_id,
            }
        )

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Any read of the service that answers one JSON object."""
        return _parse(self._service("GET", path, params=params), _object)

    def me(self) -> tuple[Json, datetime]:
        """Who I am, and the business time of the service when it answered."""
        reply = self._service("GET", "/v1/me")
        return _parse(reply, lambda said: (said, datetime.fromisoformat(said["server_time"])))

    def page(self, path: str, params: Mapping[str, str]) -> tuple[list[Json], str | None]:
        """One page of a list and the cursor of the next one."""
        reply = self._service("GET", path, params=params)
        return _parse(reply, lambda said: (list(said["items"]), said["next_cursor"]))

    def announce(self, photos: Sequence[Photo]) -> dict[UUID, PhotoStatus]:
        """`POST /v1/photos`, at most 50 at once; all are announced or none is."""
        body = {"photos": [photo.announcement() for photo in photos]}
        reply = self._service("POST", "/v1/photos", content=_json_bytes(body))
        return _parse(reply, lambda said: _statuses(said, [photo.id for photo in photos]))

    def put(self, upload: Upload, content: bytes) -> None:
        """Send the bytes straight to the store; the token must not go there."""
        self._send(
            "PUT",
            upload.url,
            headers=dict(upload.headers),
            content=content,
            timeout=STORAGE_TIMEOUT,
        )

    def complete(self, photo_id: UUID) -> PhotoStatus:
        return _parse(self._service("POST", f"/v1/photos/{photo_id}/complete"), _status)

    def photo_states(self, ids: Sequence[UUID]) -> dict[UUID, PhotoStatus]:
        """The states of at most 50 photos; those the service does not know are left out."""
        reply = self._service("GET", "/v1/photos", params={"id": [str(each) for each in ids]})
        return _parse(reply, lambda said: _statuses(said, ()))

    def signing_keys(self) -> dict[str, str]:
        """The public keys that check receipts, by their id."""
        reply = self._service("GET", "/v1/public/keys")
        return _parse(
            reply, lambda said: {one["key_id"]: str(one["public_key"]) for one in said["keys"]}
        )

    def send_visit(self, body: str) -> tuple[Json, bool]:
        """`POST /v1/visits` with the queued text; returns the receipt and whether replayed."""
        reply = self._service("POST", "/v1/visits", content=body.encode())
        return _parse(reply, _receipt), reply.headers.get("dudao-replayed") == "true"

    def _token(self, form: Mapping[str, str]) -> Tokens:
        reply = self._send(
            "POST",
            f"{self._base_url}/v1/auth/token",
            headers={"Accept-Language": self._language},
            data=form,
            timeout=SERVICE_TIMEOUT,
        )
        return _parse(reply, lambda said: Tokens(said["access_token"], said["refresh_token"]))

    def _service(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | Mapping[str, list[str]] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        headers = {"Accept-Language": self._language}
        if self.access_token is not None:
            headers["Authorization"] = f"Bearer {self.access_token}"
        if content is not None:
            headers["Content-Type"] = "application/json"
        url = httpx2.URL(self._base_url + path)
        return self._send(
            method,
            url.copy_merge_params(httpx2.QueryParams(params)) if params else url,
            headers=headers,
            content=content,
            timeout=SERVICE_TIMEOUT,
        )

    def _send(
        self,
        method: str,
        url: httpx2.URL | str,
        *,
        headers: dict[str, str],
        timeout: httpx2.Timeout,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            reply = self._http.request(
                method, url, headers=headers, content=content, data=data, timeout=timeout
            )
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise LostError(f"{method}: {type(error).__name__}: {error}") from error
        if not reply.is_success:
            raise _problem(reply)
        return reply


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in either form; a date is compared with the reply's own `Date`.

    The phone's clock is not asked: it may be wrong by years.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
        sent = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - sent).total_seconds())
    except (TypeError, ValueError):
        return None


def _problem(reply: httpx2.Response) -> ProblemError:
    body: Json | None = None
    if reply.headers.get("content-type", "").startswith("application/problem+json"):
        try:
            said = json.loads(reply.content)
        except ValueError:
            said = None
        if isinstance(said, dict) and isinstance(said.get("code"), str):
            body = said
    return ProblemError(reply.status_code, body, retry_after_s(reply.headers))


def _parse(reply: httpx2.Response, read: Callable[[Json], T]) -> T:
    """Read a success; whatever does not have the promised shape was not said by the service."""
    try:
        said = json.loads(reply.content)
        return read(said)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LostError(f"an answer {reply.status_code} of another shape: {error!r}") from error


def _json_bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _object(said: Json) -> Json:
    return dict(said.items())


def _receipt(said: Json) -> Json:
    _ = said["id"], said["revision"], said["missing_photos"]
    return said


def _status(said: Json) -> PhotoStatus:
    upload = said.get("upload")
    return PhotoStatus(
        id=UUID(said["id"]),
        state=str(said["state"]),
        problem=said.get("problem"),
        receipt=said.get("receipt"),
        upload=None
        if upload is None
        else Upload(str(upload["url"]), dict(upload["headers"]), float(upload["expires_in_s"])),
    )


def _statuses(said: Json, required: Iterable[UUID]) -> dict[UUID, PhotoStatus]:
    found = {status.id: status for status in map(_status, said["photos"])}
    for photo_id in required:
        _ = found[photo_id]
    return found
