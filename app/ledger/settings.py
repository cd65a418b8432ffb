"""How a city runs its ledger: data, with what the national norms say where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.kit.workdays import Limit, LimitUnit

_FIVE_DAYS = Limit(5, LimitUnit.WORK_DAY)


@dataclass(frozen=True)
class Likeness:
    """How near in place and time two reports of one category are likely the same."""

    within_m: int = 50
    within_hours: int = 24


Named = tuple[str, str, str]  # a category: scheme, code, version


@dataclass(frozen=True)
class CitizenDoor:
    """How citizens report: the line of what is under no category, and which they may choose."""

    line: str
    categories: tuple[Named, ...] = ()


@dataclass(frozen=True)
class LedgerRules:
    """``likeness_of``: by category, as ``scheme/code/version``, where it differs.

    ``lines_of``: the line of a category. ``citizens`` None: citizens do not report here.
    """

    default_limit: Limit = _FIVE_DAYS
    finder_may_check: bool = False
    reminder_days: tuple[int, ...] = (1, 3, 7)
    likeness: Likeness = Likeness()
    likeness_of: Mapping[str, Likeness] = field(default_factory=dict)
    lines_of: Mapping[Named, str] = field(default_factory=dict)
    citizens: CitizenDoor | None = None

    def line_of(self, category: Named | None) -> str | None:
        """The line that a category belongs to, where the city has said so."""
        return self.lines_of.get(category) if category is not None else None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The rules in a document; KeyError, TypeError or ValueError where it is none."""
        unknown = set(document) - {
            "default_limit", "finder_may_check", "reminder_days", "duplicates", "category_lines",
            "citizens",
        }  # fmt: skip
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        usual = cls()
        likeness = {
            one.get("category"): Likeness(int(one["within_m"]), int(one["within_hours"]))
            for one in document.get("duplicates", ())
        }
        limit = document.get("default_limit")
        return cls(
            default_limit=_limit(limit) if limit else usual.default_limit,
            finder_may_check=bool(document.get("finder_may_check", usual.finder_may_check)),
            reminder_days=tuple(
                int(days) for days in document.get("reminder_days", usual.reminder_days)
            ),
            likeness=likeness.pop(None, usual.likeness),
            likeness_of=likeness,
            lines_of={
                _category(name): str(line)
                for name, line in document.get("category_lines", {}).items()
            },
            citizens=_door(document["citizens"]) if document.get("citizens") else None,
        )


def _limit(row: Mapping[str, Any]) -> Limit:
    value = int(row["value"])
    if value < 1:
        raise ValueError("default_limit/value must be 1 or more")
    return Limit(value, LimitUnit(row["unit"]))


def _door(row: Mapping[str, Any]) -> CitizenDoor:
    unknown = set(row) - {"line", "categories"}
    if unknown:
        raise ValueError(f"citizens, unknown: {', '.join(sorted(unknown))}")
    return CitizenDoor(str(row["line"]), tuple(_category(one) for one in row.get("categories", ())))


def _category(name: str) -> Named:
    parts = name.split("/")
    if len(parts) != len(("scheme", "code", "version")) or not all(parts):
        raise ValueError(f"no category scheme/code/version: {name}")
    return parts[0], parts[1], parts[2]
