"""Wire shapes of photos."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt, StringConstraints

from app.evidence.rules import PhotoRole, PhotoState
from app.web.wire import Location, ProblemDetails, When, Wire

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
MOST_AT_ONCE = 50


class PhotoIn(Wire):
    """One photo that is going to be uploaded. The digest binds it to one byte string for good."""

    id: UUID
    sha256: Sha256
    md5: Md5 | None = None
    size: Annotated[StrictInt, Field(ge=1)]
    content_type: Literal["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]
    role: PhotoRole
    captured_at: When
    location: Location | None = None


class AnnounceIn(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "photos": [
                        {
                            "id": "01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6b",
                            "sha256": "9f86d081884c7d659a2feaa0c55ad015"
                            "a3bf4f1b2b0b822cd15d6c15b0f00a08",
                            "size": 431022,
                            "content_type": "image/jpeg",
                            "role": "near",
                            "captured_at": "2018-09-10T09:12:00+08:00",
                            "location": {
                                "lat": 35.2159,
                                "lon": 113.2418,
                                "crs": "wgs84",
                                "accuracy_m": 8.0,
                            },
                        }
                    ]
                }
            ]
        }
    )

    photos: Annotated[list[PhotoIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class UploadOut(Wire):
    """Where to PUT the bytes; every header is to be sent verbatim."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_in_s: int


class PhotoStateOut(Wire):
    """``problem`` says why a photo was rejected; it must then be taken again under a new id."""

    id: UUID
    state: PhotoState
    problem: ProblemDetails | None


class AnnouncedOut(PhotoStateOut):
    upload: UploadOut | None


class AnnounceOut(Wire):
    server_time: datetime
    photos: list[AnnouncedOut]


class PhotoStatesOut(Wire):
    photos: list[PhotoStateOut]


class PhotoOut(PhotoStateOut):
    role: PhotoRole
    sha256: str
    size: int
    content_type: str
    captured_at: datetime
    location: Location | None
    width: int | None
    height: int | None
    stored_at: datetime | None
