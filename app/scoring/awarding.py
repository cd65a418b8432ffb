"""Flags and award money: by a run, on somebody's result, or at discretion; paid, withdrawn.

What a correction changes is withdrawn and given anew, so that the ledger keeps both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.infra.db import violated_constraint
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.organisation import queries as organisation
from app.organisation.tables import Unit
from app.rounds import rules as round_rules
from app.rounds.rules import Period
from app.scoring import queries_awards, queries_runs
from app.scoring.rules import Budget
from app.scoring.rules_awards import Ground, exceeds, span_of
from app.scoring.rules_flags import Colour
from app.scoring.rules_official import Official
from app.scoring.tables import Entrant
from app.scoring.tables_awards import Award, AwardBudget, Flag
from app.scoring.tables_results import RankingRun
from app.web.principal import Principal


@dataclass(frozen=True)
class Given:
    """What a run gives: to whom, in what place."""

    place: int
    flag: Colour | None
    fen: int
    name: str | None


def give_by_run(
    tx: Session,
    settings: Settings,
    *,
    run: RankingRun,
    before: RankingRun | None,
    result: Official,
    entrants: Mapping[str, Entrant],
    issuer_id: UUID,
    budget: Budget | None,
) -> None:
    """Flags and money of a run; what the run before it gave and this does not is withdrawn.

    Raises ``Conflict`` where a budget would be overdrawn.
    """
    given = _given(result, entrants)
    known_flags, known_awards = _withdraw_changed(tx, run, before, given)
    day, by = business_time.today(tx, settings.timezone), run.made_by
    common: dict[str, Any] = {
        "ground": Ground.RULE,
        "issuer_id": issuer_id,
        "run_id": run.id,
        "reason": None,
    }
    units = {one.id: one.unit_id for one in entrants.values()}
    awards = []
    for entrant_id, one in given.items():
        about = common | {"unit_id": units[entrant_id], "entrant_id": entrant_id}
        if one.flag is not None and entrant_id not in known_flags:
            flag = Flag(**about, colour=one.flag, place=one.place, given_on=day, given_by=by)
            tx.add(flag)
        if one.fen and entrant_id not in known_awards:
            awards.append(
                Award(
                    **about,
                    name=one.name,
                    campaign_id=run.campaign_id,
                    place=one.place,
                    fen=one.fen,
                    decided_on=day,
                    decided_by=by,
                )
            )
    tx.flush()
    more = sum(one.fen for one in awards)
    if more:
        check_budgets(tx, issuer_id, run.campaign_id, day, more, of_rulebook=budget)
    tx.add_all(awards)
    tx.flush()


def _given(result: Official, entrants: Mapping[str, Entrant]) -> dict[UUID, Given]:
    found = {}
    for league in result.leagues:
        for standing in league.standings:
            key = standing.entrant.key
            reward = league.rewards[key]
            fen = 0 if reward.held else reward.award_fen
            if standing.place is not None and (reward.flag or fen):
                found[entrants[key].id] = Given(
                    standing.place, reward.flag, fen, league.terms.award_name
                )
    return found


def _withdraw_changed(
    tx: Session, run: RankingRun, before: RankingRun | None, given: Mapping[UUID, Given]
) -> tuple[set[UUID], set[UUID]]:
    """The entrants whose flag, and those whose money, stays as it was given."""
    if before is None:
        return set(), set()
    flags: set[UUID] = set()
    awards: set[UUID] = set()
    for flag in queries_awards.standing_flags(tx, run):
        now = given.get(_known(flag.entrant_id))
        if now is not None and (now.flag, now.place) == (flag.colour, flag.place):
            flags.add(_known(flag.entrant_id))
        else:
            _end(tx, flag, run.reason or "")
    for award in queries_awards.standing_awards(tx, run):
        now = given.get(_known(award.entrant_id))
        if now is not None and (now.fen, now.place) == (award.fen, award.place):
            awards.add(_known(award.entrant_id))
        else:
            _end(tx, award, run.reason or "")
    tx.flush()
    return flags, awards


def _known(entrant_id: UUID | None) -> UUID:
    assert entrant_id is not None  # noqa: S101 - a check says so of what rests on a run
    return entrant_id


def _end(tx: Session, row: Flag | Award, reason: str) -> None:
    row.withdrawn_at = business_time.now(tx)
    row.withdraw_reason = reason
    tx.add(row)


def check_budgets(
    tx: Session,
    issuer_id: UUID,
    campaign_id: UUID | None,
    day: date,
    more_fen: int,
    *,
    of_rulebook: Budget | None = None,
) -> None:
    """Raises ``Conflict`` where the issuer's or the rulebook's budget would be overdrawn.

    The issuer's unit is locked, so that of two decisions at once the second sees the first.
    """
    queries_awards.lock_issuer(tx, issuer_id)
    limits: list[tuple[Period, int, UUID | None]] = [
        (one.period, one.fen, None) for one in queries_awards.budgets_on(tx, issuer_id, day)
    ]
    if of_rulebook is not None:
        limits.append((of_rulebook.period, of_rulebook.fen, campaign_id))
    for period, fen, campaign in limits:
        first, last = span_of(period, day)
        spent = queries_awards.spent(tx, issuer_id, first=first, last=last, campaign_id=campaign)
        if exceeds(spent_fen=spent, more_fen=more_fen, budget_fen=fen):
            raise Conflict("award.over-budget", budget_fen=fen, spent_fen=spent, more_fen=more_fen)


@dataclass(frozen=True)
class Basis:
    """What a flag or award of an issuer's own rests on: an entrant in a run, or a unit and why."""

    unit: str | None
    run_id: UUID | None
    entrant_id: UUID | None
    reason: str


