"""What the phone keeps: photos, visits and their states.

The words here are the words of the README's state diagram. Everything is immutable: a state is
changed in the queue (`scripts.phone.queue`) and read again, never edited in memory, because only
what stands in the queue survives the death of the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

Json = dict[str, Any]

MAX_PHOTO_BYTES = 20 * 1024 * 1024
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"})


class PhotoState(StrEnum):
    """Where a photo is on its way. The last three are ends; only `RECEIPTED` frees the bytes.

    There is no durable "announced": an upload address is short-lived and announcing again is
    always right, so a restart announces every `QUEUED` photo anew.
    """

    FREEZING = "freezing"  # the bytes are being written; the person has not been told "taken"
    QUEUED = "queued"  # frozen and hashed; to be announced and uploaded
    UPLOADED = "uploaded"  # the store has the bytes; `complete` has not been acknowledged
    VERIFYING = "verifying"  # the service is checking the bytes
    STORED = "stored"  # it is evidence; the bytes are kept until there is a receipt
    RECEIPTED = "receipted"  # the receipt is here and was checked: the bytes may be deleted
    REJECTED = "rejected"  # the service checked it and says no: take it again, with a new id
    REFUSED = "refused"  # the announcement itself was refused, or the file was damaged here

    @property
    def is_moving(self) -> bool:
        """Whether the phone still has something to do or to wait for, without the person."""
        return self not in {PhotoState.RECEIPTED, PhotoState.REJECTED, PhotoState.REFUSED}


class VisitState(StrEnum):
    """Where a visit is on its way. Only in `DONE` may its body be deleted."""

    QUEUED = "queued"  # to be sent
    RECEIVED = "received"  # answered 201; some of its photos are not stored yet
    DONE = "done"  # answered 201 and all its photos are stored
    REFUSED = "refused"  # the service said no for good: kept, with the text, for the person


class Role(StrEnum):
    """What a photo shows, as the service names it."""

    NEAR = "near"
    FAR = "far"
    REFERENCE = "reference"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Location:
    """A position with the reference system it was measured in; a wrong label moves it 500 m."""

    lat: float
    lon: float
    crs: str = "wgs84"
    accuracy_m: float | None = None

    def as_json(self) -> Json:
        return {"lat": self.lat, "lon": self.lon, "crs": self.crs, "accuracy_m": self.accuracy_m}


@dataclass(frozen=True)
class Photo:
    """One frozen photo: its bytes lie in a file of this id and never change again."""

    id: UUID
    state: PhotoState
    sha256: str
    md5: str
    size: int
    content_type: str
    role: Role
    captured_at: str
    location: Json | None
    problem: Json | None
    receipt: Json | None = None

    def announcement(self) -> Json:
        """The item of `POST /v1/photos`; the same at every attempt, so that it is idempotent."""
        return {
            "id": str(self.id),
            "sha256": self.sha256,
            "md5": self.md5,
            "size": self.size,
            "content_type": self.content_type,
            "role": self.role.value,
            "captured_at": self.captured_at,
            "location": self.location,
        }


@dataclass(frozen=True)
class Visit:
    """One whole visit; `body` is the exact text that is sent at every attempt."""

    id: UUID
    state: VisitState
    body: str | None
    photo_ids: tuple[UUID, ...]
    receipt: Json | None
    problem: Json | None


@dataclass(frozen=True)
class Attention:
    """Something only the person can settle: a photo to take again, a refusal to read."""

    kind: str  # "photo" or "visit"
    id: UUID
    state: str
    problem: Json


@dataclass(frozen=True)
class Progress:
    """What is where, as the app would show it; made from the queue, so it is true after a crash."""

    photos: Mapping[PhotoState, int]
    visits: Mapping[VisitState, int]
    attention: tuple[Attention, ...]
    needs_sign_in: bool

    @property
    def is_idle(self) -> bool:
        """Nothing is left that the phone can do by itself (the person may still have to act)."""
        moving = sum(n for state, n in self.photos.items() if state.is_moving)
        return moving == 0 and self.visits.get(VisitState.QUEUED, 0) == 0

    @property
    def is_clean(self) -> bool:
        """Everything was acknowledged: a receipt for each photo, all visits done."""
        waiting = self.visits.get(VisitState.RECEIVED, 0)
        return self.is_idle and not self.attention and waiting == 0


def photos_of(body: Mapping[str, Any]) -> tuple[UUID, ...]:
    """Every photo id a visit body names, once each, in the order of appearance."""
    found = list(body.get("photos") or [])
    for answer in body.get("answers") or []:
        found += answer.get("photos") or []
        for finding in answer.get("findings") or []:
            found += finding.get("photos") or []
    return tuple(dict.fromkeys(UUID(str(each)) for each in found))
