"""Between rows of the organisation and their wire shapes."""

from collections.abc import Mapping
from uuid import UUID

from app.kit.shapes import coordinates_of
from app.organisation.locating import Located
from app.organisation.rules import codes_of
from app.organisation.schemas import (
    BoundaryOut,
    CategoryEntryOut,
    GeometryOut,
    LocatedOut,
    NeighbourOut,
    PlaceUnitOut,
    ReadingOut,
    UnitDetailOut,
    UnitOut,
)
from app.organisation.tables import Category, Unit, UnitBoundary
from app.web.language import Language, pick
from app.web.wire import Named

_TOLERANCE_M = 10.0
_DECIMALS = 6


def named(unit: Unit, language: Language) -> Named:
    """A unit as code and name."""
    return Named(code=unit.code, name=pick(language, unit.name_zh, unit.name_en))


def chain_of(unit: Unit, above: Mapping[str, Unit], language: Language) -> list[Named]:
    """The units from the city down to one, by ``above`` as found by their codes."""
    return [named(above[code], language) for code in codes_of(unit.path)]


def unit_out(unit: Unit, successors: Mapping[UUID, Unit], language: Language) -> UnitOut:
    """A unit on the wire."""
    heir = successors[unit.successor_id] if unit.successor_id else None
    return UnitOut(
        code=unit.code,
        scheme=unit.scheme,
        kind=unit.kind,
        name=pick(language, unit.name_zh, unit.name_en),
        full_name=unit.full_name_zh,
        path=codes_of(unit.path),
        valid_from=unit.valid_from,
        valid_to=unit.valid_to,
        successor=heir.code if heir else None,
    )


def unit_detail_out(
    unit: Unit,
    heir: Unit | None,
    chain: list[Named],
    children: int,
    boundary: BoundaryOut | None,
    language: Language,
) -> UnitDetailOut:
    """A unit with what stands around it."""
    head = unit_out(unit, {heir.id: heir} if heir else {}, language)
    return UnitDetailOut(
        **head.model_dump(),
        chain=chain,
        successor_unit=named(heir, language) if heir else None,
        children=children,
        boundary=boundary,
    )


def boundary_out(row: UnitBoundary, *, with_geometry: bool) -> BoundaryOut:
    """A boundary on the wire; its simplified shape only where it is asked for."""
    geometry = None
    if with_geometry:
        coordinates = coordinates_of(row.shape, tolerance_m=_TOLERANCE_M)
        geometry = GeometryOut(type="MultiPolygon", coordinates=coordinates)
    return BoundaryOut(
        source=row.source,
        synthetic=row.synthetic,
        crs=row.crs,
        repaired=row.repaired,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        area_m2=round(row.area_m2),
        bbox=[round(side, _DECIMALS) for side in (row.west, row.south, row.east, row.north)],
        geometry=geometry,
    )


def place_unit(unit: Unit, language: Language) -> PlaceUnitOut:
    """A unit as a place."""
    name = pick(language, unit.name_zh, unit.name_en)
    return PlaceUnitOut(code=unit.code, name=name, kind=unit.kind)


def located_out(
    found: Located, boundary: UnitBoundary, chain: list[Named], language: Language
) -> LocatedOut:
    """Where a point lies, on the wire."""
    return LocatedOut(
        unit=place_unit(found.place.unit, language),
        chain=chain,
        boundary=boundary_out(boundary, with_geometry=False),
        lat=round(found.point.lat, _DECIMALS + 2),
        lon=round(found.point.lon, _DECIMALS + 2),
        outline_m=round(found.outline_m, 1),
        near_border=[
            NeighbourOut(
                **place_unit(one.unit, language).model_dump(),
                inside=one.inside,
                outline_m=round(one.outline_m, 1),
            )
            for one in found.neighbours
        ],
        crs_suspect=[
            ReadingOut(crs=one.crs, unit=place_unit(one.unit, language)) for one in found.readings
        ],
    )


def category_entry_out(category: Category, language: Language) -> CategoryEntryOut:
    """A problem category on the wire."""
    return CategoryEntryOut(
        scheme=category.scheme,
        code=category.code,
        version=category.version,
        kind=category.kind,
        name=pick(language, category.name_zh, category.name_en),
    )
