"""Import and export of sheets: plan, show, apply."""

import io
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, File, Form, Query, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.imports import files, presenting, queries, service, stores
from app.imports.files import Format
from app.imports.kinds import EVERY_KIND, KINDS
from app.imports.schemas import DifferencePage, ImportOut, ImportPage, SheetFaultPage
from app.imports.tables import Difference, FaultRow
from app.kit.errors import Invalid, NotFound
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged, Paging
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["imports"], responses=error_replies(401, 403))
Importer = Annotated[Principal, Needs("import.run")]
_TYPES = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv",
    Format.GEOJSON: "application/geo+json",
}


class ErrorFormat(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


Configured = Annotated[Settings, Depends(_settings)]


def _file_replies(*formats: Format) -> dict[int | str, dict[str, Any]]:
    content = {_TYPES[one]: {"schema": {"type": "string", "format": "binary"}} for one in formats}
    return {200: {"description": "a file", "content": content}}


@router.post(
    "/imports",
    status_code=201,
    summary="上传表格并生成方案 · Upload a sheet and plan its import",
    responses=error_replies(404, 413),
)
def plan_import(
    tx: Tx,
    importer: Importer,
    settings: Configured,
    file: Annotated[UploadFile, File(description="XLSX, CSV or GeoJSON")],
    kind: Annotated[
        Code | None, Form(description="kind of a CSV; a workbook names its own")
    ] = None,
) -> ImportOut:
    """Nothing is changed; the reply counts what applying it would do, or what is wrong."""
    content = file.file.read(settings.import_max_bytes + 1)
    if len(content) > settings.import_max_bytes:
        raise Invalid("import.too-large", limit=settings.import_max_bytes)
    name = file.filename or "file"
    row = service.submit(
        tx, settings, content=content, file_name=name, kind=kind, by=importer.user_id
    )
    return presenting.import_out(row)


@router.get("/imports", summary="导入记录 · Imports")
def list_imports(tx: Tx, importer: Importer, paging: Paged) -> ImportPage:
    """The newest first."""
    page = queries.list_imports(tx, after=paging.after_id(), limit=paging.limit)
    items = [presenting.import_out(row) for row in page.items]
    return ImportPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/imports/templates/{kind}",
    summary="空白模板 · An empty sheet with notes",
    responses=error_replies(404) | _file_replies(Format.XLSX),
    response_class=Response,
)
def get_import_template(importer: Importer, language: Lang, kind: Code) -> Response:
    """``all`` is a workbook with every sheet."""
    kinds = list(KINDS.values()) if kind == "all" else [_kind(kind)]
    files.check_format(Format.XLSX, [one.name for one in kinds])
    out = io.BytesIO()
    files.write_template(out, kinds, language)
    return _file(out, Format.XLSX, kind)


@router.get("/imports/{import_id}", summary="一次导入 · One import", responses=error_replies(404))
def get_import(tx: Tx, importer: Importer, import_id: UUID) -> ImportOut:
    """Its state and counts."""
    return presenting.import_out(queries.get_import(tx, import_id))


@router.get(
    "/imports/{import_id}/differences",
    summary="将要发生的变化 · What it changes",
    responses=error_replies(404),
)
def list_import_differences(
    tx: Tx, importer: Importer, import_id: UUID, paging: Paged
) -> DifferencePage:
    """New and changed rows in the order of the file, each with what differs."""
    queries.get_import(tx, import_id)
    page = queries.list_rows(tx, Difference, import_id, after=_place(paging), limit=paging.limit)
    items = [presenting.difference_out(row) for row in page.items]
    return DifferencePage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/imports/{import_id}/faults",
    summary="问题清单 · What is wrong with it",
    responses=error_replies(404),
)
def list_import_faults(
    tx: Tx, importer: Importer, language: Lang, import_id: UUID, paging: Paged
) -> SheetFaultPage:
    """Faults in the order of the file, with what to do."""
    queries.get_import(tx, import_id)
    page = queries.list_rows(tx, FaultRow, import_id, after=_place(paging), limit=paging.limit)
    items = [presenting.fault_out(row, language) for row in page.items]
    return SheetFaultPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/imports/{import_id}/errors",
    summary="问题文件 · The error file",
    responses=error_replies(404) | _file_replies(Format.XLSX, Format.CSV),
    response_class=Response,
)
def get_import_errors(
    tx: Tx,
    importer: Importer,
    import_id: UUID,
    format_: Annotated[ErrorFormat, Query(alias="format")] = ErrorFormat.XLSX,
) -> Response:
    """Every fault with row, column, value and what to do, in Chinese and English."""
    queries.get_import(tx, import_id)
    out, chosen = io.BytesIO(), Format(format_.value)
    files.write_faults(out, chosen, queries.faults_of(tx, import_id))
    return _file(out, chosen, "errors")


@router.post(
    "/imports/{import_id}/apply",
    summary="执行导入 · Apply an import",
    responses=error_replies(404, 409),
)
def apply_import(tx: Tx, importer: Importer, settings: Configured, import_id: UUID) -> ImportOut:
    """All or nothing; 409 where the data has changed since the plan was made."""
    return presenting.import_out(service.apply(tx, settings, import_id=import_id))


@router.get(
    "/exports/{kind}",
    summary="导出 · Export",
    responses=error_replies(404) | _file_replies(*Format),
    response_class=Response,
)
def export_sheet(
    tx: Tx,
    importer: Importer,
    settings: Configured,
    language: Lang,
    kind: Code,
    format_: Annotated[Format, Query(alias="format")] = Format.XLSX,
    campaign: Code | None = None,
    round_: Annotated[Code | None, Query(alias="round")] = None,
) -> Response:
    """Importing it again changes nothing. ``all`` is a workbook of every sheet.

    Entrants and tasks are those of one round: name it by ``campaign`` and ``round``. Boundaries
    are written as GeoJSON only.
    """
    rounds = {(campaign, round_)} if campaign and round_ else set()
    names = list(KINDS) if kind == "all" else [_kind(kind).name]
    files.check_format(format_, names)
    stored = {name: stores.STORES[name].stored(tx, rounds) for name in names}
    out = io.BytesIO()
    files.write_export(out, format_, stored, ZoneInfo(settings.timezone), language)
    return _file(out, format_, kind)


def _kind(name: str) -> Any:
    if name not in EVERY_KIND:
        raise NotFound("import.no-such-kind", kind=name)
    return EVERY_KIND[name]


def _place(paging: Paging) -> int:
    last = paging.after_number()
    return -1 if last is None else last


def _file(out: io.BytesIO, format_: Format, name: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.{format_.value}",
        "Cache-Control": "no-store",
    }
    return Response(out.getvalue(), media_type=_TYPES[format_], headers=headers)
