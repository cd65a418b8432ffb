"""What the historical round stands on: who is ranked for what, and the order that was published.

Read from the same files that the service is loaded with, and from two that it never sees: the
bulletin itself, and the places in the six lists that were not published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scripts.demo_steps.city_files import CITY_FOLDER

DISTRICTS = "districts"
Json = dict[str, Any]


@dataclass(frozen=True)
class Entrant:
    """Who is ranked: a unit, perhaps for some lines, with the places and lines that count."""

    unit: str
    name: str
    district: str | None  # the code of the district that it belongs to, or is
    district_name: str | None  # as the bulletin puts it: none for a district itself
    label: str | None
    lines: frozenset[str]
    streets: frozenset[str]

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """How the bulletin tells it from others of its league."""
        return self.name, self.district_name, self.label

    def covers(self, street: str, line: str) -> bool:
        """Whether an answer of this line in this street counts for it."""
        return street in self.streets and (not self.lines or line in self.lines)


@dataclass(frozen=True)
class League:
    """Entrants in the order of the files, with the quota of flags."""

    code: str
    name: str
    red: int
    blue: int
    entrants: tuple[Entrant, ...]


@dataclass(frozen=True)
class Prize:
    """Money by place in a league, in fen."""

    league: str
    kind: str
    fen: tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """Leagues, rules and the published result."""

    leagues: Mapping[str, League]  # the published twelve
    components: Mapping[str, League]  # the six more that districts get points in
    scored_by_points: tuple[str, ...]  # the codes of the twelve lists behind the districts' scores
    points: tuple[int, ...]  # by place
    prizes: tuple[Prize, ...]
    paper: Json  # the bulletin
    aims: Mapping[str, Mapping[str, int]]  # unpublished list -> district code -> place

    def league(self, code: str) -> League:
        """A league of either kind."""
        return self.leagues.get(code) or self.components[code]

    def places(self, code: str) -> dict[Entrant, int]:
        """The place that every entrant of a league is to come out at, the first one first."""
        entrants = self.league(code).entrants
        if code in self.components:
            wanted = {each: self.aims[code][each.unit] for each in entrants}
        else:
            by_key = {each.key: each for each in entrants}
            wanted = {by_key[paper_key(row)]: int(row["rank"]) for row in self.rows(code)}
        return dict(sorted(wanted.items(), key=lambda pair: pair[1]))

    def rows(self, code: str) -> list[Json]:
        """The published rows of a league."""
        return next(
            list(league["entrants"]) for league in self.paper["leagues"] if league["code"] == code
        )


def paper_key(row: Json) -> tuple[str, str | None, str | None]:
    """The key of a published row."""
    return row["unit"], row.get("district"), row.get("line")


@lru_cache(maxsize=2)
def read_ground(folder: Path = CITY_FOLDER) -> Ground:
    """The ground of a city's folder."""
    units = {each["code"]: each for each in _read(folder, "units.json")}
    history = _read(folder, "history-rules.json")
    book = history["rulebook"]
    terms = book["leagues"]
    return Ground(
        leagues=_leagues(_read(folder, "campaign.json")["leagues"], units),
        components=_leagues(history["leagues"], units),
        scored_by_points=tuple(terms[DISTRICTS]["components"]),
        points=tuple(terms[DISTRICTS]["points"]),
        prizes=tuple(
            Prize(code, each["award_name"], tuple(each["award_fen"]))
            for code, each in terms.items()
            if "award_fen" in each
        ),
        paper=_read(folder, "published-2018-09-14.json"),
        aims=_read(folder, "history-aims.json")["places"],
    )


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _leagues(rows: list[Json], units: Mapping[str, Json]) -> dict[str, League]:
    return {
        row["code"]: League(
            code=row["code"],
            name=row["name_zh"],
            red=row["flag_quota"]["red"],
            blue=row["flag_quota"]["blue"],
            entrants=tuple(_entrant(each, units) for each in row["entrants"]),
        )
        for row in rows
    }


def _entrant(row: Json, units: Mapping[str, Json]) -> Entrant:
    unit = units[row["unit"]]
    district = next(
        (each for each in _upwards(row["unit"], units) if each["kind"] == "district"), None
    )
    belongs = district is not None and district is not unit
    areas = set(row["areas"])
    return Entrant(
        unit=row["unit"],
        name=unit["name_zh"],
        district=district["code"] if district else None,
        district_name=district["name_zh"] if district and belongs else None,
        label=row["label"],
        lines=frozenset(row["lines"]),
        streets=frozenset(
            code
            for code, each in units.items()
            if each["kind"] == "street"
            and any(above["code"] in areas for above in _upwards(code, units))
        ),
    )


def _upwards(code: str | None, units: Mapping[str, Json]) -> Iterator[Json]:
    while code is not None:
        yield units[code]
        code = units[code]["parent"]
