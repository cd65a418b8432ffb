"""Frozen inputs as JSON and back: leagues, entrants, closing rates and labels, all by codes."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.scoring.rules_inputs import EntrantGiven, LeagueGiven

Row = dict[str, Any]
Labels = Mapping[tuple[str, str], str]


def written_leagues(leagues: Sequence[LeagueGiven], labels: Labels) -> Row:
    """The inputs beside the answers; in a fixed order."""
    return {
        "leagues": [
            {
                "code": league.code,
                "red": league.red,
                "blue": league.blue,
                "entrants": [
                    _entrant(one) for one in sorted(league.entrants, key=lambda one: one.key)
                ],
            }
            for league in sorted(leagues, key=lambda one: one.code)
        ],
        "labels": [[*key, label] for key, label in sorted(labels.items())],
    }


def _entrant(one: EntrantGiven) -> Row:
    return {
        "key": one.key,
        "unit": one.unit,
        "label": one.label,
        "areas": sorted(one.areas),
        "lines": sorted(one.lines),
        "closed_on_time": one.closed_on_time,
        "due": one.due,
    }


def read_leagues(row: Row) -> tuple[LeagueGiven, ...]:
    """The leagues as they were frozen."""
    return tuple(
        LeagueGiven(
            league["code"],
            league["red"],
            league["blue"],
            tuple(
                EntrantGiven(
                    one["key"],
                    one["unit"],
                    one["label"],
                    tuple(one["areas"]),
                    frozenset(one["lines"]),
                    one["closed_on_time"],
                    one["due"],
                )
                for one in league["entrants"]
            ),
        )
        for league in row["leagues"]
    )


def read_labels(row: Row) -> dict[tuple[str, str], str]:
    """The labels that decided about money."""
    return {(league, key): label for league, key, label in row["labels"]}
