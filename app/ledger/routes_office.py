"""What the office does to a case: each move its own command."""

from typing import Annotated

from starlette.requests import Request

from app.ledger import commanding
from app.ledger.acting import Given
from app.ledger.lifecycle import Action
from app.ledger.schemas import CaseOut
from app.ledger.schemas_moves import (
    DispatchIn,
    EndIn,
    FileIn,
    MergeIn,
    ReasonIn,
    RemarkIn,
    SuperviseIn,
    SuspendIn,
    UrgeIn,
    VerifyIn,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ledger"], responses=error_replies(401, 403, 404, 409))
Verifier = Annotated[Principal, Needs("ledger.verify")]
Filer = Annotated[Principal, Needs("ledger.file")]
Refuser = Annotated[Principal, Needs("ledger.refuse")]
Dispatcher = Annotated[Principal, Needs("ledger.dispatch")]
Closer = Annotated[Principal, Needs("ledger.close")]
Reworker = Annotated[Principal, Needs("ledger.rework")]
ExtensionDecider = Annotated[Principal, Needs("ledger.decide-extension")]
Suspender = Annotated[Principal, Needs("ledger.suspend")]
Resumer = Annotated[Principal, Needs("ledger.resume")]
Canceller = Annotated[Principal, Needs("ledger.cancel")]
Supervisor = Annotated[Principal, Needs("ledger.supervise")]
Urger = Annotated[Principal, Needs("ledger.urge")]
Reopener = Annotated[Principal, Needs("ledger.reopen")]
AppealDecider = Annotated[Principal, Needs("ledger.decide-appeal")]
Merger = Annotated[Principal, Needs("ledger.merge")]
Unmerger = Annotated[Principal, Needs("ledger.unmerge")]


@router.post("/ledger/{number}/verify", summary="核实 · Verify")
def verify_problem(
    tx: Tx, by: Verifier, language: Lang, request: Request, number: Code, body: VerifyIn
) -> CaseOut:
    """Ask for, or give, the word of somebody who looked whether it is true."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.VERIFY,
        version=body.version,
        given=Given(result=body.result, reason=body.reason, photos=body.photos),
    )


@router.post("/ledger/{number}/file", summary="立案 · File")
def file_problem(
    tx: Tx, by: Filer, language: Lang, request: Request, number: Code, body: FileIn
) -> CaseOut:
    """It is true and somebody must put it right: within what time, and who."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.FILE,
        version=body.version,
        given=commanding.filing(body),
    )


@router.post("/ledger/{number}/refuse", summary="不予立案 · Refuse")
def refuse_problem(
    tx: Tx, by: Refuser, language: Lang, request: Request, number: Code, body: EndIn
) -> CaseOut:
    """It is not filed, for a reason."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.REFUSE,
        version=body.version,
        given=Given(reason=body.reason, public_reason=body.public_reason),
    )


@router.post("/ledger/{number}/dispatch", summary="派遣 · Dispatch")
def dispatch_problem(
    tx: Tx, by: Dispatcher, language: Lang, request: Request, number: Code, body: DispatchIn
) -> CaseOut:
    """To the unit that answers; its time begins to run."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.DISPATCH,
        version=body.version,
        given=Given(unit=body.unit, reason=body.reason),
    )


@router.post("/ledger/{number}/close", summary="结案销号 · Close out")
def close_problem(
    tx: Tx, by: Closer, language: Lang, request: Request, number: Code, body: RemarkIn
) -> CaseOut:
    """What a check has passed is over; not for who belongs to the unit."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.CLOSE,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/rework", summary="返工 · Send back")
def rework_problem(
    tx: Tx, by: Reworker, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """Back to the unit; its time goes on from where it stood."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.REWORK,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/approve-extension", summary="批准延期 · Approve an extension")
def approve_extension(
    tx: Tx, by: ExtensionDecider, language: Lang, request: Request, number: Code, body: RemarkIn
) -> CaseOut:
    """One original limit more; before the deadline, and not by who asked."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.APPROVE_EXTENSION,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/refuse-extension", summary="不予延期 · Refuse an extension")
def refuse_extension(
    tx: Tx, by: ExtensionDecider, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """The deadline stays; it does not count as one of the two."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.REFUSE_EXTENSION,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/suspend", summary="挂账 · Suspend")
def suspend_problem(
    tx: Tx, by: Suspender, language: Lang, request: Request, number: Code, body: SuspendIn
) -> CaseOut:
    """Its time stands still until a day: once, and before the deadline."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.SUSPEND,
        version=body.version,
        given=Given(reason=body.reason, until=body.until),
    )


@router.post("/ledger/{number}/resume", summary="恢复办理 · Resume")
def resume_problem(
    tx: Tx, by: Resumer, language: Lang, request: Request, number: Code, body: RemarkIn
) -> CaseOut:
    """Before its day: the time goes on."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.RESUME,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/cancel", summary="作废 · Cancel")
def cancel_problem(
    tx: Tx, by: Canceller, language: Lang, request: Request, number: Code, body: EndIn
) -> CaseOut:
    """It was no case after all."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.CANCEL,
        version=body.version,
        given=Given(reason=body.reason, public_reason=body.public_reason),
    )


@router.post("/ledger/{number}/supervise", summary="督办 · Supervise")
def supervise_problem(
    tx: Tx, by: Supervisor, language: Lang, request: Request, number: Code, body: SuperviseIn
) -> CaseOut:
    """Watched from above, perhaps with an earlier deadline."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.SUPERVISE,
        version=body.version,
        given=Given(reason=body.reason, until=body.due_at),
    )


@router.post("/ledger/{number}/urge", summary="催办 · Urge")
def urge_problem(
    tx: Tx, by: Urger, language: Lang, request: Request, number: Code, body: UrgeIn
) -> CaseOut:
    """A word to the unit; counted."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.URGE,
        version=None,
        given=Given(reason=body.text),
    )


@router.post("/ledger/{number}/reopen", summary="重开 · Reopen")
def reopen_problem(
    tx: Tx, by: Reopener, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """It came back: the unit has it again, with a full limit."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.REOPEN,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/accept-appeal", summary="申诉成立 · Accept an appeal")
def accept_lateness_appeal(
    tx: Tx, by: AppealDecider, language: Lang, request: Request, number: Code, body: RemarkIn
) -> CaseOut:
    """It stays late, and is not counted as late."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.ACCEPT_APPEAL,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/refuse-appeal", summary="申诉不成立 · Refuse an appeal")
def refuse_lateness_appeal(
    tx: Tx, by: AppealDecider, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """It stays late."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.REFUSE_APPEAL,
        version=body.version,
        given=Given(reason=body.reason),
    )


@router.post("/ledger/{number}/merge", summary="并案 · Merge")
def merge_problem(
    tx: Tx, by: Merger, language: Lang, request: Request, number: Code, body: MergeIn
) -> CaseOut:
    """The same fault as another case, which goes on; nothing is dropped."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.MERGE,
        version=body.version,
        given=Given(reason=body.reason, into=body.into),
    )


@router.post("/ledger/{number}/unmerge", summary="取消并案 · Unmerge")
def unmerge_problem(
    tx: Tx, by: Unmerger, language: Lang, request: Request, number: Code, body: ReasonIn
) -> CaseOut:
    """Another fault after all: back to where it was."""
    return commanding.command(
        tx,
        request,
        by,
        language,
        number,
        action=Action.UNMERGE,
        version=body.version,
        given=Given(reason=body.reason),
    )
