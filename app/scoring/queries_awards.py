"""Reads of flags, award money and budgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from app.kit.paging import Page, encode_cursor
from app.organisation.queries import at_or_below
from app.organisation.tables import Unit
from app.rounds.rules import managed_paths
from app.rounds.tables import Round
from app.scoring.rules import EVERYBODY
from app.scoring.rules_awards import Ground
from app.scoring.tables import Entrant, League, RulebookRow
from app.scoring.tables_awards import Award, AwardBudget, Flag
from app.scoring.tables_results import RankingEntry, RankingRun, StandingPeriod
from app.web.principal import Principal

_issuer: Any = sa.orm.aliased(Unit, name="issuer")
_unit: Any = sa.orm.aliased(Unit, name="unit_given")
MOST_EXPORTED = 50_000


@dataclass(frozen=True)
class GivenView:
    """A flag or an award with who gave it, to whom, and on what result."""

    row: Any
    issuer: Unit
    unit: Unit
    entrant: Entrant | None
    league: League | None
    round: Round | None
    period: StandingPeriod | None


@dataclass(frozen=True)
class Filters:
    """What a list of flags or awards is narrowed to; days are those of the decision."""

    issuer: str | None = None
    unit: str | None = None
    round_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    standing_only: bool = False


def _views(table: Any) -> Any:
    return (
        sa.select(table, _issuer, _unit, Entrant, League, Round, StandingPeriod)
        .join(_issuer, _issuer.id == table.issuer_id)
        .join(_unit, _unit.id == table.unit_id)
        .join(RankingRun, col(RankingRun.id) == table.run_id, isouter=True)
        .join(RulebookRow, col(RulebookRow.id) == RankingRun.rulebook_id, isouter=True)
        .join(Entrant, col(Entrant.id) == table.entrant_id, isouter=True)
        .join(
            RankingEntry,
            sa.and_(
                col(RankingEntry.run_id) == table.run_id,
                col(RankingEntry.entrant_id) == table.entrant_id,
            ),
            isouter=True,
        )
        .join(League, col(League.id) == RankingEntry.league_id, isouter=True)
        .join(Round, col(Round.id) == RankingRun.round_id, isouter=True)
        .join(StandingPeriod, col(StandingPeriod.id) == RankingRun.period_id, isouter=True)
    )


def _seen_by(principal: Principal) -> Any:
    """What rests on a result is seen by whom its rulebook shows it; the rest by everybody."""
    roles = sa.cast([EVERYBODY, *sorted(principal.roles)], ARRAY(sa.Text))
    shown: Any = col(RulebookRow.rules)["visible_to"]["published"].op("?|")(roles)
    managed = (at_or_below(_issuer.path, path) for path in managed_paths(principal.postings))
    return sa.or_(col(RankingRun.id).is_(None), shown, *managed)


def _list(table: Any, decided: Any, principal: Principal, filters: Filters) -> Any:
    query = _views(table).where(_seen_by(principal)).order_by(table.id)
    if filters.issuer is not None:
        query = query.where(_issuer.code == filters.issuer)
    if filters.unit is not None:
        query = query.where(_unit.code == filters.unit)
    if filters.round_id is not None:
        query = query.where(col(RankingRun.round_id) == filters.round_id)
    if filters.since is not None:
        query = query.where(decided >= filters.since)
    if filters.until is not None:
        query = query.where(decided <= filters.until)
    if filters.standing_only:
        query = query.where(table.withdrawn_at.is_(None))
    return query


def _page(tx: Session, query: Any, limit: int) -> Page[GivenView]:
    rows = [GivenView(*row) for row in tx.execute(query.limit(limit + 1)).all()]
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].row.id)) if more else None)


def list_flags(
    tx: Session, principal: Principal, filters: Filters, *, after: UUID | None, limit: int
) -> Page[GivenView]:
    """Flags in the order in which they were given."""
    query = _list(Flag, col(Flag.given_on), principal, filters)
    return _page(tx, query.where(col(Flag.id) > after) if after else query, limit)


def list_awards(
    tx: Session, principal: Principal, filters: Filters, *, after: UUID | None, limit: int
) -> Page[GivenView]:
    """The award ledger, in the order of the decisions."""
    query = _list(Award, col(Award.decided_on), principal, filters)
    return _page(tx, query.where(col(Award.id) > after) if after else query, limit)


def view_flag(tx: Session, flag_id: UUID) -> GivenView:
    """A flag that exists."""
    return GivenView(*tx.execute(_views(Flag).where(col(Flag.id) == flag_id)).one())


def view_award(tx: Session, award_id: UUID) -> GivenView:
    """An award that exists."""
    return GivenView(*tx.execute(_views(Award).where(col(Award.id) == award_id)).one())


def standing_flags(tx: Session, run: RankingRun) -> Sequence[Flag]:
    """The flags by rule of a run's subject that have not been withdrawn."""
    query = select(Flag).where(
        col(Flag.run_id).in_(_runs_of(run)),
        Flag.ground == Ground.RULE,
        col(Flag.withdrawn_at).is_(None),
    )
    return tx.exec(query.order_by(col(Flag.id)).with_for_update()).all()


