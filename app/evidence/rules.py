"""States of a photo and what the bytes must be, decided without store or database."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class PhotoState(StrEnum):
    ANNOUNCED = "announced"
    VERIFYING = "verifying"
    STORED = "stored"
    REJECTED = "rejected"
    DELETED = "deleted"


# The bytes came and were right, whatever became of them since.
ARRIVED = (PhotoState.STORED, PhotoState.DELETED)


class PhotoRole(StrEnum):
    NEAR = "near"
    FAR = "far"
    REFERENCE = "reference"
    BEFORE = "before"
    AFTER = "after"


class Size(StrEnum):
    """What is asked for of a photo."""

    ORIGINAL = "original"
    LARGE = "large"
    THUMB = "thumb"


class Refusal(StrEnum):
    """Why bytes are no evidence; each is a problem code that the caller is told."""

    EMPTY = "photo.empty"
    SIZE_MISMATCH = "photo.size-mismatch"
    DIGEST_MISMATCH = "photo.digest-mismatch"
    SWAPPED = "photo.swapped"
    UNSUPPORTED_TYPE = "photo.unsupported-type"
    TYPE_MISMATCH = "photo.type-mismatch"
    TRUNCATED = "photo.truncated"
    UNDECODABLE = "photo.undecodable"
    ANIMATED = "photo.animated"
    TOO_MANY_PIXELS = "photo.too-many-pixels"
    TOO_HEAVY = "photo.too-heavy"


class Unfit(Exception):
    """Bytes that are no evidence; ``why`` is for the log and never for the caller."""

    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(f"{refusal}: {why}")
        self.refusal = refusal


class Audience(StrEnum):
    """Who a grant lets look."""

    UNITS = "units"


CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
}
RENDITION_TYPE = "image/jpeg"
WEBP = "image/webp"
RENDITIONS = (Size.LARGE, Size.THUMB)


@dataclass(frozen=True)
class Announced:
    """What the phone said it would send."""

    sha256: str
    size: int
    content_type: str


def same_type(announced: str, real: str) -> bool:
    """Whether the announced type names the real one; HEIC and HEIF are one family."""
    return announced == real or (announced, real) == ("image/heif", "image/heic")


UPLOADS = "uploads/"


def quarantine_key(photo_id: UUID) -> str:
    """Where a phone uploads a photo."""
    return f"{UPLOADS}{photo_id}"


def evidence_key(sha256: str) -> str:
    """Where the original lies: under the digest of its content."""
    return f"sha256/{sha256[:2]}/{sha256}"


def rendition_key(sha256: str, size: Size, content_type: str = RENDITION_TYPE) -> str:
    """Where a rendition of an original lies."""
    return f"renditions/{sha256[:2]}/{sha256}/{size.value}.{EXTENSIONS[content_type]}"


def takes_webp(accept: str) -> bool:
    """Whether an ``Accept`` header names WebP; ``*/*`` alone is no wish for it."""
    for part in accept.lower().split(","):
        name, *parameters = (one.strip() for one in part.split(";"))
        if name == WEBP:
            return not any(_is_zero(one) for one in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and weight.strip() in {"0", "0.0", "0.00", "0.000"}
