"""The part of the catalogue about results, flags, money and appeals."""

from app.web.field_messages import Text

RANKING_PROBLEMS: dict[str, Text] = {
    "rulebook.not-found": Text(
        "没有这份计分规则",
        "There is no such rulebook",
    ),
    "rulebook.draft-exists": Text(
        "已有一份草稿",
        "There is a draft already",
        "请改写或放弃现有草稿。",
        "Change or discard the draft that is there.",
    ),
    "rulebook.published": Text(
        "计分规则已发布，不再改动",
        "A published rulebook never changes",
        "请另起草新版本。",
        "Draft a new version instead.",
    ),
    "run.not-found": Text(
        "没有这次公布",
        "There is no such result",
    ),
    "run.reason-missing": Text(
        "更正须写明理由",
        "A correction needs a reason",
        "请填写 reason。",
        "Say why in reason.",
    ),
    "run.rulebook-late": Text(
        "轮次结束前没有已发布的计分规则",
        "No rulebook had been published when the round closed",
        "规则须先于结果确定。如仍按第 {rulebook} 版公布，请在 reason 中写明理由，随结果公开。",
        "Rules come before answers. To publish by version {rulebook} even so, say why in reason: it"
        " stays with the result.",
    ),
    "run.component-missing": Text(
        "分项排序组缺少参排单位",
        "A component league has nobody in it",
        "{league} 以 {component} 的名次计分，但其中没有参排单位。",
        "{league} takes points from {component}, in which nobody stands.",
    ),
    "round.source-does-not-rank": Text(
        "此来源不计入排名",
        "Rounds of this source do not rank",
        "计分规则不计来源 {source}。",
        "The rulebook does not count the source {source}.",
    ),
    "round.appeals-not-over": Text(
        "申诉期未结束",
        "The appeal window is not over",
        "请先开放申诉，并待申诉期满后公布。",
        "Open the round to appeals, and publish when the window is over.",
    ),
    "round.appeals-open": Text(
        "尚有未决申诉",
        "Appeals wait for a decision",
        "还有 {open} 项申诉未决定。",
        "{open} appeals are not decided.",
    ),
    "round.visits-pending": Text(
        "尚有检查待照片",
        "Visits wait for photos",
        "还有 {pending} 次检查待照片；确认不等可加 without_pending。",
        "{pending} visits wait for photos; say without_pending to leave them out.",
    ),
    "round.visits-thin": Text(
        "有检查适用条目过少",
        "Of some visits too little applied",
        "有 {thin} 次检查的适用条目过少；核实后加 thin_confirmed。",
        "Of {thin} visits too little applied; say thin_confirmed to stand for them.",
    ),
    "period.not-found": Text(
        "没有这个时段",
        "There is no such period",
    ),
    "period.exists": Text(
        "时段代码已被使用",
        "The code of the period is taken",
        "请换一个代码：{period} 已被使用。",
        "Choose another code: {period} is taken.",
    ),
    "period.no-rounds": Text(
        "时段内没有已公布的轮次",
        "No round of the period is published",
        "请先公布其中的轮次。",
        "Publish rounds of it first.",
    ),
    "entrant.not-found": Text(
        "没有这个参排单位",
        "There is no such entrant",
    ),
    "flag.not-found": Text(
        "没有这面旗帜",
        "There is no such flag",
    ),
    "flag.by-rule": Text(
        "按规则颁发的旗帜不能单独撤回",
        "A flag by rule is not withdrawn by itself",
        "请更正排名结果。",
        "Correct the result instead.",
    ),
    "flag.withdrawn": Text(
        "旗帜已撤回",
        "The flag is withdrawn already",
    ),
    "award.not-found": Text(
        "没有这项奖补",
        "There is no such award",
    ),
    "award.by-rule": Text(
        "按规则的奖补不能单独撤回",
        "An award by rule is not withdrawn by itself",
        "请更正排名结果。",
        "Correct the result instead.",
    ),
    "award.withdrawn": Text(
        "奖补已撤回",
        "The award is withdrawn",
    ),
    "award.paid": Text(
        "奖补已拨付",
        "The award has been paid already",
    ),
    "award.over-budget": Text(
        "超出奖补预算",
        "The budget does not hold this",
        "预算 {budget_fen} 分，已决定 {spent_fen} 分，再加 {more_fen} 分即超出。",
        "The budget is {budget_fen} fen, {spent_fen} are decided, {more_fen} more exceed it.",
    ),
    "budget.exists": Text(
        "同一天起的同类预算已设定",
        "Such a budget from that day is there already",
        "请换一个起始日。",
        "Choose another first day.",
    ),
    "appeal.not-found": Text(
        "没有这项申诉",
        "There is no such appeal",
    ),
    "appeal.window-closed": Text(
        "不在申诉期内",
        "The appeal window is not open",
        "申诉只在轮次开放申诉期间受理。",
        "Appeals are taken while the round is open to them.",
    ),
    "appeal.nothing-lost": Text(
        "该条目没有失分",
        "Nothing was lost at this item",
    ),
    "appeal.open": Text(
        "该条目已有未决申诉",
        "An appeal about this item is open",
        "请等待决定。",
        "Wait for its decision.",
    ),
    "appeal.id-reused": Text(
        "该编号已用于内容不同的申诉",
        "This id belongs to another appeal",
        "若为另一项申诉，请换用新编号。",
        "Use a new id for another appeal.",
    ),
    "appeal.decided": Text(
        "申诉已决定",
        "The appeal has been decided",
    ),
    "appeal.second-person": Text(
        "申诉须由他人决定",
        "Somebody else decides about an appeal",
        "提出申诉的人不能自己决定。",
        "Who filed it does not decide it.",
    ),
}
