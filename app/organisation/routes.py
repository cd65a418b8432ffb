"""Units and lines of work."""

from typing import Annotated

from fastapi import APIRouter

from app.kit.paging import decode_cursor
from app.organisation import queries
from app.organisation.rules import UnitKind, codes_of
from app.organisation.schemas import LinePage, UnitOut, UnitPage
from app.organisation.tables import Unit
from app.web.language import Lang, Language, pick
from app.web.openapi import error_replies
from app.web.paging import STANDARD_LIMIT, Cursor, Limit
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Named

router = APIRouter(prefix="/v1", tags=["organisation"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("organisation.read")]


@router.get("/units", summary="单位列表 · Units", responses=error_replies(404))
def list_units(
    tx: Tx,
    reader: Reader,
    language: Lang,
    kind: UnitKind | None = None,
    parent: Code | None = None,
    limit: Limit = STANDARD_LIMIT,
    cursor: Cursor = None,
) -> UnitPage:
    """Districts, streets, communities, bureaus and squads, by code."""
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    page = queries.list_units(tx, kind=kind, parent=parent, after=after, limit=limit)
    units = [_unit_out(unit, language) for unit in page.items]
    return UnitPage(items=units, next_cursor=page.next_cursor)


@router.get("/units/{code}", summary="单位 · One unit", responses=error_replies(404))
def get_unit(tx: Tx, reader: Reader, language: Lang, code: Code) -> UnitOut:
    """A unit with the codes from the city down to it."""
    return _unit_out(queries.get_unit(tx, code), language)


@router.get("/lines", summary="专项 · Lines of work")
def list_lines(tx: Tx, reader: Reader, language: Lang) -> LinePage:
    """All lines of work; there are few, so the list is never cut."""
    lines = queries.list_lines(tx)
    items = [
        Named(code=line.code, name=pick(language, line.name_zh, line.name_en)) for line in lines
    ]
    return LinePage(items=items, next_cursor=None)


def _unit_out(unit: Unit, language: Language) -> UnitOut:
    return UnitOut(
        code=unit.code,
        scheme=unit.scheme,
        kind=unit.kind,
        name=pick(language, unit.name_zh, unit.name_en),
        full_name=unit.full_name_zh,
        path=codes_of(unit.path),
    )
