"""What units and checkers do to a case."""

from typing import Annotated

from app.ledger import commanding
from app.ledger.acting import Given
from app.ledger.commanding import Commanded
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
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal

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
def check_problem(command: Commanded, by: Checker, body: CheckIn) -> CaseOut:
    """Whether it was put right, by somebody outside of the unit: a failed one goes back to it."""
    return command(by, commanding.CHECKS[body.result], body.version, commanding.check(body))


@router.post("/ledger/{number}/sign", summary="签收 · Sign for")
def sign_problem(command: Commanded, by: Signer, body: SeenIn) -> CaseOut:
    """The unit has it and begins."""
    return command(by, Action.SIGN, body.version)


@router.post("/ledger/{number}/return", summary="退回 · Return")
def return_problem(command: Commanded, by: Returner, body: ReasonIn) -> CaseOut:
    """Back to the office, for a reason; its time stands still meanwhile."""
    return command(by, Action.RETURN, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/rectify", summary="反馈整改结果 · Report back")
def rectify_problem(command: Commanded, by: Rectifier, body: RectifyIn) -> CaseOut:
    """What was done, with photos after and quantities; its time stands still."""
    return command(by, Action.RECTIFY, body.version, commanding.report_back(body))


@router.post("/ledger/{number}/extend", summary="申请延期 · Ask for an extension")
def extend_problem(command: Commanded, by: Extender, body: ReasonIn) -> CaseOut:
    """At most two, each before the deadline; somebody else approves."""
    return command(by, Action.EXTEND, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/transfer", summary="转办 · Transfer")
def transfer_problem(command: Commanded, by: Transferrer, body: TransferIn) -> CaseOut:
    """To another unit with a full limit; a unit may do it once."""
    return command(by, Action.TRANSFER, body.version, Given(reason=body.reason, unit=body.unit))


@router.post("/ledger/{number}/appeal", summary="超期申诉 · Appeal lateness")
def appeal_lateness(command: Commanded, by: Appellant, body: ReasonIn) -> CaseOut:
    """Of a closed case that was late, once."""
    return command(by, Action.APPEAL, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/comment", summary="备注 · Comment")
def comment_on_problem(command: Commanded, by: Commenter, body: CommentIn) -> CaseOut:
    """A remark in its history."""
    return command(by, Action.COMMENT, None, Given(reason=body.text, photos=body.photos))
