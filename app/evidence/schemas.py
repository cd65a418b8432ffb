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
_MOST_ANNOUNCED = 500  # what may be set; the setting itself is lower


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

    photos: Annotated[list[PhotoIn], Field(min_length=1, max_length=_MOST_ANNOUNCED)]
    form: bool = False


class UploadOut(Wire):
    """Where to PUT the bytes; every header is to be sent verbatim."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_in_s: int


class UploadFormOut(Wire):
    """Where to POST the bytes as ``multipart/form-data``, for what cannot PUT (``wx.uploadFile``).

    All fields verbatim, then the file under the name ``file_field`` as the last one. Answers 204.
    """

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    file_field: str
    expires_in_s: int


class ReceiptStatementOut(Wire):
    """What is signed: exactly these fields, as canonical JSON (docs/receipts.md)."""

    type: Literal["dudao.photo-receipt/1"]
    photo_id: str
    sha256: str
    size: int
    issued_at: str
    key_id: str


class ReceiptOut(Wire):
    """Ed25519 in base64url, by the key of ``GET /v1/public/keys`` that the statement names."""

    statement: ReceiptStatementOut
    signature: str


class PhotoStateOut(Wire):
    """``receipt`` comes a minute after ``stored``; only then a phone may delete its copy.

    ``problem`` says why a photo was rejected; it must then be taken again under a new id.

    With the state ``deleted`` it is ``photo.deleted``: the photo was kept as long as it had to be.
    With the state ``stored`` it can only be ``photo.lost``: the store has lost the bytes. Who still
    has them announces the photo again, unchanged, and sends it once more.
    """

    id: UUID
    state: PhotoState
    problem: ProblemDetails | None
    receipt: ReceiptOut | None


class AnnouncedOut(PhotoStateOut):
    """``form`` is there where it was asked for and the store takes forms; use one of the two."""

    upload: UploadOut | None
    form: UploadFormOut | None


class AnnounceOut(Wire):
    server_time: datetime
    photos: list[AnnouncedOut]


class PhotoStatesOut(Wire):
    photos: list[PhotoStateOut]


class ExifNoteOut(Wire):
    """A value that was left out, with what stood there.

    ``fault`` is ``unreadable``, ``out-of-range`` or ``null-island``; ``trailing-bytes`` counts what
    follows the picture in the file: further pictures, a film.
    """

    tag: str
    fault: str
    raw: str


class ExifGpsOut(Wire):
    """WGS-84, as EXIF defines it; ``datum`` is the file's own word, and the file may be wrong."""

    lat: float
    lon: float
    altitude_m: float | None
    accuracy_m: float | None
    bearing_deg: float | None
    datum: str | None
    method: str | None


class ExifOut(Wire):
    """What the file says of itself: a witness, never a proof. Many phones strip all of it.

    ``taken_at`` is local time without a zone; ``taken_offset`` says which one, where it is known.
    ``gps_at`` is the satellites' time in UTC. ``width`` and ``height`` are the file's claim.
    """

    make: str | None
    model: str | None
    software: str | None
    image_id: str | None
    orientation: int | None
    width: int | None
    height: int | None
    taken_at: str | None
    taken_offset: str | None
    gps: ExifGpsOut | None
    gps_at: datetime | None
    notes: list[ExifNoteOut]


class PhotoOut(PhotoStateOut):
    """``exif`` is told to headquarters, auditors and the owner; null where the file says nothing.

    ``large_url`` and ``thumb_url`` are JPEG, need no further sign-in, and are good for
    ``urls_last_s`` at the least.
    """

    role: PhotoRole
    sha256: str
    size: int
    content_type: str
    captured_at: datetime
    location: Location | None
    width: int | None
    height: int | None
    stored_at: datetime | None
    deleted_at: datetime | None
    exif: ExifOut | None
    large_url: str | None
    thumb_url: str | None
    urls_last_s: int
