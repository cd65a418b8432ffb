"""Rulebooks: drafted, tried on past rounds, published for good."""

from typing import Annotated, Any
from uuid import UUID

from starlette.responses import Response

from app.scoring import queries_rulebooks, rulebooks
from app.scoring.presenting_results import rulebook_out, rulebook_ref, tried_out
from app.scoring.rules import rulebook_schema
from app.scoring.schemas_results import (
    RulebookIn,
    RulebookOut,
    RulebooksOut,
    RulesIn,
    WhatIfIn,
    WhatIfOut,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403))
Reader = Annotated[Principal, Needs("ranking.read")]
Manager = Annotated[Principal, Needs("rulebook.manage")]
_FOUND = error_replies(404, 409)


@router.get("/rulebook-schema", summary="计分规则的结构 · Schema of rulebooks")
def get_rulebook_schema(reader: Reader) -> dict[str, Any]:
    """The JSON schema of what ``rules`` of a rulebook may say."""
    return rulebook_schema()


@router.get("/rulebooks", summary="计分规则列表 · Rulebooks", responses=error_replies(404))
def list_rulebooks(tx: Tx, reader: Reader, language: Lang, campaign: Code) -> RulebooksOut:
    """The versions of a campaign's rulebook; a draft is seen by who runs the campaign."""
    views = queries_rulebooks.list_rulebooks(tx, campaign, reader)
    return RulebooksOut(items=[rulebook_ref(view, language) for view in views])


@router.post(
    "/rulebooks", summary="起草计分规则 · Draft", status_code=201, responses=error_replies(409)
)
def draft_rulebook(tx: Tx, manager: Manager, language: Lang, body: RulebookIn) -> RulebookOut:
    """A draft for a campaign that the caller runs; every fault comes with its place."""
    row = rulebooks.draft_rulebook(tx, campaign=body.campaign, rules=body.rules, by=manager)
    return rulebook_out(rulebooks.managed_rulebook(tx, row.id, manager), language)


@router.get("/rulebooks/{rulebook_id}", summary="计分规则 · One", responses=error_replies(404))
def get_rulebook(tx: Tx, reader: Reader, language: Lang, rulebook_id: UUID) -> RulebookOut:
    """A version with all that it says."""
    view = queries_rulebooks.get_visible_rulebook(tx, rulebook_id, reader)
    return rulebook_out(view, language)


@router.post(
    "/rulebooks/{rulebook_id}/replace", summary="改写草稿 · Replace a draft", responses=_FOUND
)
def replace_rulebook(
    tx: Tx, manager: Manager, language: Lang, rulebook_id: UUID, body: RulesIn
) -> RulebookOut:
    """Other rules for a draft, whole."""
    rulebooks.replace_draft(tx, rulebook_id=rulebook_id, rules=body.rules, by=manager)
    return rulebook_out(rulebooks.managed_rulebook(tx, rulebook_id, manager), language)


@router.post("/rulebooks/{rulebook_id}/publish", summary="发布计分规则 · Publish", responses=_FOUND)
def publish_rulebook(tx: Tx, manager: Manager, language: Lang, rulebook_id: UUID) -> RulebookOut:
    """It counts for rounds that are published from now on, and never changes."""
    rulebooks.publish_rulebook(tx, rulebook_id=rulebook_id, by=manager)
    return rulebook_out(rulebooks.managed_rulebook(tx, rulebook_id, manager), language)


@router.post(
    "/rulebooks/{rulebook_id}/discard",
    summary="放弃草稿 · Discard a draft",
    status_code=204,
    response_class=Response,
    responses=_FOUND,
)
def discard_rulebook(tx: Tx, manager: Manager, rulebook_id: UUID) -> Response:
    """A draft that nobody wants any more."""
    rulebooks.discard_draft(tx, rulebook_id=rulebook_id, by=manager)
    return Response(status_code=204)


@router.post(
    "/rulebooks/{rulebook_id}/what-if",
    summary="试算 · What if",
    responses=error_replies(404),
)
def try_rulebook(
    tx: Tx, manager: Manager, language: Lang, rulebook_id: UUID, body: WhatIfIn
) -> WhatIfOut:
    """Every place, score, flag and yuan of past results that it would move; nothing changes."""
    found = rulebooks.what_if(tx, rulebook_id=rulebook_id, rounds=body.rounds, by=manager)
    return WhatIfOut(items=[tried_out(tx, one, language) for one in found])
