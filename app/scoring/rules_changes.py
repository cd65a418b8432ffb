"""What moved between two results: every place, score, flag and yuan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FIELDS = ("status", "place", "score", "flag", "award_fen", "award_held")


@dataclass(frozen=True)
class Moved:
    """An entrant of a league with the fields that differ; None on a side where it is not."""

    league: str
    entrant: str
    unit: str
    label: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Moved]:
    """All that differs between two official results, league by league in a fixed order."""
    first, second = _entries(before), _entries(after)
    return [
        found
        for key in sorted(first.keys() | second.keys())
        if (found := _moved(key, first.get(key), second.get(key))) is not None
    ]


def _entries(data: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return dict(_rows(data))


def _rows(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for league in data["leagues"]:
        for entry in league["entries"]:
            yield (league["code"], entry["entrant"]), entry


def _moved(
    key: tuple[str, str], first: Mapping[str, Any] | None, second: Mapping[str, Any] | None
) -> Moved | None:
    shown = second or first or {}
    names = [
        name for name in FIELDS if first is None or second is None or first[name] != second[name]
    ]
    if not names:
        return None
    return Moved(
        *key,
        unit=shown["unit"],
        label=shown["label"],
        before=None if first is None else {name: first[name] for name in names},
        after=None if second is None else {name: second[name] for name in names},
    )
