"""Many cases at once: at most 200, each with its own result."""

from typing import Annotated

from starlette.requests import Request

from app.ledger import commanding
from app.ledger.acting import Given
from app.ledger.lifecycle import Action
from app.ledger.schemas_moves import (
    CheckManyIn,
    CloseManyIn,
    DispatchManyIn,
    DoneManyOut,
    FileManyIn,
    SignManyIn,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403))
Filer = Annotated[Principal, Needs("ledger.file")]
Dispatcher = Annotated[Principal, Needs("ledger.dispatch")]
Signer = Annotated[Principal, Needs("ledger.sign")]
Checker = Annotated[Principal, Needs("ledger.check")]
Closer = Annotated[Principal, Needs("ledger.close")]


@router.post("/ledger:file", summary="批量立案 · File many")
def file_many(tx: Tx, by: Filer, language: Lang, request: Request, body: FileManyIn) -> DoneManyOut:
    """What cannot be filed does not hold up the others."""
    commands = [
        (one.number, one.version, Action.FILE, commanding.filing(one)) for one in body.items
    ]
    return commanding.command_many(tx, request, by, language, commands)


@router.post("/ledger:dispatch", summary="批量派遣 · Dispatch many")
def dispatch_many(
    tx: Tx, by: Dispatcher, language: Lang, request: Request, body: DispatchManyIn
) -> DoneManyOut:
    """What cannot be dispatched does not hold up the others."""
    commands = [
        (one.number, one.version, Action.DISPATCH, Given(unit=one.unit, reason=one.reason))
        for one in body.items
    ]
    return commanding.command_many(tx, request, by, language, commands)


@router.post("/ledger:sign", summary="批量签收 · Sign for many")
def sign_many(
    tx: Tx, by: Signer, language: Lang, request: Request, body: SignManyIn
) -> DoneManyOut:
    """What has gone to somebody else meanwhile does not hold up the others."""
    commands = [(one.number, one.version, Action.SIGN, Given()) for one in body.items]
    return commanding.command_many(tx, request, by, language, commands)


@router.post("/ledger:check", summary="批量核查 · Check many")
def check_many(
    tx: Tx, by: Checker, language: Lang, request: Request, body: CheckManyIn
) -> DoneManyOut:
    """What cannot be checked as yet does not hold up the others."""
    commands = [
        (one.number, one.version, commanding.CHECKS[one.result], commanding.check(one))
        for one in body.items
    ]
    return commanding.command_many(tx, request, by, language, commands)


@router.post("/ledger:close", summary="批量销号 · Close out many")
def close_many(
    tx: Tx, by: Closer, language: Lang, request: Request, body: CloseManyIn
) -> DoneManyOut:
    """What no check has passed does not hold up the others."""
    commands = [
        (one.number, one.version, Action.CLOSE, Given(reason=one.reason)) for one in body.items
    ]
    return commanding.command_many(tx, request, by, language, commands)
