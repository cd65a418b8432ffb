"""The door that asks nobody who he is, and the contact that headquarters alone may read."""

from typing import Annotated
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.citizens import presenting, queries, service, throttling
from app.citizens.schemas import (
    CitizenPhotosIn,
    CitizenReportIn,
    CitizenReportOut,
    CitizenStateOut,
    ContactOut,
    NumberIn,
    ReportFormOut,
    TokenIn,
)
from app.config import Settings
from app.evidence.presenting import announce_faults, announced_out, announcement_of, state_out
from app.evidence.queries_receipts import standing_of
from app.evidence.rules import PhotoState
from app.evidence.schemas import AnnounceIn, AnnounceOut, PhotoStateOut
from app.infra import business_time, events
from app.kit.errors import Invalid
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

public = FeatureRouter(
    prefix="/v1/public", tags=["public"], responses=error_replies(403, 404, 409, 429)
)
router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404))
ContactReader = Annotated[Principal, Needs("contact.read")]
_NEVER_KEPT = "no-store"


@public.get("/report-form", summary="随手拍须知 · What a report may say")
def get_report_form(tx: Tx, request: Request, language: Lang) -> ReportFormOut:
    """The categories to choose from, and whether a contact is taken."""
    throttling.admit(request.app.state.database, _settings(request), address=_address(request))
    door = service.open_door(tx)
    categories = queries.list_categories(tx, door.categories)
    takes_contact = service.takes_contact(_settings(request))
    return presenting.form_out(categories, language, takes_contact=takes_contact)


@public.post("/reports", summary="随手拍 · Report a fault", status_code=201)
def report_as_citizen(
    tx: Tx, request: Request, response: Response, language: Lang, body: CitizenReportIn
) -> CitizenReportOut:
    """Without a sign-in: a place, a few words, perhaps a category and a contact.

    Photos follow with the token. Same id and content: the same report again
    (``Dudao-Replayed: true``); other content: 409.
    """
    says = presenting.says_of(body)
    throttling.admit_report(
        request.app.state.database,
        _settings(request),
        address=_address(request),
        report_id=says.report_id,
    )
    events.name_actor(tx, request_id=request.state.request_id)
    taken = service.take_report(tx, _settings(request), says=says)
    if taken.was_known:
        response.headers["Dudao-Replayed"] = "true"
    response.headers["Cache-Control"] = _NEVER_KEPT
    return presenting.taken_out(taken, language)


@public.post("/reports:look-up", summary="随手拍进度 · Where a report stands")
def look_up_report(
    tx: Tx, request: Request, response: Response, language: Lang, body: NumberIn
) -> CitizenStateOut:
    """By the number that was answered. A POST, so that the number stands in no log and no cache."""
    throttling.admit(request.app.state.database, _settings(request), address=_address(request))
    report, standing = service.look_up(tx, number=body.number)
    response.headers["Cache-Control"] = _NEVER_KEPT
    return presenting.state_out(report, standing, language)


@public.post("/photos", summary="随手拍照片 · Announce photos of a report")
def announce_citizen_photos(
    tx: Tx, request: Request, language: Lang, body: CitizenPhotosIn
) -> AnnounceOut:
    """Up to three in all, with the token of the report; then PUT each, and complete it.

    The same photo announced again gets a fresh address and counts once.
    """
    settings, blobs = _settings(request), request.app.state.blobs
    throttling.admit(request.app.state.database, settings, address=_address(request))
    announced = AnnounceIn(photos=body.photos, form=body.form)
    if faults := [*announce_faults(announced, settings), *presenting.role_faults(announced)]:
        raise Invalid("request.invalid", faults=tuple(faults))
    by_form = body.form and blobs.profile.post_policy
    events.name_actor(tx, request_id=request.state.request_id)
    photos = service.announce_photos(
        tx,
        settings,
        token=body.token.get_secret_value(),
        photos=[announcement_of(photo) for photo in body.photos],
        by_form=by_form,
    )
    standing = standing_of(tx, photos)
    return AnnounceOut(
        server_time=business_time.now(tx),
        photos=announced_out(blobs, photos, language, standing, by_form=by_form),
    )


@public.post(
    "/photos/{photo_id}/complete",
    summary="随手拍照片上传完成 · The upload is through",
    status_code=202,
    responses={200: {"model": PhotoStateOut, "description": "stored or rejected already"}},
)
def complete_citizen_photo(
    tx: Tx, request: Request, response: Response, language: Lang, photo_id: UUID, body: TokenIn
) -> PhotoStateOut:
    """It is looked at now; ask again in the same way for what became of it."""
    throttling.admit(request.app.state.database, _settings(request), address=_address(request))
    token = body.token.get_secret_value()
    photo = service.complete_photo(tx, token=token, photo_id=photo_id)
    if photo.state is PhotoState.VERIFYING:
        response.headers["Retry-After"] = "1"
    else:
        response.status_code = 200
    return state_out(photo, language, standing_of(tx, [photo]))


@router.get("/ledger/{number}/contact", summary="随手拍联系方式 · Contact of who reported")
def read_contact(
    tx: Tx, reader: ContactReader, request: Request, response: Response, number: Code
) -> ContactOut:
    """As long as it is kept; each look is written into the audit log."""
    contact = service.read_contact(tx, _settings(request), reader, number)
    response.headers["Cache-Control"] = _NEVER_KEPT
    return ContactOut(contact=contact)


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None
