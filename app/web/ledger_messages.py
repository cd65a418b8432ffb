"""The part of the catalogue about the ledger: moves that may not be made, and the calendar."""

from app.web.field_messages import Text

LEDGER_PROBLEMS: dict[str, Text] = {
    "problem.invalid-command": Text(
        "办理内容有误",
        "The command is not valid",
        "请按 errors 中逐条指出的位置修改后重发。",
        "Correct each place named in errors, then resend.",
    ),
    "problem.stale": Text(
        "案件已被他人办理",
        "The case has moved meanwhile",
        "errors 中附有最新情况，请核对后按新 version 重发。",
        "errors holds the case as it is now; look at it and resend with its version.",
    ),
    "problem.wrong-state": Text(
        "当前状态不能这样办理",
        "The case is not in a state for this",
        "状态为 {state} 时不能 {action}。",
        "A case that is {state} takes no {action}.",
    ),
    "problem.not-yours": Text(
        "不由您办理",
        "This is not yours to do",
        "签收、退回、反馈、延期、申诉由责任单位办理；核查、销号不得由责任单位自办。（{party}）",
        "The answerable unit handles; others check and close. ({party})",
    ),
    "problem.own-request": Text(
        "不能审批自己的申请", "Nobody decides on his own request", "请由他人审批。", "Ask another."
    ),
    "problem.deadline-passed": Text(
        "时限已过",
        "The deadline has passed",
        "延期和挂账须在到期之前办理。",
        "Extensions and suspensions are made before the deadline.",
    ),
    "problem.extension-open": Text("已有延期申请待审批", "An extension has been asked for already"),
    "problem.no-extension-open": Text("没有待审批的延期", "No extension has been asked for"),
    "problem.no-more-extensions": Text(
        "延期次数已用完", "No more extensions", "至多 {limit} 次。", "At most {limit}."
    ),
    "problem.suspended-before": Text("已挂账过一次", "It has been suspended once already"),
    "problem.suspended-too-long": Text(
        "挂账期限不对",
        "The suspension is not of a right length",
        "截止时间须在今后 {limit} 天之内。",
        "Its end lies ahead, by at most {limit} days.",
    ),
    "problem.not-passed": Text(
        "尚未核查通过", "No check has passed it", "请先核查。", "Let somebody check it first."
    ),
    "problem.photos-missing": Text(
        "整改后照片尚未到齐",
        "Photos of the report-back are not there yet",
        "还差 {count} 张，请等待上传完成。",
        "{count} are missing; wait until they are uploaded.",
    ),
    "problem.transferred-before": Text(
        "单位已转办过一次",
        "A unit has transferred it once already",
        "请由指挥部转办。",
        "Ask headquarters.",
    ),
    "problem.same-unit": Text("责任单位未变", "It is with this unit already"),
    "problem.nobody-answers": Text(
        "没有责任单位", "Nobody answers for it", "请指明单位。", "Name a unit."
    ),
    "problem.was-in-time": Text("未超期，无须申诉", "It was not late"),
    "problem.appealed-before": Text("已申诉过一次", "It has been appealed once already"),
    "problem.no-appeal-open": Text("没有待裁定的申诉", "No appeal waits"),
    "problem.not-merged": Text("未并案", "It was not merged"),
    "problem.not-withdrawn": Text("未随检查撤销", "It was not withdrawn"),
    "problem.merge-cancelled": Text(
        "不能并入已作废的案件",
        "A cancelled case takes no other in",
        "{number} 已作废。",
        "{number} is cancelled.",
    ),
    "problem.only-shortens": Text(
        "督办只能提前时限",
        "A deadline is only shortened",
        "新时限须在此刻之后、原时限之前。",
        "The new one lies between now and the present one.",
    ),
    "export.not-found": Text("没有这项导出", "No such export"),
    "export.id-taken": Text(
        "该编号已用于另一项导出",
        "This id means another export",
        "请换一个新的 id。",
        "Make a new id.",
    ),
    "export.too-many": Text(
        "未完成的导出过多",
        "Too many exports are under way",
        "同时至多 {limit} 项，请等待完成。",
        "At most {limit} at once; wait for one to end.",
    ),
    "export.too-large": Text(
        "行数过多，不能直接导出",
        "Too many rows for a sheet at once",
        "超过 {limit} 行，请改用 POST /v1/ledger-exports 或 CSV。",
        "More than {limit}; use POST /v1/ledger-exports, or CSV.",
    ),
    "export.no-file": Text(
        "没有可下载的文件",
        "There is no file to download",
        "导出状态为 {state}。",
        "The export is {state}.",
    ),
    "export.reach-changed": Text(
        "您的职务已变动，不能下载",
        "Your offices have changed since",
        "请按现有职务重新导出。",
        "Ask for the export again.",
    ),
    "export.taken-over": Text("导出已由另一进程接手", "Another worker has taken the export over"),
    "calendar.invalid": Text(
        "节假日安排有误",
        "The calendar is not valid",
        "请按 errors 中逐条指出的位置修改后重发。",
        "Correct each place named in errors, then resend.",
    ),
}
