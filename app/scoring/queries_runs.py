"""Reads of rulebooks, runs, and what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.organisation import queries as organisation
from app.rounds.rules import RoundState
from app.rounds.tables import Campaign, Round
from app.scoring import queries
from app.scoring.rules import RulebookState
from app.scoring.rules_appeals import AppealState
from app.scoring.rules_inputs import EntrantGiven, LeagueGiven, entrant_key
from app.scoring.tables import Entrant, League, RulebookRow
from app.scoring.tables_results import (
    Appeal,
    AppealWindow,
    RankingEntry,
    RankingRun,
    RoundFreeze,
    RunBasis,
    StandingPeriod,
)


def newest_rulebook(tx: Session, campaign_id: UUID) -> RulebookRow:
    """The rulebook of a campaign that counts now; NotFound without one."""
    query = select(RulebookRow).where(
        RulebookRow.campaign_id == campaign_id, RulebookRow.state == RulebookState.PUBLISHED
    )
    found = tx.exec(query.order_by(col(RulebookRow.number).desc())).first()
    if found is None:
        raise NotFound("rulebook.not-found")
    return found


def rulebook_in_force(tx: Session, campaign_id: UUID, at: datetime) -> RulebookRow | None:
    """The rulebook of a campaign that counted at an instant; None where there was none yet."""
    query = select(RulebookRow).where(
        RulebookRow.campaign_id == campaign_id,
        RulebookRow.state == RulebookState.PUBLISHED,
        col(RulebookRow.published_at) <= at,
    )
    return tx.exec(query.order_by(col(RulebookRow.number).desc())).first()


def rulebook_of(tx: Session, run: RankingRun) -> RulebookRow:
    """The rulebook that a run followed."""
    return tx.exec(select(RulebookRow).where(RulebookRow.id == run.rulebook_id)).one()


@dataclass(frozen=True)
class Entered:
    """The leagues of a round or period as they are ranked, and the rows behind the names."""

    leagues: tuple[LeagueGiven, ...]
    league_ids: Mapping[str, UUID]
    entrants: Mapping[str, Entrant]


def entered_for_round(tx: Session, round_id: UUID) -> Entered:
    """Who stands in which league in a round."""
    return _entered(tx, queries.list_leagues(tx, round_id))


def entered_for_rounds(tx: Session, round_ids: Sequence[UUID]) -> Entered:
    """Who stood in which league last, over rounds in the order of time."""
    newest: dict[UUID, tuple[queries.LeagueView, queries.EntrantView]] = {}
    for round_id in round_ids:
        for view in queries.list_leagues(tx, round_id):
            for entry in view.entrants:
                newest[entry.entrant.id] = (view, entry)
    grouped: dict[UUID, tuple[League, list[queries.EntrantView]]] = {}
    for view, entry in newest.values():
        grouped.setdefault(view.league.id, (view.league, []))[1].append(entry)
    views = [queries.LeagueView(league, entries) for league, entries in grouped.values()]
    return _entered(tx, views)


def _entered(tx: Session, views: Sequence[queries.LeagueView]) -> Entered:
    entrants = [entry.entrant for view in views for entry in view.entrants]
    units = organisation.find_units_by_id(tx, [one.unit_id for one in entrants])
    lines = {line.id: line.code for line in organisation.list_lines(tx)}
    rows: dict[str, Entrant] = {}
    leagues = []
    for view in views:
        given = []
        for entry in view.entrants:
            unit = units[entry.entrant.unit_id].code
            key = entrant_key(unit, entry.entrant.scope_key)
            rows[key] = entry.entrant
            codes = frozenset(lines[line] for line in entry.scope.line_ids)
            given.append(
                EntrantGiven(key, unit, entry.entrant.label, entry.scope.area_paths, codes)
            )
        row = view.league
        leagues.append(LeagueGiven(row.code, row.red_quota, row.blue_quota, tuple(given)))
    return Entered(tuple(leagues), {view.league.code: view.league.id for view in views}, rows)


def newest_run(
    tx: Session, *, round_id: UUID | None = None, period_id: UUID | None = None
) -> RankingRun | None:
    """The result of a round or period that stands."""
    subject = RankingRun.round_id == round_id if round_id else RankingRun.period_id == period_id
    query = select(RankingRun).where(subject).order_by(col(RankingRun.number).desc())
    return tx.exec(query).first()


def freezes_of(tx: Session, run_id: UUID) -> list[RoundFreeze]:
    """What a run rests on, in the order in which it was frozen."""
    query: Any = (
        select(RoundFreeze)
        .join(RunBasis, col(RunBasis.freeze_id) == RoundFreeze.id)
        .where(col(RunBasis.run_id) == run_id)
        .order_by(col(RoundFreeze.id))
    )
    return list(tx.exec(query).all())


@dataclass(frozen=True)
class RunView:
    """A run with what it is about."""

    run: RankingRun
    campaign: Campaign
    round: Round | None
    period: StandingPeriod | None
    rulebook: RulebookRow


def runs_query() -> Any:
    """Runs with what they are about."""
    return (
        sa.select(RankingRun, Campaign, Round, StandingPeriod, RulebookRow)
        .join(Campaign, col(Campaign.id) == RankingRun.campaign_id)
        .join(RulebookRow, col(RulebookRow.id) == RankingRun.rulebook_id)
        .join(Round, col(Round.id) == RankingRun.round_id, isouter=True)
        .join(StandingPeriod, col(StandingPeriod.id) == RankingRun.period_id, isouter=True)
    )


def get_run(tx: Session, run_id: UUID) -> RunView:
    """A run by its id."""
    row = tx.execute(runs_query().where(col(RankingRun.id) == run_id)).first()
    if row is None:
        raise NotFound("run.not-found")
    return RunView(*row)


def find_run_of(tx: Session, *, campaign: str, code: str, number: int | None) -> RunView | None:
    """A result of a round by the codes of its campaign and its own; the newest without a number."""
    return _find_run(tx, campaign, col(Round.code) == code, number)


def find_run_of_period(
    tx: Session, *, campaign: str, code: str, number: int | None
) -> RunView | None:
    """The same of a period."""
    return _find_run(tx, campaign, col(StandingPeriod.code) == code, number)


def _find_run(tx: Session, campaign: str, subject: Any, number: int | None) -> RunView | None:
    query = runs_query().where(col(Campaign.code) == campaign, subject)
    if number is not None:
        query = query.where(col(RankingRun.number) == number)
    row = tx.execute(query.order_by(col(RankingRun.number).desc()).limit(1)).first()
    return RunView(*row) if row else None


def list_runs(tx: Session, *, round_id: UUID | None, period_id: UUID | None) -> list[RunView]:
    """All results of a round or period, the first one first."""
    subject = (
        col(RankingRun.round_id) == round_id if round_id else col(RankingRun.period_id) == period_id
    )
    rows = tx.execute(runs_query().where(subject).order_by(col(RankingRun.number))).all()
    return [RunView(*row) for row in rows]


def run_before(tx: Session, run: RankingRun) -> RankingRun | None:
    """The revision that a run replaced."""
    return tx.exec(
        select(RankingRun).where(
            RankingRun.campaign_id == run.campaign_id,
            col(RankingRun.round_id).is_not_distinct_from(run.round_id),
            col(RankingRun.period_id).is_not_distinct_from(run.period_id),
            RankingRun.number == run.number - 1,
        )
    ).first()


def list_entries(tx: Session, run_id: UUID) -> list[tuple[League, RankingEntry, Entrant]]:
    """The entries of a run, by league and place."""
    query: Any = (
        sa.select(League, RankingEntry, Entrant)
        .join(RankingEntry, col(RankingEntry.league_id) == League.id)
        .join(Entrant, col(Entrant.id) == RankingEntry.entrant_id)
        .where(col(RankingEntry.run_id) == run_id)
        .order_by(col(League.position), col(League.code), col(RankingEntry.position))
    )
    return [tuple(row) for row in tx.execute(query).all()]


def appeal_window(tx: Session, round_id: UUID) -> AppealWindow | None:
    """Until when a round may be appealed."""
    return tx.exec(select(AppealWindow).where(AppealWindow.round_id == round_id)).first()


def count_open_appeals(tx: Session, round_id: UUID) -> int:
    """Appeals of a round that nobody has decided."""
    query = select(sa.func.count()).select_from(Appeal)
    return tx.exec(query.where(Appeal.round_id == round_id, Appeal.state == AppealState.OPEN)).one()


def rounds_of_period(tx: Session, period: StandingPeriod, *, zone: str) -> list[Round]:
    """Published rounds of a campaign's unit that closed in a period, in the order of time."""
    closed_on: Any = sa.func.date(sa.func.timezone(zone, col(Round.closes_at)))
    query = (
        select(Round)
        .where(
            Round.campaign_id == period.campaign_id,
            Round.unit_id == period.unit_id,
            Round.state == RoundState.PUBLISHED,
            closed_on >= period.starts_on,
            closed_on <= period.ends_on,
        )
        .order_by(col(Round.closes_at), col(Round.id))
    )
    return list(tx.exec(query).all())


