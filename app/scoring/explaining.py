"""An explanation, put together from a published result and the answers that it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.kit.errors import NotFound
from app.organisation import queries as organisation
from app.organisation.rules import is_at_or_below
from app.scoring import queries_explaining, queries_freezing, queries_marks, queries_runs, service
from app.scoring.queries_runs import RunView
from app.scoring.rules import Rulebook, read_rulebook
from app.scoring.rules_adjusting import severities_of
from app.scoring.rules_explaining import Explanation, explain, next_ahead
from app.scoring.rules_hanging import Hanging, hanging
from app.scoring.rules_inputs import LeagueGiven, entrant_key
from app.scoring.rules_losses import Losses, LostAnswer
from app.scoring.rules_moving import Move, fewest, goal_of
from app.scoring.rules_moving_points import Givers, fewest_for_points, people_of
from app.scoring.rules_places import Standing
from app.scoring.rules_recalling import recalled
from app.scoring.rules_severity import Severities
from app.scoring.rules_tallies import Ground, Tally
from app.scoring.rules_written import read_leagues
from app.web.principal import Principal

Row = dict[str, Any]


@dataclass(frozen=True)
class Explained:
    """Why an entrant stands where it does in a result, and how sure that is."""

    view: RunView
    league: str
    explanation: Explanation
    to_pass: Move | None
    to_draw_level: Move | None
    hanging: Hanging | None
    beside: Row | None
    photos: dict[tuple[str, str], list[UUID]]


def explained(
    tx: Session,
    view: RunView,
    *,
    league: str,
    entrant_id: UUID,
    answers: int,
    principal: Principal,
) -> Explained:
    """The explanation of an entrant in a result that the caller sees.

    Where scores are withheld its own units see what it lost, and nothing of who stands before it.
    ``answers``: how many of its lost answers are shown with their photos. Raises ``NotFound``.
    """
    book = read_rulebook(view.rulebook.rules)
    leagues = read_leagues(view.run.inputs)
    key, alone = _visible(tx, entrant_id, book, league, principal)
    freezes = [one.id for one in queries_runs.freezes_of(tx, view.run.id)]
    standings, ground = _recalled(tx, view, freezes, leagues, book, league, key)
    one = _entry(standings, key)

    terms = book.terms(league)
    shown = [one] if alone else standings
    lost = _lost(tx, view, freezes, one, next_ahead(one, shown), book)
    if one.score is None:
        found = Explanation(one, Losses(Fraction(0), {}, ()), None, None, ())
    else:
        found = explain(one, shown, lambda standing: lost[standing.entrant.key], terms, book)
    if one.points is None:
        to_pass, level = _moves(found, book, league)
    else:
        to_pass, level = (
            _points_move(tx, view, freezes, shown, ground, book, key=key, league=league),
            None,
        )
    first = [answer for answer, _ in found.losses.answers[:answers]]
    photos = queries_explaining.photos_of(tx, freezes, first) if first else {}
    return Explained(
        view,
        league,
        found,
        to_pass,
        level,
        None if alone else hanging(one, standings, terms, book),
        beside_of(view, league).get(key),
        photos,
    )


def _lost(
    tx: Session,
    view: RunView,
    freezes: Sequence[UUID],
    one: Standing,
    ahead: Standing | None,
    book: Rulebook,
) -> dict[str, list[LostAnswer]]:
    """The lost answers of two entrants; none where points of other leagues make their scores."""
    if one.score is None or one.points is not None:
        return {}
    entrants = [standing.entrant for standing in (one, ahead) if standing is not None]
    named = view.period is not None
    return queries_explaining.list_lost(tx, freezes, entrants, book, named=named)


def result_of_round(tx: Session, *, round_id: UUID, principal: Principal) -> RunView:
    """The result of a round that stands, for whoever may see it; else there is none."""
    head = service.visible_feed(tx, round_id, principal)
    if head.run_id is None:
        raise NotFound("run.not-found")
    return queries_runs.get_run(tx, head.run_id)


def beside_of(view: RunView, league: str) -> dict[str, Row]:
    """The companion's entries of a league, by entrant."""
    companion = view.run.companion or {"leagues": []}
    found = [one for one in companion["leagues"] if one["code"] == league]
    return {row["entrant"]: row for one in found for row in one["entries"]}


