"""What units and checkers do to a case."""

from typing import Annotated

from starlette.requests import Request

from app.ledger import commanding
from app.ledger.acting import Given
from app.ledger.lifecycle import Action
from app.ledger.schemas import CaseOut
from app.ledger.schemas_moves import (
    CheckIn,
    CommentIn,
    ReasonIn,
    RectifyIn,
    SeenIn,
    TransferIn,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404, 409))
Signer = Annotated[Principal, Needs("ledger.sign")]
Returner = Annotated[Principal, Needs("ledger.return")]
Rectifier = Annotated[Principal, Needs("ledger.rectify")]
Extender = Annotated[Principal, Needs("ledger.extend")]
Transferrer = Annotated[Principal, Needs("ledger.transfer")]
Appellant = Annotated[Principal, Needs("ledger.appeal")]
Commenter = Annotated[Principal, Needs("ledger.comment")]
Checker = Annotated[Principal, Needs("ledger.check")]


@router.post("/ledger/{number}/check", summary="核查 · Check")
def check_problem(
    tx: Tx, by: Checker, language: Lang, request: Request, number: Code, body: CheckIn
) -> CaseOut:
    """Whether it was put right, by somebody outside of the unit: a failed one goes back to it."""
    action = commanding.CHECKS[body.result]
    given = commanding.check(body)
    return commanding.command(
        tx, request, by, language, number, action=action, version=body.version, given=given
    )


@router.post("/ledger/{number}/sign", summary="签收 · Sign for")
def sign_problem(
    tx: Tx, by: Signer, language: Lang, request: Request, number: Code, body: SeenIn
) -> CaseOut:
    """The unit has it and begins."""
    return commanding.command(
        tx, request, by, language, number, action=Action.SIGN, version=body.version, given=Given()
    )


@router.post("/ledger/{number}/return", summary="退回 · Return")
def return_problem(
    tx: Tx, by: Returner, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """Back to the office, for a reason; its time stands still meanwhile."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.RETURN,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/rectify", summary="反馈整改结果 · Report back")
def rectify_problem(
    tx: Tx, by: Rectifier, language: Lang, request: Request, number: Code, body: RectifyIn
) -> CaseOut:
    """What was done, with photos after and quantities; its time stands still."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.RECTIFY,
        version=body.version,
        given=commanding.report_back(body),
    )


@router.post("/ledger/{number}/extend", summary="申请延期 · Ask for an extension")
def extend_problem(
    tx: Tx, by: Extender, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """At most two, each before the deadline; somebody else approves."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.EXTEND,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/transfer", summary="转办 · Transfer")
def transfer_problem(
    tx: Tx, by: Transferrer, language: Lang, request: Request, number: Code, body: TransferIn
) -> CaseOut:
    """To another unit with a full limit; a unit may do it once."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.TRANSFER,
        version=body.version,
        given=Given(reason=body.reason, unit=body.unit),
    )


@router.post("/ledger/{number}/appeal", summary="超期申诉 · Appeal lateness")
def appeal_lateness(
    tx: Tx, by: Appellant, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """Of a closed case that was late, once."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.APPEAL,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/comment", summary="备注 · Comment")
def comment_on_problem(
    tx: Tx, by: Commenter, language: Lang, request: Request, number: Code, body: CommentIn
) -> CaseOut:
    """A remark in its history."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.COMMENT,
        version=None,
        given=Given(reason=body.text, photos=body.photos),
    )
