"""Wire shapes of units, their boundaries, lines and categories."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.kit.geo import Crs
from app.organisation.rules import CategoryKind, UnitKind
from app.web.wire import Named, Text, Wire

UnitCode = Annotated[Text, Field(pattern=r"^[0-9A-Za-z.-]{1,40}$")]
ShortName = Annotated[Text, Field(min_length=1, max_length=100)]
LongName = Annotated[Text, Field(min_length=1, max_length=200)]


class NamesIn(Wire):
    """What a unit is called; a name that is left out is none."""

    name_zh: ShortName
    full_name_zh: LongName | None = None
    name_en: LongName | None = None


class UnitIn(NamesIn):
    """A new unit; valid from today if no day is given."""

    code: UnitCode
    scheme: Annotated[Text, Field(min_length=1, max_length=20)]
    kind: UnitKind
    parent: UnitCode
    valid_from: date | None = None


class UnitEndIn(Wire):
    """The last day of a unit, and who follows it."""

    on: date
    successor: UnitCode | None = None


class UnitOut(Wire):
    code: str
    scheme: str
    kind: UnitKind
    name: str
    full_name: str | None
    path: list[str]
    valid_from: date
    valid_to: date | None
    successor: str | None


class UnitPage(Wire):
    items: list[UnitOut]
    next_cursor: str | None


class GeometryOut(Wire):
    """A GeoJSON MultiPolygon in WGS-84: longitude before latitude."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[list[float]]]]


class BoundaryOut(Wire):
    """Where the outline comes from; ``crs`` is the system in which it was given."""

    source: str
    synthetic: bool
    crs: Crs
    repaired: bool
    valid_from: date
    valid_to: date | None
    area_m2: int
    bbox: list[float]
    geometry: GeometryOut | None


class UnitDetailOut(UnitOut):
    chain: list[Named]
    successor_unit: Named | None
    children: int
    boundary: BoundaryOut | None


class PlaceUnitOut(Named):
    kind: UnitKind


class NeighbourOut(PlaceUnitOut):
    """Another unit that the point may belong to: it overlaps, or its outline is near."""

    inside: bool
    outline_m: float


class ReadingOut(Wire):
    """The unit in which the coordinates would lie if they were of another system."""

    crs: Crs
    unit: PlaceUnitOut


class LocatedOut(Wire):
    """The deepest known unit at a point, what says so, and what casts doubt on it."""

    unit: PlaceUnitOut
    chain: list[Named]
    boundary: BoundaryOut
    lat: float
    lon: float
    outline_m: float
    near_border: list[NeighbourOut]
    crs_suspect: list[ReadingOut]


class LinePage(Wire):
    items: list[Named]
    next_cursor: str | None


class CategoryEntryOut(Wire):
    scheme: str
    code: str
    version: str
    kind: CategoryKind
    name: str


class CategoryPage(Wire):
    items: list[CategoryEntryOut]
    next_cursor: str | None
