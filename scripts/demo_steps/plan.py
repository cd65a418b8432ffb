"""The plan of the demo's round: who visits which site with which checklist.

Everything follows from a seed except the passwords. The results are plain dicts in the formats of
the round file and the users file, so that the demo loads them with the same commands as a city
would, and a `Stop` per site for the part that plays the phones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.demo_steps.city_files import (
    CITY_FOLDER,
    STREET_LEAGUES,
    Checklist,
    City,
    read_city,
)
from scripts.demo_steps.people import inspector_login, make_users
from scripts.demo_steps.places import Place, make_places, usual_kinds

ROUND_CODE = "2018-09-first"
ROUND_NAME = "集中攻坚第一次检查"
OPENS_AT = "2018-09-03T00:00:00+08:00"
CLOSES_AT = "2018-09-13T23:59:59+08:00"
INSPECTORS = 24
SITES_PER_STREET = 10


@dataclass(frozen=True)
class Stop:
    """One task of one inspector: a site, its checklist and the league its street stands in."""

    place: Place
    checklist: Checklist
    inspector: str
    league: str


@dataclass(frozen=True)
class DemoPlan:
    """The whole round."""

    city: City
    seed: int
    round_file: dict[str, Any]
    users: list[dict[str, Any]]
    stops: tuple[Stop, ...]

    def of(self, login: str) -> list[Stop]:
        """The stops of one inspector, in the order of the route."""
        return [each for each in self.stops if each.inspector == login]

    def inspectors(self) -> list[dict[str, Any]]:
        """The users who inspect."""
        return [each for each in self.users if each["role"] == "inspector"]


def build_plan(
    seed: int,
    passwords: random.Random,
    *,
    folder: Path = CITY_FOLDER,
    inspectors: int = INSPECTORS,
    kinds: Mapping[str, Sequence[str]] | None = None,
) -> DemoPlan:
    """The round of a seed. `passwords` should be a `random.SystemRandom` outside tests.

    `kinds` says which sites each street has (by its code); without it, the usual ones.
    """
    city = read_city(folder)
    stops = _stops(city, seed, inspectors, kinds)
    users = make_users(city, random.Random(f"people {seed}"), passwords, inspectors)
    return DemoPlan(
        city=city,
        seed=seed,
        round_file=_round_file(city, stops),
        users=users,
        stops=stops,
    )


def _stops(
    city: City, seed: int, inspectors: int, kinds: Mapping[str, Sequence[str]] | None
) -> tuple[Stop, ...]:
    """All sites, street by street in a drawn order, dealt out in equal routes."""
    draw = random.Random(f"routes {seed}")
    streets = [(league, street) for league in STREET_LEAGUES for street in city.published[league]]
    draw.shuffle(streets)
    sites: list[tuple[str, Place]] = []
    for league, code in streets:
        draw_of_street = random.Random(f"places {seed} {code}")
        chosen = kinds[code] if kinds else _usual(league, draw_of_street)
        places = make_places(city, city.streets[code], chosen, draw_of_street)
        sites += [(league, place) for place in places]
    return tuple(
        Stop(
            place=place,
            checklist=city.checklist_for(place.category),
            inspector=inspector_login(index * inspectors // len(sites) + 1),
            league=league,
        )
        for index, (league, place) in enumerate(sites)
    )


def _usual(league: str, draw: random.Random) -> list[str]:
    return usual_kinds(central=league == STREET_LEAGUES[0], count=SITES_PER_STREET, draw=draw)


def _round_file(city: City, stops: tuple[Stop, ...]) -> dict[str, Any]:
    return {
        "campaign": city.campaign,
        "code": ROUND_CODE,
        "name_zh": ROUND_NAME,
        "name_en": "First inspection of the concentrated phase",
        "source": "city_team",
        "period": "special",
        "announced": True,
        "opens_at": OPENS_AT,
        "closes_at": CLOSES_AT,
        "state": "open",
        "sites": [_site(each.place) for each in stops],
        "tasks": [_task(each) for each in stops],
    }


def _site(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "category": place.category,
        "unit": place.unit,
        "location": place.location,
    }


def _task(stop: Stop) -> dict[str, Any]:
    return {
        "site": stop.place.code,
        "checklist": {"code": stop.checklist.code, "version": stop.checklist.version},
        "members": [stop.inspector],
    }
