"""The standings of a published league, put together again from the result and its frozen inputs.

Places and scores come from the result, which never changes; only the sites of those who are looked
at closely have to be read again.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from app.scoring.rules import Aggregation, Rulebook
from app.scoring.rules_inputs import LeagueGiven
from app.scoring.rules_places import Standing, Status, closing_rates, points_of
from app.scoring.rules_tallies import Tally

_NOT_READ = Tally((), 0, barred_from_red=False, zeroed=False)


def recalled(
    code: str,
    result: Mapping[str, Any],
    leagues: Sequence[LeagueGiven],
    book: Rulebook,
    tallies: Mapping[str, Tally],
) -> list[Standing]:
    """A league in the order of its result; ``tallies`` by entrant, for those that were read."""
    terms = book.terms(code)
    rows = _standings(code, result, leagues)
    rates = closing_rates([row.entrant for row in rows], terms)
    others = {}
    if terms.aggregation is Aggregation.RANK_POINTS:
        others = {one: _standings(one, result, leagues) for one in terms.components}
    return [
        Standing(
            row.entrant,
            tallies.get(row.entrant.key, _NOT_READ),
            row.score,
            row.status,
            row.place,
            None if row.score is None else rates.get(row.entrant.key),
            points_of(row.entrant, terms, others) if others else None,
        )
        for row in rows
    ]


def _standings(
    code: str, result: Mapping[str, Any], leagues: Sequence[LeagueGiven]
) -> list[Standing]:
    entrants = {
        one.key: one for league in leagues if league.code == code for one in league.entrants
    }
    entries = [row for one in result["leagues"] if one["code"] == code for row in one["entries"]]
    return [
        Standing(
            entrants[row["entrant"]],
            _NOT_READ,
            None if row["exact"] is None else Fraction(row["exact"]),
            Status(row["status"]),
            row["place"],
        )
        for row in entries
    ]
