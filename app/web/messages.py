"""The catalogue: every error code the service can give, with its texts in Chinese and English.

Clients switch on the code. A test walks the source and fails on a code that is not listed here,
or on an entry that nobody raises; ``openapi/errors.md`` is generated from this table.
"""

from typing import Any

from app.web.citizen_messages import CITIZEN_PROBLEMS
from app.web.field_messages import FIELDS, KINDS_ZH, Text
from app.web.language import Language
from app.web.ledger_messages import LEDGER_PROBLEMS
from app.web.photo_messages import PHOTO_PROBLEMS
from app.web.ranking_messages import RANKING_PROBLEMS
from app.web.sheet_messages import SHEETS
from app.web.unit_messages import UNIT_PROBLEMS

PROBLEMS: dict[str, Text] = {
    **CITIZEN_PROBLEMS,
    **LEDGER_PROBLEMS,
    **PHOTO_PROBLEMS,
    **RANKING_PROBLEMS,
    **SHEETS,
    **UNIT_PROBLEMS,
    "request.invalid": Text(
        "请求内容有误",
        "The request is not valid",
        "请按 errors 中逐条指出的位置修改后重发。",
        "Correct each place named in errors, then resend.",
    ),
    "request.not-found": Text(
        "没有这个地址",
        "There is no such address",
        "请核对接口地址，见 /docs。",
        "Check the path against /docs.",
    ),
    "request.method-not-allowed": Text(
        "此地址不支持该方法",
        "The method is not allowed here",
        "请核对接口方法，见 /docs。",
        "Check the method against /docs.",
    ),
    "request.too-large": Text(
        "请求体过大",
        "The request body is too large",
        "请分批发送。",
        "Send it in smaller parts.",
    ),
    "request.media-type": Text(
        "请求类型不受支持",
        "The content type of the request is not supported",
        "请使用 Content-Type: application/json。",
        "Send Content-Type: application/json.",
    ),
    "request.refused": Text(
        "请求被拒绝",
        "The request was refused",
        "请核对请求。",
        "Check the request.",
    ),
    "service.failed": Text(
        "服务内部出错",
        "The service failed",
        "请稍后重试；如仍失败，请把 request_id 报给管理员。",
        "Try again later; if it persists, give the request_id to the administrator.",
    ),
    "service.busy": Text(
        "服务繁忙",
        "The service is busy",
        "请稍后按 Retry-After 重试。",
        "Retry after Retry-After.",
    ),
    "signing.key-unusable": Text(
        "签名私钥不可用：{path}",
        "The signing key cannot be read: {path}",
        "请设置 DUDAO_SIGNING_KEY_FILE 并运行 dudao migrate，或恢复该文件。",
        "Set DUDAO_SIGNING_KEY_FILE and run dudao migrate, or put the file back.",
    ),
    "signing.key-retired": Text(
        "签名私钥 {key_id} 已停用",
        "The signing key {key_id} was retired",
        "请从执行 dudao keys rotate 的机器复制私钥文件。",
        "Copy the key file from the machine on which dudao keys rotate was run.",
    ),
    "store.unavailable": Text(
        "照片存储暂时不可用",
        "The photo store does not answer",
        "请稍后重试，本机照片请保留。",
        "Try again later and keep the photos on the device.",
    ),
    "auth.required": Text(
        "请先登录",
        "Sign in first",
        "请在 Authorization 头中携带有效的访问令牌。",
        "Send a valid access token as Bearer.",
    ),
    "auth.bad-credentials": Text(
        "账号或密码不正确",
        "Wrong account or password",
        "请核对后重试。",
        "Check both and try again.",
    ),
    "auth.bad-refresh-token": Text(
        "登录已失效",
        "The refresh token is not valid any more",
        "请重新登录；本机未上传的数据不会丢失。",
        "Sign in again; data on the device is kept.",
    ),
    "auth.bad-code": Text(
        "账号或一次性代码不正确，或代码已失效",
        "Wrong account or code, or the code is not valid any more",
        "请核对后重试；多次输错或过期后，请管理员重新发放。",
        "Check both; after some tries or its time, ask an administrator for a new one.",
    ),
    "auth.wrong-password": Text(
        "原密码不正确",
        "The present password is wrong",
        "请核对原密码后重试。",
        "Check it and try again.",
    ),
    "auth.weak-password": Text(
        "新密码不符合要求",
        "The new password will not do",
        "请按 errors 中的说明换一个密码。",
        "Choose another one as errors says.",
    ),
    "auth.too-many": Text(
        "尝试次数过多",
        "Tried too often",
        "请在 {wait_s} 秒后再试。",
        "Try again in {wait_s} seconds.",
    ),
    "auth.people-only": Text(
        "接口密钥不能使用此功能",
        "A machine's key cannot do this",
        "请以人员账号登录后操作。",
        "Sign in as a person.",
    ),
    "app.too-old": Text(
        "应用版本过低",
        "The app is too old",
        "请升级到 {minimum} 或以上；已拍摄和填写的内容仍可提交，不会丢失。",
        "Update to {minimum} or newer; what has been taken and filled in can still be handed in.",
    ),
    "auth.bad-grant": Text(
        "不支持的授权方式",
        "This grant type is not supported",
        "grant_type 应为 password 或 refresh_token，并带齐参数。",
        "Use grant_type password or refresh_token with its parameters.",
    ),
    "auth.forbidden": Text(
        "没有权限",
        "You may not do this",
        "此操作需要权限 {permission}。",
        "This needs the permission {permission}.",
    ),
    "checklist.not-found": Text("没有这个检查表版本", "There is no such checklist version"),
    "checklist.published": Text(
        "该版本已发布，不可更改",
        "This version is published and stays as it is",
        "请以新版本号起草。",
        "Draft a new version under the next number.",
    ),
    "checklist.version-exists": Text(
        "该版本号已存在",
        "This version exists already",
        "如为草稿请替换，否则请用新版本号。",
        "Replace it if it is a draft, or take another number.",
    ),
    "checklist.invalid": Text(
        "检查表内容有误",
        "The checklist contradicts itself",
        "请按 errors 中逐条指出的位置修改后重发。",
        "Correct each place named in errors, then resend.",
    ),
    "round.not-found": Text("没有这个轮次", "There is no such round"),
    "person.not-found": Text("没有这个人员", "There is no such person"),
    "person.not-yours": Text(
        "不能管理此人",
        "You do not manage this person",
        "其任职不全在您的管理范围内，请联系上级管理员。",
        "Not all his postings lie inside yours; ask an administrator above.",
    ),
    "person.self": Text(
        "不能给自己增加权限",
        "Nobody raises his own rights",
        "请由其他管理员办理。",
        "Ask another administrator.",
    ),
    "person.last-administrator": Text(
        "不能停用最后一名管理员",
        "The last administrator stays",
        "请先指定另一名长期有效的管理员。",
        "Appoint another one without an end first.",
    ),
    "posting.not-found": Text("没有这条任职", "There is no such posting"),
    "posting.not-yours": Text(
        "不能授予这项任职",
        "You cannot give this posting",
        "角色、单位、区域和专项都须在您自己的任职范围内。",
        "Role, unit, areas and lines must lie inside a posting of your own.",
    ),
    "posting.exists": Text(
        "该任职已存在",
        "The posting exists already",
        "同一天起的同一任职已登记；如需更改，请先结束原任职。",
        "The same office from the same day is there; end it first to change it.",
    ),
    "posting.ended": Text("该任职已结束", "The posting has ended"),
    "deputy.not-found": Text("没有这项代理", "There is no such deputy"),
    "session.not-found": Text("没有这次登录", "There is no such session"),
    "api-key.not-found": Text("没有这个接口密钥", "There is no such API key"),
    "person.exists": Text(
        "账号已存在",
        "The account exists already",
        "请换一个登录名：{login} 已被使用。",
        "Choose another login: {login} is taken.",
    ),
    "round.exists": Text(
        "轮次已存在",
        "The round exists already",
        "代码 {round} 已用过；轮次一经载入不再覆盖。",
        "The code {round} is taken; a loaded round is never overwritten.",
    ),
    "round.not-open": Text(
        "轮次尚未开始",
        "The round has not been opened yet",
        "请在轮次开始后提交。",
        "Submit after the round has been opened.",
    ),
    "round.not-ranked": Text(
        "自查轮次不参加排名",
        "Self-inspections are not ranked",
        "自查结果请看轮次的覆盖情况和检查记录。",
        "See the round's coverage and its visits instead.",
    ),
    "site.not-found": Text("没有这个点位", "There is no such site"),
    "site.id-reused": Text(
        "该编号已用于内容不同的请求",
        "This id belongs to another request",
        "若为另一个点位或另一次更正，请换用新编号。",
        "Use a new id for another site or move.",
    ),
    "site.code-taken": Text(
        "点位代码已被使用",
        "The code of the site is taken",
        "请换一个代码，或不填代码。",
        "Choose another code, or send none.",
    ),
    "site.nothing-waits": Text(
        "该点位没有待确认的事项",
        "Nothing waits for a decision at this site",
        "可能已由他人处理，请刷新。",
        "Somebody else may have decided; read it again.",
    ),
    "site.other-state": Text(
        "点位的状态不允许此操作",
        "The state of the site does not allow this",
        "点位现为 {state}，请刷新后再试。",
        "The site is {state}; read it again.",
    ),
    "round.wrong-state": Text(
        "轮次状态不允许此操作",
        "The state of the round does not allow this",
        "当前状态 {state}，需要 {needed}。",
        "It is {state}, and would have to be {needed}.",
    ),
    "campaign.not-found": Text("没有这个活动", "There is no such campaign"),
    "campaign.exists": Text(
        "活动代码已被使用",
        "The code of the campaign is taken",
        "请换一个代码：{campaign} 已被使用。",
        "Choose another code: {campaign} is taken.",
    ),
    "campaign.ended": Text(
        "活动已结束",
        "The campaign has ended",
        "{campaign} 已结束，不能再新建轮次。",
        "{campaign} has ended and takes no new rounds.",
    ),
    "series.not-found": Text("没有这个周期轮次", "There is no such series of rounds"),
    "series.exists": Text(
        "周期轮次代码已被使用",
        "The code of the series is taken",
        "请换一个代码：{series} 已被使用。",
        "Choose another code: {series} is taken.",
    ),
    "team.not-found": Text("没有这个督导组", "There is no such team"),
    "team.exists": Text(
        "督导组代码已被使用",
        "The code of the team is taken",
        "请换一个代码：{team} 已被使用。",
        "Choose another code: {team} is taken.",
    ),
    "team.ended": Text(
        "督导组已撤销",
        "The team has ended",
        "{team} 已撤销，不能再加人。",
        "{team} has ended and takes nobody in.",
    ),
    "team.not-a-member": Text(
        "此人不在该督导组",
        "This person is not in the team",
        "请核对账号 {person}。",
        "Check the account {person}.",
    ),
    "team.joined-that-day": Text(
        "此人当天已加入过该督导组",
        "This person has joined the team that day already",
        "请为 {person} 另选日期。",
        "Choose another day for {person}.",
    ),
    "task.not-found": Text("没有这个任务", "There is no such task"),
    "task.cancelled": Text("任务已取消", "The task has been cancelled"),
    "task.not-his": Text(
        "任务不在此人手上",
        "The task is not with this person",
        "任务已不属于 {person}，请刷新任务。",
        "It is not {person}'s any more; fetch the tasks again.",
    ),
    "task.hand-over-reused": Text(
        "该编号已用于内容不同的移交",
        "This id belongs to another hand-over",
        "若为另一次移交，请换用新编号。",
        "Use a new id for another hand-over.",
    ),
    "league.not-found": Text("没有这个排序组", "There is no such league"),
    "visit.not-found": Text("没有这次检查", "There is no such visit"),
    "visit.invalid": Text(
        "检查内容与检查表不符",
        "The visit does not fit its checklist",
        "请按 errors 中逐条指出的位置修改后重发，照片不会丢失。",
        "Correct each place named in errors and resend; no photo is lost.",
    ),
    "visit.id-reused": Text(
        "该编号已用于内容不同的检查",
        "This id belongs to a visit with other content",
        "若为另一次检查，请换用新编号。",
        "Use a new id for another visit.",
    ),
    "visit.no-such-revision": Text("没有这次修订", "There is no such revision"),
    "visit.revision-id-reused": Text(
        "该编号已用于另一次修订",
        "This id belongs to another revision",
        "请为这次修订换用新编号。",
        "Give this revision a new id.",
    ),
    "visit.revision-stale": Text(
        "此检查已有更新的修订",
        "A newer revision of the visit came first",
        "现为第 {present} 次修订，请在其基础上重新修订。",
        "The present revision is number {present}; revise that one.",
    ),
    "visit.not-yours": Text(
        "只有参加检查的人员可以修订",
        "Only those who were there may revise the visit",
        "如需更正，请联系指挥部。",
        "Ask headquarters for a correction.",
    ),
    "visit.round-over": Text(
        "轮次已截止",
        "The round is over",
        "截止后只有指挥部可以修订。",
        "After the close only headquarters revises.",
    ),
    "visit.published": Text(
        "该轮次已公布，检查不再更改",
        "The round is published and its visits stay as they are",
        "如有异议，请走申诉程序。",
        "Appeal where you disagree.",
    ),
    "visit.not-inspected": Text(
        "未能实地检查的不计分",
        "A site that could not be inspected does not count",
    ),
    "visit.late": Text(
        "逾期上报的检查尚未获准",
        "The visit was late and has not been accepted",
        "请先决定是否采纳。",
        "Accept it first.",
    ),
    "visit.not-late": Text("此检查并未逾期", "The visit was not late"),
    "visit.late-decided": Text("此逾期检查已有决定", "This late visit is decided already"),
    "sync.cursor-ahead": Text(
        "服务器的数据已恢复到较早的时间，变更流须重新开始",
        "The server was put back to an earlier day; the change feed begins anew",
        "请不带 cursor 重新调用，并核对本人的照片和检查。",
        "Call again without a cursor, and compare your own photos and visits.",
    ),
    "retake.not-found": Text("没有这个补拍要求", "There is no such retake"),
    "retake.decided": Text("此补拍要求已了结", "This retake is fulfilled or waived already"),
    "retake.same-photo": Text(
        "该照片已在此次检查中",
        "The visit names this photo already",
        "请补拍一张新照片。",
        "Take a new photo.",
    ),
    "problem.invalid": Text(
        "上报内容有误",
        "The report is not valid",
        "请按 errors 中逐条指出的位置修改后重发。",
        "Correct each place named in errors, then resend.",
    ),
    "problem.id-reused": Text(
        "该编号已用于另一次上报",
        "This id belongs to another report",
        "请为这次上报换用新编号。",
        "Give this report a new id.",
    ),
    "problem.not-found": Text("台账中没有这个问题", "There is no such entry in the ledger"),
}


def title_of(code: str, language: Language) -> str:
    """The title of a problem."""
    text = PROBLEMS[code]
    return text.en if language == "en" else text.zh


def detail_of(code: str, language: Language, data: dict[str, Any]) -> str:
    """What happened and what to do next, with the error's data filled in."""
    text = PROBLEMS[code]
    title, do = (text.en, text.do_en) if language == "en" else (text.zh, text.do_zh)
    joint = ". " if language == "en" else "。"
    return (title + (joint + do if do else "")).format(**data)


def fault_text(code: str, language: Language, data: dict[str, Any]) -> str:
    """One fault at one field, in words."""
    text = FIELDS[code]
    if language == "en":
        return text.en.format(**data)
    kind = {"kind": KINDS_ZH[data["kind"]]} if "kind" in data else {}
    return text.zh.format(**data | kind)
