"""Closing, publishing and correcting: from what counts to a result that never changes.

A correction is the next revision of the same subject, under the same rulebook, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.config import Settings
from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.errors import Conflict
from app.kit.ids import new_id
from app.rounds import publishing as rounds
from app.rounds import service as round_service
from app.rounds.tables import Round
from app.scoring import awarding, closing, queries_freezing, queries_marks, queries_runs
from app.scoring.queries_runs import Entered
from app.scoring.rulebooks import rulebook_for
from app.scoring.rules import Rulebook, read_rulebook
from app.scoring.rules_changes import moved
from app.scoring.rules_deciding import decided
from app.scoring.rules_freezing import FreezeCause, Readiness, refusals
from app.scoring.rules_inputs import Inputs, LeagueGiven, SiteMarks
from app.scoring.rules_official import LeagueResult, Official
from app.scoring.rules_places import hundredths
from app.scoring.rules_verifying import digest_of_inputs
from app.scoring.rules_written import written_leagues
from app.scoring.tables import RulebookRow
from app.scoring.tables_results import (
    AppealWindow,
    RankingEntry,
    RankingRun,
    RoundFreeze,
    RunBasis,
)
from app.web.principal import Principal

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What somebody says who publishes: why (for a correction), and what he stands for."""

    reason: str | None = None
    without_pending: bool = False
    thin_confirmed: bool = False


@dataclass(frozen=True)
class Subject:
    """What a run is about, and whose it is."""

    campaign_id: UUID
    issuer_id: UUID
    round_id: UUID | None = None
    period_id: UUID | None = None


def freeze_round(tx: Session, settings: Settings, *, round_id: UUID, cause: FreezeCause) -> UUID:
    """Note which visits of a round count now; where they are those of the last note, it stands.

    Of the close there is one note only.
    """
    before = queries_freezing.newest_freeze(tx, round_id)
    if before is not None and (
        cause is FreezeCause.CLOSED or queries_freezing.is_still(tx, before, zone=settings.timezone)
    ):
        return before.id
    freeze_id = new_id()
    queries_freezing.freeze_visits(
        tx,
        freeze_id=freeze_id,
        before=before.id if before else None,
        round_id=round_id,
        zone=settings.timezone,
    )
    queries_marks.keep_marks(tx, freeze_id)
    visits, digest = queries_freezing.digest_of(tx, [freeze_id])
    freeze = RoundFreeze(
        id=freeze_id,
        round_id=round_id,
        number=before.number + 1 if before else 1,
        cause=cause,
        visits=visits,
        digest=digest,
        made_at=business_time.now(tx),
    )
    tx.add(freeze)
    tx.flush()
    events.record(
        tx,
        "round.frozen",
        subject=("round", round_id),
        cause=cause.value,
        visits=freeze.visits,
        digest=freeze.digest,
    )
    return freeze_id


def open_appeals(tx: Session, *, round_id: UUID, by: Principal) -> Round:
    """Open a closed round to appeals for as long as its rulebook says."""
    found = round_service.managed_round(tx, round_id, by)
    rounds.to_appeal(tx, found)
    closed_at = found.closed_at or business_time.now(tx)
    row = queries_runs.rulebook_in_force(tx, found.campaign_id, closed_at)
    book = read_rulebook((row or queries_runs.newest_rulebook(tx, found.campaign_id)).rules)
    now = business_time.now(tx)
    until = now + timedelta(days=book.appeal_days)
    tx.add(AppealWindow(round_id=round_id, opened_at=now, closes_at=until))
    tx.flush()
    return found


def reopen_round(tx: Session, *, round_id: UUID, reason: str, by: Principal) -> Round:
    """Let headquarters correct a published round; its result stands until the next one."""
    found = round_service.managed_round(tx, round_id, by)
    rounds.to_correction(tx, found, reason)
    return found


def publish_round(
    tx: Session, settings: Settings, *, round_id: UUID, wanted: Wanted, by: Principal
) -> RankingRun:
    """The result of a round, or its correction; from now on nothing of it changes.

    Raises ``Conflict`` for the first thing that stands against it.
    """
    found = round_service.managed_round(tx, round_id, by)
    before = queries_runs.newest_run(tx, round_id=round_id)
    row = _rulebook(tx, found, before, wanted.reason)
    book = read_rulebook(row.rules)
    _refuse(tx, found, book, wanted, before, thin=0)
    freeze_id = freeze_round(tx, settings, round_id=round_id, cause=FreezeCause.PUBLISHED)
    marks = queries_marks.read_marks(tx, [freeze_id], book)
    _refuse(tx, found, book, wanted, before, thin=marks.thin_visits)
    subject = Subject(found.campaign_id, found.unit_id, round_id=round_id)
    entered = queries_runs.entered_for_round(tx, round_id)
    run = publish(
        tx,
        settings,
        subject=subject,
        before=before,
        rulebook=row,
        freezes=[freeze_id],
        sites=marks.sites,
        entered=closing.with_rates(tx, entered, since=found.opens_at, until=found.closes_at),
        wanted=wanted,
        by=by,
    )
    rounds.to_published(tx, found)
    return run


