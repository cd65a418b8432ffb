"""The sites of a street: which kinds, what they are called, where they lie.

The facts name streets and communities but no sites, so sites are made: the mix of kinds follows
what a street has (a town has villages and a market, a central street has windows and roads), every
site belongs to a real community, and positions are strewn around an assumed street centre.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.demo_steps.city_files import City, Community, Street

_ALWAYS = ("社区", "楼院", "背街小巷", "四小门店", "两小门店", "小超市小五金", "公厕", "主次干道")
_MORE_IN_TOWN = ("城中村", "农贸市场", "城中村", "两小门店", "背街小巷")
_MORE_IN_CENTRE = ("窗口单位", "楼院", "农贸市场", "城中村", "背街小巷", "窗口单位")
_ROAD = "主次干道"
_SPREAD_DEG = 0.006  # about 600 m


@dataclass(frozen=True)
class Place:
    """A site of the round, with the names that photos and tables show."""

    code: str
    name: str
    category: str
    unit: str
    street: Street
    lat: float
    lon: float
    crs: str

    @property
    def location(self) -> dict[str, Any]:
        """The position as the round file and the wire write it, without an accuracy."""
        return {"lat": self.lat, "lon": self.lon, "crs": self.crs}


def make_places(
    city: City, street: Street, kinds: Sequence[str], draw: random.Random
) -> list[Place]:
    """The sites of one street, one of each kind; names are distinct within it."""
    owners = _owners(street, len(kinds), draw)
    taken: set[str] = set()
    places = []
    for number, (kind, owner) in enumerate(zip(kinds, owners, strict=True), start=1):
        name = _free_name(city, street, kind, owner, taken, draw)
        taken.add(name)
        places.append(
            Place(
                code=f"{street.code}-{number:02d}",
                name=name,
                category=kind,
                unit=street.code if kind == _ROAD else owner.code,
                street=street,
                lat=round(street.lat + draw.uniform(-_SPREAD_DEG, _SPREAD_DEG), 6),
                lon=round(street.lon + draw.uniform(-_SPREAD_DEG, _SPREAD_DEG), 6),
                crs=city.crs,
            )
        )
    return places


def usual_kinds(*, central: bool, count: int, draw: random.Random) -> list[str]:
    """The kinds of a street's sites: one of each usual kind, the rest by the sort of street."""
    more = _MORE_IN_CENTRE if central else _MORE_IN_TOWN
    kinds = [*_ALWAYS, more[0]]
    while len(kinds) < count:
        kinds.append(draw.choice(more[1:]))
    return kinds[:count]


def _owners(street: Street, count: int, draw: random.Random) -> list[Community]:
    """The community of each site; all get one before any gets a second."""
    owners: list[Community] = []
    while len(owners) < count:
        owners += draw.sample(street.communities, len(street.communities))
    return owners[:count]


def _free_name(
    city: City, street: Street, kind: str, owner: Community, taken: set[str], draw: random.Random
) -> str:
    names = [
        pattern.format(c=owner.short, s=street.short) for pattern in _patterns(city, kind, owner)
    ]
    draw.shuffle(names)
    for name in names:
        if name not in taken:
            return name
    return next(f"{names[0]}（{n}）" for n in range(2, 1000) if f"{names[0]}（{n}）" not in taken)


def _patterns(city: City, kind: str, owner: Community) -> list[str]:
    if kind == "社区":
        return [f"{owner.village}村委会"] if owner.is_village else ["{c}社区"]
    if kind == "城中村" and owner.is_village:
        return [owner.village, f"{owner.village}东头"]
    if kind == "城中村":
        return ["{c}城中村片区", "{s}旧村片区"]
    return list(city.phrases.site_names[kind])
