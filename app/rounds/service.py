"""Campaigns and rounds: made, changed while planned, opened, closed, cancelled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events, feeds
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.kit.paging import MAX_LIMIT
from app.organisation import queries as organisation
from app.organisation.rules import is_at_or_below
from app.organisation.tables import Unit
from app.rounds import queries, rules
from app.rounds.rules import RoundState, Source
from app.rounds.tables import Campaign, Round
from app.rounds.terms import Terms
from app.web.principal import Principal


def create_campaign(
    tx: Session, *, code: str, name_zh: str, name_en: str | None, unit: str, by: Principal
) -> Campaign:
    """A new campaign of a unit that the caller manages; ``Conflict`` for a code in use."""
    owner = managed_unit(tx, unit, by, "/unit")
    campaign = Campaign(code=code, name_zh=name_zh, name_en=name_en, unit_id=owner.id)
    with conflicts(tx, {"uq_campaign_code": Conflict("campaign.exists", campaign=code)}):
        tx.add(campaign)
    events.record(
        tx,
        "campaign.created",
        subject=("campaign", campaign.id),
        after={"code": code, "name_zh": name_zh, "name_en": name_en, "unit": unit},
    )
    return campaign


def rename_campaign(
    tx: Session, *, code: str, name_zh: str, name_en: str | None, by: Principal
) -> None:
    """Other names for a campaign that the caller runs."""
    campaign = _managed_campaign(tx, code, by)
    new = {"name_zh": name_zh, "name_en": name_en}
    before, after = _changed(campaign, new)
    if after:
        tx.add(campaign)
        events.record(
            tx,
            "campaign.renamed",
            subject=("campaign", campaign.id),
            before=before,
            after=after,
        )


def end_campaign(tx: Session, *, code: str, by: Principal) -> None:
    """No new rounds from now on; ending twice is ending once."""
    campaign = _managed_campaign(tx, code, by)
    if campaign.ended_at is None:
        campaign.ended_at = business_time.now(tx)
        tx.add(campaign)
        after = {"ended_at": campaign.ended_at.isoformat()}
        events.record(
            tx,
            "campaign.ended",
            subject=("campaign", campaign.id),
            before={"ended_at": None},
            after=after,
        )


def _managed_campaign(tx: Session, code: str, by: Principal) -> Campaign:
    """404 for whoever may not see it, 403 never: a campaign that is not his is not there."""
    found = queries.lock_campaign(tx, code)
    if found is None or not rules.manages(by.postings, found[1].path):
        raise NotFound("campaign.not-found")
    return found[0]


def managed_unit(tx: Session, code: str, by: Principal, at: str) -> Unit:
    """A unit at or below one that the caller manages; to him there is no other."""
    found = organisation.find_units(tx, [code]).get(code)
    if found is None or not rules.manages(by.postings, found.path):
        raise _unknown("unit", code, at)
    return found


@dataclass(frozen=True)
class Frame:
    """Where a round or a series stands: its campaign, who judges, and where."""

    campaign: Campaign
    unit: Unit
    area: Unit


def checked_frame(
    tx: Session, *, campaign: str, unit: str | None, area: str | None, source: Source, by: Principal
) -> Frame:
    """The frame of a new round; ``Invalid`` where the caller may not judge so.

    Without ``unit`` it is the campaign's, without ``area`` the whole place where the unit works.
    """
    found = queries.lock_campaign(tx, campaign)
    if found is None:
        raise _unknown("campaign", campaign, "/campaign")
    row, owner = found
    if row.ended_at is not None:
        raise Conflict("campaign.ended", campaign=campaign)
    judge = managed_unit(tx, unit or owner.code, by, "/unit")
    if not is_at_or_below(judge.path, owner.path):
        raise _unknown("unit", judge.code, "/unit")
    if not rules.may_run(queries.read_judging(tx), source, judge.kind):
        wrong = Fault("/source", "source.may-not-judge", {"source": source.value})
        raise Invalid("request.invalid", faults=(wrong,))
    territory = queries.territory_of(tx, judge)
    if area is None:
        return Frame(row, judge, territory)
    place = organisation.find_units(tx, [area]).get(area)
    if place is None or not is_at_or_below(place.path, territory.path):
        raise _unknown("unit", area, "/area")
    return Frame(row, judge, place)


def create_round(tx: Session, *, frame: Frame, code: str, source: Source, terms: Terms) -> Round:
    """A planned round; ``Conflict`` for a code that the campaign has already."""
    check_span(terms.opens_at, terms.closes_at)
    new = Round(
        campaign_id=frame.campaign.id,
        unit_id=frame.unit.id,
        area_id=frame.area.id,
        code=code,
        source=source,
        state=RoundState.PLANNED,
        **vars(terms),
    )
    with conflicts(tx, {"uq_round_campaign_id_code": Conflict("round.exists", round=code)}):
        tx.add(new)
    events.record(
        tx,
        "round.planned",
        subject=("round", new.id),
        after={
            "code": code,
            "campaign": frame.campaign.code,
            "unit": frame.unit.code,
            "area": frame.area.code,
            "source": source.value,
            **_plain(vars(terms)),
        },
    )
    return new


def change_round(tx: Session, *, round_id: UUID, terms: Terms, by: Principal) -> Round:
    """Other terms for a round that is still planned."""
    found = managed_round(tx, round_id, by)
    check_span(terms.opens_at, terms.closes_at)
    _demand(found, RoundState.PLANNED)
    before, after = _changed(found, vars(terms))
    if after:
        tx.add(found)
        events.record(tx, "round.changed", subject=("round", round_id), before=before, after=after)
    return found


def open_round(tx: Session, *, round_id: UUID, by: Principal | None) -> Round:
    """From planned to open; opening an open round changes nothing. ``by`` is None for the clock."""
    found = managed_round(tx, round_id, by)
    if found.state is RoundState.OPEN:
        return found
    _demand(found, RoundState.PLANNED)
    _move(tx, found, RoundState.OPEN)
    events.record(
        tx,
        "round.opened",
        subject=("round", round_id),
        before={"state": RoundState.PLANNED},
        after={"state": RoundState.OPEN},
    )
    return found


def close_round(tx: Session, *, round_id: UUID, by: Principal | None) -> Round:
    """From open to closed; closing a closed round changes nothing.

    The round is locked FOR UPDATE, a visit that is being submitted holds it FOR SHARE: so each
    visit was in before the close and counts, or comes after it and is late.
    """
    found = managed_round(tx, round_id, by)
    if found.state is RoundState.CLOSED:
        return found
    _demand(found, RoundState.OPEN)
    found.closed_at = business_time.now(tx)
    _move(tx, found, RoundState.CLOSED)
    events.record(
        tx,
        "round.closed",
        subject=("round", round_id),
        before={"state": RoundState.OPEN},
        after={"state": RoundState.CLOSED},
    )
    return found


def cancel_round(tx: Session, *, round_id: UUID, reason: str, by: Principal) -> Round:
    """A planned round will not take place; cancelling twice is cancelling once."""
    found = managed_round(tx, round_id, by)
    if found.state is RoundState.CANCELLED:
        return found
    _demand(found, RoundState.PLANNED)
    cancel_planned(tx, found, reason)
    return found


def cancel_planned(tx: Session, found: Round, reason: str) -> None:
    """The same for a round that is locked and known to be planned."""
    _move(tx, found, RoundState.CANCELLED)
    events.record(
        tx,
        "round.cancelled",
        subject=("round", found.id),
        before={"state": RoundState.PLANNED},
        after={"state": RoundState.CANCELLED},
        reason=reason,
    )


def managed_round(tx: Session, round_id: UUID, by: Principal | None) -> Round:
    """The round, locked, if the caller runs it; 404 for everybody who does not."""
    found = queries.lock_round(tx, round_id)
    if by is not None:
        owner = organisation.find_units_by_id(tx, [found.unit_id])[found.unit_id]
        if not rules.manages(by.postings, owner.path):
            raise NotFound("round.not-found")
    return found


def due_rounds(tx: Session) -> list[UUID]:
    """The timed rounds that have to be opened or closed by now; see ``keep_time``."""
    return queries.list_due_rounds(tx, now=business_time.now(tx), limit=MAX_LIMIT)


def keep_time(tx: Session, round_id: UUID) -> bool:
    """Open or close one timed round if its hour has come; True if something was done.

    Several workers may ask at the same time: the lock lets one of them act, and the others find
    nothing left to do.
    """
    now = business_time.now(tx)
    found = queries.lock_round(tx, round_id)
    if not found.timed:
        return False
    if found.state is RoundState.PLANNED and found.opens_at <= now:
        open_round(tx, round_id=round_id, by=None)
        return True
    if found.state is RoundState.OPEN and found.closes_at <= now:
        close_round(tx, round_id=round_id, by=None)
        return True
    return False


def touch_progress(tx: Session, round_id: UUID) -> None:
    """The coverage and the matrix of a round may have changed."""
    feeds.touch(tx, [rules.progress_feed(round_id)])


def check_span(opens_at: datetime, closes_at: datetime) -> None:
    """``Invalid`` where a round would end before it begins."""
    if closes_at <= opens_at:
        raise Invalid("request.invalid", faults=(Fault("/closes_at", "field.order"),))


def _demand(found: Round, state: RoundState) -> None:
    if found.state is not state:
        raise Conflict("round.wrong-state", state=found.state.value, needed=state.value)


def _move(tx: Session, found: Round, state: RoundState) -> None:
    found.state = state
    tx.add(found)
    tx.flush()


def _changed(row: Any, new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the fields that differ; what they were and what they are now, for the audit trail."""
    different = {name: value for name, value in new.items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in different}
    for name, value in different.items():
        setattr(row, name, value)
    return _plain(before), _plain(different)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _unknown(kind: str, value: str, at: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
