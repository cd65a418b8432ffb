"""Conditional GET for polled feeds: a weak tag made from a version counter.

The tag names the feed, its version, the reader's reach and the language, so that a 304 is true for
exactly this caller. It is weak because compression changes the bytes and not the meaning.
"""

import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from app.web.language import Language
from app.web.principal import Principal

_SCHEMA = 1


@dataclass(frozen=True)
class FeedTag:
    """The tag of one feed for one reader."""

    value: str
    cache: str = "private, no-cache"

    def unchanged(self, request: Request) -> Response | None:
        """The 304 for a caller who holds this version already, else None."""
        held = request.headers.get("if-none-match", "")
        if self.value not in (part.strip() for part in held.split(",")):
            return None
        return Response(status_code=304, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "ETag": self.value,
            "Cache-Control": self.cache,
            "Vary": "Accept-Language, Authorization",
        }


def feed_tag(
    scope: str, version: int, principal: Principal, language: Language, request: Request
) -> FeedTag:
    """The tag of the feed ``scope`` at ``version`` as this caller sees it with this query."""
    seen = repr((_SCHEMA, sorted(map(repr, principal.postings)), request.url.query))
    reader = hashlib.sha256(seen.encode()).hexdigest()[:12]
    return FeedTag(f'W/"{scope}:{version}:{reader}:{language}"')


def frozen_tag(scope: str, digest: str, language: Language) -> FeedTag:
    """The tag of what never changes: a phone that holds it need not even ask again."""
    return FeedTag(
        f'W/"{scope}:{_SCHEMA}:{digest[:16]}:{language}"',
        cache="private, max-age=31536000, immutable",
    )