def give_flag(
    tx: Session, settings: Settings, *, colour: Colour, issuer: str, basis: Basis, by: Principal
) -> Flag:
    """A flag of an issuer that the caller manages, on a result or at discretion."""
    about = _about(tx, issuer, basis, by)
    about.pop("campaign_id")
    flag = Flag(
        **about,
        colour=colour,
        given_on=business_time.today(tx, settings.timezone),
        given_by=by.user_id,
    )
    tx.add(flag)
    tx.flush()
    events.record(
        tx,
        "flag.given",
        subject=("flag", flag.id),
        reason=flag.reason,
        after={"colour": colour.value, "ground": flag.ground.value, "unit_id": str(flag.unit_id)},
    )
    return flag


def withdraw_flag(tx: Session, *, flag: Flag, reason: str) -> None:
    """Take a flag back, once; one by rule goes with a correction alone."""
    if flag.ground is Ground.RULE:
        raise Conflict("flag.by-rule")
    if flag.withdrawn_at is not None:
        raise Conflict("flag.withdrawn")
    _end(tx, flag, reason)
    tx.flush()
    events.record(tx, "flag.withdrawn", subject=("flag", flag.id), reason=reason)


def give_award(
    tx: Session,
    settings: Settings,
    *,
    fen: int,
    name: str | None,
    issuer: str,
    basis: Basis,
    by: Principal,
) -> Award:
    """Money of an issuer that the caller manages; ``Conflict`` over its budget."""
    about = _about(tx, issuer, basis, by)
    day = business_time.today(tx, settings.timezone)
    check_budgets(tx, about["issuer_id"], None, day, fen)
    award = Award(**about, name=name, fen=fen, decided_on=day, decided_by=by.user_id)
    tx.add(award)
    tx.flush()
    events.record(
        tx,
        "award.decided",
        subject=("award", award.id),
        reason=award.reason,
        after={"fen": fen, "ground": award.ground.value, "unit_id": str(award.unit_id)},
    )
    return award


