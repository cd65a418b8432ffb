"""Refuses apps that are too old, but never what is waiting in their queues.

An app says its version in ``Dudao-App-Version``. Below ``DUDAO_MIN_APP_VERSION`` it is answered
426 everywhere in ``/v1`` but on the ways that evidence takes: signing in and refreshing, who am I,
photos, uploads, visits, and what is public. An inspector who was offline while the minimum rose
loses nothing.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Settings
from app.kit.versions import is_older
from app.web.problems import problem_response

HEADER = "Dudao-App-Version"
_ALWAYS = (
    "/v1/auth", "/v1/me", "/v1/photos", "/v1/uploads", "/v1/visits", "/v1/sync/push", "/v1/public",
)  # fmt: skip


class AppVersionGate:
    """Plain ASGI; a request without the header, or without a minimum, costs a look-up each."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_closed(scope["path"]):
            settings: Settings = scope["app"].state.settings
            given = Headers(scope=scope).get(HEADER)
            least = settings.min_app_version
            if given is not None and least is not None and is_older(given, least):
                await _refusal(Request(scope), least)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def app_version(headers: Mapping[str, str]) -> str | None:
    """The version that the caller's app names, cut to what is kept."""
    given = headers.get(HEADER)
    return given[:40] if given else None


def _is_closed(path: str) -> bool:
    open_way = any(path == way or path.startswith(f"{way}/") for way in _ALWAYS)
    return path.startswith("/v1/") and not open_way


def _refusal(request: Request, least: str) -> ASGIApp:
    response = problem_response(request, 426, "app.too-old", data={"minimum": least})
    response.headers["Upgrade"] = f"dudao-app/{least}"  # RFC 9110 asks for it with 426
    response.headers["Connection"] = "upgrade"
    return response
