"""What the office does to a case: each move its own command."""

from typing import Annotated

from app.ledger import commanding
from app.ledger.acting import Given
from app.ledger.commanding import Commanded
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
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal

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
def verify_problem(command: Commanded, by: Verifier, body: VerifyIn) -> CaseOut:
    """Ask for, or give, the word of somebody who looked whether it is true."""
    return command(
        by,
        Action.VERIFY,
        body.version,
        Given(result=body.result, reason=body.reason, photos=body.photos),
    )


@router.post("/ledger/{number}/file", summary="立案 · File")
def file_problem(command: Commanded, by: Filer, body: FileIn) -> CaseOut:
    """It is true and somebody must put it right: within what time, and who."""
    return command(by, Action.FILE, body.version, commanding.filing(body))


@router.post("/ledger/{number}/refuse", summary="不予立案 · Refuse")
def refuse_problem(command: Commanded, by: Refuser, body: EndIn) -> CaseOut:
    """It is not filed, for a reason."""
    return command(
        by, Action.REFUSE, body.version, Given(reason=body.reason, public_reason=body.public_reason)
    )


@router.post("/ledger/{number}/dispatch", summary="派遣 · Dispatch")
def dispatch_problem(command: Commanded, by: Dispatcher, body: DispatchIn) -> CaseOut:
    """To the unit that answers; its time begins to run."""
    return command(by, Action.DISPATCH, body.version, Given(unit=body.unit, reason=body.reason))


@router.post("/ledger/{number}/close", summary="结案销号 · Close out")
def close_problem(command: Commanded, by: Closer, body: RemarkIn) -> CaseOut:
    """What a check has passed is over; not for who belongs to the unit."""
    return command(by, Action.CLOSE, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/rework", summary="返工 · Send back")
def rework_problem(command: Commanded, by: Reworker, body: ReasonIn) -> CaseOut:
    """Back to the unit; its time goes on from where it stood."""
    return command(by, Action.REWORK, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/approve-extension", summary="批准延期 · Approve an extension")
def approve_extension(command: Commanded, by: ExtensionDecider, body: RemarkIn) -> CaseOut:
    """One original limit more; before the deadline, and not by who asked."""
    return command(by, Action.APPROVE_EXTENSION, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/refuse-extension", summary="不予延期 · Refuse an extension")
def refuse_extension(command: Commanded, by: ExtensionDecider, body: ReasonIn) -> CaseOut:
    """The deadline stays; it does not count as one of the two."""
    return command(by, Action.REFUSE_EXTENSION, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/suspend", summary="挂账 · Suspend")
def suspend_problem(command: Commanded, by: Suspender, body: SuspendIn) -> CaseOut:
    """Its time stands still until a day: once, and before the deadline."""
    return command(by, Action.SUSPEND, body.version, Given(reason=body.reason, until=body.until))


@router.post("/ledger/{number}/resume", summary="恢复办理 · Resume")
def resume_problem(command: Commanded, by: Resumer, body: RemarkIn) -> CaseOut:
    """Before its day: the time goes on."""
    return command(by, Action.RESUME, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/cancel", summary="作废 · Cancel")
def cancel_problem(command: Commanded, by: Canceller, body: EndIn) -> CaseOut:
    """It was no case after all."""
    return command(
        by, Action.CANCEL, body.version, Given(reason=body.reason, public_reason=body.public_reason)
    )


@router.post("/ledger/{number}/supervise", summary="督办 · Supervise")
def supervise_problem(command: Commanded, by: Supervisor, body: SuperviseIn) -> CaseOut:
    """Watched from above, perhaps with an earlier deadline."""
    return command(by, Action.SUPERVISE, body.version, Given(reason=body.reason, until=body.due_at))


@router.post("/ledger/{number}/urge", summary="催办 · Urge")
def urge_problem(command: Commanded, by: Urger, body: UrgeIn) -> CaseOut:
    """A word to the unit; counted."""
    return command(by, Action.URGE, None, Given(reason=body.text))


@router.post("/ledger/{number}/reopen", summary="重开 · Reopen")
def reopen_problem(command: Commanded, by: Reopener, body: ReasonIn) -> CaseOut:
    """It came back: the unit has it again, with a full limit."""
    return command(by, Action.REOPEN, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/accept-appeal", summary="申诉成立 · Accept an appeal")
def accept_lateness_appeal(command: Commanded, by: AppealDecider, body: RemarkIn) -> CaseOut:
    """It stays late, and is not counted as late."""
    return command(by, Action.ACCEPT_APPEAL, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/refuse-appeal", summary="申诉不成立 · Refuse an appeal")
def refuse_lateness_appeal(command: Commanded, by: AppealDecider, body: ReasonIn) -> CaseOut:
    """It stays late."""
    return command(by, Action.REFUSE_APPEAL, body.version, Given(reason=body.reason))


@router.post("/ledger/{number}/merge", summary="并案 · Merge")
def merge_problem(command: Commanded, by: Merger, body: MergeIn) -> CaseOut:
    """The same fault as another case, which goes on; nothing is dropped."""
    return command(by, Action.MERGE, body.version, Given(reason=body.reason, into=body.into))


@router.post("/ledger/{number}/unmerge", summary="取消并案 · Unmerge")
def unmerge_problem(command: Commanded, by: Unmerger, body: ReasonIn) -> CaseOut:
    """Another fault after all: back to where it was."""
    return command(by, Action.UNMERGE, body.version, Given(reason=body.reason))
