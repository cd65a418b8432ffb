"""Sites are proposed in the field, decided on by their unit, moved, edited, closed and reopened.

What a caller may not decide on does not exist for him: every verb raises ``NotFound`` there. Each
records what was before and after.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.infra.db import violated_constraint
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.reach import Posting
from app.organisation import queries as organisation
from app.organisation.service import require_valid
from app.organisation.tables import Unit
from app.people import queries as people
from app.sites import queries, rules
from app.sites.rules import SiteState
from app.sites.storing import set_lines
from app.sites.tables import Site
from app.web.principal import Principal

Row = dict[str, Any]


@dataclass(frozen=True)
class PlaceGiven:
    """A location with its system, as it was sent."""

    lat: float
    lon: float
    crs: Crs


@dataclass(frozen=True)
class SiteContent:
    """What people say about a site; codes and logins, nothing looked up yet."""

    name: str
    category: str
    unit: str
    lines: Sequence[str]
    road_class: rules.RoadClass | None
    responsible_name: str | None
    responsible_unit: str | None
    responsible_login: str | None


@dataclass(frozen=True)
class Made:
    site: Site
    replayed: bool


def make_site(
    tx: Session,
    settings: Settings,
    *,
    principal: Principal,
    site_id: UUID,
    code: str | None,
    content: SiteContent,
    place: PlaceGiven | None,
) -> Made:
    """A new site once per client-made id: active where the caller decides, else proposed.

    Without a ``code`` the id is the code, so that a phone knows it while it is offline.
    """
    digest = _digest((site_id, code, content, place))
    known = queries.find_by_id(tx, site_id)
    if known is not None:
        return _replay(known, principal, digest)
    known_as = _looked_up(tx, principal.postings, content)
    today = business_time.today(tx, settings.timezone)
    require_valid(known_as.unit, today, at="/unit")
    path = known_as.unit.path
    active = principal.has("site.manage") and rules.decides(principal.postings, path)
    site = Site(
        id=site_id,
        code=code or str(site_id),
        state=SiteState.ACTIVE if active else SiteState.PROPOSED,
        valid_from=today,
        made_by=principal.user_id,
        content_digest=digest,
        **placed(place),
        **known_as.columns,
    )
    try:
        with tx.begin_nested():
            tx.add(site)
            tx.flush()
    except IntegrityError as error:
        known = queries.find_by_id(tx, site_id)  # the same request may have come at the same time
        if known is not None:
            return _replay(known, principal, digest)
        raise _clash(error) from error
    set_lines(tx, site.id, known_as.line_ids)
    after = _shown(tx, site, known_as.unit) | {"location": location_of(site)}
    if active:
        events.record(tx, "site.added", subject=("site", site.id), before=None, after=after)
    else:
        events.record(tx, "site.proposed", subject=("site", site.id), before=None, after=after)
    return Made(site, replayed=False)


def _replay(known: Site, principal: Principal, digest: str) -> Made:
    if known.content_digest != digest or known.made_by != principal.user_id:
        raise Conflict("site.id-reused")
    return Made(known, replayed=True)


def edit_site(
    tx: Session, settings: Settings, *, principal: Principal, code: str, content: SiteContent
) -> None:
    """Another name, category, unit, responsible person and so on; the place stays."""
    site, unit = lock_decided(tx, principal, code)
    before = _shown(tx, site, unit)
    known_as = _looked_up(tx, principal.postings, content)
    if not rules.decides(principal.postings, known_as.unit.path):
        raise _unknown("/unit", "unit", content.unit)
    if known_as.unit.id != unit.id:
        require_valid(known_as.unit, business_time.today(tx, settings.timezone), at="/unit")
    for name, value in known_as.columns.items():
        setattr(site, name, value)
    tx.add(site)
    tx.flush()
    set_lines(tx, site.id, known_as.line_ids)
    after = _shown(tx, site, known_as.unit)
    changed = sorted(name for name in after if after[name] != before[name])
    if changed:
        events.record(
            tx,
            "site.edited",
            subject=("site", site.id),
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def close_site(
    tx: Session, settings: Settings, *, principal: Principal, code: str, reason: str
) -> None:
    """It is not inspected any more from today on; its history stays."""
    site, _ = lock_decided(tx, principal, code)
    if site.state is not SiteState.ACTIVE:
        raise Conflict("site.other-state", state=site.state.value)
    shut(tx, settings, site)
    events.record(
        tx,
        "site.closed",
        subject=("site", site.id),
        before={"state": SiteState.ACTIVE.value},
        after={"state": site.state.value},
        reason=reason,
    )


def reopen_site(tx: Session, *, principal: Principal, code: str, reason: str) -> None:
    """A closed site, also one that was refused, is inspected again."""
    site, _ = lock_decided(tx, principal, code)
    if site.state is not SiteState.CLOSED:
        raise Conflict("site.other-state", state=site.state.value)
    site.state, site.valid_to = SiteState.ACTIVE, None
    tx.add(site)
    tx.flush()
    events.record(
        tx,
        "site.reopened",
        subject=("site", site.id),
        before={"state": SiteState.CLOSED.value},
        after={"state": site.state.value},
        reason=reason,
    )


def lock_decided(tx: Session, principal: Principal, code: str) -> tuple[Site, Unit]:
    """A site that the caller decides on, held until the transaction ends."""
    site, unit = queries.lock_site(tx, code)
    if not rules.decides(principal.postings, unit.path):
        raise NotFound("site.not-found")
    return site, unit


def shut(tx: Session, settings: Settings, site: Site) -> None:
    """Close a site as of today, or as of its first day where that is still to come."""
    today = business_time.today(tx, settings.timezone)
    site.state, site.valid_to = SiteState.CLOSED, max(site.valid_from, today)
    tx.add(site)
    tx.flush()


def placed(place: PlaceGiven | None) -> Row:
    """The columns of a location: as sent, and in WGS-84."""
    if place is None:
        return dict.fromkeys(("lat", "lon", "crs", "wgs84_lat", "wgs84_lon"))
    wgs84 = to_wgs84(Point(place.lat, place.lon), place.crs)
    given = {"lat": place.lat, "lon": place.lon, "crs": place.crs}
    return given | {"wgs84_lat": wgs84.lat, "wgs84_lon": wgs84.lon}


@dataclass(frozen=True)
class _LookedUp:
    unit: Unit
    columns: Row
    line_ids: Sequence[UUID]


def _looked_up(tx: Session, postings: Sequence[Posting], content: SiteContent) -> _LookedUp:
    """Codes and logins as rows; ``Invalid`` with every one that is unknown or out of reach."""
    units = organisation.find_units(tx, [content.unit, content.responsible_unit or content.unit])
    lines = organisation.find_lines(tx, content.lines)
    logins = [content.responsible_login] if content.responsible_login else []
    persons = people.find_people(tx, logins)
    unit = units.get(content.unit)
    faults = [
        _fault(f"/lines/{index}", "line", code)
        for index, code in enumerate(content.lines)
        if code not in lines
    ]
    if unit is None or not rules.sees(postings, unit.path) or not rules.may_hold_sites(unit.kind):
        faults.append(_fault("/unit", "unit", content.unit))
    if content.responsible_unit is not None and content.responsible_unit not in units:
        faults.append(_fault("/responsible/unit", "unit", content.responsible_unit))
    if content.responsible_login is not None and content.responsible_login not in persons:
        faults.append(_fault("/responsible/login", "person", content.responsible_login))
    if faults or unit is None:
        raise Invalid("request.invalid", faults=tuple(faults))
    answers = units[content.responsible_unit] if content.responsible_unit else None
    columns = {
        "name": content.name,
        "category": content.category,
        "unit_id": unit.id,
        "road_class": content.road_class,
        "responsible_name": content.responsible_name,
        "responsible_unit_id": answers.id if answers else None,
        "responsible_person_id": persons[logins[0]].id if logins else None,
    }
    return _LookedUp(unit, columns, [lines[code].id for code in dict.fromkeys(content.lines)])


def _shown(tx: Session, site: Site, unit: Unit) -> Row:
    """What an event says of a site."""
    answers = site.responsible_unit_id
    units = organisation.find_units_by_id(tx, [answers] if answers else [])
    person = site.responsible_person_id
    return {
        "code": site.code,
        "name": site.name,
        "category": site.category,
        "unit": unit.code,
        "lines": queries.line_codes(tx, site.id),
        "road_class": site.road_class.value if site.road_class else None,
        "responsible_name": site.responsible_name,
        "responsible_unit": units[answers].code if answers else None,
        "responsible_person_id": str(person) if person else None,
    }


def location_of(site: Site) -> Row | None:
    """A site's place as events show it."""
    if site.lat is None or site.crs is None:
        return None
    return {"lat": site.lat, "lon": site.lon, "crs": site.crs.value}


def _digest(content: Any) -> str:
    text = json.dumps(content, default=_plain, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else vars(value)


def _fault(at: str, kind: str, value: str) -> Fault:
    return Fault(at, "field.unknown-reference", {"kind": kind, "value": value})


def _unknown(at: str, kind: str, value: str) -> Invalid:
    return Invalid("request.invalid", faults=(_fault(at, kind, value),))


def _clash(error: IntegrityError) -> Exception:
    if violated_constraint(error) == "uq_site_code":
        return Conflict("site.code-taken")
    return error