def _visible(
    tx: Session, entrant_id: UUID, book: Rulebook, league: str, principal: Principal
) -> tuple[str, bool]:
    """The entrant's name in results, and whether the caller sees nothing but it."""
    entrant = queries_runs.get_entrant(tx, entrant_id)
    unit = organisation.find_units_by_id(tx, [entrant.unit_id])[entrant.unit_id]
    terms = book.terms(league)
    key = entrant_key(unit.code, entrant.scope_key)
    if principal.has(service.WITHHELD):
        return key, False
    if not terms.published:
        raise NotFound("league.not-found")
    if terms.score_shown is not False:
        return key, False
    if not any(is_at_or_below(unit.path, one.unit_path) for one in principal.postings):
        raise NotFound("entrant.not-found")
    return key, True


def _recalled(
    tx: Session,
    view: RunView,
    freezes: Sequence[UUID],
    leagues: Sequence[LeagueGiven],
    book: Rulebook,
    league: str,
    key: str,
) -> tuple[list[Standing], Ground]:
    """The league, with the sites of the entrant and of who stands before it; and all of theirs."""
    bare = recalled(league, view.run.official, leagues, book, {})
    one = _entry(bare, key)
    ahead = next_ahead(one, bare)
    looked_at = [found.entrant for found in (one, ahead) if found is not None]
    areas = sorted({area for found in looked_at for area in found.areas})
    named = view.period is not None
    marks = queries_marks.read_marks(tx, freezes, book, named=named, areas=areas)
    ground = Ground(marks.sites, book)
    tallies: dict[str, Tally] = {found.key: ground.tally(found) for found in looked_at}
    return recalled(league, view.run.official, leagues, book, tallies), ground


def _entry(standings: Sequence[Standing], key: str) -> Standing:
    found = next((one for one in standings if one.entrant.key == key), None)
    if found is None:
        raise NotFound("entrant.not-found")
    return found


def _moves(found: Explanation, book: Rulebook, league: str) -> tuple[Move | None, Move | None]:
    if found.ahead is None:
        return None, None
    lost = [answer for answer, _ in found.losses.answers]
    terms = book.terms(league)
    passing, level = (
        fewest(found.standing, lost, goal_of(found.ahead, book, level=only), terms, book)
        for only in (False, True)
    )
    return passing, level


def _points_move(
    tx: Session,
    view: RunView,
    freezes: Sequence[UUID],
    shown: Sequence[Standing],
    ground: Ground,
    book: Rulebook,
    *,
    key: str,
    league: str,
) -> Move | None:
    """By answers of the leagues that its points come from; only its own people's are read."""
    one = _entry(shown, key)
    if next_ahead(one, shown) is None:
        return None
    terms = book.terms(league)
    leagues, named = read_leagues(view.run.inputs), view.period is not None

    def givers(tallies: dict[str, Tally]) -> Givers:
        codes = terms.components
        return Givers(
            {code: recalled(code, view.run.official, leagues, book, tallies) for code in codes},
            {code: book.terms(code) for code in codes},
        )

    people = [person.entrant for person in people_of(one, givers({}))]
    lost = queries_explaining.list_lost(tx, freezes, people, book, named=named)
    standings = givers({person.key: ground.tally(person) for person in people})
    return fewest_for_points(one, shown, standings, lost, terms, book)


def round_severities(tx: Session, *, run_id: UUID, principal: Principal) -> Severities:
    """The severity of who inspected for a result, if they can be compared."""
    view = service.get_visible_run(tx, run_id, principal)
    freezes = [one.id for one in queries_runs.freezes_of(tx, view.run.id)]
    visits = queries_freezing.read_inspections(tx, freezes, named=view.period is not None)
    return severities_of(visits, read_leagues(view.run.inputs))
