"""A request id and one structured log line per request, as plain ASGI (no body is touched)."""

import re

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit import clock
from app.kit.ids import new_id

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_log = structlog.get_logger("dudao.request")


class RequestLog:
    """Takes over a caller's ``X-Request-ID`` where it is harmless, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = clock.monotonic(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                _log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round((clock.monotonic() - started) * 1000, 1),
                )


def _request_id(given: str) -> str:
    return given if _ACCEPTABLE.match(given) else str(new_id())
