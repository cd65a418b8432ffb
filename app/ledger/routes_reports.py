"""Problems that somebody reports without a task."""

from datetime import UTC
from typing import Annotated, Any
from uuid import uuid5

from starlette.requests import Request
from starlette.responses import Response

from app.ledger import reporting, showing
from app.ledger.presenting import problem_out
from app.ledger.rules import ProblemSource
from app.ledger.schemas import AlarmIn, ProblemOut, ReportIn
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1/ledger", tags=["ledger"], responses=error_replies(401, 403))
Reporter = Annotated[Principal, Needs("problem.report")]
Machine = Annotated[Principal, Needs("problem.send-alarm")]


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
    report = _report(body, id=body.id, photos=tuple(body.photos))
    problem, known = reporting.report_problem(
        tx, request.app.state.settings, principal=reporter, report=report
    )
    if known:
        response.headers["Dudao-Replayed"] = "true"
    shown_to = showing.reader_of(tx, request, reporter, language)
    return problem_out(reporting.view_of(tx, reporter, problem), shown_to)


@router.post(
    "/alarms",
    summary="监测报警与平台转办 · An alarm, or a case of the city platform",
    status_code=201,
    responses=error_replies(409),
)
def report_alarm(
    tx: Tx, machine: Machine, language: Lang, request: Request, response: Response, body: AlarmIn
) -> ProblemOut:
    """Once for each ``ref`` of a sender: the same again is the same entry, other content is 409."""
    report_id = uuid5(machine.user_id, body.ref)
    report = _report(body, id=report_id, external_ref=body.ref)
    problem, known = reporting.report_problem(
        tx, request.app.state.settings, principal=machine, report=report
    )
    if known:
        response.headers["Dudao-Replayed"] = "true"
    shown_to = showing.reader_of(tx, request, machine, language)
    return problem_out(reporting.view_of(tx, machine, problem), shown_to)


def _report(body: ReportIn | AlarmIn, **more: Any) -> reporting.Report:
    place, category = body.location, body.category
    return reporting.Report(
        source=ProblemSource(body.source),
        category=(category.scheme, category.code, category.version) if category else None,
        line=body.line,
        site=body.site,
        unit=body.unit,
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        crs=place.crs if place else None,
        accuracy_m=place.accuracy_m if place else None,
        note=body.note,
        found_at=body.found_at.astimezone(UTC),
        **{"photos": ()} | more,
    )
