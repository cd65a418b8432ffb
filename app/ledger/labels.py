"""What the states and moves of a case are called, for each who reads them."""

from enum import StrEnum

from app.ledger.case import Cancellation, Resolution
from app.ledger.deadlines import LimitBasis
from app.ledger.lifecycle import Action
from app.ledger.rules import STATE_LABELS
from app.ledger.rules import ProblemState as S

Words = tuple[str, str]


class Audience(StrEnum):
    """Who reads: the office, the unit that answers, or the public."""

    OFFICE = "office"
    UNIT = "unit"
    PUBLIC = "public"


STATES: dict[Audience, dict[S, Words]] = {
    Audience.OFFICE: STATE_LABELS,
    Audience.UNIT: {
        S.REPORTED: ("待立案", "to be filed"),
        S.VERIFYING: ("待立案", "to be filed"),
        S.FILED: ("待派遣", "to be dispatched"),
        S.DISPATCHED: ("待签收", "to be signed for"),
        S.RECTIFYING: ("整改中", "being rectified"),
        S.CHECKING: ("待核查", "to be checked"),
        S.CLOSED: ("已销号", "closed out"),
        S.SUSPENDED: ("挂账", "suspended"),
        S.CANCELLED: ("作废", "cancelled"),
    },
    Audience.PUBLIC: {
        S.REPORTED: ("已收到", "received"),
        S.VERIFYING: ("核实中", "being looked into"),
        S.FILED: ("已受理", "accepted"),
        S.DISPATCHED: ("已交办", "handed on"),
        S.RECTIFYING: ("处理中", "being put right"),
        S.CHECKING: ("核查中", "being checked"),
        S.CLOSED: ("已办结", "done"),
        S.SUSPENDED: ("暂缓办理", "postponed"),
        S.CANCELLED: ("不予受理", "not accepted"),
    },
}
ACTIONS: dict[Action, Words] = {
    Action.VERIFY: ("核实", "verify"),
    Action.FILE: ("立案", "file"),
    Action.REFUSE: ("不予立案", "refuse"),
    Action.DISPATCH: ("派遣", "dispatch"),
    Action.RETURN: ("退回", "return"),
    Action.SIGN: ("签收", "sign for"),
    Action.RECTIFY: ("反馈整改结果", "report back"),
    Action.CHECK_PASS: ("核查通过", "check: passed"),
    Action.CHECK_FAIL: ("核查不通过", "check: failed"),
    Action.CHECK_UNCLEAR: ("核查无法判定", "check: cannot tell"),
    Action.CLOSE: ("结案销号", "close out"),
    Action.REWORK: ("返工", "send back to work"),
    Action.EXTEND: ("申请延期", "ask for an extension"),
    Action.APPROVE_EXTENSION: ("批准延期", "approve the extension"),
    Action.REFUSE_EXTENSION: ("不予延期", "refuse the extension"),
    Action.SUSPEND: ("挂账", "suspend"),
    Action.RESUME: ("恢复办理", "resume"),
    Action.CANCEL: ("作废", "cancel"),
    Action.SUPERVISE: ("督办", "supervise"),
    Action.URGE: ("催办", "urge"),
    Action.TRANSFER: ("转办", "transfer"),
    Action.REOPEN: ("重开", "reopen"),
    Action.APPEAL: ("超期申诉", "appeal the lateness"),
    Action.ACCEPT_APPEAL: ("申诉成立", "accept the appeal"),
    Action.REFUSE_APPEAL: ("申诉不成立", "refuse the appeal"),
    Action.MERGE: ("并案", "merge"),
    Action.UNMERGE: ("取消并案", "unmerge"),
    Action.COMMENT: ("备注", "comment"),
    Action.OPEN: ("上报", "reported"),
    Action.CHANGE: ("随检查修订更新", "changed by a revision"),
    Action.WITHDRAW: ("随检查修订撤销", "withdrawn by a revision"),
    Action.REPORT_AGAIN: ("重新上报", "reported again"),
    Action.WARN_HALF: ("时限过半提醒", "half of the time is gone"),
    Action.WARN_NINE_TENTHS: ("即将超期提醒", "nine tenths of the time are gone"),
    Action.MARK_OVERDUE: ("超期", "overdue"),
    Action.REMIND: ("超期提醒", "reminder of being overdue"),
    Action.END_SUSPENSION: ("挂账到期恢复", "the suspension has ended"),
    Action.RECOMPUTE: ("按新日历重算时限", "deadline by the new calendar"),
}
BASES: dict[LimitBasis, Words] = {
    LimitBasis.CONDITION: ("按立案条件", "by the filing condition"),
    LimitBasis.STRICTEST: ("按最严立案条件", "by the strictest condition"),
    LimitBasis.ITEM: ("按检查条目", "by the checklist item"),
    LimitBasis.DEFAULT: ("按本市默认时限", "the city's default"),
}
RESOLUTIONS: dict[Resolution, Words] = {
    Resolution.SOLVED: ("已解决", "solved"),
    Resolution.STAGED: ("分步计划", "staged plan"),
    Resolution.EXPLAINED: ("已说明", "explained"),
}
CANCELLATIONS: dict[Cancellation, Words] = {
    Cancellation.REFUSED: ("不予立案", "refused"),
    Cancellation.CANCELLED: ("作废", "cancelled"),
    Cancellation.MERGED: ("并案", "merged"),
    Cancellation.WITHDRAWN: ("随检查修订撤销", "withdrawn"),
}
