"""Who answers for what, special groups, cells of the grid."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from app.duties import answering, cells, groups, queries, service
from app.duties.presenting import (
    cell_out,
    group_out,
    line_named,
    responsibility_out,
)
from app.duties.rules import VERDICT_LABELS
from app.duties.schemas import (
    AnswerableOut,
    GridCellIn,
    GridCellOut,
    GridCellPage,
    GroupChangeIn,
    GroupIn,
    GroupOut,
    GroupPage,
    LastDayIn,
    PlaceOut,
    ReasonOut,
    ResponsibilityIn,
    ResponsibilityOut,
    ResponsibilityPage,
)
from app.kit.geo import Crs, Point
from app.organisation.presenting import boundary_out, chain_of, named
from app.organisation.routes import Day, Manager, Reader, today
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language, pick
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["organisation"], responses=error_replies(401, 403))
_ANY_DAY = Query(description="YYYY-MM-DD; all that ever held if missing")


@router.get(
    "/responsibilities", summary="责任分工 · Responsibilities", responses=error_replies(404)
)
def list_responsibilities(
    tx: Tx,
    reader: Reader,
    language: Lang,
    paging: Paged,
    area: Code | None = None,
    line: Code | None = None,
    unit: Code | None = None,
    on: Annotated[date | None, _ANY_DAY] = None,
) -> ResponsibilityPage:
    """Which unit answers for which line in which area, with leader, coordinator and handler."""
    page = queries.list_duties(
        tx, area=area, line=line, unit=unit, on=on, after=paging.after_id(), limit=paging.limit
    )
    items = [responsibility_out(duty, language) for duty in page.items]
    return ResponsibilityPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/responsibilities",
    status_code=201,
    summary="新增责任分工 · Add a responsibility",
    responses=error_replies(409),
)
def add_responsibility(
    tx: Tx, manager: Manager, request: Request, language: Lang, body: ResponsibilityIn
) -> ResponsibilityOut:
    """A unit answers from a day on; to change who answers, end the old one and add a new one."""
    duty = service.add_responsibility(
        tx,
        by=manager.postings,
        area=body.area,
        line=body.line,
        unit=body.unit,
        persons={kind: getattr(body, kind) for kind in service.KINDS},
        valid_from=body.valid_from or today(tx, request),
        valid_to=body.valid_to,
    )
    return responsibility_out(duty, language)


@router.post(
    "/responsibilities/{responsibility_id}/end",
    summary="终止责任分工 · End a responsibility",
    responses=error_replies(404, 409),
)
def end_responsibility(
    tx: Tx, manager: Manager, language: Lang, responsibility_id: UUID, body: LastDayIn
) -> ResponsibilityOut:
    """The last day of a responsibility; what was answered till then stays as it is."""
    duty = service.end_responsibility(
        tx, by=manager.postings, responsibility_id=responsibility_id, on=body.on
    )
    return responsibility_out(duty, language)


@router.get(
    "/responsibilities:answerable",
    summary="谁来负责 · Who answers here",
    responses=error_replies(404),
)
def explain_answerable(
    tx: Tx,
    reader: Reader,
    request: Request,
    language: Lang,
    line: Code,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    crs: Crs | None = None,
    unit: Code | None = None,
    site: Code | None = None,
    on: Day = None,
) -> AnswerableOut:
    """Who answers for a line at a point, in a unit or at a site on a day, and why nobody nearer."""
    point = Point(lat, lon) if lat is not None and lon is not None else None
    asked = answering.Asked(point=point, crs=crs, unit=unit, site=site)
    day = on or today(tx, request)
    found = answering.explain(tx, by=reader.postings, asked=asked, line=line, on=day)
    return _answerable_out(found, day, language)


def _answerable_out(found: answering.Reasons, on: date, language: Language) -> AnswerableOut:
    boundary = found.place.boundary if found.place else None
    answer = found.answer
    return AnswerableOut(
        place=PlaceOut(
            unit=named(found.unit, language),
            chain=chain_of(found.unit, found.chain, language),
            source=found.place.source if found.place else None,
            boundary=boundary_out(boundary, with_geometry=False) if boundary else None,
        ),
        line=line_named(found.line, language),
        on=on,
        answerable=responsibility_out(answer, language) if answer else None,
        reasons=[
            ReasonOut(
                area=named(found.chain[step.area_code], language),
                responsibility=(
                    responsibility_out(found.duties[step.entry_id], language)
                    if step.entry_id
                    else None
                ),
                verdict=step.verdict,
                text=pick(language, *VERDICT_LABELS[step.verdict]),
            )
            for step in found.steps
        ],
    )


@router.get("/groups", summary="专项指挥部 · Special groups")
def list_groups(
    tx: Tx, reader: Reader, request: Request, language: Lang, on: Day = None
) -> GroupPage:
    """The office and its commands on a day; there are few, so the list is never cut."""
    found = queries.list_groups(tx, reader.postings, on=on or today(tx, request))
    return GroupPage(items=[group_out(group, language) for group in found], next_cursor=None)


@router.post(
    "/groups",
    status_code=201,
    summary="设立专项指挥部 · Set up a special group",
    responses=error_replies(409),
)
def create_group(
    tx: Tx, manager: Manager, request: Request, language: Lang, body: GroupIn
) -> GroupOut:
    """A group with its lines, areas, sites and members."""
    begins = body.valid_from or today(tx, request)
    groups.create_group(
        tx, by=manager.postings, code=body.code, given=_given(body), valid_from=begins
    )
    return group_out(queries.get_group(tx, body.code, manager.postings), language)


@router.get("/groups/{code}", summary="一个专项指挥部 · One group", responses=error_replies(404))
def get_group(tx: Tx, reader: Reader, language: Lang, code: Code) -> GroupOut:
    """A group with its lines, areas, sites and members."""
    return group_out(queries.get_group(tx, code, reader.postings), language)


@router.post(
    "/groups/{code}/change",
    summary="调整专项指挥部 · Change a group",
    responses=error_replies(404, 409),
)
def change_group(
    tx: Tx, manager: Manager, request: Request, language: Lang, code: Code, body: GroupChangeIn
) -> GroupOut:
    """The whole content of a group anew."""
    groups.change_group(
        tx, by=manager.postings, code=code, given=_given(body), on=today(tx, request)
    )
    return group_out(queries.get_group(tx, code, manager.postings), language)


@router.post(
    "/groups/{code}/end",
    summary="撤销专项指挥部 · End a group",
    responses=error_replies(404, 409),
)
def end_group(tx: Tx, manager: Manager, language: Lang, code: Code, body: LastDayIn) -> GroupOut:
    """The last day of a group."""
    groups.end_group(tx, by=manager.postings, code=code, on=body.on)
    return group_out(queries.get_group(tx, code, manager.postings), language)


@router.get("/grid-cells", summary="网格 · Grid cells", responses=error_replies(404))
def list_grid_cells(
    tx: Tx,
    reader: Reader,
    request: Request,
    language: Lang,
    paging: Paged,
    on: Day = None,
    scheme: Code | None = None,
    unit: Code | None = None,
) -> GridCellPage:
    """The cells of a day, of one unit and all below it, by scheme and code."""
    page = queries.list_cells(
        tx,
        on=on or today(tx, request),
        scheme=scheme,
        unit=unit,
        after=paging.after_codes(2),
        limit=paging.limit,
    )
    items = [cell_out(cell, language, with_geometry=False) for cell in page.items]
    return GridCellPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/grid-cells",
    status_code=201,
    summary="划定网格 · Create a grid cell",
    responses=error_replies(409),
)
def create_grid_cell(
    tx: Tx, manager: Manager, request: Request, language: Lang, body: GridCellIn
) -> GridCellOut:
    """A cell in a street or community; to change one, end it and create it anew."""
    outline = body.boundary
    cell = cells.create_cell(
        tx,
        by=manager.postings,
        scheme=body.scheme,
        code=body.code,
        unit=body.unit,
        person=body.person,
        outline=cells.OutlineGiven(outline.geometry, outline.crs, outline.source)
        if outline
        else None,
        valid_from=body.valid_from or today(tx, request),
    )
    return cell_out(cell, language, with_geometry=outline is not None)


@router.get(
    "/grid-cells/{scheme}/{code}", summary="一个网格 · One grid cell", responses=error_replies(404)
)
def get_grid_cell(
    tx: Tx, reader: Reader, language: Lang, scheme: Code, code: Code, geometry: bool = False
) -> GridCellOut:
    """A cell by its scheme and code, valid or ended."""
    return cell_out(queries.get_cell(tx, scheme, code), language, with_geometry=geometry)


@router.post(
    "/grid-cells/{scheme}/{code}/end",
    summary="撤销网格 · End a grid cell",
    responses=error_replies(404, 409),
)
def end_grid_cell(
    tx: Tx, manager: Manager, language: Lang, scheme: Code, code: Code, body: LastDayIn
) -> GridCellOut:
    """The last day of a cell."""
    cell = cells.end_cell(tx, by=manager.postings, scheme=scheme, code=code, on=body.on)
    return cell_out(cell, language, with_geometry=False)


def _given(body: GroupChangeIn) -> groups.GroupGiven:
    return groups.GroupGiven(
        kind=body.kind,
        parent=body.parent,
        name_zh=body.name_zh,
        name_en=body.name_en,
        lines=body.lines,
        areas=body.areas,
        sites=body.sites,
        members=[groups.MemberGiven(one.unit, one.person, one.role) for one in body.members],
    )
