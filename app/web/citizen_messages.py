"""The part of the catalogue about the door without a sign-in, and contacts."""

from app.web.field_messages import Text

CITIZEN_PROBLEMS: dict[str, Text] = {
    "public.not-open": Text(
        "本市未开通随手拍", "Citizens cannot report here", "请拨打 12345。", "Call 12345."
    ),
    "public.too-many": Text(
        "请求过于频繁",
        "Too many requests from this address",
        "请在 {wait_s} 秒后再试。",
        "Try again in {wait_s} seconds.",
    ),
    "public.too-many-reports": Text(
        "本网络上报过多",
        "Too many reports from this address",
        "请在 {wait_s} 秒后再试。",
        "Try again in {wait_s} seconds.",
    ),
    "public.busy": Text(
        "全市上报过多",
        "Too many reports at present",
        "请在 {wait_s} 秒后再试。",
        "Try again in {wait_s} seconds.",
    ),
    "report.not-found": Text(
        "没有这个查询号",
        "There is no report with this number",
        "请核对查询号。",
        "Check the number.",
    ),
    "photo-token.unknown": Text(
        "照片凭证无效或已过期",
        "The photo token is not valid, or has run out",
        "请重发同一份上报以取得新凭证；超过时限则不能再补照片。",
        "Send the same report again for a new one; after its time no photos are taken.",
    ),
    "photo-token.used-up": Text(
        "照片已满",
        "No more photos",
        "每份上报至多 {limit} 张。",
        "A report takes at most {limit}.",
    ),
    "contact.not-found": Text(
        "没有联系方式",
        "There is no contact",
        "匿名上报，或已到期清除。",
        "It was anonymous, or has been erased.",
    ),
    "contact.keys-unusable": Text(
        "联系方式的密钥不可用",
        "The keys of contacts are of no use",
        "请联系运维人员核对 DUDAO_CONTACT_KEYS_FILE；也可匿名上报。",
        "Ask the operators about DUDAO_CONTACT_KEYS_FILE; or report without a contact.",
    ),
}
