"""Reads the demo city's folder into the few typed things the plan and the answers need.

The demo must not look into the service's tables or classes: it knows the city the way a city's
own staff would, from the files that the service is loaded with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scripts.demo_steps.marks import Item, read_items

CITY_FOLDER = Path(__file__).resolve().parent.parent / "city" / "jiaozuo"
STREET_LEAGUES = ("central-streets", "outer-towns")
_IN_HOURS = frozenset({"urgent_hour", "work_hour"})
_IN_DAYS = frozenset({"work_day", "natural_day"})
_LONG = 10
_NAME_ENDS = ("虚拟社区", "社区居民委员会", "村村民委员会", "村民委员会")


@dataclass(frozen=True)
class Community:
    """A community or village: a unit of the lowest level."""

    code: str
    name: str

    @property
    def short(self) -> str:
        """The name without its kind, as people put it before a shop's name."""
        stem = self.name
        for end in _NAME_ENDS:
            if self.name.endswith(end):
                stem = self.name.removesuffix(end)
                break
        return stem if len(stem) > 1 else f"{stem}村"

    @property
    def village(self) -> str:
        """The name as a village says it: 靳作村, 孙村."""
        return self.short if self.short.endswith("村") else f"{self.short}村"

    @property
    def is_village(self) -> bool:
        """Whether a villagers' committee runs it."""
        return self.name.endswith("村民委员会")


@dataclass(frozen=True)
class Street:
    """A street office or town, with the assumed centre that its sites lie around."""

    code: str
    name: str
    district: str
    district_name: str
    communities: tuple[Community, ...]
    lat: float
    lon: float

    @property
    def short(self) -> str:
        """The name without its kind."""
        return self.name.removesuffix("街道").removesuffix("镇").removesuffix("乡")


@dataclass(frozen=True)
class Checklist:
    """A checklist version as far as somebody who fills it in sees it."""

    code: str
    version: int
    category: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class ReportText:
    """What somebody reports without a task, with its line and category."""

    text: str
    line: str
    category: str


@dataclass(frozen=True)
class Phrases:
    """Words for the demo: names of shops and people, and what inspectors write."""

    places: Mapping[str, tuple[str, ...]]  # by category of site, `*` for the rest
    na_reasons: tuple[str, ...]
    notes: Mapping[str, tuple[str, ...]]
    site_names: Mapping[str, tuple[str, ...]]
    surnames: str
    given_names: tuple[str, ...]
    work: Mapping[str, tuple[str, str, int]]  # by line, `*` for the rest: kind, unit, at the most
    moves: Mapping[str, tuple[str, ...]]  # what is said with a move of a case
    reports: Mapping[str, tuple[ReportText, ...]]  # by the source of the report

    def places_at(self, category: str) -> tuple[str, ...]:
        """Where at a site of a category a fault may be."""
        return self.places.get(category, self.places["*"])


@dataclass(frozen=True)
class Unit:
    """A unit of any kind, with the one above it."""

    code: str
    name: str
    kind: str
    parent: str | None


@dataclass(frozen=True)
class Category:
    """A problem category with its time limits: (condition, value, unit)."""

    scheme: str
    code: str
    version: str
    limits: tuple[tuple[str, int, str], ...]

    @property
    def is_quick(self) -> bool:
        """Whether its strictest limit is a matter of hours."""
        return any(unit in _IN_HOURS for _, _, unit in self.limits)

    @property
    def long_condition(self) -> str | None:
        """The condition that leaves two working weeks or more."""
        long = (name for name, value, unit in self.limits if unit in _IN_DAYS and value >= _LONG)
        return next(long, None)

    @property
    def as_json(self) -> dict[str, str]:
        """As a report names it."""
        return {"scheme": self.scheme, "code": self.code, "version": self.version}


@dataclass(frozen=True)
class City:
    """The demo city."""

    root: str
    campaign: str
    crs: str
    streets: Mapping[str, Street]
    districts: tuple[str, ...]
    checklists: Mapping[str, Checklist]
    phrases: Phrases
    published: Mapping[str, tuple[str, ...]]
    bureau_lines: Mapping[str, tuple[str, ...]]
    units: Mapping[str, Unit]
    answering: tuple[str, ...]
    categories: Mapping[str, Category]

    def in_published_order(self, league: str) -> list[Street]:
        """The streets of a league, the published first one first."""
        return [self.streets[code] for code in self.published[league]]

    def checklist_for(self, category: str) -> Checklist:
        """The checklist for a category of sites."""
        return next(each for each in self.checklists.values() if each.category == category)


