"""Refuses request bodies that are too large, as problem+json, before they are read."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import problem_response


class BodyLimit:
    """A declared length is refused at once; an undeclared one as soon as it has grown too large."""

    def __init__(
        self,
        app: ASGIApp,
        most: int,
        wider: Mapping[str, int] | None = None,
        below: Mapping[str, int] | None = None,
    ) -> None:
        """``wider``: paths that take more, with their limits; ``below``: beginnings of paths."""
        self._app = app
        self._most = most
        self._wider = wider or {}
        self._below = below or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limit(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            refusal = problem_response(Request(scope), 413, "request.too-large")
            await refusal(scope, receive, send)
            return
        seen = 0

        async def receive_some() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some, send)

    def _limit(self, path: str) -> int:
        for beginning, limit in self._below.items():
            if path.startswith(beginning):
                return limit
        return self._wider.get(path, self._most)
