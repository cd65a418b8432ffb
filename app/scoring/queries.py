"""Reads for standings: leagues with their entrants, and one scan of a round's answers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from app.kit.errors import NotFound
from app.organisation import queries as organisation
from app.rounds.rules import RoundState, Source
from app.scoring.ranking import Cell, Scope, SiteGroup
from app.scoring.rules import Rulebook, read_rulebook
from app.scoring.tables import Entrant, League, Membership


@dataclass(frozen=True)
class EntrantView:
    """An entrant of a league in a round."""

    entrant: Entrant
    scope: Scope


@dataclass(frozen=True)
class LeagueView:
    league: League
    entrants: Sequence[EntrantView]


@dataclass(frozen=True)
class FeedHead:
    """What a poll needs: is there something new, and may the caller know?"""

    version: int
    round_state: RoundState
    source: Source
    announced: bool
    rulebook: Rulebook
    run_id: UUID | None


_FEED_HEAD = sa.text("""
SELECT coalesce(f.version, 0), r.state, r.source, r.announced, b.rules, n.id, n.rules
FROM round r
LEFT JOIN feed_version f ON f.scope = :scope
LEFT JOIN LATERAL (
  SELECT rules FROM rulebook WHERE campaign_id = r.campaign_id AND state = 'published'
  ORDER BY number DESC LIMIT 1
) b ON true
LEFT JOIN LATERAL (
  SELECT run.id, own.rules FROM ranking_run run JOIN rulebook own ON own.id = run.rulebook_id
  WHERE run.round_id = r.id ORDER BY run.number DESC LIMIT 1
) n ON true
WHERE r.id = :round_id
""")


def get_feed_head(tx: Session, round_id: UUID, *, scope: str) -> FeedHead:
    """Version, state, result and rulebook, in one statement since this is what is polled.

    The rulebook is the one that the result followed, before there is one the newest. A campaign
    without a rulebook has no standings.
    """
    row = tx.connection().execute(_FEED_HEAD, {"round_id": round_id, "scope": scope}).first()
    if row is None:
        raise NotFound("round.not-found")
    if row[4] is None:
        raise NotFound("league.not-found")
    book = read_rulebook(row[6] or row[4])
    return FeedHead(int(row[0]), RoundState(row[1]), Source(row[2]), row[3], book, row[5])


def list_leagues(tx: Session, round_id: UUID, *, code: str | None = None) -> list[LeagueView]:
    """The leagues of a round with their entrants in the order of entry; three statements."""
    query: Any = (
        sa.select(League, Entrant)
        .join(Membership, col(Membership.league_id) == League.id)
        .join(Entrant, col(Entrant.id) == Membership.entrant_id)
        .where(col(Membership.round_id) == round_id)
        .order_by(col(League.position), col(Membership.position))
    )
    if code is not None:
        query = query.where(League.code == code)
    rows = tx.execute(query).all()
    areas = {area for _, entrant in rows for area in entrant.area_ids}
    paths = {key: unit.path for key, unit in organisation.find_units_by_id(tx, list(areas)).items()}
    grouped: dict[UUID, list[EntrantView]] = defaultdict(list)
    leagues: dict[UUID, League] = {}
    for league, entrant in rows:
        leagues[league.id] = league
        scope = Scope(
            tuple(sorted(paths[area] for area in entrant.area_ids)), frozenset(entrant.line_ids)
        )
        grouped[league.id].append(EntrantView(entrant, scope))
    return [LeagueView(league, grouped[key]) for key, league in leagues.items()]


_CELLS = sa.text("""
SELECT a.area_path, a.line_id, sum(a.earned)::bigint, sum(a.possible)::bigint
FROM answer a JOIN visit v ON v.current_revision_id = a.revision_id
WHERE a.round_id = :round_id AND v.round_id = :round_id
  AND v.counting AND v.completed_at IS NOT NULL
GROUP BY a.area_path, a.line_id
""")


def read_cells(tx: Session, round_id: UUID) -> list[Cell]:
    """Marks per (area, line) of a round's counting, complete visits: one scan of its answers."""
    rows = tx.connection().execute(_CELLS, {"round_id": round_id}).all()
    return [Cell(*row) for row in rows]


_SITES = sa.text("""
SELECT area_path, scored_lines, several, complete, count(*)
FROM (
  SELECT r.area_path, r.scored_lines, v.completed_at IS NOT NULL AS complete,
         CASE WHEN count(*) OVER (PARTITION BY v.site_id) > 1 THEN v.site_id END AS several
  FROM visit v JOIN visit_revision r ON r.id = v.current_revision_id
  WHERE v.round_id = :round_id AND v.counting
) one GROUP BY area_path, scored_lines, several, complete
""")


def read_site_groups(tx: Session, round_id: UUID) -> list[SiteGroup]:
    """How many sites were scored in which lines; a site with several visits counts once."""
    groups: list[SiteGroup] = []
    several: dict[UUID, list[Any]] = defaultdict(list)
    for row in tx.connection().execute(_SITES, {"round_id": round_id}).all():
        area_path, line_ids, site_id, complete, count = row
        if site_id is not None:
            several[site_id].append(row)
        else:
            sites, pending = (count, 0) if complete else (0, count)
            groups.append(SiteGroup(area_path, frozenset(line_ids), sites, pending))
    for rows in several.values():
        done = [line for row in rows if row[3] for line in row[1]]
        waiting = sum(row[4] for row in rows if not row[3])
        if any(row[3] for row in rows):
            groups.append(SiteGroup(rows[0][0], frozenset(done), 1, 0))
        if waiting:
            lines = frozenset(line for row in rows if not row[3] for line in row[1])
            groups.append(SiteGroup(rows[0][0], lines, 0, waiting))
    return groups