@lru_cache(maxsize=4)
def read_city(folder: Path = CITY_FOLDER) -> City:
    """The city of a folder; the files are read once per process."""
    units = _read(folder, "units.json")
    centres = _read(folder, "site-centres.json")
    campaign = _read(folder, "campaign.json")
    streets = _streets(units, centres)
    return City(
        root=_read(folder, "city.json")["root"],
        campaign=campaign["code"],
        crs=centres["crs"],
        streets=streets,
        districts=tuple(each["code"] for each in units if each["kind"] == "district"),
        checklists={each["code"]: _checklist(each) for each in _read(folder, "checklists.json")},
        phrases=_phrases(_read(folder, "demo-phrases.json")),
        published=_published(_read(folder, "published-2018-09-14.json"), streets),
        bureau_lines=_bureau_lines(campaign),
        units={each["code"]: _unit(each) for each in units},
        answering=tuple(
            dict.fromkeys(each["unit"] for each in _read(folder, "responsibilities.json"))
        ),
        categories={each["code"]: _category(each) for each in _read(folder, "categories.json")},
    )


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _streets(units: list[dict[str, Any]], centres: dict[str, Any]) -> dict[str, Street]:
    names = {each["code"]: each["name_zh"] for each in units}
    where = {each["street"]: (each["lat"], each["lon"]) for each in centres["streets"]}
    below: dict[str, list[Community]] = {}
    for each in units:
        if each["kind"] == "community":
            community = Community(code=each["code"], name=each["name_zh"])
            below.setdefault(each["parent"], []).append(community)
    return {
        each["code"]: Street(
            code=each["code"],
            name=each["name_zh"],
            district=each["parent"],
            district_name=names[each["parent"]],
            communities=tuple(below.get(each["code"], ())),
            lat=where[each["code"]][0],
            lon=where[each["code"]][1],
        )
        for each in units
        if each["kind"] == "street"
    }


def _checklist(raw: dict[str, Any]) -> Checklist:
    return Checklist(
        code=raw["code"],
        version=raw["version"],
        category=raw["site_category"],
        items=read_items(raw["items"]),
    )


def _unit(raw: dict[str, Any]) -> Unit:
    return Unit(raw["code"], raw["name_zh"], raw["kind"], raw["parent"])


def _category(raw: dict[str, Any]) -> Category:
    limits = tuple(
        (each["condition"], each["value"], each["unit"]) for each in raw.get("limits") or ()
    )
    return Category(raw["scheme"], raw["code"], raw["version"], limits)


def _phrases(raw: dict[str, Any]) -> Phrases:
    return Phrases(
        places={kind: tuple(places) for kind, places in raw["places"].items()},
        na_reasons=tuple(raw["na_reasons"]),
        notes={code: tuple(notes) for code, notes in raw["notes"].items()},
        site_names={category: tuple(names) for category, names in raw["site_names"].items()},
        surnames=raw["surnames"],
        given_names=tuple(raw["given_names"]),
        work={line: (kind, unit, most) for line, (kind, unit, most) in raw["work"].items()},
        moves={move: tuple(texts) for move, texts in raw["moves"].items()},
        reports={
            source: tuple(ReportText(**each) for each in texts)
            for source, texts in raw["reports"].items()
        },
    )


def _published(raw: dict[str, Any], streets: Mapping[str, Street]) -> dict[str, tuple[str, ...]]:
    codes = {(each.district_name, each.name): code for code, each in streets.items()}
    return {
        league["code"]: tuple(
            codes[each["district"], each["unit"]]
            for each in sorted(league["entrants"], key=lambda entry: int(entry["rank"]))
        )
        for league in raw["leagues"]
        if league["code"] in STREET_LEAGUES
    }


def _bureau_lines(campaign: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    league = next(each for each in campaign["leagues"] if each["code"] == "city-bureaus")
    lines: dict[str, tuple[str, ...]] = {}
    for entrant in league["entrants"]:
        lines[entrant["unit"]] = lines.get(entrant["unit"], ()) + tuple(entrant["lines"])
    return lines
