"""Receipts of photos."""

from typing import Annotated
from uuid import UUID

from app.evidence.presenting import receipt_out
from app.evidence.queries_receipts import standing_of
from app.evidence.schemas import ReceiptOut
from app.kit.errors import Conflict
from app.media import queries
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("photo.read")]


@router.get(
    "/photos/{photo_id}/receipt",
    summary="照片回执 · Receipt of a photo",
    responses=error_replies(404, 409),
)
def get_photo_receipt(tx: Tx, reader: Reader, photo_id: UUID) -> ReceiptOut:
    """What the service signed once the bytes were read a second time; anybody can check it.

    409 ``photo.receipt-not-due`` until then, and while they are to be read once more.
    """
    photo = queries.get_visible_photo(tx, photo_id, reader)
    standing = standing_of(tx, [photo])
    if photo.blob_sha256 is None:
        raise Conflict("photo.not-stored")
    if photo.blob_sha256 in standing.lost:
        raise Conflict("photo.lost")
    if photo.id not in standing.receipts:
        raise Conflict("photo.receipt-not-due")
    return receipt_out(standing.receipts[photo.id])
