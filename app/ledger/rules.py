"""States of a problem and where problems come from."""

from enum import StrEnum


class ProblemState(StrEnum):
    REPORTED = "reported"
    VERIFYING = "verifying"
    FILED = "filed"
    DISPATCHED = "dispatched"
    RECTIFYING = "rectifying"
    CHECKING = "checking"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class ProblemSource(StrEnum):
    """Who says so: each door of the ledger is kept apart."""

    VISIT = "visit"
    PATROL = "patrol"
    SELF = "self"
    CITIZEN = "citizen"
    MONITOR = "monitor"
    ENTERPRISE = "enterprise"
    PLATFORM = "platform"


STATE_LABELS: dict[ProblemState, tuple[str, str]] = {
    ProblemState.REPORTED: ("上报", "reported"),
    ProblemState.VERIFYING: ("核实", "verifying"),
    ProblemState.FILED: ("立案", "filed"),
    ProblemState.DISPATCHED: ("派遣", "dispatched"),
    ProblemState.RECTIFYING: ("处置", "rectifying"),
    ProblemState.CHECKING: ("核查", "checking"),
    ProblemState.CLOSED: ("结案", "closed"),
    ProblemState.SUSPENDED: ("挂账", "suspended"),
    ProblemState.CANCELLED: ("作废", "cancelled"),
}
SOURCE_LABELS: dict[ProblemSource, tuple[str, str]] = {
    ProblemSource.VISIT: ("督导检查", "visit"),
    ProblemSource.PATROL: ("巡查上报", "patrol"),
    ProblemSource.SELF: ("单位自查", "self-inspection"),
    ProblemSource.CITIZEN: ("随手拍", "citizen report"),
    ProblemSource.MONITOR: ("监测报警", "monitor"),
    ProblemSource.ENTERPRISE: ("企业问题", "enterprise"),
    ProblemSource.PLATFORM: ("数字城管平台", "city platform"),
}
