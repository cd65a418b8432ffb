"""New places of sites, and the decision of the unit on what was proposed in the field."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.kit.errors import Conflict
from app.kit.geo import Crs
from app.sites import queries, rules
from app.sites.rules import MoveState, SiteState
from app.sites.service import PlaceGiven, location_of, lock_decided, placed, shut
from app.sites.tables import Site, SiteMove
from app.web.principal import Principal


@dataclass(frozen=True)
class MoveGiven:
    """A place that somebody found a site at; the id is made by the phone."""

    id: UUID
    lat: float
    lon: float
    crs: Crs
    accuracy_m: float | None
    note: str | None


def propose_move(tx: Session, *, principal: Principal, code: str, given: MoveGiven) -> bool:
    """A new place for a site in the caller's reach: at once where he decides, else proposed.

    A later proposal supersedes one that waits. True where the id was known already with the same
    content: then nothing is done; ``Conflict`` where its content was another.
    """
    queries.get_site(tx, code, principal.postings)
    site, unit = queries.lock_site(tx, code)
    known = queries.find_move(tx, given.id)
    if known is not None:
        if known.site_id != site.id or not _is_same(known, given, principal):
            raise Conflict("site.id-reused")
        return True
    if site.state is SiteState.CLOSED:
        raise Conflict("site.other-state", state=site.state.value)
    waiting = queries.waiting_move(tx, site.id)
    if waiting is not None:
        waiting.state = MoveState.SUPERSEDED
        tx.add(waiting)
        tx.flush()
    move = SiteMove(
        **vars(given),
        site_id=site.id,
        state=MoveState.PROPOSED,
        proposed_by=principal.user_id,
        proposed_at=business_time.now(tx),
    )
    try:
        with tx.begin_nested():
            tx.add(move)
            tx.flush()
    except IntegrityError as error:  # at the same time at another site
        raise Conflict("site.id-reused") from error
    if principal.has("site.manage") and rules.decides(principal.postings, unit.path):
        _move(tx, site, move, principal)
        return False
    events.record(
        tx,
        "site.move-proposed",
        subject=("site", site.id),
        move_id=str(move.id),
        before={"location": location_of(site)},
        after={"location": _place(move)},
    )
    return False


def confirm(tx: Session, *, principal: Principal, code: str) -> None:
    """What waits at the site is right: the site itself, its new place, or both."""
    site, _ = lock_decided(tx, principal, code)
    move = queries.waiting_move(tx, site.id)
    is_new = site.state is SiteState.PROPOSED
    if not is_new and move is None:
        raise Conflict("site.nothing-waits")
    if is_new:
        site.state = SiteState.ACTIVE
        tx.add(site)
        tx.flush()
        events.record(
            tx,
            "site.confirmed",
            subject=("site", site.id),
            before={"state": SiteState.PROPOSED.value},
            after={"state": site.state.value},
        )
    if move is not None:
        _move(tx, site, move, principal)


def refuse(
    tx: Session, settings: Settings, *, principal: Principal, code: str, reason: str
) -> None:
    """What waits at the site is wrong: a proposed site is closed, an active one stays in place."""
    site, _ = lock_decided(tx, principal, code)
    move = queries.waiting_move(tx, site.id)
    is_new = site.state is SiteState.PROPOSED
    if not is_new and move is None:
        raise Conflict("site.nothing-waits")
    if move is not None:
        _decide(tx, move, MoveState.REFUSED, principal)
        events.record(
            tx,
            "site.move-refused",
            subject=("site", site.id),
            move_id=str(move.id),
            before={"state": MoveState.PROPOSED.value},
            after={"state": MoveState.REFUSED.value},
            reason=reason,
        )
    if is_new:
        shut(tx, settings, site)
        events.record(
            tx,
            "site.refused",
            subject=("site", site.id),
            before={"state": SiteState.PROPOSED.value},
            after={"state": site.state.value},
            reason=reason,
        )


def _move(tx: Session, site: Site, move: SiteMove, principal: Principal) -> None:
    before = location_of(site)
    for name, value in placed(PlaceGiven(move.lat, move.lon, move.crs)).items():
        setattr(site, name, value)
    tx.add(site)
    _decide(tx, move, MoveState.CONFIRMED, principal)
    events.record(
        tx,
        "site.moved",
        subject=("site", site.id),
        move_id=str(move.id),
        before={"location": before},
        after={"location": location_of(site)},
    )


def _decide(tx: Session, move: SiteMove, state: MoveState, principal: Principal) -> None:
    move.state, move.decided_by = state, principal.user_id
    move.decided_at = business_time.now(tx)
    tx.add(move)
    tx.flush()


def _is_same(known: SiteMove, given: MoveGiven, principal: Principal) -> bool:
    stored = MoveGiven(**{name: getattr(known, name) for name in vars(given)})
    return stored == given and known.proposed_by == principal.user_id


def _place(move: SiteMove) -> dict[str, object]:
    return {"lat": move.lat, "lon": move.lon, "crs": move.crs.value}
