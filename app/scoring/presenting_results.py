"""Between rulebooks, runs, periods, histories and their wire shapes.

What an unpublished list says, and the scores of a league that withholds them, are shown to
headquarters alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.kit.marks import written_score
from app.organisation import queries as organisation
from app.organisation.presenting import named
from app.organisation.tables import Unit
from app.rounds.presenting import round_ref
from app.rounds.tables import Campaign, Round
from app.scoring.queries_periods import PeriodView
from app.scoring.queries_rulebooks import RulebookView
from app.scoring.queries_runs import Placed, RunView
from app.scoring.rulebooks import Tried
from app.scoring.rules_changes import Moved
from app.scoring.rules_inputs import entrant_key
from app.scoring.schemas_results import (
    ChangesOut,
    EntrantOut,
    HistoryCountsOut,
    HistoryOut,
    MovedOut,
    PeriodOut,
    PlacedOut,
    RulebookOut,
    RulebookRef,
    RunOut,
    TriedOut,
)
from app.scoring.tables import Entrant, League
from app.scoring.tables_results import StandingPeriod
from app.web.language import Language, pick
from app.web.principal import Principal
from app.web.wire import Named

WITHHELD = "ranking.read-withheld"


def campaign_named(row: Campaign, language: Language) -> Named:
    """A campaign as code and name."""
    return Named(code=row.code, name=pick(language, row.name_zh, row.name_en))


def league_named(row: League, language: Language) -> Named:
    """A league as code and name."""
    return Named(code=row.code, name=pick(language, row.name_zh, row.name_en))


def period_named(row: StandingPeriod, language: Language) -> Named:
    """A period as code and name."""
    return Named(code=row.code, name=pick(language, row.name_zh, row.name_en))


def rulebook_ref(view: RulebookView, language: Language) -> RulebookRef:
    """A version of a rulebook without what it says."""
    row = view.rulebook
    return RulebookRef(
        id=row.id,
        campaign=campaign_named(view.campaign, language),
        number=row.number,
        state=row.state,
        digest=row.digest,
        made_at=row.made_at,
        published_at=row.published_at,
    )


def rulebook_out(view: RulebookView, language: Language) -> RulebookOut:
    """A version of a rulebook in full."""
    return RulebookOut(**dict(rulebook_ref(view, language)), rules=view.rulebook.rules)


def subject_of(
    round_: Round | None, period: StandingPeriod | None, language: Language
) -> dict[str, Any]:
    """What a result is about: a round or a period."""
    return {
        "round": round_ref(round_, language) if round_ else None,
        "period": period_named(period, language) if period else None,
    }


def run_out(view: RunView, language: Language) -> RunOut:
    """A published result without its entries."""
    run = view.run
    return RunOut(
        id=run.id,
        campaign=campaign_named(view.campaign, language),
        **subject_of(view.round, view.period, language),
        number=run.number,
        rulebook=view.rulebook.number,
        digest=run.digest,
        inputs_digest=run.inputs_digest,
        reason=run.reason,
        made_at=run.made_at,
    )


def hidden_parts(official: Mapping[str, Any], principal: Principal) -> tuple[set[str], set[str]]:
    """The leagues that the caller does not see at all, and those whose scores he does not."""
    if principal.has(WITHHELD):
        return set(), set()
    leagues = official["leagues"]
    unseen = {one["code"] for one in leagues if not one["published"]}
    return unseen, {one["code"] for one in leagues if not one["score_shown"]}


def moved_out(
    tx: Session,
    found: Iterable[Moved],
    hidden: tuple[set[str], set[str]],
    language: Language,
) -> list[MovedOut]:
    """What moved, less what the caller does not see."""
    seen = [one for one in found if one.league not in hidden[0]]
    units = organisation.find_units(tx, [one.unit for one in seen])
    rows = [_moved(one, one.league in hidden[1], units, language) for one in seen]
    return [row for row in rows if row.before or row.after]


def _moved(one: Moved, withheld: bool, units: Mapping[str, Unit], language: Language) -> MovedOut:
    def side(fields: dict[str, Any] | None) -> dict[str, Any] | None:
        if fields is None or not withheld:
            return fields
        return {name: value for name, value in fields.items() if name != "score"}

    unit = units.get(one.unit)
    return MovedOut(
        league=one.league,
        entrant=one.entrant,
        unit=named(unit, language) if unit else Named(code=one.unit, name=one.unit),
        label=one.label,
        before=side(one.before),
        after=side(one.after),
    )


def tried_out(tx: Session, one: Tried, language: Language) -> TriedOut:
    """What a rulebook would have moved in one result."""
    moved = moved_out(tx, one.moved, (set(), set()), language)
    return TriedOut(run=run_out(one.view, language), moved=moved)


def changes_out(
    tx: Session,
    view: RunView,
    before: RunView | None,
    found: Sequence[Moved],
    principal: Principal,
    language: Language,
) -> ChangesOut:
    """What a run moved."""
    hidden = hidden_parts(view.run.official, principal)
    return ChangesOut(
        run=run_out(view, language),
        before=run_out(before, language) if before else None,
        moved=moved_out(tx, found, hidden, language),
    )


def period_out(view: PeriodView, language: Language) -> PeriodOut:
    """A period on the wire."""
    row = view.period
    return PeriodOut(
        id=row.id,
        campaign=campaign_named(view.campaign, language),
        unit=named(view.unit, language),
        code=row.code,
        name=pick(language, row.name_zh, row.name_en),
        period=row.period,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def entrants_out(tx: Session, rows: Sequence[Entrant], language: Language) -> list[EntrantOut]:
    """Entrants with the names behind their ids; two statements whatever the number."""
    ids: set[UUID] = {one.unit_id for one in rows} | {area for one in rows for area in one.area_ids}
    units = organisation.find_units_by_id(tx, list(ids))
    lines = {line.id: line.code for line in organisation.list_lines(tx)}
    return [
        EntrantOut(
            id=one.id,
            key=entrant_key(units[one.unit_id].code, one.scope_key),
            unit=named(units[one.unit_id], language),
            label=one.label,
            lines=sorted(lines[line] for line in one.line_ids),
            areas=[named(units[area], language) for area in one.area_ids],
        )
        for one in rows
    ]


def history_out(
    tx: Session,
    entrant: Entrant,
    found: Sequence[Placed],
    *,
    first: int,
    principal: Principal,
    language: Language,
) -> HistoryOut:
    """An entrant's places with their counts."""
    seen = [one for one in found if _is_seen(one, principal)]
    places = [one.entry.place for one in seen if one.entry.place is not None]
    flags = [one.entry.flag for one in seen]
    return HistoryOut(
        entrant=entrants_out(tx, [entrant], language)[0],
        counts=HistoryCountsOut(
            results=len(seen),
            ranked=len(places),
            first=first,
            in_first=sum(place <= first for place in places),
            times_first=sum(place == 1 for place in places),
            red=flags.count("red"),  # type: ignore[arg-type]
            blue=flags.count("blue"),  # type: ignore[arg-type]
        ),
        items=[_placed_out(one, principal, language) for one in seen],
    )


def _is_seen(one: Placed, principal: Principal) -> bool:
    return one.league.code not in hidden_parts(one.run.official, principal)[0]


def _placed_out(one: Placed, principal: Principal, language: Language) -> PlacedOut:
    withheld = one.league.code in hidden_parts(one.run.official, principal)[1]
    score = one.entry.hundredths
    return PlacedOut(
        run_id=one.run.id,
        number=one.run.number,
        **subject_of(one.round, one.period, language),
        league=league_named(one.league, language),
        status=one.entry.status,
        place=one.entry.place,
        of=one.of,
        score=None if score is None or withheld else written_score(score),
        flag=one.entry.flag,
        award_fen=0 if one.entry.award_held else one.entry.award_fen,
    )
