"""Photos as their owner sends them: announce, complete, ask. How they go out: app/media."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.evidence import queries, rules, service
from app.evidence.presenting import (
    announce_faults,
    announced_out,
    announcement_of,
    state_out,
)
from app.evidence.queries_receipts import standing_of
from app.evidence.schemas import (
    MOST_AT_ONCE,
    AnnounceIn,
    AnnounceOut,
    PhotoStateOut,
    PhotoStatesOut,
)
from app.infra import business_time
from app.infra.blobs import Blobs
from app.kit.errors import Invalid
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
Submitter = Annotated[Principal, Needs("photo.submit")]
Ids = Annotated[list[UUID], Query(alias="id", min_length=1, max_length=MOST_AT_ONCE)]


@router.post("/photos", summary="登记照片 · Announce photos", responses=error_replies(409, 429))
def announce_photos(
    tx: Tx, submitter: Submitter, request: Request, language: Lang, body: AnnounceIn
) -> AnnounceOut:
    """Register up to 50 photos and get an upload address for each.

    Same id and bytes: the present state with a fresh address. Same id, other bytes: 409, and no
    photo of the request is registered.
    """
    settings: Settings = request.app.state.settings
    blobs: Blobs = request.app.state.blobs
    if faults := announce_faults(body, settings):
        raise Invalid("request.invalid", faults=tuple(faults))
    announced = [announcement_of(photo) for photo in body.photos]
    by_form = body.form and blobs.profile.post_policy
    sender = service.Sender(submitter.user_id, submitter.device_id, by_form)
    photos = service.announce(tx, settings, sender=sender, photos=announced)
    return AnnounceOut(
        server_time=business_time.now(tx),
        photos=announced_out(blobs, photos, language, standing_of(tx, photos), by_form=by_form),
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
    sender = service.Sender(submitter.user_id, submitter.device_id)
    photo = service.complete(tx, photo_id=photo_id, sender=sender)
    if photo.state is rules.PhotoState.VERIFYING:
        response.headers["Retry-After"] = "1"
    else:
        response.status_code = 200
    return state_out(photo, language, standing_of(tx, [photo]))


@router.get("/photos", summary="我的照片状态 · States of my photos")
def list_photo_states(tx: Tx, submitter: Submitter, language: Lang, ids: Ids) -> PhotoStatesOut:
    """The states of up to 50 of the caller's own photos; others are not listed."""
    photos = queries.list_own(tx, submitter.user_id, ids)
    standing = standing_of(tx, photos)
    return PhotoStatesOut(photos=[state_out(photo, language, standing) for photo in photos])
