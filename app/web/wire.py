"""Base of all wire shapes, and the small shapes that several features share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
)

from app.kit.geo import Crs


class Wire(BaseModel):
    """Unknown fields are refused; enums travel by value."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def storable(value: str) -> str:
    """What the database takes: no NUL, and no half of a surrogate pair."""
    if "\x00" in value:
        raise ValueError("text must not contain NUL")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("text must be valid Unicode")
    return value


def _written(value: object) -> object:
    """Instants travel as RFC 3339 text; a bare number would be taken for seconds since 1970."""
    if not isinstance(value, str | datetime) or (isinstance(value, str) and value.isdecimal()):
        raise ValueError("an RFC 3339 date-time with offset")
    return value


Text = Annotated[StrictStr, AfterValidator(storable)]
Note = Annotated[Text, Field(max_length=2000)]
Code = Annotated[Text, Field(min_length=1, max_length=64)]
When = Annotated[
    AwareDatetime,
    Field(ge=datetime.fromisoformat("2000-01-01T00:00:00+00:00")),
    BeforeValidator(_written),
]


class Location(Wire):
    """A place as the sender's device or map gave it; the system must be named."""

    lat: Annotated[float, Field(ge=-90, le=90, strict=True)]
    lon: Annotated[float, Field(ge=-180, le=180, strict=True)]
    crs: Crs
    accuracy_m: Annotated[float, Field(ge=0, le=100_000, strict=True)] | None = None


class Named(Wire):
    """A code with its name beside it, so that a feed can be read without a second look-up."""

    code: str
    name: str


class ProblemDetails(Wire):
    """RFC 9457, with our stable ``code``."""

    code: str
    title: str
    detail: str


class Fault(Wire):
    """One fault of a request, with an RFC 6901 pointer into its body."""

    pointer: str
    code: str
    message: str
    params: dict[str, Any]


class ProblemBody(ProblemDetails):
    """The body of every error reply."""

    type: str
    status: int
    instance: str
    request_id: str
    errors: list[Fault]
