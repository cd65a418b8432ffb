"""Announcing, completing, granting; and what a verification changes.

A photo's id is made by the phone and its digest never changes. All commands repeat safely.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.config import Settings
from app.evidence import custody, queries, queries_custody
from app.evidence.rules import Announced, Audience, PhotoRole, PhotoState, Refusal, Size
from app.evidence.tables import Blob, Grant, Photo, PhotoPass, Rendition
from app.infra import business_time, events
from app.infra.bulk import insert_rows, upsert_rows
from app.kit import clock
from app.kit.errors import Conflict, Fault, NotFound, TooMany
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.ids import new_id

_LAST_SWEEP = 14
_WAIT_S = 5
# States in which bytes may be waited for: lost ones too.
_MAY_WAIT = (PhotoState.ANNOUNCED, PhotoState.STORED)


@dataclass(frozen=True)
class Place:
    """A place as it was sent, with its system."""

    point: Point
    crs: Crs
    accuracy_m: float | None


@dataclass(frozen=True)
class Announcement:
    """One photo that a phone is about to send."""

    id: UUID
    bytes_: Announced
    md5: str | None
    role: PhotoRole
    captured_at: datetime
    place: Place | None


@dataclass(frozen=True)
class Sender:
    """Who announces, and on which device, where the sign-in named one; ``by_form``: with forms.

    A stranger has a pass instead, which the transaction holds.
    """

    person_id: UUID | None
    device_id: UUID | None
    by_form: bool = False
    photo_pass: PhotoPass | None = None

    @property
    def pass_id(self) -> UUID | None:
        """The pass of a stranger."""
        return self.photo_pass.id if self.photo_pass else None

    def owns(self, photo: Photo) -> bool:
        """Whether a photo is the sender's own."""
        return (photo.owner_id, photo.pass_id) == (self.person_id, self.pass_id)


def announce(
    tx: Session, settings: Settings, *, sender: Sender, photos: Sequence[Announcement]
) -> list[Photo]:
    """Registers photos, or finds them again; raises ``Conflict`` where an id means other bytes.

    All or nothing: one clash and no photo of the request is registered. ``TooMany`` where too many
    are announced and not decided yet; what is under way goes on.
    """
    now = clock.real_now()
    sweep_at = now + timedelta(seconds=settings.sweep_after_s)
    rows = [
        _row(photo, sender, business_time.now(tx), sweep_at)
        for photo in sorted(photos, key=lambda photo: photo.id)
    ]
    new = insert_rows(tx, Photo, rows, skip_known=True)
    if new and sender.photo_pass is not None:
        _take(tx, sender.photo_pass, new)
    elif new and sender.person_id is not None:
        _check_open(tx, settings, sender.person_id, sender.device_id)
    stored = _announced(tx, [photo.id for photo in photos], sender)
    clashes = [
        Fault(f"/photos/{index}/id", "field.differs")
        for index, photo in enumerate(photos)
        if not _is_same(stored[photo.id], photo, sender)
    ]
    if clashes:
        raise Conflict("photo.id-reused", faults=tuple(clashes))
    return [stored[photo.id] for photo in photos]


def _announced(tx: Session, ids: Sequence[UUID], sender: Sender) -> dict[UUID, Photo]:
    """The photos, each marked before a form for it leaves; what began to be verified gets none."""
    if not sender.by_form:
        return queries.find_photos(tx, ids)
    locked = queries.lock_photos(tx, ids)
    for photo in locked.values():
        if sender.owns(photo) and photo.state in _MAY_WAIT and photo.form_at is None:
            photo.form_at = clock.real_now()
            tx.add(photo)
    return locked


def _take(tx: Session, photo_pass: PhotoPass, count: int) -> None:
    if photo_pass.taken + count > photo_pass.most:
        raise Conflict("photo-token.used-up", limit=photo_pass.most)
    photo_pass.taken += count
    tx.add(photo_pass)
    tx.flush()


def _check_open(tx: Session, settings: Settings, person_id: UUID, device_id: UUID | None) -> None:
    in_all, on_device = queries.count_open(tx, person_id, device_id)
    if in_all > settings.photos_open_per_user:
        raise TooMany("photo.too-many-open", wait_s=_WAIT_S)
    if device_id is not None and on_device > settings.photos_open_per_device:
        raise TooMany("photo.too-many-on-device", wait_s=_WAIT_S)


def _is_same(stored: Photo, photo: Announcement, sender: Sender) -> bool:
    known = Announced(stored.sha256, stored.size, stored.content_type)
    return sender.owns(stored) and known == photo.bytes_


def _row(
    photo: Announcement, sender: Sender, announced_at: datetime, sweep_at: datetime
) -> dict[str, object]:
    place = photo.place
    wgs84 = to_wgs84(place.point, place.crs) if place else None
    return {
        "id": photo.id,
        "owner_id": sender.person_id,
        "pass_id": sender.pass_id,
        "device_id": sender.device_id,
        "state": PhotoState.ANNOUNCED,
        "role": photo.role,
        "sha256": photo.bytes_.sha256,
        "md5": photo.md5,
        "size": photo.bytes_.size,
        "content_type": photo.bytes_.content_type,
        "captured_at": photo.captured_at,
        "lat": place.point.lat if place else None,
        "lon": place.point.lon if place else None,
        "wgs84_lat": wgs84.lat if wgs84 else None,
        "wgs84_lon": wgs84.lon if wgs84 else None,
        "crs": place.crs if place else None,
        "accuracy_m": place.accuracy_m if place else None,
        "announced_at": announced_at,
        "sweep_at": sweep_at,
        "sweeps": 0,
    }


