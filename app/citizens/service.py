"""Taking reports in, their photos, and reading who sent them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.citizens import keyfile, queries
from app.citizens.rules import MOST_PHOTOS, CitizenSays
from app.citizens.sealing import KeyRing, Sealed, Unopenable
from app.citizens.tables import CitizenContact, CitizenReport
from app.config import Settings
from app.evidence import passes
from app.evidence import service as evidence
from app.evidence.tables import Photo
from app.infra import business_time, events
from app.kit.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Unavailable
from app.kit.ids import plain_code, spoken_code
from app.ledger import opening, queries_reports, reporting
from app.ledger import queries as ledger
from app.ledger.queries_cases import read_rules
from app.ledger.rules import ProblemSource
from app.ledger.settings import CitizenDoor
from app.ledger.tables import Problem
from app.web.principal import Principal

_GROUP = 5  # a number is three groups: 72 bits


@dataclass(frozen=True)
class Taken:
    """A report that was taken in, and the pass for its photos."""

    report: CitizenReport
    problem: Problem
    photo_pass: passes.Issued
    was_known: bool


def take_report(tx: Session, settings: Settings, *, says: CitizenSays) -> Taken:
    """The case that a stranger's report opened, once for each id.

    ``Invalid`` with a fault per field, ``Conflict`` where the id means another report.
    """
    queries_reports.hold_report(tx, says.report_id)
    known = queries.find_report(tx, says.report_id)
    if known is not None:
        _require_same(tx, settings, known, says)
        problem = queries.get_case(tx, known.problem_id)
        return Taken(known, problem, passes.renew(tx, known.pass_id), was_known=True)
    contact = _sealed(settings, says)
    problem = reporting.report_as_stranger(tx, settings, report=_report(tx, says))
    issued = passes.issue(tx, most=MOST_PHOTOS, lasts_s=settings.photo_token_s)
    report = CitizenReport(
        id=says.report_id,
        number=spoken_code(_GROUP, _GROUP, _GROUP),
        problem_id=problem.id,
        pass_id=issued.id,
        digest=says.digest(),
        received_at=problem.opened_at,
    )
    tx.add(report)
    tx.flush()
    if contact is not None:
        tx.add(
            CitizenContact(
                report_id=report.id,
                key_id=contact.key_id,
                sealed=contact.content,
                kept_at=business_time.now(tx),
            )
        )
        tx.flush()
    opening.touch_ledger(tx)
    return Taken(report, problem, issued, was_known=False)


def open_door(tx: Session) -> CitizenDoor:
    """How citizens report in this city; ``Forbidden`` where it has not opened the door."""
    door = read_rules(tx).citizens
    if door is None:
        raise Forbidden("public.not-open")
    return door


def look_up(tx: Session, *, number: str) -> tuple[CitizenReport, queries.Standing]:
    """A report by the number that its sender typed, and where it stands; else there is none."""
    plain = plain_code(number)
    code = "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))
    report = queries.find_by_number(tx, code)
    if report is None:
        raise NotFound("report.not-found")
    return report, queries.standing_of(tx, report.id)


def takes_contact(settings: Settings) -> bool:
    """Whether a contact can be sealed, so that one may be given."""
    return _ring_at_hand(settings) is not None


def announce_photos(
    tx: Session,
    settings: Settings,
    *,
    token: str,
    photos: Sequence[evidence.Announcement],
    by_form: bool,
) -> list[Photo]:
    """Photos of the report that the token came with: they stand in its case at once."""
    holder = passes.open_pass(tx, token)
    found = queries.find_by_pass(tx, holder.id)
    if found is None:
        raise NotFound("photo-token.unknown")
    sender = evidence.Sender(None, None, by_form, photo_pass=holder)
    announced = evidence.announce(tx, settings, sender=sender, photos=photos)
    _, problem = found
    opening.add_photos(tx, problem, [photo.id for photo in announced])
    return announced


def complete_photo(tx: Session, *, token: str, photo_id: UUID) -> Photo:
    """The upload of a photo is through."""
    holder = passes.open_pass(tx, token)
    sender = evidence.Sender(None, None, photo_pass=holder)
    return evidence.complete(tx, photo_id=photo_id, sender=sender)


def read_contact(tx: Session, settings: Settings, principal: Principal, number: str) -> str:
    """The contact of who reported a case in reach; who reads it is written down."""
    problem = ledger.get_problem(tx, principal, number).problem
    kept = queries.find_contact(tx, problem.id)
    if kept is None:
        raise NotFound("contact.not-found")
    ring = keyfile.find_ring(settings)
    if ring is None:
        raise Unavailable("contact.keys-unusable")
    try:
        contact = ring.open(Sealed(kept.key_id, kept.sealed), report_id=kept.report_id)
    except Unopenable as error:
        raise Unavailable("contact.keys-unusable") from error
    events.record(tx, "contact.read", subject=("problem", problem.id), number=problem.number)
    return contact


def _report(tx: Session, says: CitizenSays) -> reporting.Report:
    door = open_door(tx)
    if says.category is not None and says.category not in door.categories:
        named = {"kind": "category", "value": "/".join(says.category)}
        fault = Fault("/category", "field.unknown-reference", named)
        raise Invalid("problem.invalid", faults=(fault,))
    line = read_rules(tx).line_of(says.category) or door.line
    return reporting.Report(
        id=says.report_id,
        source=ProblemSource.CITIZEN,
        category=says.category,
        line=line,
        site=None,
        unit=None,
        lat=says.lat,
        lon=says.lon,
        crs=says.crs,
        accuracy_m=says.accuracy_m,
        note=says.note,
        photos=(),
        found_at=business_time.now(tx),
    )


def _sealed(settings: Settings, says: CitizenSays) -> Sealed | None:
    if says.contact is None:
        return None
    ring = keyfile.find_ring(settings)
    if ring is None:
        raise Invalid("problem.invalid", faults=(Fault("/contact", "contact.not-taken"),))
    return ring.seal(says.contact, report_id=says.report_id)


def _require_same(tx: Session, settings: Settings, known: CitizenReport, says: CitizenSays) -> None:
    """Also the contact, as long as it is kept and there is a key to open it."""
    same = known.digest == says.digest()
    kept = queries.contact_of(tx, known.id)
    if same and kept is not None and (ring := _ring_at_hand(settings)) is not None:
        try:
            opened = ring.open(Sealed(kept.key_id, kept.sealed), report_id=known.id)
        except Unopenable:
            return
        same = opened == says.contact
    if not same:
        raise Conflict("problem.id-reused")


def _ring_at_hand(settings: Settings) -> KeyRing | None:
    try:
        return keyfile.find_ring(settings)
    except Unavailable:
        return None
