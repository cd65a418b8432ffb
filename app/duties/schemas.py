"""Wire shapes of responsibilities, special groups and grid cells."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.duties.rules import GroupKind, MemberRole, Verdict
from app.kit.geo import Crs
from app.organisation.locating import PlaceSource
from app.organisation.schemas import BoundaryOut, GeometryOut, LongName, ShortName, UnitCode
from app.web.wire import Code, Named, Text, Wire

Codes = Annotated[list[Code], Field(max_length=500)]


class PersonRef(Wire):
    """Somebody who is named for a duty; ``active`` is false once the account is closed."""

    login: str
    name: str
    active: bool


class ResponsibilityIn(Wire):
    """A unit answers for a line in an area; people by login; from today if no day is given."""

    area: UnitCode
    line: Code
    unit: UnitCode
    leader: Code | None = None
    coordinator: Code | None = None
    handler: Code | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class LastDayIn(Wire):
    on: date


class ResponsibilityOut(Wire):
    id: UUID
    area: Named
    line: Named
    unit: Named
    leader: PersonRef | None
    coordinator: PersonRef | None
    handler: PersonRef | None
    valid_from: date
    valid_to: date | None


class ResponsibilityPage(Wire):
    items: list[ResponsibilityOut]
    next_cursor: str | None


class ReasonOut(Wire):
    """One step of the reasoning, from the place upwards."""

    area: Named
    responsibility: ResponsibilityOut | None
    verdict: Verdict
    text: str


class PlaceOut(Wire):
    """The place that was meant, and what it was decided by."""

    unit: Named
    chain: list[Named]
    source: PlaceSource | None
    boundary: BoundaryOut | None


class AnswerableOut(Wire):
    """Who answers at a place for a line on a day; null where nobody does."""

    place: PlaceOut
    line: Named
    on: date
    answerable: ResponsibilityOut | None
    reasons: list[ReasonOut]


class MemberIn(Wire):
    """A unit or a person, never both."""

    unit: UnitCode | None = None
    person: Code | None = None
    role: MemberRole = MemberRole.MEMBER

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.unit is None) == (self.person is None):
            raise ValueError("name a unit or a person")
        return self


class GroupChangeIn(Wire):
    """The whole content of a group."""

    kind: GroupKind
    parent: UnitCode | None = None
    name_zh: ShortName
    name_en: LongName | None = None
    lines: Codes
    areas: Codes
    sites: Codes
    members: Annotated[list[MemberIn], Field(max_length=500)]


class GroupIn(GroupChangeIn):
    code: UnitCode
    valid_from: date | None = None


class MemberOut(Wire):
    unit: Named | None
    person: PersonRef | None
    role: MemberRole


class GroupOut(Wire):
    code: str
    kind: GroupKind
    parent: str | None
    name: str
    lines: list[Named]
    areas: list[Named]
    sites: list[Named]
    members: list[MemberOut]
    valid_from: date
    valid_to: date | None


class GroupPage(Wire):
    items: list[GroupOut]
    next_cursor: str | None


class OutlineIn(Wire):
    """A GeoJSON Polygon or MultiPolygon, longitude first, in the system that is named."""

    geometry: dict[str, Any]
    crs: Crs
    source: Annotated[Text, Field(min_length=1, max_length=300)]


class GridCellIn(Wire):
    scheme: Annotated[Text, Field(min_length=1, max_length=20)]
    code: UnitCode
    unit: UnitCode
    person: Code | None = None
    boundary: OutlineIn | None = None
    valid_from: date | None = None


class GridCellOut(Wire):
    scheme: str
    code: str
    unit: Named
    person: PersonRef | None
    boundary_source: str | None
    boundary_crs: Crs | None
    geometry: GeometryOut | None
    valid_from: date
    valid_to: date | None


class GridCellPage(Wire):
    items: list[GridCellOut]
    next_cursor: str | None