def complete(tx: Session, *, photo_id: UUID, sender: Sender) -> Photo:
    """The phone says that the upload is through: verification begins, once.

    Again for a stored photo whose bytes were lost, which it may have sent once more.
    """
    photo = queries.lock_photos(tx, [photo_id]).get(photo_id)
    if photo is None or not sender.owns(photo):
        raise NotFound("photo.not-found")
    if photo.state is PhotoState.ANNOUNCED:
        _begin_verification(tx, photo)
    elif queries_custody.lost_among(tx, [photo]):
        events.record(tx, "photo.uploaded", subject=("photo", photo.id))
    return photo


def _begin_verification(tx: Session, photo: Photo) -> None:
    photo.state = PhotoState.VERIFYING
    photo.sweep_at = None
    tx.add(photo)
    events.record(tx, "photo.uploaded", subject=("photo", photo.id))
    tx.flush()


def swept(tx: Session, photo: Photo, *, arrived: bool, pause: timedelta) -> None:
    """The sweeper has looked: begin verification, or look again later and ever more rarely."""
    if arrived:
        _begin_verification(tx, photo)
        return
    photo.sweeps += 1
    waits = pause * 2 ** min(photo.sweeps, _LAST_SWEEP)
    photo.sweep_at = None if photo.sweeps > _LAST_SWEEP else clock.real_now() + waits
    tx.add(photo)


@dataclass(frozen=True)
class Made:
    """A rendition that was written: its digest and its size in bytes."""

    variant: Size
    content_type: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Kept:
    """The bytes are what was announced, whole, and lie in evidence.

    ``is_settled``: they lay there before and were read a second time since. ``renditions``: what
    was written beside them; nothing where they lay there before.
    """

    content_type: str
    width: int
    height: int
    exif: dict[str, Any] | None
    is_settled: bool = False
    renditions: tuple[Made, ...] = ()


@dataclass(frozen=True)
class Refused:
    """The bytes are not evidence."""

    refusal: Refusal


@dataclass(frozen=True)
class NotThere:
    """Nothing was uploaded under the photo's key."""


Verdict = Kept | Refused | NotThere


def apply_verdict(tx: Session, settings: Settings, *, photo_id: UUID, verdict: Verdict) -> None:
    """Write what a verification found; a photo that is decided already stays as it is."""
    photo = queries.lock_photos(tx, [photo_id])[photo_id]
    if photo.state is PhotoState.STORED and isinstance(verdict, Kept):
        custody.take(tx, settings, photo.sha256)
        _note_renditions(tx, photo.sha256, verdict.renditions)
    if photo.state is not PhotoState.VERIFYING:
        return
    now = business_time.now(tx)
    if isinstance(verdict, Kept):
        _keep_blob(tx, photo, verdict, now)
        photo.state, photo.stored_at, photo.blob_sha256 = PhotoState.STORED, now, photo.sha256
        tx.add(photo)
        tx.flush()
        custody.take(tx, settings, photo.sha256)
        _note_renditions(tx, photo.sha256, verdict.renditions)
        events.record(tx, "photo.stored", subject=("photo", photo.id), sha256=photo.sha256)
    elif isinstance(verdict, Refused):
        photo.state, photo.reject_code = PhotoState.REJECTED, verdict.refusal.value
        events.record(tx, "photo.rejected", subject=("photo", photo.id), code=verdict.refusal.value)
    else:
        photo.state = PhotoState.ANNOUNCED
        photo.sweep_at = clock.real_now() + timedelta(seconds=settings.sweep_after_s)
    tx.add(photo)
    tx.flush()


def _keep_blob(tx: Session, photo: Photo, kept: Kept, now: datetime) -> None:
    values = {
        "sha256": photo.sha256,
        "size": photo.size,
        "content_type": kept.content_type,
        "width": kept.width,
        "height": kept.height,
        "exif": kept.exif,
        "kept_at": now,
    }
    tx.connection().execute(insert(Blob).values(values).on_conflict_do_nothing())


def _note_renditions(tx: Session, sha256: str, made: Sequence[Made]) -> None:
    """What was written last is what lies there."""
    rows = [
        {
            "blob_sha256": sha256,
            "variant": one.variant,
            "content_type": one.content_type,
            "sha256": one.sha256,
            "size": one.size,
        }
        for one in made
    ]
    upsert_rows(tx, Rendition, rows, key=("blob_sha256", "variant", "content_type"))


@dataclass(frozen=True)
class GrantTo:
    """Whom a photo is opened to."""

    photo_id: UUID
    area_path: str
    line_id: UUID | None
    unit_path: str | None


def grant(tx: Session, grants: Iterable[GrantTo]) -> None:
    """Open photos to units; a grant that is there already is left alone."""
    rows = [
        {
            "id": new_id(),
            "photo_id": to.photo_id,
            "area_path": to.area_path,
            "line_id": to.line_id,
            "unit_path": to.unit_path,
            "audience": Audience.UNITS,
        }
        for to in dict.fromkeys(grants)
    ]
    insert_rows(tx, Grant, rows, skip_known=True)