def _about(tx: Session, issuer: str, basis: Basis, by: Principal) -> dict[str, Any]:
    """The columns that a flag and an award have in common."""
    giver = managed_issuer(tx, issuer, by)
    common = {"issuer_id": giver.id, "reason": basis.reason}
    if basis.run_id is None or basis.entrant_id is None:
        unit = organisation.find_units(tx, [basis.unit or ""]).get(basis.unit or "")
        if unit is None:
            raise _unknown("unit", basis.unit or "", "/unit")
        return common | {
            "ground": Ground.DISCRETION,
            "unit_id": unit.id,
            "entrant_id": None,
            "run_id": None,
            "campaign_id": None,
            "place": None,
        }
    entry = queries_awards.find_entry(tx, basis.run_id, basis.entrant_id)
    if entry is None or entry.place is None:
        raise _unknown("entrant", str(basis.entrant_id), "/entrant_id")
    entrant = queries_runs.get_entrant(tx, basis.entrant_id)
    return common | {
        "ground": Ground.BASIS,
        "unit_id": entrant.unit_id,
        "entrant_id": entrant.id,
        "run_id": basis.run_id,
        "campaign_id": entrant.campaign_id,
        "place": entry.place,
    }


def managed_issuer(tx: Session, code: str, by: Principal) -> Unit:
    """A unit in whose name the caller gives; to him there is no other."""
    unit = organisation.find_units(tx, [code]).get(code)
    if unit is None or not round_rules.manages(by.postings, unit.path):
        raise _unknown("unit", code, "/issuer")
    return unit


def managed_award(tx: Session, award_id: UUID, by: Principal) -> Award:
    """An award, locked, of an issuer that the caller manages; else there is none."""
    found = queries_awards.lock_award(tx, award_id)
    if found is None or not round_rules.manages(by.postings, found[1].path):
        raise NotFound("award.not-found")
    return found[0]


def managed_flag(tx: Session, flag_id: UUID, by: Principal) -> Flag:
    """A flag, locked, of an issuer that the caller manages; else there is none."""
    found = queries_awards.lock_flag(tx, flag_id)
    if found is None or not round_rules.manages(by.postings, found[1].path):
        raise NotFound("flag.not-found")
    return found[0]


def pay_award(tx: Session, *, award: Award, paid_on: date, document: str, by: Principal) -> None:
    """Note that an award was paid, once, with the document that says so."""
    if award.withdrawn_at is not None:
        raise Conflict("award.withdrawn")
    if award.paid_on is not None:
        raise Conflict("award.paid")
    if paid_on < award.decided_on:
        raise Invalid("request.invalid", faults=(Fault("/paid_on", "field.order"),))
    award.paid_on, award.document, award.paid_noted_by = paid_on, document, by.user_id
    tx.add(award)
    tx.flush()
    after = {"paid_on": paid_on.isoformat(), "document": document}
    events.record(
        tx, "award.paid", subject=("award", award.id), before={"paid_on": None}, after=after
    )


def withdraw_award(tx: Session, *, award: Award, reason: str) -> None:
    """Take an award back, once; one by rule goes with a correction alone."""
    if award.ground is Ground.RULE:
        raise Conflict("award.by-rule")
    if award.withdrawn_at is not None:
        raise Conflict("award.withdrawn")
    _end(tx, award, reason)
    tx.flush()
    events.record(tx, "award.withdrawn", subject=("award", award.id), reason=reason)


def set_budget(
    tx: Session, *, issuer: str, period: Period, fen: int, valid_from: date, by: Principal
) -> AwardBudget:
    """A budget of an issuer from a day on; another for the same day is a ``Conflict``."""
    giver = managed_issuer(tx, issuer, by)
    row = AwardBudget(
        issuer_id=giver.id,
        period=period,
        fen=fen,
        valid_from=valid_from,
        made_by=by.user_id,
        made_at=business_time.now(tx),
    )
    tx.add(row)
    try:
        tx.flush()
    except IntegrityError as error:
        if violated_constraint(error) == "uq_award_budget_issuer_id_period_valid_from":
            raise Conflict("budget.exists") from error
        raise
    events.record(
        tx,
        "award-budget.set",
        subject=("award_budget", row.id),
        after={"issuer": issuer, "period": period.value, "fen": fen},
    )
    return row


def _unknown(kind: str, value: str, at: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
