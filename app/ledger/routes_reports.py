"""Problems that somebody reports without a task."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.ledger import reporting, showing
from app.ledger.presenting import problem_out
from app.ledger.schemas import ProblemOut, ReportIn
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = APIRouter(prefix="/v1/ledger", tags=["ledger"], responses=error_replies(401, 403))
Reporter = Annotated[Principal, Needs("problem.report")]


@router.post(
    "/reports", summary="巡查上报 · Report a problem", status_code=201, responses=error_replies(409)
)
def report_problem(
    tx: Tx,
    reporter: Reporter,
    language: Lang,
    request: Request,
    response: Response,
    body: ReportIn,
) -> ProblemOut:
    """A fault that was seen without a task; it becomes a ledger entry at once.

    Where it is: the site's unit, else ``unit``, else the unit at ``location``. Same id and content:
    the same entry again (``Dudao-Replayed: true``); other content: 409.
    """
    place = body.location
    category = body.category
    report = reporting.Report(
        id=body.id,
        category=(category.scheme, category.code, category.version) if category else None,
        line=body.line,
        site=body.site,
        unit=body.unit,
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        crs=place.crs if place else None,
        accuracy_m=place.accuracy_m if place else None,
        note=body.note,
        photos=tuple(body.photos),
        found_at=body.found_at.astimezone(UTC),
    )
    problem, known = reporting.report_problem(
        tx, request.app.state.settings, principal=reporter, report=report
    )
    if known:
        response.headers["Dudao-Replayed"] = "true"
    shown_to = showing.reader_of(tx, request, reporter, language)
    return problem_out(reporting.view_of(tx, problem), shown_to)
