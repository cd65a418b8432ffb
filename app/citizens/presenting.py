"""Between citizen reports and their wire shapes: nothing here is personal, or of a unit."""

from collections.abc import Iterator, Sequence

from app.checklists.presenting import category_out
from app.citizens.queries import Standing
from app.citizens.rules import MOST_PHOTOS, PUBLIC_STATES, RESOLUTIONS, CitizenSays
from app.citizens.schemas import CitizenReportIn, CitizenReportOut, CitizenStateOut, ReportFormOut
from app.citizens.service import Taken
from app.citizens.tables import CitizenReport
from app.evidence.rules import PhotoRole
from app.evidence.schemas import AnnounceIn
from app.kit.errors import Fault
from app.ledger.labels import STATES, Audience
from app.ledger.rules import ProblemState
from app.organisation.tables import Category
from app.web.language import Language, pick

_ROLES = (PhotoRole.NEAR, PhotoRole.FAR)
_OVER = (ProblemState.CLOSED, ProblemState.CANCELLED)


def says_of(body: CitizenReportIn) -> CitizenSays:
    """A report as the service takes it."""
    place, category = body.location, body.category
    return CitizenSays(
        id=body.id,
        category=(category.scheme, category.code, category.version) if category else None,
        lat=place.lat,
        lon=place.lon,
        crs=place.crs,
        accuracy_m=place.accuracy_m,
        note=body.note,
        contact=body.contact.get_secret_value() if body.contact else None,
    )


def form_out(
    categories: Sequence[Category], language: Language, *, takes_contact: bool
) -> ReportFormOut:
    """What a form offers."""
    shown = [out for one in categories if (out := category_out(one, language)) is not None]
    return ReportFormOut(categories=shown, takes_contact=takes_contact, most_photos=MOST_PHOTOS)


def taken_out(taken: Taken, language: Language) -> CitizenReportOut:
    """The answer to a report, and to its repeats."""
    issued, state = taken.photo_pass, taken.problem.state
    return CitizenReportOut(
        number=taken.report.number,
        received_at=taken.report.received_at,
        state=PUBLIC_STATES[state],
        state_label=_label(state, language),
        photo_token=issued.token,
        photo_token_expires_at=issued.expires_at,
        photos_left=issued.left,
    )


def state_out(report: CitizenReport, standing: Standing, language: Language) -> CitizenStateOut:
    """Where a report stands."""
    problem = standing.problem
    outcome = None
    if problem.state is ProblemState.CLOSED and problem.resolution is not None:
        outcome = pick(language, *RESOLUTIONS[problem.resolution])
    is_refused = problem.state is ProblemState.CANCELLED
    return CitizenStateOut(
        number=report.number,
        received_at=report.received_at,
        state=PUBLIC_STATES[problem.state],
        state_label=_label(problem.state, language),
        is_over=problem.state in _OVER,
        outcome=outcome,
        reason=standing.public_reason if is_refused else None,
    )


def role_faults(body: AnnounceIn) -> Iterator[Fault]:
    """A stranger's photos show the fault; what was put right is for the unit to show."""
    for index, photo in enumerate(body.photos):
        if photo.role not in _ROLES:
            expected = {"expected": " | ".join(_ROLES)}
            yield Fault(f"/photos/{index}/role", "field.value", expected)


def _label(state: ProblemState, language: Language) -> str:
    return pick(language, *STATES[Audience.PUBLIC][state])
