"""Wire shapes of sites."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.sites.rules import RoadClass, SiteState
from app.web.wire import Code, Location, Named, Note, Text, Wire

_MOST_LINES = 20
SiteCode = Annotated[Text, Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z._-]+$")]
Name = Annotated[Text, Field(min_length=1, max_length=100, pattern=r"\S", examples=["南通路公厕"])]
Category = Annotated[Text, Field(min_length=1, max_length=40)]
Reason = Annotated[
    Text, Field(min_length=1, max_length=500, pattern=r"\S", examples=["与已有点位重复"])
]
UnitCode = Annotated[Text, Field(min_length=1, max_length=40)]


class SiteOut(Wire):
    code: str
    name: str
    category: str
    unit: Named
    location: Location | None


class ResponsibleOut(Wire):
    """Who answers for the place on the spot; a name and a unit, never a telephone number."""

    name: str | None
    unit: Named | None
    login: str | None


class RoadOut(Wire):
    """The class of a road and, where the city has said so, the standard it is kept to."""

    road_class: RoadClass
    name: str | None
    standard: str | None


class WaitingMoveOut(Wire):
    """A new place that waits for the unit's decision."""

    id: UUID
    location: Location
    note: str | None


class SiteDetailOut(SiteOut):
    """``waiting_move``: somebody found the site elsewhere; the unit confirms or refuses."""

    id: UUID
    state: SiteState
    lines: list[Named]
    road: RoadOut | None
    responsible: ResponsibleOut | None
    valid_from: date
    valid_to: date | None
    waiting_move: WaitingMoveOut | None


class SitePage(Wire):
    items: list[SiteDetailOut]
    next_cursor: str | None


class NearSiteOut(SiteDetailOut):
    distance_m: float


class NearSitesOut(Wire):
    """The nearest first; ``complete`` is false where more lie within the radius."""

    items: list[NearSiteOut]
    complete: bool


class ResponsibleIn(Wire):
    name: Name | None = None
    unit: UnitCode | None = None
    login: Annotated[Text, Field(min_length=1, max_length=64)] | None = None


class SiteContentIn(Wire):
    """All that people say about a site but its place; it replaces what was said before."""

    name: Name
    category: Category
    unit: UnitCode
    lines: Annotated[list[Code], Field(max_length=_MOST_LINES)] = Field(default_factory=list)
    road_class: RoadClass | None = None
    responsible: ResponsibleIn | None = None


class SiteIn(SiteContentIn):
    """``id`` is made by the phone; without ``code`` it is the site's code too."""

    id: UUID
    code: SiteCode | None = None
    location: Location | None = None


class MoveIn(Wire):
    """``id`` is made by the phone, so that a repeat is told from another move."""

    id: UUID
    location: Location
    note: Note | None = None


class ReasonIn(Wire):
    reason: Reason
