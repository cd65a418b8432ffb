"""Whose problems came due, and how many of them were closed in time. Pure.

Definition ``on-time-closing-2``, for rankings: a problem is an entrant's where the entrant's unit
or one below it answers for it, inside the entrant's areas and lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.ledger.summing import CameDue
from app.organisation.rules import is_at_or_below
from app.scoring.rules_inputs import EntrantGiven, LeagueGiven


def with_closing(
    leagues: Iterable[LeagueGiven], units: Mapping[str, str], counted: Sequence[CameDue]
) -> tuple[LeagueGiven, ...]:
    """The leagues with each entrant's counts; ``units``: its key -> the path of its unit."""
    return tuple(
        replace(
            league,
            entrants=tuple(_counted(one, units[one.key], counted) for one in league.entrants),
        )
        for league in leagues
    )


def _counted(one: EntrantGiven, unit_path: str, counted: Sequence[CameDue]) -> EntrantGiven:
    own = [
        found
        for found in counted
        if is_at_or_below(found.unit_path, unit_path)
        and found.area_path.startswith(one.areas)
        and one.has_line(found.line)
    ]
    on_time, due = sum(found.on_time for found in own), sum(found.due for found in own)
    return replace(one, closed_on_time=on_time, due=due)
