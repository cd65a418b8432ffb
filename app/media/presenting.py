"""Addresses and names of the copies of photos."""

from zoneinfo import ZoneInfo

from app.config import Settings
from app.evidence import rules as evidence
from app.evidence.rules import Size
from app.evidence.tables import Photo, Rendition
from app.infra.blobs import Blobs
from app.media.rules import Place, name_of
from app.media.schemas import CopyOut
from app.web.wire import Named


def name_for(photo: Photo, place: Place, content_type: str, settings: Settings) -> str:
    """What a copy is called, in Chinese."""
    taken_on = photo.captured_at.astimezone(ZoneInfo(settings.timezone)).date()
    return name_of(photo.id, place, taken_on, evidence.EXTENSIONS[content_type])


def address_of(
    blobs: Blobs, photo: Photo, size: Size, content_type: str, name: str, *, attachment: bool
) -> str:
    """A signed short-lived address; of an original, no browser keeps a copy."""
    original = size is Size.ORIGINAL
    key = (
        evidence.evidence_key(photo.sha256)
        if original
        else evidence.rendition_key(photo.sha256, size, content_type)
    )
    return blobs.presign_download(
        key, filename=name, content_type=content_type, attachment=attachment, private=original
    )


def copy_out(
    blobs: Blobs,
    settings: Settings,
    photo: Photo,
    place: Place,
    size: Size,
    rendition: Rendition | None,
) -> CopyOut:
    """A row of the manifest; renditions are named as JPEG."""
    original = size is Size.ORIGINAL
    content_type = photo.content_type if original else evidence.RENDITION_TYPE
    name = name_for(photo, place, content_type, settings)
    known = photo if original else rendition
    return CopyOut(
        id=photo.id,
        role=photo.role,
        captured_at=photo.captured_at,
        site=_named(place.site_code, place.site_name),
        item=_named(place.item_code, place.item_text),
        problem=place.problem,
        name=name,
        content_type=content_type,
        sha256=known.sha256 if known else None,
        size=known.size if known else None,
        url=address_of(blobs, photo, size, content_type, name, attachment=True),
    )


def _named(code: str | None, name: str | None) -> Named | None:
    return Named(code=code, name=name or code) if code else None
