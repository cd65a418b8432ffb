"""The live standing of a round, put together from reads and the pure ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.infra import feeds
from app.kit.errors import NotFound
from app.rounds.queries import get_visible_round
from app.rounds.rules import Source, is_secret
from app.scoring import queries
from app.scoring.ranking import Cell, SiteGroup, Standing, standings
from app.web.principal import Principal


@dataclass(frozen=True)
class LeagueStanding:
    """One league in order, each standing with its entrant."""

    league: queries.LeagueView
    rows: Sequence[tuple[queries.EntrantView, Standing]]


def feed_scope(round_id: UUID) -> str:
    """The name of the feed that a round's standing is."""
    return f"rankings:{round_id}"


def visible_feed(tx: Session, round_id: UUID, principal: Principal) -> queries.FeedHead:
    """The feed, if its rulebook lets the caller see the standing now; else there is none.

    An unannounced round is there for those only who may know of it, and self-inspection never
    ranks.
    """
    head = queries.get_feed_head(tx, round_id, scope=feed_scope(round_id))
    if is_secret(announced=head.announced, state=head.round_state):
        get_visible_round(tx, round_id, principal)
    if not head.rulebook.lets_see(head.round_state, principal.roles):
        raise NotFound("round.not-found")
    if head.source is Source.SELF:
        raise NotFound("round.not-ranked")
    return head


def live_standings(tx: Session, round_id: UUID, *, league: str | None) -> list[LeagueStanding]:
    """The standing of all leagues of a round, or of one; raises NotFound for an unknown one."""
    leagues = queries.list_leagues(tx, round_id, code=league)
    if league is not None and not leagues:
        raise NotFound("league.not-found")
    cells = queries.read_cells(tx, round_id)
    groups = queries.read_site_groups(tx, round_id)
    return [_standing(view, cells, groups) for view in leagues]


def _standing(
    view: queries.LeagueView, cells: Sequence[Cell], groups: Sequence[SiteGroup]
) -> LeagueStanding:
    entrants = {entry.entrant.id: entry for entry in view.entrants}
    ordered = standings([(key, entry.scope) for key, entry in entrants.items()], cells, groups)
    return LeagueStanding(view, [(entrants[row.entrant_id], row) for row in ordered])


def touch_standing(tx: Session, round_id: UUID) -> None:
    """The standing of a round may have changed."""
    feeds.touch(tx, [feed_scope(round_id)])
