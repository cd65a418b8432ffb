"""Photos as they go out: one by one, and as a list with addresses and digests."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.presenting import photo_out
from app.evidence.queries_receipts import standing_of
from app.evidence.rules import RENDITION_TYPE, WEBP, PhotoRole, PhotoState, Size, takes_webp
from app.evidence.schemas import PhotoOut
from app.evidence.tables import Photo
from app.infra import business_time
from app.infra.blobs import Blobs
from app.kit.errors import Conflict, Gone
from app.ledger.rules import ProblemState
from app.media import queries, service
from app.media.presenting import address_of, copy_out, name_for
from app.media.rules import Place
from app.media.schemas import ManifestPage
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("photo.read")]
_ACCEPT = "Accept, Authorization"


@router.get("/photos/{photo_id}", summary="照片 · One photo", responses=error_replies(404))
def get_photo(tx: Tx, reader: Reader, request: Request, language: Lang, photo_id: UUID) -> PhotoOut:
    """A photo that the caller took or was granted, with signed addresses for ``<img>``.

    ``exif`` is for headquarters, auditors and the owner.
    """
    photo = queries.get_visible_photo(tx, photo_id, reader)
    blob = evidence.find_blob(tx, photo.blob_sha256) if photo.blob_sha256 else None
    with_exif = _may_read_exif(photo, reader)
    standing = standing_of(tx, [photo])
    blobs: Blobs = request.app.state.blobs
    return photo_out(blobs, photo, blob, language, with_exif=with_exif, standing=standing)


def _may_read_exif(photo: Photo, reader: Principal) -> bool:
    return reader.has("photo.read-original") or photo.owner_id == reader.user_id


@router.get(
    "/photos/{photo_id}/content",
    summary="看照片 · Look at a photo",
    status_code=302,
    response_class=RedirectResponse,
    responses=error_replies(404, 409, 410),
)
def get_photo_content(
    tx: Tx,
    reader: Reader,
    request: Request,
    photo_id: UUID,
    size: Size = Size.LARGE,
    download: Annotated[bool, Query(description="to be kept, not shown")] = False,
) -> Response:
    """Redirects to a short-lived address, which answers ranges and may be held by browsers.

    ``large`` and ``thumb`` are WebP where ``Accept`` names it and there is one, else JPEG; they
    carry no metadata. Originals: headquarters and auditors only, each view is in the audit log.
    """
    photo = queries.get_visible_photo(tx, photo_id, reader)
    if photo.state is PhotoState.DELETED:
        raise Gone("photo.deleted")
    if size is Size.ORIGINAL:
        service.view_originals(tx, reader, [photo] if photo.blob_sha256 else [])
    if photo.blob_sha256 is None:
        raise Conflict("photo.not-stored")
    content_type = photo.content_type if size is Size.ORIGINAL else RENDITION_TYPE
    if size is not Size.ORIGINAL and takes_webp(request.headers.get("accept", "")):
        made = evidence.renditions_of(tx, [photo.blob_sha256], size)
        content_type = WEBP if (photo.blob_sha256, WEBP) in made else RENDITION_TYPE
    settings: Settings = request.app.state.settings
    blobs: Blobs = request.app.state.blobs
    place = queries.places_of(tx, reader, [photo.id]).get(photo.id, Place())
    name = name_for(photo, place, content_type, settings)
    url = address_of(blobs, photo, size, content_type, name, attachment=download)
    held = "no-store" if size is Size.ORIGINAL else f"max-age={blobs.address_lasts_s}"
    headers = {"Cache-Control": f"private, {held}", "Vary": _ACCEPT}
    return RedirectResponse(url, status_code=302, headers=headers)


@router.get(
    "/photos:manifest", summary="照片清单 · Manifest of photos", responses=error_replies(404)
)
def list_copies(
    tx: Tx,
    reader: Reader,
    request: Request,
    paging: Paged,
    round_id: UUID | None = None,
    visit_id: UUID | None = None,
    unit: Code | None = None,
    line: Code | None = None,
    site: Code | None = None,
    state: ProblemState | None = None,
    role: PhotoRole | None = None,
    problem: Code | None = None,
    size: Size = Size.LARGE,
) -> ManifestPage:
    """Stored photos that the caller may look at, with address, SHA-256, size and a name.

    ``state`` is that of a ledger entry that has the photo; ``unit`` includes what is below it.
    With ``size=original`` each photo of the page is noted in the audit log as viewed.
    """
    filters = queries.Filters(round_id, visit_id, unit, line, site, state, role, problem)
    page = queries.list_photos(tx, reader, filters, after=paging.after_id(), limit=paging.limit)
    if size is Size.ORIGINAL:
        service.view_originals(tx, reader, page.items)
    places = queries.places_of(tx, reader, [photo.id for photo in page.items])
    made = evidence.renditions_of(tx, [photo.sha256 for photo in page.items], size)
    settings: Settings = request.app.state.settings
    blobs: Blobs = request.app.state.blobs
    return ManifestPage(
        items=[
            copy_out(
                blobs,
                settings,
                photo,
                places.get(photo.id, Place()),
                size,
                made.get((photo.sha256, RENDITION_TYPE)),
            )
            for photo in page.items
        ],
        of=size,
        as_of=business_time.now(tx),
        urls_last_s=blobs.address_lasts_s,
        next_cursor=page.next_cursor,
    )
