"""What differs between two versions of a checklist, so that people see it before they publish.

``difference(old, new)`` and the old document together give the new one: items that are in one
only, fields that changed, and of the items in both the fewest that must be moved.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.checklists.rules import thousandths

Row = dict[str, Any]


@dataclass(frozen=True)
class FieldChange:
    """A field with its value on either side; None where it says nothing."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ItemChange:
    item: str
    fields: Sequence[FieldChange]


@dataclass(frozen=True)
class Placed:
    """An item with its position from 1 in the document that it stands in."""

    position: int
    item: Row


@dataclass(frozen=True)
class Move:
    item: str
    before: int
    after: int


@dataclass(frozen=True)
class Difference:
    """From an old to a new document; weights in thousandths of a point."""

    fields: Sequence[FieldChange]
    added: Sequence[Placed]
    removed: Sequence[Placed]
    changed: Sequence[ItemChange]
    moved: Sequence[Move]
    weight_before: int
    weight_after: int


def difference(old: Row, new: Row) -> Difference:
    """What must be done to canonical ``old`` so that it becomes ``new``."""
    before, after = _placed(old), _placed(new)
    kept = [code for code in after if code in before]
    stay = _longest_rising([before[code].position for code in kept])
    return Difference(
        fields=_field_changes(*({**row, "items": None} for row in (old, new))),
        added=[one for code, one in after.items() if code not in before],
        removed=[one for code, one in before.items() if code not in after],
        changed=[
            ItemChange(code, fields)
            for code in kept
            if (fields := _field_changes(before[code].item, after[code].item))
        ],
        moved=[
            Move(code, before[code].position, after[code].position)
            for code in kept
            if before[code].position not in stay
        ],
        weight_before=_weight(old),
        weight_after=_weight(new),
    )


def _placed(document: Row) -> dict[str, Placed]:
    return {
        item["code"]: Placed(position, item)
        for position, item in enumerate(document["items"], start=1)
    }


def _field_changes(old: Row, new: Row) -> list[FieldChange]:
    return [
        FieldChange(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _longest_rising(positions: Sequence[int]) -> frozenset[int]:
    """The values of a longest rising run (not of neighbours) in a sequence without repetition."""
    tails: list[int] = []
    chains: list[tuple[int, ...]] = []
    for position in positions:
        place = bisect_left(tails, position)
        chain = (*(chains[place - 1] if place else ()), position)
        tails[place : place + 1], chains[place : place + 1] = [position], [chain]
    return frozenset(chains[-1] if chains else ())


def _weight(document: Row) -> int:
    return sum(thousandths(item["weight"]) for item in document["items"])
