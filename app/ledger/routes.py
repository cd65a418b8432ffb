"""The ledger as a polled feed, and single entries."""

from typing import Annotated
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.checklists.presenting import category_out
from app.config import Settings
from app.evidence.presenting import address_of
from app.evidence.rules import Size
from app.evidence.tables import Photo
from app.infra import business_time, feeds
from app.infra.blobs import Blobs
from app.kit import clock
from app.ledger import queries
from app.ledger.opening import FEED
from app.ledger.rules import STATE_LABELS, ProblemState
from app.ledger.schemas import ProblemOut, ProblemPage, ProblemPhotoOut
from app.ledger.tables import Problem
from app.organisation.presenting import named
from app.web.etag import feed_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language, pick
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Location, Named

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ledger.read")]


@router.get("/ledger", summary="台账 · The ledger", response_model=ProblemPage, responses=UNCHANGED)
def list_ledger(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    response: Response,
    paging: Paged,
    round_id: UUID | None = None,
    state: ProblemState | None = None,
    area: Code | None = None,
    line: Code | None = None,
    category: Code | None = None,
) -> ProblemPage | Response:
    """Problems in the caller's reach, newest first. Poll with ``If-None-Match``."""
    settings: Settings = request.app.state.settings
    scope = f"{FEED}:{_address_age(settings.download_expires_s)}"
    tag = feed_tag(scope, feeds.version_of(tx, FEED), reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    filters = queries.Filters(round_id, state, area, line, category)
    page = queries.list_problems(tx, reader, filters, before=paging.after_id(), limit=paging.limit)
    response.headers.update(tag.headers)
    blobs: Blobs = request.app.state.blobs
    return ProblemPage(
        items=[problem_out(view, blobs, language) for view in page.items],
        as_of=business_time.now(tx),
        next_cursor=page.next_cursor,
    )


@router.get("/ledger/{number}", summary="台账条目 · One entry")
def get_ledger_entry(
    tx: Tx, reader: Reader, language: Lang, request: Request, number: Code
) -> ProblemOut:
    """One problem by its number."""
    return problem_out(queries.get_problem(tx, reader, number), request.app.state.blobs, language)


def _address_age(expires_s: int) -> int:
    """A number that changes twice within the life of a signed address.

    It stands in the tag, so that nobody is told "unchanged" about addresses that have run out.
    """
    return int(clock.real_now().timestamp()) // max(1, expires_s // 2)


def problem_out(view: queries.ProblemView, blobs: Blobs, language: Language) -> ProblemOut:
    """An entry as it is shown, with addresses of its photos."""
    problem, area = view.problem, view.area
    zh, en = STATE_LABELS[problem.state]
    site = view.site
    return ProblemOut(
        number=problem.number,
        state=problem.state,
        state_label=pick(language, zh, en),
        source=problem.source,
        found_at=problem.found_at,
        opened_at=problem.opened_at,
        category=category_out(view.category, language),
        site=Named(code=site.code, name=site.name) if site else None,
        area=named(area.unit, language),
        district=named(area.district, language) if area.district else None,
        line=Named(code=view.line.code, name=pick(language, view.line.name_zh, view.line.name_en)),
        answerable_unit=named(view.answerable, language) if view.answerable else None,
        veto=problem.veto,
        note=problem.note,
        location=_location(problem),
        cancel_reason=problem.cancel_reason,
        photos=[_photo_out(photo, blobs) for photo in view.photos],
        round_id=problem.round_id,
        visit_id=problem.visit_id,
    )


def _location(problem: Problem) -> Location | None:
    if problem.lat is None or problem.lon is None or problem.crs is None:
        return None
    return Location(
        lat=problem.lat, lon=problem.lon, crs=problem.crs, accuracy_m=problem.accuracy_m
    )


def _photo_out(photo: Photo, blobs: Blobs) -> ProblemPhotoOut:
    url = address_of(blobs, photo, Size.THUMB)
    return ProblemPhotoOut(id=photo.id, role=photo.role, state=photo.state, thumb_url=url)