def _rulebook(
    tx: Session, found: Round, before: RankingRun | None, reason: str | None
) -> RulebookRow:
    if before is not None:
        return queries_runs.rulebook_of(tx, before)
    closed_at = found.closed_at or business_time.now(tx)
    return rulebook_for(tx, found.campaign_id, closed_at=closed_at, reason=reason)


def _refuse(
    tx: Session,
    found: Round,
    book: Rulebook,
    wanted: Wanted,
    before: RankingRun | None,
    *,
    thin: int,
) -> None:
    window = queries_runs.appeal_window(tx, found.id)
    ready = Readiness(
        state=found.state,
        source=found.source,
        appeals_until=window.closes_at if window else None,
        open_appeals=queries_runs.count_open_appeals(tx, found.id),
        pending_visits=queries_freezing.count_pending(tx, found.id),
        thin_visits=thin,
        published_before=before is not None,
    )
    for refusal in refusals(
        ready,
        book,
        now=business_time.now(tx),
        reason=wanted.reason,
        without_pending=wanted.without_pending,
        thin_confirmed=wanted.thin_confirmed,
    ):
        raise refusal


def publish(
    tx: Session,
    settings: Settings,
    *,
    subject: Subject,
    before: RankingRun | None,
    rulebook: RulebookRow,
    freezes: Sequence[UUID],
    sites: tuple[SiteMarks, ...],
    entered: Entered,
    wanted: Wanted,
    by: Principal,
) -> RankingRun:
    """A run with its entries, flags and money; ``before`` is the revision that it replaces."""
    if before is not None and not wanted.reason:
        raise Conflict("run.reason-missing")
    book = read_rulebook(rulebook.rules)
    leagues = entered.leagues
    _check_leagues(leagues, book)
    visits = queries_freezing.read_inspections(tx, freezes, named=bool(subject.period_id))
    found = decided(Inputs(leagues, sites), book, rulebook.rules, visits)
    result = found.result
    written = written_leagues(leagues, found.inputs.labels)
    run = RankingRun(
        campaign_id=subject.campaign_id,
        round_id=subject.round_id,
        period_id=subject.period_id,
        number=before.number + 1 if before else 1,
        rulebook_id=rulebook.id,
        inputs=written,
        inputs_digest=_inputs_digest(tx, freezes, written),
        official=result.data,
        digest=result.digest,
        companion=found.companion.data,
        reason=wanted.reason,
        made_by=by.user_id,
        made_at=business_time.now(tx),
    )
    tx.add(run)
    tx.flush()
    insert_rows(tx, RunBasis, [{"run_id": run.id, "freeze_id": one} for one in freezes])
    insert_rows(tx, RankingEntry, _entry_rows(run, result, entered))
    awarding.give_by_run(
        tx,
        settings,
        run=run,
        before=before,
        result=result,
        entrants=entered.entrants,
        issuer_id=subject.issuer_id,
        budget=book.budget,
    )
    _record(tx, run, before)
    return run


def _inputs_digest(tx: Session, freezes: Sequence[UUID], written: Row) -> str:
    visits = queries_freezing.known_digest(tx, freezes)
    return digest_of_inputs(visits, written)


def _check_leagues(leagues: Sequence[LeagueGiven], book: Rulebook) -> None:
    """A league that gives points must be there, else a score would silently lack it."""
    there = {league.code for league in leagues}
    for code in sorted(there):
        for component in book.terms(code).components:
            if component not in there:
                raise Conflict("run.component-missing", league=code, component=component)


def _entry_rows(run: RankingRun, result: Official, entered: Entered) -> list[Row]:
    return [row for league in result.leagues for row in _league_rows(run, league, entered)]


def _league_rows(run: RankingRun, league: LeagueResult, entered: Entered) -> list[Row]:
    return [
        {
            "run_id": run.id,
            "entrant_id": entered.entrants[one.entrant.key].id,
            "league_id": entered.league_ids[league.league.code],
            "position": position,
            "status": one.status,
            "place": one.place,
            "hundredths": None if one.score is None else hundredths(one.score),
            "sites": one.tally.count,
            "flag": league.rewards[one.entrant.key].flag,
            "award_fen": league.rewards[one.entrant.key].award_fen,
            "award_held": league.rewards[one.entrant.key].held,
        }
        for position, one in enumerate(league.standings)
    ]


def _record(tx: Session, run: RankingRun, before: RankingRun | None) -> None:
    subject = ("ranking_run", run.id)
    about = {
        "round_id": str(run.round_id) if run.round_id else None,
        "period_id": str(run.period_id) if run.period_id else None,
        "number": run.number,
        "after": {"digest": run.digest},
    }
    if before is None:
        events.record(tx, "run.published", subject=subject, **about)
        return
    events.record(
        tx,
        "run.corrected",
        subject=subject,
        **about,
        reason=run.reason,
        moved=len(moved(before.official, run.official)),
        before={"digest": before.digest},
    )
