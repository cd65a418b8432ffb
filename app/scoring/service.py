"""The standing of a round: what is published, else the live one put together from reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.infra import feeds
from app.kit.errors import NotFound
from app.kit.marks import written_score
from app.rounds.queries import get_visible_campaign, get_visible_round
from app.rounds.rules import RoundState, Source, is_secret
from app.scoring import queries, queries_periods, queries_runs
from app.scoring.queries_periods import PeriodView
from app.scoring.queries_runs import Placed, RunView
from app.scoring.ranking import Standing, by_points, standings
from app.scoring.rules import Aggregation, Rulebook, read_rulebook
from app.scoring.rules_flags import Colour
from app.scoring.rules_places import Status
from app.scoring.tables import Entrant, League
from app.scoring.tables_results import RankingEntry
from app.web.principal import Principal

WITHHELD = "ranking.read-withheld"


@dataclass(frozen=True)
class Entry:
    """One entrant in its place, as it is shown."""

    entrant: Entrant
    place: int | None
    score: str | None
    status: Status
    sites: int
    pending: int = 0
    flag: Colour | None = None
    award_fen: int | None = None


@dataclass(frozen=True)
class LeagueStanding:
    """One league in order."""

    league: League
    rows: Sequence[Entry]


def feed_scope(round_id: UUID) -> str:
    """The name of the feed that a round's standing is."""
    return f"rankings:{round_id}"


def visible_feed(tx: Session, round_id: UUID, principal: Principal) -> queries.FeedHead:
    """The feed, if its rulebook lets the caller see the standing now; else there is none.

    An unannounced round is there for those only who may know of it, and self-inspection never
    ranks. Once there is a result, whoever may see results sees it, also while it is corrected.
    """
    head = queries.get_feed_head(tx, round_id, scope=feed_scope(round_id))
    if is_secret(announced=head.announced, state=head.round_state):
        get_visible_round(tx, round_id, principal)
    state = RoundState.PUBLISHED if head.run_id else head.round_state
    if not head.rulebook.lets_see(state, principal.roles):
        raise NotFound("round.not-found")
    if head.source is Source.SELF:
        raise NotFound("round.not-ranked")
    return head


def standings_of(
    tx: Session,
    round_id: UUID,
    head: queries.FeedHead,
    principal: Principal,
    *,
    league: str | None,
) -> list[LeagueStanding]:
    """All leagues of a round that the caller may see, or one; NotFound for an unknown one."""
    whole = principal.has(WITHHELD)
    found = _published(tx, head.run_id) if head.run_id else _live(tx, round_id, head.rulebook)
    shown = [
        _shown(one, head.rulebook, whole=whole)
        for one in found
        if whole or head.rulebook.terms(one.league.code).published
    ]
    if league is None:
        return shown
    chosen = [one for one in shown if one.league.code == league]
    if not chosen:
        raise NotFound("league.not-found")
    return chosen


def _shown(one: LeagueStanding, book: Rulebook, *, whole: bool) -> LeagueStanding:
    if whole or book.terms(one.league.code).score_shown is not False:
        return one
    rows = [replace(row, score=None) for row in one.rows]
    return LeagueStanding(one.league, rows)


def _published(tx: Session, run_id: UUID) -> list[LeagueStanding]:
    grouped: dict[UUID, tuple[League, list[Entry]]] = {}
    for league, entry, entrant in queries_runs.list_entries(tx, run_id):
        grouped.setdefault(league.id, (league, []))[1].append(_of_result(entry, entrant))
    return [LeagueStanding(league, rows) for league, rows in grouped.values()]


def _of_result(entry: RankingEntry, entrant: Entrant) -> Entry:
    return Entry(
        entrant=entrant,
        place=entry.place,
        score=None if entry.hundredths is None else written_score(entry.hundredths),
        status=entry.status,
        sites=entry.sites,
        flag=entry.flag,
        award_fen=0 if entry.award_held else entry.award_fen,
    )


def _live(tx: Session, round_id: UUID, book: Rulebook) -> list[LeagueStanding]:
    """Provisional: plain score rates, and the points of places by them.

    Vetoes, mixes and closing rates are applied when the round is published.
    """
    views = queries.list_leagues(tx, round_id)
    cells = queries.read_cells(tx, round_id)
    groups = queries.read_site_groups(tx, round_id)
    scopes = {entry.entrant.id: entry.scope for view in views for entry in view.entrants}
    ordered = {
        view.league.code: standings(
            [(entry.entrant.id, entry.scope) for entry in view.entrants], cells, groups
        )
        for view in views
    }
    found = dict(ordered)
    for code, rows in ordered.items():
        terms = book.terms(code)
        if terms.aggregation is Aggregation.RANK_POINTS:
            lists = [ordered[one] for one in terms.components if one in ordered]
            found[code] = by_points(rows, scopes, lists, terms.points)
    return [_live_league(view, found[view.league.code]) for view in views]


def _live_league(view: queries.LeagueView, rows: Sequence[Standing]) -> LeagueStanding:
    entrants = {entry.entrant.id: entry.entrant for entry in view.entrants}
    return LeagueStanding(view.league, [_of_standing(entrants, row) for row in rows])


def _of_standing(entrants: Mapping[UUID, Entrant], row: Standing) -> Entry:
    scored = row.hundredths is not None
    return Entry(
        entrant=entrants[row.entrant_id],
        place=row.rank,
        score=None if row.hundredths is None else written_score(row.hundredths),
        status=Status.RANKED if scored else Status.UNSCORED,
        sites=row.sites,
        pending=row.pending,
    )


def get_visible_run(tx: Session, run_id: UUID, principal: Principal) -> RunView:
    """A result that its rulebook shows to the caller; else there is none."""
    view = queries_runs.get_run(tx, run_id)
    if not _sees(tx, view.rulebook.rules, view.campaign.code, principal):
        raise NotFound("run.not-found")
    return view


def check_period_visible(tx: Session, view: PeriodView, principal: Principal) -> None:
    """Raises ``NotFound`` where the caller does not see the results of a period's campaign."""
    rules = queries_runs.newest_rulebook(tx, view.campaign.id).rules
    if not _sees(tx, rules, view.campaign.code, principal):
        raise NotFound("period.not-found")


def get_visible_entrant(tx: Session, entrant_id: UUID, principal: Principal) -> Entrant:
    """An entrant of a campaign that the caller may see; else there is none."""
    entrant = queries_runs.get_entrant(tx, entrant_id)
    campaign = queries_periods.get_campaign(tx, entrant.campaign_id)
    try:
        get_visible_campaign(tx, campaign.code, principal)
    except NotFound as error:
        raise NotFound("entrant.not-found") from error
    return entrant


def seen_of_history(tx: Session, found: Sequence[Placed], principal: Principal) -> Sequence[Placed]:
    """The results that their rulebooks show to the caller."""
    books = {one.run.rulebook_id: one.run for one in found}
    shown = {
        key: read_rulebook(queries_runs.rulebook_of(tx, run).rules).lets_see(
            RoundState.PUBLISHED, principal.roles
        )
        for key, run in books.items()
    }
    return [one for one in found if shown[one.run.rulebook_id]]


def _sees(tx: Session, rules: Mapping[str, Any], campaign: str, principal: Principal) -> bool:
    try:
        get_visible_campaign(tx, campaign, principal)
    except NotFound:
        return False
    return read_rulebook(rules).lets_see(RoundState.PUBLISHED, principal.roles)


def touch_standing(tx: Session, round_id: UUID) -> None:
    """The standing of a round may have changed."""
    feeds.touch(tx, [feed_scope(round_id)])
