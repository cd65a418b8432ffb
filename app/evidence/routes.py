"""Photos: announce, complete, ask, look."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.config import Settings
from app.evidence import queries, rules, service
from app.evidence.presenting import (
    announce_faults,
    announcement_of,
    photo_out,
    state_out,
    upload_out,
)
from app.evidence.schemas import (
    MOST_AT_ONCE,
    AnnouncedOut,
    AnnounceIn,
    AnnounceOut,
    PhotoOut,
    PhotoStateOut,
    PhotoStatesOut,
)
from app.infra import business_time
from app.infra.blobs import Blobs
from app.kit.errors import Conflict, Forbidden, Invalid
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
Submitter = Annotated[Principal, Needs("photo.submit")]
Reader = Annotated[Principal, Needs("photo.read")]
Ids = Annotated[list[UUID], Query(alias="id", min_length=1, max_length=MOST_AT_ONCE)]


@router.post("/photos", summary="登记照片 · Announce photos", responses=error_replies(409))
def announce_photos(
    tx: Tx, submitter: Submitter, request: Request, language: Lang, body: AnnounceIn
) -> AnnounceOut:
    """Register up to 50 photos and get an upload address for each.

    Same id and bytes: the present state with a fresh address. Same id, other bytes: 409, and no
    photo of the request is registered.
    """
    settings: Settings = request.app.state.settings
    blobs: Blobs = request.app.state.blobs
    if faults := announce_faults(body, settings.photo_max_bytes):
        raise Invalid("request.invalid", faults=tuple(faults))
    announced = [announcement_of(photo) for photo in body.photos]
    photos = service.announce(tx, settings, owner_id=submitter.user_id, photos=announced)
    return AnnounceOut(
        server_time=business_time.now(tx),
        photos=[
            AnnouncedOut(**dict(state_out(photo, language)), upload=upload_out(blobs, photo))
            for photo in photos
        ],
    )


@router.post(
    "/photos/{photo_id}/complete",
    summary="上传完成 · The upload is through",
    status_code=202,
    responses=error_replies(404)
    | {200: {"model": PhotoStateOut, "description": "stored or rejected already"}},
)
def complete_photo(
    tx: Tx, submitter: Submitter, language: Lang, response: Response, photo_id: UUID
) -> PhotoStateOut:
    """Verification begins; ask for the state a second later. Repeating is harmless."""
    photo = service.complete(tx, photo_id=photo_id, owner_id=submitter.user_id)
    if photo.state is rules.PhotoState.VERIFYING:
        response.headers["Retry-After"] = "1"
    else:
        response.status_code = 200
    return state_out(photo, language)


@router.get("/photos", summary="我的照片状态 · States of my photos")
def list_photo_states(tx: Tx, submitter: Submitter, language: Lang, ids: Ids) -> PhotoStatesOut:
    """The states of up to 50 of the caller's own photos; others are not listed."""
    photos = queries.list_own(tx, submitter.user_id, ids)
    return PhotoStatesOut(photos=[state_out(photo, language) for photo in photos])


@router.get("/photos/{photo_id}", summary="照片 · One photo", responses=error_replies(404))
def get_photo(tx: Tx, reader: Reader, language: Lang, photo_id: UUID) -> PhotoOut:
    """A photo that the caller took or was granted."""
    photo = queries.get_visible(tx, photo_id, reader)
    blob = queries.find_blob(tx, photo.blob_sha256) if photo.blob_sha256 else None
    return photo_out(photo, blob, language)


@router.get(
    "/photos/{photo_id}/content",
    summary="看照片 · Look at a photo",
    status_code=302,
    response_class=RedirectResponse,
    responses=error_replies(404, 409),
)
def get_photo_content(
    tx: Tx,
    reader: Reader,
    request: Request,
    photo_id: UUID,
    size: rules.Size = rules.Size.LARGE,
) -> Response:
    """Redirects to a short-lived address. Originals: headquarters, auditors and the owner only."""
    photo = queries.get_visible(tx, photo_id, reader)
    original = size is rules.Size.ORIGINAL
    may = reader.has("photo.read-original") or photo.owner_id == reader.user_id
    if original and not may:
        raise Forbidden("auth.forbidden", permission="photo.read-original")
    if photo.blob_sha256 is None:
        raise Conflict("photo.not-stored")
    key = rules.evidence_key(photo.sha256) if original else rules.rendition_key(photo.sha256, size)
    content_type = photo.content_type if original else rules.RENDITION_TYPE
    extension = rules.EXTENSIONS[content_type]
    blobs: Blobs = request.app.state.blobs
    url = blobs.presign_download(
        key, filename=f"{photo.id}-{size.value}.{extension}", content_type=content_type
    )
    return RedirectResponse(url, status_code=302, headers={"Cache-Control": "private, no-store"})
