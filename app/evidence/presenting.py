"""Between photo rows and their wire shapes."""

import json
from collections.abc import Collection, Sequence
from uuid import UUID

from app.config import Settings
from app.evidence import service
from app.evidence.queries_receipts import NOTHING_KEPT, Signed, Standing
from app.evidence.rules import (
    RENDITION_TYPE,
    Announced,
    PhotoState,
    Size,
    quarantine_key,
    rendition_key,
)
from app.evidence.schemas import (
    AnnouncedOut,
    AnnounceIn,
    ExifOut,
    PhotoIn,
    PhotoOut,
    PhotoStateOut,
    ReceiptOut,
    ReceiptStatementOut,
    UploadFormOut,
    UploadOut,
)
from app.evidence.tables import Blob, Photo
from app.infra.blobs import Blobs, UploadBinding
from app.kit.errors import Fault
from app.kit.geo import Point
from app.web import messages
from app.web.language import Language
from app.web.wire import Location, ProblemDetails

_LOST, _DELETED = "photo.lost", "photo.deleted"


def announce_faults(body: AnnounceIn, settings: Settings) -> list[Fault]:
    """Too many photos, photos that are larger than the service takes, ids given twice."""
    faults, most = [], settings.photo_max_bytes
    if len(body.photos) > settings.photos_per_announce:
        limit = {"limit": settings.photos_per_announce}
        faults.append(Fault("/photos", "field.too-long", limit))
    seen: set[UUID] = set()
    for index, photo in enumerate(body.photos):
        if photo.size > most:
            faults.append(Fault(f"/photos/{index}/size", "field.too-large", {"limit": most}))
        if photo.id in seen:
            value = {"value": str(photo.id)}
            faults.append(Fault(f"/photos/{index}/id", "field.duplicate", value))
        seen.add(photo.id)
    return faults


def announcement_of(photo: PhotoIn) -> service.Announcement:
    """What the service takes of a photo on the wire."""
    place = photo.location
    return service.Announcement(
        id=photo.id,
        bytes_=Announced(photo.sha256, photo.size, photo.content_type),
        md5=photo.md5,
        role=photo.role,
        captured_at=photo.captured_at,
        place=place_of(place) if place else None,
    )


def place_of(location: Location) -> service.Place:
    """A place of the wire as the service takes it."""
    return service.Place(Point(location.lat, location.lon), location.crs, location.accuracy_m)


def announced_out(
    blobs: Blobs, photos: Sequence[Photo], language: Language, standing: Standing, *, by_form: bool
) -> list[AnnouncedOut]:
    """Where photos stand that were announced, and how to send those that are waited for."""
    return [
        AnnouncedOut(
            **dict(state_out(photo, language, standing)),
            upload=upload_out(blobs, photo, standing.lost),
            form=form_out(blobs, photo, standing.lost) if by_form else None,
        )
        for photo in photos
    ]


def upload_out(blobs: Blobs, photo: Photo, lost: Collection[str]) -> UploadOut | None:
    """The upload address of a photo that waits for its bytes, or whose bytes were ``lost``."""
    if not _waits(photo, lost):
        return None
    upload = blobs.presign_upload(quarantine_key(photo.id), _binding(photo))
    return UploadOut(
        method="PUT", url=upload.url, headers=upload.headers, expires_in_s=upload.expires_in_s
    )


def form_out(blobs: Blobs, photo: Photo, lost: Collection[str]) -> UploadFormOut | None:
    """The same as a form; ``form_at`` must have been noted of the photo."""
    if not _waits(photo, lost):
        return None
    form = blobs.presign_form(quarantine_key(photo.id), _binding(photo))
    return UploadFormOut(
        method="POST",
        url=form.url,
        fields=form.fields,
        file_field=form.file_field,
        expires_in_s=form.expires_in_s,
    )


def _waits(photo: Photo, lost: Collection[str]) -> bool:
    return photo.state is PhotoState.ANNOUNCED or photo.blob_sha256 in lost


def _binding(photo: Photo) -> UploadBinding:
    return UploadBinding(photo.size, photo.content_type, photo.sha256, photo.md5)


def state_out(photo: Photo, language: Language, standing: Standing = NOTHING_KEPT) -> PhotoStateOut:
    """Where a photo stands, why it was refused if it was, whether it was lost, its receipt."""
    code = _LOST if photo.blob_sha256 in standing.lost else photo.reject_code
    if photo.state is PhotoState.DELETED:
        code = _DELETED
    signed = standing.receipts.get(photo.id)
    return PhotoStateOut(
        id=photo.id,
        state=photo.state,
        problem=_problem(code, language),
        receipt=receipt_out(signed) if signed else None,
    )


def receipt_out(signed: Signed) -> ReceiptOut:
    """A receipt as it travels; written canonically again, it is what was signed."""
    statement = ReceiptStatementOut.model_validate(json.loads(signed.statement))
    return ReceiptOut(statement=statement, signature=signed.signature)


def _problem(code: str | None, language: Language) -> ProblemDetails | None:
    if code is None:
        return None
    return ProblemDetails(
        code=code,
        title=messages.title_of(code, language),
        detail=messages.detail_of(code, language, {}),
    )


def photo_out(
    blobs: Blobs,
    photo: Photo,
    blob: Blob | None,
    language: Language,
    *,
    with_exif: bool,
    standing: Standing,
) -> PhotoOut:
    """A photo in full; what its file says of itself only where that was decided."""
    exif = blob.exif if blob and with_exif else None
    return PhotoOut(
        **dict(state_out(photo, language, standing)),
        role=photo.role,
        sha256=photo.sha256,
        size=photo.size,
        content_type=photo.content_type,
        captured_at=photo.captured_at,
        location=_location(photo),
        width=blob.width if blob else None,
        height=blob.height if blob else None,
        stored_at=photo.stored_at,
        deleted_at=photo.deleted_at,
        exif=ExifOut.model_validate(exif) if exif else None,
        large_url=address_of(blobs, photo, Size.LARGE),
        thumb_url=address_of(blobs, photo, Size.THUMB),
        urls_last_s=blobs.address_lasts_s,
    )


def address_of(blobs: Blobs, photo: Photo, size: Size) -> str | None:
    """A signed short-lived address of a rendition for ``<img>``; None before there is one."""
    if photo.blob_sha256 is None:
        return None
    key = rendition_key(photo.blob_sha256, size)
    return blobs.presign_download(key, filename=None, content_type=RENDITION_TYPE)


def _location(photo: Photo) -> Location | None:
    if photo.lat is None or photo.lon is None or photo.crs is None:
        return None
    return Location(lat=photo.lat, lon=photo.lon, crs=photo.crs, accuracy_m=photo.accuracy_m)
