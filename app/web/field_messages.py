"""The part of the catalogue about single fields: what a ``Fault`` of a request says."""

from typing import NamedTuple


class Text(NamedTuple):
    """Title in two languages, and what to do next in two languages."""

    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""


FIELDS: dict[str, Text] = {
    "field.missing": Text("缺少此项", "this field is required"),
    "field.extra": Text("不认识的字段", "unknown field"),
    "field.type": Text("类型不对，应为{expected}", "wrong type, expected {expected}"),
    "field.value": Text("取值不对：{expected}", "not an allowed value: {expected}"),
    "field.format": Text("格式不对：{expected}", "wrong format: {expected}"),
    "field.too-small": Text("不得小于 {limit}", "must not be less than {limit}"),
    "field.too-large": Text("不得大于 {limit}", "must not be greater than {limit}"),
    "field.too-short": Text("不得少于 {limit}", "must have at least {limit}"),
    "field.too-long": Text("不得多于 {limit}", "must have at most {limit}"),
    "field.json": Text("不是合法的 JSON", "is not valid JSON"),
    "field.bad-cursor": Text("翻页游标无效，请从第一页重取", "bad cursor; start from page one"),
    "field.unknown-reference": Text("没有这个{kind}：{value}", "there is no {kind} {value}"),
    "field.duplicate": Text("重复出现：{value}", "given twice: {value}"),
    "field.differs": Text("与首次提交的内容不同", "differs from what was sent first"),
    "field.not-the-path": Text("与地址中的 {value} 不一致", "differs from {value} in the path"),
    "field.order": Text("结束时间早于开始时间", "the end is before the beginning"),
    "geometry.swapped": Text(
        "经纬度颠倒：应为先经度后纬度，见 {lon}、{lat}",
        "longitude and latitude are exchanged: {lon}, {lat}",
    ),
    "geometry.outside": Text(
        "坐标不在合理范围内：经度 {lon}，纬度 {lat}",
        "outside of the plausible range: longitude {lon}, latitude {lat}",
    ),
    "geometry.too-many-points": Text(
        "边界点过多：{found}，至多 {limit}", "{found} points, at most {limit}"
    ),
    "geometry.empty": Text("边界不围成任何面积", "the outline encloses no area"),
    "unit.not-valid": Text("单位 {value} 在 {on} 不存续", "unit {value} is not valid on {on}"),
    "field.in-the-past": Text("时间已过", "lies in the past"),
    "password.is-login": Text("密码不能与登录名相同", "must not be the login"),
    "deputy.is-holder": Text("代理人不能是本人", "nobody is his own deputy"),
    "deputy.term": Text(
        "起止日期不对：须先起后止，最长 366 天",
        "the end is before the beginning, or beyond 366 days",
    ),
    "field.stale": Text("现为第 {present} 次", "the present one is {present}"),
    "place.unknown": Text(
        "无法判定所在单位，请指明点位或单位",
        "the unit of this place is not known; name a site or a unit",
    ),
    "place.other-system": Text(
        "不在本市，除非坐标系为 {crs}，请核对坐标系",
        "not in this city, unless the coordinates are {crs}: check the system",
    ),
    "contact.not-taken": Text(
        "暂不能登记联系方式，请去掉后匿名上报",
        "no contact can be kept at present; report without one",
    ),
    "outcome.reason-missing": Text("未能检查须写明原因", "say why it could not be inspected"),
    "outcome.photo-missing": Text("未能检查须有现场照片", "at least one photo is required"),
    "outcome.answers": Text("未能检查的不作答", "what was not inspected has no answers"),
    "item.unknown": Text("检查表中没有条目 {item}", "the checklist has no item {item}"),
    "item.unanswered": Text("条目 {item} 没有作答", "item {item} is not answered"),
    "item.bad-value": Text("条目 {item} 应答 {expected}", "item {item} takes {expected}"),
    "item.reason-missing": Text("不适用须写明理由", "not applicable needs a reason"),
    "item.finding-missing": Text(
        "失分条目至少要有一条问题", "an answer that loses points needs at least one finding"
    ),
    "item.finding-count": Text(
        "数量 {value} 与问题条数 {found} 不符", "count {value} does not equal {found} findings"
    ),
    "item.photo-missing": Text(
        "至少需要 {minimum} 张照片", "at least {minimum} photo(s) are required"
    ),
    "item.too-many-photos": Text(
        "最多可附 {maximum} 张照片", "at most {maximum} photo(s) are taken"
    ),
    "item.na-not-allowed": Text(
        "条目 {item} 必须作答，不可选不适用", "item {item} must be answered; na is not allowed"
    ),
    "item.not-asked": Text(
        "按前面的答案，条目 {item} 无须作答", "item {item} does not apply under these answers"
    ),
    "item.not-earlier": Text(
        "条件只能看排在前面的条目，{item} 不是",
        "a condition looks at an earlier item; {item} is none",
    ),
    "item.unexpected-finding": Text("未失分的条目不应有问题", "no finding where nothing is lost"),
    "photo.not-yours": Text("这张照片由他人登记", "the photo was announced by somebody else"),
    "photo.refused": Text("这张照片未通过校验", "the photo was refused"),
    "source.may-not-judge": Text(
        "该单位不得以来源 {source} 开展检查", "this unit may not inspect as {source}"
    ),
    "site.not-judged": Text(
        "点位 {site} 不在可检查范围内", "the site {site} may not be judged in this round"
    ),
    "series.rule": Text(
        "周期规则不支持此处：{part}", "this part of the rule is not allowed: {part}"
    ),
    "task.planned-already": Text("点位 {site} 已有此任务", "the site {site} has this task already"),
    "task.blind-needs-first": Text(
        "点位 {site} 尚无首个任务，不能安排暗访复核",
        "the site {site} has no first task to be doubled",
    ),
    "task.blind-needs-teams": Text(
        "暗访复核至少需要两个督导组", "blind doubles need at least two teams"
    ),
    "task.nothing-to-draw": Text("没有可抽取的点位", "there is no site left to draw"),
    "task.no-colleague": Text(
        "{person} 不是可移交的同事", "{person} is no colleague who could take it"
    ),
    "site.other-category": Text(
        "检查表不适用于此类点位", "the checklist is not for this kind of site"
    ),
}

KINDS_ZH = {
    "unit": "单位",
    "line": "专项",
    "category": "问题类别",
    "checklist": "检查表版本",
    "campaign": "活动",
    "round": "轮次",
    "site": "点位",
    "task": "任务",
    "person": "账号",
    "team": "督导组",
    "photo": "照片",
    "posting": "任职",
    "group": "专项指挥部",
    "condition": "立案条件",
    "problem": "案件",
    "entrant": "参排单位",
}
