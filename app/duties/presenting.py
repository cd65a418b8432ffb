"""Between rows of duties and their wire shapes."""

from app.duties.queries import Cell, Duty, Group, Member
from app.duties.schemas import (
    GridCellOut,
    GroupOut,
    MemberOut,
    PersonRef,
    ResponsibilityOut,
)
from app.kit.shapes import coordinates_of
from app.organisation.presenting import named
from app.organisation.schemas import GeometryOut
from app.organisation.tables import Line
from app.people.tables import Person
from app.web.language import Language, pick
from app.web.wire import Named

_TOLERANCE_M = 1.0


def line_named(line: Line, language: Language) -> Named:
    """A line as code and name."""
    return Named(code=line.code, name=pick(language, line.name_zh, line.name_en))


def person_ref(person: Person | None) -> PersonRef | None:
    """Somebody as others refer to him."""
    if person is None:
        return None
    return PersonRef(login=person.login, name=person.name, active=person.disabled_at is None)


def responsibility_out(duty: Duty, language: Language) -> ResponsibilityOut:
    """A responsibility on the wire."""
    return ResponsibilityOut(
        id=duty.row.id,
        area=named(duty.area, language),
        line=line_named(duty.line, language),
        unit=named(duty.unit, language),
        leader=person_ref(duty.leader),
        coordinator=person_ref(duty.coordinator),
        handler=person_ref(duty.handler),
        valid_from=duty.row.valid_from,
        valid_to=duty.row.valid_to,
    )


def group_out(group: Group, language: Language) -> GroupOut:
    """A special group on the wire."""
    row = group.row
    return GroupOut(
        code=row.code,
        kind=row.kind,
        parent=group.parent.code if group.parent else None,
        name=pick(language, row.name_zh, row.name_en),
        lines=[line_named(line, language) for line in group.lines],
        areas=[named(area, language) for area in group.areas],
        sites=[Named(code=site.code, name=site.name) for site in group.sites],
        members=[_member_out(member, language) for member in group.members],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _member_out(member: Member, language: Language) -> MemberOut:
    return MemberOut(
        unit=named(member.unit, language) if member.unit else None,
        person=person_ref(member.person),
        role=member.row.role,
    )


def cell_out(cell: Cell, language: Language, *, with_geometry: bool) -> GridCellOut:
    """A grid cell on the wire; its shape only where it is asked for."""
    row, geometry = cell.row, None
    if with_geometry and row.shape is not None:
        coordinates = coordinates_of(row.shape, tolerance_m=_TOLERANCE_M)
        geometry = GeometryOut(type="MultiPolygon", coordinates=coordinates)
    return GridCellOut(
        scheme=row.scheme,
        code=row.code,
        unit=named(cell.unit, language),
        person=person_ref(cell.person),
        boundary_source=row.source,
        boundary_crs=row.crs,
        geometry=geometry,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
