"""The ledger taken away: on a map, as a sheet at once, and as a file that the worker writes."""

import tempfile
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.config import Settings
from app.infra import business_time, feeds
from app.infra.blobs import Blobs
from app.infra.db import Database
from app.kit.disposition import content_disposition, file_name
from app.kit.errors import Conflict
from app.kit.ids import new_id
from app.ledger import exporting, queries, queries_exports, showing
from app.ledger.exports import CONTENT_TYPES, SheetFormat
from app.ledger.filtering import Narrowed, Ordered
from app.ledger.opening import FEED
from app.ledger.presenting_exports import export_out, feature_out
from app.ledger.queries_filters import predicates
from app.ledger.schemas_exports import ExportIn, ExportOut, ExportPage, FeaturesOut
from app.web.etag import feed_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ledger.read")]
Exporter = Annotated[Principal, Needs("ledger.export")]
_PIECE = 1 << 18
_MINUTE_S = 60


class GeoJson(JSONResponse):
    """RFC 7946."""

    media_type = "application/geo+json"


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_SHEETS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the sheet",
        "content": {kind.split(";")[0]: _BINARY for kind in CONTENT_TYPES.values()},
    }
}


@router.get(
    "/ledger:geojson",
    summary="台账地图 · The ledger on a map",
    response_model=FeaturesOut,
    response_class=GeoJson,
    responses=UNCHANGED,
)
def get_ledger_map(
    tx: Tx,
    reader: Reader,
    language: Lang,
    request: Request,
    paging: Paged,
    narrowed: Narrowed,
    order: Ordered,
) -> Response:
    """The list as GeoJSON (RFC 7946, WGS-84): same filters, order and cursor."""
    scope = f"{FEED}-map"
    if narrowed.follows_the_clock:
        scope += f":{int(business_time.now(tx).timestamp()) // _MINUTE_S}"
    tag = feed_tag(scope, feeds.version_of(tx, FEED), reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    shown_to = showing.reader_of(tx, request, reader, language)
    chosen = order or narrowed.order
    narrowing = predicates(tx, reader, narrowed.filters(shown_to.now, chosen))
    page = queries.list_problems(tx, reader, narrowing, order=chosen, paging=paging)
    found = FeaturesOut(
        type="FeatureCollection",
        features=[feature_out(view, shown_to) for view in page.items],
        as_of=shown_to.now,
        next_cursor=page.next_cursor,
    )
    return GeoJson(found.model_dump(mode="json"), headers=tag.headers)


@router.get(
    "/ledger:sheet",
    summary="台账表格 · The ledger as a sheet",
    response_class=Response,
    responses=_SHEETS | error_replies(409),
)
def get_ledger_sheet(
    tx: Tx,
    exporter: Exporter,
    language: Lang,
    request: Request,
    narrowed: Narrowed,
    format_: Annotated[SheetFormat, Query(alias="format")] = SheetFormat.CSV,
) -> Response:
    """All cases that the filters leave, at once.

    A CSV is sent as it is read; an XLSX is whole only at its end, and is therefore limited: what is
    too much for it is for ``POST /v1/ledger-exports``.
    """
    settings: Settings = request.app.state.settings
    now, most = business_time.now(tx), settings.export_direct_rows
    filters = narrowed.filters(now)
    order = queries_exports.Order(exporter, filters, language, settings.timezone)
    if format_ is SheetFormat.XLSX:
        rows = queries_exports.count_rows(tx, exporter, filters, most=most + 1)
        if rows > most:
            raise Conflict("export.too-large", limit=most)
    exporting.note_streamed(tx, format_=format_, asked=narrowed, export_id=new_id())
    database: Database = request.app.state.database
    pieces: Iterator[bytes] = (piece for piece, _ in exporting.pieces(database, order))
    if format_ is not SheetFormat.CSV:
        pieces = _written(format_, database, order)
    name = _name(format_, now.astimezone(ZoneInfo(settings.timezone)).strftime("%Y-%m-%d_%H%M"))
    headers = {
        "Content-Disposition": content_disposition(name, attachment=True),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(pieces, media_type=CONTENT_TYPES[format_], headers=headers)


@router.post(
    "/ledger-exports",
    summary="导出台账 · Ask for an export",
    status_code=202,
    responses=error_replies(409),
)
def ask_export(
    tx: Tx,
    exporter: Exporter,
    language: Lang,
    narrowed: Narrowed,
    body: ExportIn,
) -> ExportOut:
    """The filters are the query, as of the list; the rows are those in the caller's reach now.

    The worker writes the file: ask for the export until it is ``done``, then fetch its content.
    """
    export, _ = exporting.ask_export(
        tx, by=exporter, export_id=body.id, format_=body.format, asked=narrowed, language=language
    )
    return export_out(export)


@router.get("/ledger-exports", summary="我的导出 · The caller's exports")
def list_exports(tx: Tx, exporter: Exporter, paging: Paged) -> ExportPage:
    """The newest first."""
    page = queries_exports.list_own(tx, exporter, before=paging.after_id(), limit=paging.limit)
    return ExportPage(items=[export_out(one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/ledger-exports/{export_id}", summary="导出进度 · An export")
def get_export(tx: Tx, exporter: Exporter, export_id: UUID) -> ExportOut:
    """How far it is; only who asked for it sees it."""
    return export_out(queries_exports.get_own(tx, exporter, export_id))


@router.get(
    "/ledger-exports/{export_id}/content",
    summary="下载导出 · The file of an export",
    status_code=302,
    response_class=RedirectResponse,
    responses=error_replies(409),
)
def get_export_content(tx: Tx, exporter: Exporter, request: Request, export_id: UUID) -> Response:
    """Redirects to a short-lived address; each download is in the audit log.

    Only for who asked, and only while he holds every office that he held then.
    """
    export = exporting.download(tx, by=exporter, export_id=export_id)
    blobs: Blobs = request.app.state.blobs
    settings: Settings = request.app.state.settings
    asked_at = export.asked_at.astimezone(ZoneInfo(settings.timezone))
    url = blobs.presign_download(
        str(export.key),
        filename=_name(export.format, asked_at.strftime("%Y-%m-%d_%H%M")),
        content_type=CONTENT_TYPES[export.format],
        attachment=True,
        private=True,
    )
    return RedirectResponse(url, status_code=302, headers={"Cache-Control": "private, no-store"})


def _name(format_: SheetFormat, moment: str) -> str:
    return file_name("台账", moment, extension=format_.value)


def _written(
    format_: SheetFormat, database: Database, order: queries_exports.Order
) -> Iterator[bytes]:
    """A file that is whole only at its end, piece by piece."""
    with tempfile.TemporaryFile(prefix="dudao-sheet-") as file:
        exporting.write_sheet(file, format_, database, order, lambda _: None)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
