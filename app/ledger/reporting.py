"""Reporting a problem without a task: somebody sees a fault on his way, or a machine does.

Stored once per client-made id. Where it is follows from the site, else from the unit that was
named, else from the point; who answers follows from the line and the place, as of today.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.config import Settings
from app.evidence import queries as evidence
from app.evidence.rules import PhotoState
from app.evidence.service import GrantTo, grant
from app.infra import business_time
from app.infra.db import violated_constraint
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.kit.geo import Crs, Point, to_wgs84
from app.ledger import queries, queries_reports
from app.ledger.opening import NewProblem, open_problems, placed, touch_ledger
from app.ledger.queries_cases import read_rules
from app.ledger.rules import ProblemSource
from app.ledger.tables import Problem
from app.organisation import queries as organisation
from app.organisation.locating import locate, place_of
from app.organisation.rules import Responsibility, Role, codes_of, is_at_or_below
from app.organisation.tables import Line, Unit
from app.sites.tables import Site
from app.web.principal import Principal


@dataclass(frozen=True)
class Report:
    """What somebody says that he saw; ``category`` is (scheme, code, version).

    Without ``line`` it is that of the category, where the city has said which one.
    ``external_ref`` is what a machine calls it; then ``id`` follows from the machine and that.
    """

    id: UUID
    source: ProblemSource
    category: tuple[str, str, str] | None
    line: str | None
    site: str | None
    unit: str | None
    lat: float | None
    lon: float | None
    crs: Crs | None
    accuracy_m: float | None
    note: str
    photos: tuple[UUID, ...]
    found_at: datetime
    external_ref: str | None = None

    def digest(self) -> str:
        """Tells a repeat from other content under the same id."""
        said = asdict(self)
        if self.source is ProblemSource.PATROL:
            del said["source"]  # reports from before there were other doors keep their digest
        if self.external_ref is None:
            del said["external_ref"]
        text = json.dumps(said, default=str, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def report_problem(
    tx: Session, settings: Settings, *, principal: Principal, report: Report
) -> tuple[Problem, bool]:
    """The entry that the report opened, and whether it had been opened before.

    Raises ``Invalid`` with a pointer per fault, ``Conflict`` where the id means another report.
    """
    queries_reports.hold_report(tx, report.id)
    known = queries_reports.find_report(tx, report.id)
    if known is not None:
        sender = known.sender_id if principal.is_machine else known.reported_by
        if sender != principal.user_id or known.report_digest != report.digest():
            raise Conflict("problem.id-reused")
        return known, True
    found = _ground(tx, report)
    day = _day(tx, settings)
    area = _area(tx, report, found, day)
    faults = [*_faults(report, found, area, principal), *_photo_faults(tx, report, principal)]
    if area is None and report.site is None and report.unit is None:
        faults += _other_system(tx, report, day)
    if faults or area is None or found.line is None:
        raise Invalid("problem.invalid", faults=tuple(faults))
    told_by = {
        "reported_by": None if principal.is_machine else principal.user_id,
        "sender_id": principal.user_id if principal.is_machine else None,
    }
    problem = _opened(tx, settings, report, found, Where(area, found.line, day), told_by)
    touch_ledger(tx)
    return problem, False


def report_as_stranger(tx: Session, settings: Settings, *, report: Report) -> Problem:
    """The entry for what somebody reports whom nobody knows; ``Invalid`` with a pointer per fault.

    The caller makes sure that it is not known already, and touches the ledger last.
    """
    found, day = _ground(tx, report), _day(tx, settings)
    area = _area(tx, report, found, day)
    faults = [*_unknown_names(report, found)]
    if area is None:
        faults += [*_other_system(tx, report, day)] or [Fault("/location", "place.unknown")]
    if faults or area is None or found.line is None:
        raise Invalid("problem.invalid", faults=tuple(faults))
    return _opened(tx, settings, report, found, Where(area, found.line, day), {})


@dataclass(frozen=True)
class Where:
    """The area and line that a report belongs to, as of a day."""

    area: Unit
    line: Line
    day: date


def _opened(
    tx: Session,
    settings: Settings,
    report: Report,
    found: queries_reports.GroundFound,
    where: Where,
    told_by: dict[str, Any],
) -> Problem:
    area, line = where.area, where.line
    answers = organisation.answerable_units(tx, area_path=area.path, on=where.day).get(line.id)
    values: dict[str, Any] = {
        **told_by,
        "report_id": report.id,
        "report_digest": report.digest(),
        "external_ref": report.external_ref,
        "site_id": found.site.id if found.site else None,
        "category_id": found.category.id if found.category else None,
        "line_id": line.id,
        "area_id": area.id,
        "area_path": area.path,
        "answerable_unit_id": answers.unit_id if answers else None,
        "answerable_path": answers.unit_path if answers else None,
        "veto": False,
        "note": report.note,
        "lat": report.lat,
        "lon": report.lon,
        "crs": report.crs,
        "accuracy_m": report.accuracy_m,
        **placed(report.lat, report.lon, report.crs, site=_point_of(found.site)),
    }
    because = _because(report, area, answers)
    new = NewProblem(report.source, report.found_at, values, report.photos, because)
    (problem,) = _open(tx, settings, new)
    unit_path = answers.unit_path if answers else None
    grant(tx, [GrantTo(photo, area.path, line.id, unit_path) for photo in report.photos])
    return problem


def _because(report: Report, area: Unit, answers: Responsibility | None) -> dict[str, Any]:
    """What the place was decided by, and for which area the unit answers; nobody: by hand."""
    by = "site" if report.site else "unit" if report.unit else "boundary"
    told: dict[str, Any] = {"place": {"area": area.code, "by": by}}
    if answers is not None:
        told["answerable"] = {
            "unit": codes_of(answers.unit_path)[-1],
            "area": codes_of(answers.area_path)[-1],
            "since": answers.valid_from.isoformat(),
        }
    return told


def _ground(tx: Session, report: Report) -> queries_reports.GroundFound:
    line = report.line or read_rules(tx).line_of(report.category)
    return queries_reports.find_ground(
        tx, line=line, category=report.category, site=report.site, unit=report.unit
    )


def _day(tx: Session, settings: Settings) -> date:
    return business_time.today(tx, settings.timezone)


_KNOWN = {"uq_problem_report_id", "uq_problem_sender_id_external_ref"}


def _open(tx: Session, settings: Settings, new: NewProblem) -> list[Problem]:
    try:
        return open_problems(tx, settings, [new])
    except IntegrityError as error:
        if violated_constraint(error) in _KNOWN:  # at the same time
            raise Conflict("problem.id-reused") from error
        raise


def _point_of(site: Site | None) -> Point | None:
    if site is None or site.wgs84_lat is None or site.wgs84_lon is None:
        return None
    return Point(site.wgs84_lat, site.wgs84_lon)


def _area(
    tx: Session, report: Report, found: queries_reports.GroundFound, day: date
) -> Unit | None:
    named = found.site_unit or found.unit
    point = None
    if report.lat is not None and report.lon is not None and report.crs is not None:
        point = to_wgs84(Point(report.lat, report.lon), report.crs)
    place = place_of(tx, point=point, on=day, site_unit=named)
    return place.unit if place else None


def _faults(
    report: Report,
    found: queries_reports.GroundFound,
    area: Unit | None,
    principal: Principal,
) -> Iterator[Fault]:
    reached = area is not None and _reaches(area.path, principal)
    yield from _unknown_names(report, found)
    if report.source is ProblemSource.SELF and not _is_of_a_unit(principal):
        yield Fault("/source", "field.value", {"expected": ProblemSource.PATROL.value})
    if report.site is not None and not (found.site and reached):
        yield _unknown("/site", "site", report.site)
    elif report.unit is not None and not (found.unit and reached):
        yield _unknown("/unit", "unit", report.unit)
    elif not reached:
        yield Fault("/location", "place.unknown")


def _unknown_names(report: Report, found: queries_reports.GroundFound) -> Iterator[Fault]:
    if found.line is None and report.line is not None:
        yield _unknown("/line", "line", report.line)
    if report.category is not None and found.category is None:
        yield _unknown("/category", "category", "/".join(report.category))
    elif found.line is None and report.line is None:
        yield Fault("/line", "field.missing")


def _other_system(tx: Session, report: Report, day: date) -> Iterator[Fault]:
    """Where a point is in the city only if its coordinates are of another system, it says so."""
    if report.lat is None or report.lon is None or report.crs is None:
        return
    try:
        locate(tx, point=Point(report.lat, report.lon), crs=report.crs, on=day)
    except NotFound as error:
        if "crs" in error.data:
            yield Fault("/location/crs", "place.other-system", {"crs": error.data["crs"]})


def _is_of_a_unit(principal: Principal) -> bool:
    return not principal.roles.isdisjoint({Role.UNIT_COORDINATOR, Role.UNIT_HANDLER})


def _reaches(path: str, principal: Principal) -> bool:
    """A place outside of the reporter's areas, and not below his unit, is not there for him."""
    uppers = [upper for one in principal.postings for upper in (*one.area_paths, one.unit_path)]
    return any(is_at_or_below(path, upper) for upper in uppers)


def _photo_faults(tx: Session, report: Report, principal: Principal) -> Iterator[Fault]:
    states = evidence.states_of(tx, report.photos)
    for index, photo in enumerate(report.photos):
        if photo in report.photos[:index]:
            yield Fault(f"/photos/{index}", "field.duplicate", {"value": str(photo)})
        elif photo in states and states[photo][1] != principal.user_id:
            yield Fault(f"/photos/{index}", "photo.not-yours")
        elif photo in states and states[photo][0] is PhotoState.REJECTED:
            yield Fault(f"/photos/{index}", "photo.refused")


def _unknown(pointer: str, kind: str, value: str) -> Fault:
    return Fault(pointer, "field.unknown-reference", {"kind": kind, "value": value})


def view_of(tx: Session, principal: Principal, problem: Problem) -> queries.ProblemView:
    """An entry with its context, for the one who reported it."""
    return queries.get_problem_by_id(tx, principal, problem.id)
