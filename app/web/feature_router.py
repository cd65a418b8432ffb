"""The router of a folder's routes, which says quickly that a path is none of its own."""

from functools import cached_property

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class FeatureRouter(APIRouter):
    """An ``APIRouter`` that is passed over at one look at the path.

    The service has well over a hundred routes, and every router asks all of its own in turn: for
    the routes at the end of the line that cost more than many an answer.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As ``APIRouter``; behind a prefix (``root_path``) every route is asked."""
        if not scope.get("root_path") and not scope["path"].startswith(self._beginnings):
            return Match.NONE, {}
        return super().matches(scope)

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        """What the paths begin with, up to their first parameter; read at the first request."""
        paths = (str(getattr(route, "path", "")) for route in self.routes)
        return tuple({path.partition("{")[0] for path in paths})
