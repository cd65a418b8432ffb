"""Checklists: what phones render, and the drafts of headquarters."""

from typing import Annotated, Any

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.checklists import queries, service
from app.checklists.diffing import difference
from app.checklists.presenting import (
    checklist_out,
    difference_out,
    document_row,
    document_schema,
    summary_out,
    version_out,
)
from app.checklists.rules import VersionState
from app.checklists.schemas import (
    ChecklistDocument,
    ChecklistPage,
    ChecklistVersionOut,
    DifferenceOut,
    VersionPage,
)
from app.kit.errors import Fault, Invalid
from app.web.etag import frozen_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["checklists"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("checklist.read")]
Author = Annotated[Principal, Needs("checklist.manage")]
_MOST = 1_000_000
Number = Annotated[int, Path(ge=1, le=_MOST)]
Against = Annotated[int, Query(ge=1, le=_MOST, description="the version to compare with")]


@router.get("/checklists:schema", summary="检查表的 JSON Schema · JSON schema of a checklist")
def get_checklist_schema(reader: Reader) -> dict[str, Any]:
    """The schema of a whole checklist document, JSON Schema 2020-12."""
    return document_schema()


@router.get("/checklists", summary="检查表列表 · Checklists")
def list_checklists(tx: Tx, reader: Reader, language: Lang, paging: Paged) -> ChecklistPage:
    """By code, each with its newest version; drafts are shown to their authors only."""
    page = queries.list_checklists(
        tx, after=paging.after_code(), limit=paging.limit, drafts=_is_author(reader)
    )
    items = [checklist_out(view, language) for view in page.items]
    return ChecklistPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/checklists/{code}/versions",
    summary="检查表的各版本 · Versions of a checklist",
    responses=error_replies(404),
)
def list_checklist_versions(
    tx: Tx, reader: Reader, language: Lang, code: Code, paging: Paged
) -> VersionPage:
    """Newest first; drafts are shown to their authors only."""
    last = paging.after_number()
    below = _MOST + 1 if last is None else max(0, min(last, _MOST + 1))
    page = queries.list_versions(
        tx, code, below=below, limit=paging.limit, drafts=_is_author(reader)
    )
    items = [summary_out(version, language) for version in page.items]
    return VersionPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/checklists/{code}/versions/{number}",
    summary="检查表版本 · One checklist version",
    response_model=ChecklistVersionOut,
    responses=error_replies(404) | UNCHANGED,
)
def get_checklist_version(
    tx: Tx, reader: Reader, language: Lang, request: Request, code: Code, number: Number
) -> Response:
    """A version whole, in the caller's language; a published one never changes: keep it."""
    view = queries.get_version(tx, code, number, drafts=_is_author(reader))
    body = version_out(view, language).model_dump(mode="json")
    return _reply(request, view, body, "checklist", language)


@router.get(
    "/checklists/{code}/versions/{number}/document",
    summary="检查表原文 · The document of a checklist version",
    response_model=ChecklistDocument,
    responses=error_replies(404) | UNCHANGED,
)
def get_checklist_document(
    tx: Tx, reader: Reader, language: Lang, request: Request, code: Code, number: Number
) -> Response:
    """Both languages, in the canonical form: fields that say nothing are left out.

    SHA-256 over its JSON with keys in order, no spaces and UTF-8 is the ``digest`` of the version.
    """
    view = queries.get_version(tx, code, number, drafts=_is_author(reader))
    return _reply(request, view, queries.document_of(view), "checklist-document", language)


@router.get(
    "/checklists/{code}/versions/{number}/diff",
    summary="与另一版本的差异 · What differs from another version",
    responses=error_replies(404),
)
def diff_checklist_versions(
    tx: Tx, reader: Reader, code: Code, number: Number, against: Against
) -> DifferenceOut:
    """What makes version ``against`` into this one: added, removed, changed, moved, weights."""
    old, new = (
        queries.document_of(queries.get_version(tx, code, n, drafts=_is_author(reader)))
        for n in (against, number)
    )
    return difference_out(code, against, number, difference(old, new))


@router.post(
    "/checklists/{code}/versions",
    summary="起草检查表版本 · Draft a checklist version",
    status_code=201,
    responses=error_replies(409),
)
def draft_checklist_version(
    tx: Tx, author: Author, language: Lang, code: Code, body: ChecklistDocument
) -> ChecklistVersionOut:
    """A whole document under a number that is not taken; nobody but its authors sees a draft."""
    _same_as_path(body, code, body.version)
    service.draft_version(tx, document=document_row(body))
    return version_out(queries.get_version(tx, code, body.version, drafts=True), language)


@router.put(
    "/checklists/{code}/versions/{number}",
    summary="替换草稿 · Replace a draft",
    responses=error_replies(404, 409),
)
def replace_checklist_draft(
    tx: Tx, author: Author, language: Lang, code: Code, number: Number, body: ChecklistDocument
) -> ChecklistVersionOut:
    """The whole document anew; 409 once the version is published."""
    _same_as_path(body, code, number)
    service.replace_draft(tx, document=document_row(body))
    return version_out(queries.get_version(tx, code, number, drafts=True), language)


@router.post(
    "/checklists/{code}/versions/{number}/publish",
    summary="发布检查表版本 · Publish a checklist version",
    responses=error_replies(404, 409),
)
def publish_checklist_version(
    tx: Tx, author: Author, language: Lang, code: Code, number: Number
) -> ChecklistVersionOut:
    """From now on visits may answer it and nobody can change it."""
    service.publish_draft(tx, code=code, number=number)
    return version_out(queries.get_version(tx, code, number), language)


@router.post(
    "/checklists/{code}/versions/{number}/discard",
    summary="废弃草稿 · Discard a draft",
    status_code=204,
    responses=error_replies(404, 409),
)
def discard_checklist_draft(tx: Tx, author: Author, code: Code, number: Number) -> None:
    """The draft is gone; a published version stays for ever."""
    service.discard_draft(tx, code=code, number=number)


def _is_author(principal: Principal) -> bool:
    return principal.has("checklist.manage")


def _same_as_path(body: ChecklistDocument, code: str, number: int) -> None:
    faults = []
    if body.code != code:
        faults.append(Fault("/code", "field.not-the-path", {"value": code}))
    if body.version != number:
        faults.append(Fault("/version", "field.not-the-path", {"value": number}))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))


def _reply(
    request: Request, view: queries.VersionView, body: Any, scope: str, language: Language
) -> Response:
    if view.version.state is VersionState.DRAFT:
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    tag = frozen_tag(scope, view.version.digest, language)
    return tag.unchanged(request) or JSONResponse(body, headers=tag.headers)