def standing_awards(tx: Session, run: RankingRun) -> Sequence[Award]:
    """The money by rule of a run's subject that has not been withdrawn."""
    query = select(Award).where(
        col(Award.run_id).in_(_runs_of(run)),
        Award.ground == Ground.RULE,
        col(Award.withdrawn_at).is_(None),
    )
    return tx.exec(query.order_by(col(Award.id)).with_for_update()).all()


def _runs_of(run: RankingRun) -> Any:
    """All revisions of what a run is about."""
    return sa.select(col(RankingRun.id)).where(
        col(RankingRun.round_id).is_not_distinct_from(run.round_id),
        col(RankingRun.period_id).is_not_distinct_from(run.period_id),
    )


def find_entry(tx: Session, run_id: UUID, entrant_id: UUID) -> RankingEntry | None:
    """An entrant's place in a run."""
    return tx.exec(
        select(RankingEntry).where(
            RankingEntry.run_id == run_id, RankingEntry.entrant_id == entrant_id
        )
    ).first()


def lock_issuer(tx: Session, unit_id: UUID) -> None:
    """Decisions about one issuer's money are made one after another."""
    tx.execute(sa.select(col(Unit.id)).where(col(Unit.id) == unit_id).with_for_update())


def lock_award(tx: Session, award_id: UUID) -> tuple[Award, Unit] | None:
    """An award with its issuer, locked."""
    found: tuple[Award, Unit] | None = _lock(tx, Award, award_id)
    return found


def lock_flag(tx: Session, flag_id: UUID) -> tuple[Flag, Unit] | None:
    """A flag with its issuer, locked."""
    found: tuple[Flag, Unit] | None = _lock(tx, Flag, flag_id)
    return found


def _lock(tx: Session, table: Any, row_id: UUID) -> Any:
    query = sa.select(table, Unit).join(Unit, col(Unit.id) == table.issuer_id)
    row = tx.execute(query.where(table.id == row_id).with_for_update(of=table)).first()
    return tuple(row) if row else None


def budgets_on(tx: Session, issuer_id: UUID, day: date) -> list[AwardBudget]:
    """The budgets of an issuer that hold on a day: of each kind of period the newest."""
    rows = tx.exec(
        select(AwardBudget)
        .where(AwardBudget.issuer_id == issuer_id, col(AwardBudget.valid_from) <= day)
        .order_by(col(AwardBudget.valid_from))
    ).all()
    return list({row.period: row for row in rows}.values())


def list_budgets(tx: Session, principal: Principal) -> list[tuple[AwardBudget, Unit]]:
    """The budgets of the units that the caller manages, by unit and day."""
    paths = managed_paths(principal.postings)
    query: Any = (
        sa.select(AwardBudget, Unit)
        .join(Unit, col(Unit.id) == AwardBudget.issuer_id)
        .where(sa.or_(sa.false(), *(at_or_below(col(Unit.path), path) for path in paths)))
        .order_by(col(Unit.code), col(AwardBudget.valid_from), col(AwardBudget.id))
    )
    return [(row[0], row[1]) for row in tx.execute(query).all()]


def spent(
    tx: Session, issuer_id: UUID, *, first: date, last: date, campaign_id: UUID | None
) -> int:
    """The fen that an issuer has decided on in a span, of one campaign or of all."""
    query: Any = select(sa.func.coalesce(sa.func.sum(Award.fen), 0)).where(
        Award.issuer_id == issuer_id,
        col(Award.withdrawn_at).is_(None),
        col(Award.decided_on).between(first, last),
    )
    if campaign_id is not None:
        query = query.where(Award.campaign_id == campaign_id)
    return int(tx.exec(query).one())


def all_awards(tx: Session, principal: Principal, filters: Filters) -> list[GivenView]:
    """The whole award ledger for sheets and totals, at most ``MOST_EXPORTED`` rows."""
    query = _list(Award, col(Award.decided_on), principal, filters).limit(MOST_EXPORTED)
    return [GivenView(*row) for row in tx.execute(query).all()]