def get_entrant(tx: Session, entrant_id: UUID) -> Entrant:
    """An entrant by its id."""
    found = tx.exec(select(Entrant).where(Entrant.id == entrant_id)).first()
    if found is None:
        raise NotFound("entrant.not-found")
    return found


def list_entrants(
    tx: Session, *, campaign_id: UUID, after: UUID | None, limit: int
) -> Page[Entrant]:
    """The entrants of a campaign, in the order in which they were first entered."""
    query = select(Entrant).where(Entrant.campaign_id == campaign_id)
    if after is not None:
        query = query.where(col(Entrant.id) > after)
    rows = tx.exec(query.order_by(col(Entrant.id)).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].id)) if more else None)


@dataclass(frozen=True)
class Placed:
    """One line of an entrant's history: the newest result of a round or period."""

    run: RankingRun
    entry: RankingEntry
    league: League
    round: Round | None
    period: StandingPeriod | None
    of: int


def history_of(
    tx: Session,
    entrant_id: UUID,
    *,
    league: str | None,
    since: date | None,
    until: date | None,
    periods: bool,
) -> list[Placed]:
    """An entrant's places, oldest first; each round (or period) at its newest revision."""
    newest: Any = sa.select(
        col(RankingRun.id),
        sa.func.row_number()
        .over(
            partition_by=sa.func.coalesce(col(RankingRun.round_id), col(RankingRun.period_id)),
            order_by=col(RankingRun.number).desc(),
        )
        .label("age"),
    ).subquery()
    ranked: Any = (
        sa.select(sa.func.count())
        .select_from(sa.orm.aliased(RankingEntry, name="other"))
        .where(
            sa.text("other.run_id = ranking_entry.run_id"),
            sa.text("other.league_id = ranking_entry.league_id"),
            sa.text("other.place IS NOT NULL"),
        )
        .scalar_subquery()
    )
    day: Any = sa.func.coalesce(col(StandingPeriod.ends_on), sa.func.date(col(Round.closes_at)))
    query: Any = (
        sa.select(RankingRun, RankingEntry, League, Round, StandingPeriod, ranked)
        .join(RankingEntry, col(RankingEntry.run_id) == RankingRun.id)
        .join(newest, sa.and_(newest.c.id == RankingRun.id, newest.c.age == 1))
        .join(League, col(League.id) == RankingEntry.league_id)
        .join(Round, col(Round.id) == RankingRun.round_id, isouter=True)
        .join(StandingPeriod, col(StandingPeriod.id) == RankingRun.period_id, isouter=True)
        .where(col(RankingEntry.entrant_id) == entrant_id)
        .where(col(RankingRun.period_id).is_not(None) if periods else col(Round.id).is_not(None))
        .order_by(day, col(RankingRun.id))
    )
    if league is not None:
        query = query.where(col(League.code) == league)
    if since is not None:
        query = query.where(day >= since)
    if until is not None:
        query = query.where(day <= until)
    return [Placed(*row) for row in tx.execute(query).all()]
