"""How long photos are kept, and what may not be deleted."""

from typing import Annotated
from uuid import UUID

from app.evidence import holds, queries_holds
from app.evidence.queries_holds import HoldView
from app.evidence.tables import Hold
from app.media import holding, queries_retention, retaining
from app.media.presenting_retention import class_out, holds_out
from app.media.queries import Filters
from app.media.schemas_retention import (
    HoldIn,
    HoldOut,
    HoldPage,
    KeepDaysIn,
    LiftIn,
    RetentionClassesOut,
    RetentionClassIn,
    RetentionClassOut,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["evidence"], responses=error_replies(401, 403))
RetentionReader = Annotated[Principal, Needs("retention.read")]
RetentionManager = Annotated[Principal, Needs("retention.manage")]
Holder = Annotated[Principal, Needs("photo.hold")]


@router.get("/retention-classes", summary="照片保存期限 · Retention classes")
def list_retention_classes(tx: Tx, reader: RetentionReader, language: Lang) -> RetentionClassesOut:
    """How long photos are kept. What no class fits is kept for good."""
    rows = queries_retention.list_classes(tx)
    return RetentionClassesOut(items=[class_out(*row, language) for row in rows])


@router.post(
    "/retention-classes",
    summary="新设保存期限 · Make a retention class",
    status_code=201,
    responses=error_replies(404, 409),
)
def make_retention_class(
    tx: Tx, manager: RetentionManager, language: Lang, body: RetentionClassIn
) -> RetentionClassOut:
    """Photos that are older than it says are deleted from the next hour on."""
    row = retaining.make_class(tx, retaining.NewClass(**dict(body)), by=manager)
    return _class_out(tx, row.code, language)


@router.post(
    "/retention-classes/{code}/change",
    summary="调整保存期限 · Change how long",
    responses=error_replies(404),
)
def change_retention_class(
    tx: Tx, manager: RetentionManager, language: Lang, code: Code, body: KeepDaysIn
) -> RetentionClassOut:
    """Another time to keep; null is for good."""
    retaining.change_class(tx, code=code, keep_days=body.keep_days)
    return _class_out(tx, code, language)


@router.post(
    "/retention-classes/{code}/remove",
    summary="撤销保存期限 · Remove",
    status_code=204,
    responses=error_replies(404),
)
def remove_retention_class(tx: Tx, manager: RetentionManager, code: Code) -> None:
    """Its photos fall to the next wider class, or are kept for good."""
    retaining.remove_class(tx, code=code)


def _class_out(tx: Tx, code: str, language: Lang) -> RetentionClassOut:
    rows = {row.code: (row, campaign) for row, campaign in queries_retention.list_classes(tx)}
    return class_out(*rows[code], language)


@router.get("/photo-holds", summary="照片保全 · Legal holds")
def list_photo_holds(
    tx: Tx, reader: RetentionReader, paging: Paged, lifted: bool | None = None
) -> HoldPage:
    """Holds, the newest first. A photo under a hold is not deleted."""
    page = queries_holds.list_holds(tx, lifted=lifted, before=paging.after_id(), limit=paging.limit)
    return HoldPage(items=holds_out(tx, page.items), next_cursor=page.next_cursor)


@router.post(
    "/photo-holds",
    summary="保全照片 · Hold photos",
    status_code=201,
    responses=error_replies(404, 409),
)
def hold_photos(tx: Tx, holder: Holder, body: HoldIn) -> HoldOut:
    """Nobody deletes these photos until the hold is lifted."""
    filters = Filters(round_id=body.round_id, visit_id=body.visit_id, problem=body.problem)
    wanted = holding.Wanted(body.photos, filters)
    return _hold_out(tx, holding.hold_by_hand(tx, holder, wanted=wanted, reason=body.reason))


@router.post(
    "/photo-holds/{hold_id}/lift",
    summary="解除保全 · Lift a hold",
    responses=error_replies(404),
)
def lift_photo_hold(tx: Tx, holder: Holder, hold_id: UUID, body: LiftIn) -> HoldOut:
    """The photos follow their retention class again. Lifting twice changes nothing."""
    return _hold_out(tx, holds.lift(tx, hold_id=hold_id, reason=body.reason, by=holder.user_id))


def _hold_out(tx: Tx, hold: Hold) -> HoldOut:
    count = queries_holds.count_held(tx, [hold.id])[hold.id]
    return holds_out(tx, [HoldView(hold, count)])[0]
