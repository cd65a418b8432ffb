"""Which of the two languages the caller reads: Chinese unless English is preferred."""

from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import Request

Language = Literal["zh", "en"]


def preferred_language(header: str) -> Language:
    """The better liked of zh and en in an ``Accept-Language`` header; zh where neither is named."""
    liked: dict[str, float] = {}
    for part in header.split(","):
        name, _, weight = part.partition(";")
        primary = name.strip().lower().split("-")[0]
        if primary in {"zh", "en"}:
            liked[primary] = max(liked.get(primary, 0.0), _quality(weight))
    return "en" if liked.get("en", 0.0) > liked.get("zh", 0.0) else "zh"


def _quality(weight: str) -> float:
    _, _, number = weight.partition("=")
    try:
        return float(number) if number else 1.0
    except ValueError:
        return 0.0


async def _language(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language", ""))


Lang = Annotated[Language, Depends(_language)]


def pick(language: Language, zh: str, en: str | None) -> str:
    """The label in the caller's language; the Chinese one where there is no English."""
    return en if language == "en" and en else zh
