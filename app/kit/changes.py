"""One row before and after, as plain values under their names: what imports show and apply."""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A row that is new (``before`` is None) or that differs; both are whole rows."""

    key: tuple[Any, ...]
    before: Row | None
    after: Row

    @property
    def fields(self) -> list[str]:
        """The names of what differs."""
        before = self.before or {}
        return [name for name, value in self.after.items() if before.get(name) != value]

    def told(self) -> dict[str, Row]:
        """What differs, before and after, as events carry it."""
        before = self.before or {}
        names = self.fields
        return {
            "before": {name: before[name] for name in names if name in before},
            "after": {name: self.after[name] for name in names},
        }
