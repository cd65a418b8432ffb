"""The sheets of the work itself: checklists, campaigns, leagues, rounds, entrants and tasks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from app.checklists.rules import AnswerType, BadValue, PhotoRule, mark, read_scale
from app.imports.checks import living_entrant, may_judge, may_run
from app.imports.columns import (
    Column,
    Head,
    Value,
    choice,
    code,
    codes,
    instant,
    one_of_texts,
    points,
    text,
    whole,
    yes_no,
)
from app.imports.faults import Bad, SheetFault
from app.imports.rules import Found, Key, Kind, Record, World, fault_at
from app.kit.changes import Row
from app.kit.workdays import LimitUnit
from app.organisation.rules import Role
from app.rounds.rules import Period, RoundState, Source

_ANSWERS = {
    "pass_fail": "合格不合格",
    "grade_abc": "ABC三档",
    "count_deduct": "按数扣分",
    "number_min": "达到数量",
}
_PHOTOS = {"always": "必拍", "on_fail": "失分时拍", "never": "不拍"}
_LIMITS = {
    "urgent_hour": "紧急小时",
    "urgent_day": "紧急日",
    "work_hour": "工作小时",
    "work_day": "工作日",
    "natural_day": "自然日",
}
_SOURCES = {
    "city_team": "督导组",
    "bureau": "市直单位",
    "district": "城区",
    "third_party": "第三方",
    "self": "自查",
}
_PERIODS = {"day": "日", "week": "周", "month": "月", "quarter": "季", "special": "专项"}
_STATES = {
    "planned": "计划",
    "open": "进行中",
    "closed": "已结束",
    "appeal": "申诉中",
    "published": "已公布",
    "cancelled": "已取消",
}
_NAME_ZH = Head("name_zh", "名称", "name")
_NAME_EN = text(Head("name_en", "英文名称", "English name"), 200)
_EVERYBODY = "*"

# -- checklists -----------------------------------------------------------------------------------


def _params(head: Head) -> Column:
    """Further parameters for the phone, as a JSON object."""

    def read(cell: str, _zone: tzinfo) -> Value:
        try:
            found = json.loads(cell)
        except ValueError as error:
            raise Bad("cell.json") from error
        if not isinstance(found, dict) or {"deduct_per", "min", "unit_zh"} & found.keys():
            raise Bad("cell.json")
        return found

    def write(value: Value, _zone: tzinfo) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""

    return Column(
        head.name,
        head.zh,
        head.en,
        head.meaning_zh,
        head.meaning_en,
        read,
        write,
        default={},
        sort="params",
    )


_LIST_COLUMNS = ("checklist", "site_category", "title_zh", "title_en")


def _check_item(record: Record, world: World) -> Iterator[Found]:
    row, type_ = record.row, record.row["answer_type"]
    for name, of in (("deduct_per", "count_deduct"), ("min", "number_min")):
        column = CHECKLISTS.column(name)
        data = {"type": type_, "zh": column.zh, "en": column.en}
        if type_ == of and row[name] is None and name not in record.failed:
            yield name, "item.needs", data
        elif type_ and type_ != of and row[name] is not None:
            yield name, "item.unused", data
    if row["veto_class"] and not row["veto"]:
        yield "veto_class", "item.veto-class", {}
    if row["photo_max"] is not None and row["photo_max"] < row["photo_min"]:
        yield "photo_max", "cell.too-small", {"limit": row["photo_min"]}
    for name, other in (("limit_quantity", "limit_unit"), ("limit_unit", "limit_quantity")):
        if row[name] is None and row[other] is not None and name not in record.failed:
            yield name, "cell.missing", {"example": CHECKLISTS.column(name).example}
    if row["exemption_en"] and not row["exemption_zh"]:
        yield "exemption_zh", "cell.missing", {"example": "未设路灯的背巷不考核照明"}
    if row["applies_values"] and not row["applies_item"]:
        yield "applies_item", "cell.missing", {"example": row["item"]}


def _check_items(records: Sequence[Record], world: World) -> Iterator[SheetFault]:
    """Rows of a checklist agree about it; a condition looks at an earlier item of the same list."""
    first: dict[str, Record] = {}
    before: dict[tuple[str, str], Row] = {}
    for record in records:
        row = record.row
        other = first.setdefault(row["checklist"], record)
        for name in _LIST_COLUMNS[1:]:
            if row[name] != other.row[name]:
                data = {"other": other.number, "there": other.row[name] or ""}
                data |= {"of_zh": "检查表", "of_en": "checklist"}
                yield fault_at(record, CHECKLISTS.column(name), "row.disagrees", data)
        stored = world.stored["checklists"].get((row["checklist"],))
        moved = stored is not None and stored["site_category"] != row["site_category"]
        if stored is not None and moved and other is record:
            data = {"there": stored["site_category"]} | _OTHER_LIST
            yield fault_at(record, CHECKLISTS.column("site_category"), "row.fixed", data)
        asked = row["applies_item"]
        if asked:
            yield from _check_condition(record, before.get((row["checklist"], asked)))
        before[row["checklist"], row["item"]] = row


_OTHER_LIST = {
    "hint_zh": "请为别类点位另建一张检查表",
    "hint_en": "make another checklist for other sites",
}


def _check_condition(record: Record, asked: Row | None) -> Iterator[SheetFault]:
    if asked is None:
        yield fault_at(record, CHECKLISTS.column("applies_item"), "item.not-earlier", {})
        return
    try:
        scale = read_scale(
            AnswerType(asked["answer_type"]), asked["weight"],
            {"deduct_per": asked["deduct_per"], "min": asked["min"]},
        )  # fmt: skip
    except (ValueError, TypeError):
        return  # its own row is told what is wrong with it
    for word in record.row["applies_values"]:
        try:
            mark(scale, int(word) if word.isdecimal() else word)
        except BadValue as error:
            data = {"found": word, "expected": str(error), "item": asked["item"]}
            column = CHECKLISTS.column("applies_values")
            yield fault_at(record, column, "item.other-answer", data)


def _fold_items(rows: Sequence[Row]) -> Mapping[Key, Row]:
    """Checklists with their items in the order of the sheet."""
    found: dict[Key, Row] = {}
    for row in rows:
        head = {name: row[name] for name in _LIST_COLUMNS}
        whole_list = found.setdefault((row["checklist"],), head | {"items": []})
        items = {name: value for name, value in row.items() if name not in _LIST_COLUMNS}
        whole_list["items"].append(items)
    return found


CHECKLISTS = Kind(
    "checklists",
    "检查表",
    "checklists",
    (
        code(Head("checklist", "检查表代码", "checklist", "每行一个条目，同一检查表的各行相同", "one row per item"), needed=True, example="gc"),
        text(Head("site_category", "适用类别", "site category", "点位类别", "as of the sites"), 40, needed=True, example="公厕"),
        text(Head("title_zh", "标题", "title"), 200, needed=True, example="公厕检查表"),
        text(Head("title_en", "英文标题", "English title"), 200),
        code(Head("item", "条目代码", "item", "检查表内唯一", "unique in the checklist"), needed=True, example="GC-01"),
        text(Head("text_zh", "检查内容", "text"), 400, needed=True, example="地面干净，无积水"),
        text(Head("text_en", "英文内容", "English text"), 400),
        points(Head("weight", "分值", "weight", "至多三位小数", "points"), "0.001", 1_000_000, needed=True, example="10"),
        choice(Head("answer_type", "答题方式", "answer type"), AnswerType, _ANSWERS, needed=True, example="pass_fail"),
        points(Head("deduct_per", "每处扣分", "deduct per", "按数扣分时必填", "for count_deduct"), "0.001", 1_000_000, example="2"),
        whole(Head("min", "应达数量", "minimum", "达到数量时必填", "for number_min"), 1, 100_000, example="3"),
        text(Head("unit_zh", "计数单位", "counted in", "如：处", "what is counted"), 20, example="处"),
        code(Head("line", "专项代码", "line"), needed=True, refers="lines", example="toilets"),
        code(Head("category", "问题类别", "category", "类别代码", "code of the category"), 20, refers="categories", example="E0101"),
        yes_no(Head("veto", "一票否决", "veto"), default=False, example="否"),
        text(Head("veto_class", "否决类别", "veto class"), 40),
        choice(Head("photo_rule", "拍照规则", "photo rule"), PhotoRule, _PHOTOS, default="on_fail", example="on_fail"),
        whole(Head("photo_min", "最少照片", "photos at least"), 1, 50, default=1, example="1"),
        whole(Head("photo_max", "最多照片", "photos at most"), 1, 50),
        yes_no(Head("na_allowed", "可不适用", "may be n/a"), default=True, example="是"),
        code(Head("applies_item", "前提条目", "applies if item", "仅当该条目的答案在“前提答案”之内时检查", "asked only after these answers")),
        codes(Head("applies_values", "前提答案", "has answers", "用分号隔开；不填为除不适用外的任何答案", "none: any but n/a")),
        text(Head("exemption_zh", "免责说明", "exemption"), 400),
        text(Head("exemption_en", "英文免责说明", "English exemption"), 400),
        whole(Head("limit_quantity", "整改时限", "limit"), 1, 10_000, example="2"),
        choice(Head("limit_unit", "时限单位", "limit unit"), LimitUnit, _LIMITS, example="work_day"),
        _params(Head("params", "其他参数", "parameters", "供手机使用的 JSON", "JSON for the phone")),
    ),
    key=("checklist", "item"),
    refer="checklist",
    label="title_zh",
    check=_check_item,
    check_all=_check_items,
    fold=_fold_items,
)  # fmt: skip


# -- campaigns, leagues, rounds -------------------------------------------------------------------

_SEERS = (_EVERYBODY, *(role.value for role in Role))
_HQ = ["auditor", "hq_admin", "hq_editor"]


def _visible(state: str, zh: str, default: list[str]) -> Column:
    head = Head(
        f"visible_{state}", f"{zh}时可见", f"visible when {state}",
        "谁能看到排名：角色，用分号隔开；* 为所有人，无 为没有人", "roles that see the standing; * is everybody, none is nobody",
    )  # fmt: skip
    return one_of_texts(head, _SEERS, default=default, example=";".join(default) or "无")


CAMPAIGNS = Kind(
    "campaigns",
    "活动",
    "campaigns",
    (
        code(Head("code", "活动代码", "code", "唯一", "unique"), needed=True, example="clean-2026"),
        text(_NAME_ZH, 100, needed=True, example="城乡环境整治"),
        _NAME_EN,
        code(Head("unit", "主办单位", "unit", "单位代码", "who runs it"), unit=True, needed=True, refers="units", example="990100"),
        _visible("planned", "计划", []),
        _visible("open", "进行", _HQ),
        _visible("closed", "结束", _HQ),
        _visible("appeal", "申诉", _HQ),
        _visible("published", "公布", [_EVERYBODY]),
    ),
    key=("code",),
)  # fmt: skip

_CAMPAIGN = code(
    Head("campaign", "活动代码", "campaign"), needed=True, refers="campaigns", example="clean-2026"
)

LEAGUES = Kind(
    "leagues",
    "排序组",
    "leagues",
    (
        _CAMPAIGN,
        code(Head("code", "排序组代码", "code", "活动内唯一", "unique in the campaign"), needed=True, example="towns"),
        text(_NAME_ZH, 100, needed=True, example="乡镇组"),
        _NAME_EN,
        whole(Head("position", "次序", "position", "显示的先后", "order in lists"), 0, 1000, default=0, example="1"),
        whole(Head("red", "红旗数", "red flags"), 0, 1000, default=0, example="3"),
        whole(Head("blue", "蓝旗数", "blue flags"), 0, 1000, default=0, example="2"),
    ),
    key=("campaign", "code"),
)  # fmt: skip


def _check_round(record: Record, world: World) -> Iterator[Found]:
    row = record.row
    if row["opens_at"] and row["closes_at"] and row["closes_at"] <= row["opens_at"]:
        yield "closes_at", "round.order", {}
    if record.before is None and row["state"] not in ("planned", "open"):
        yield "state", "round.state", {}
    if record.before is None or record.before["source"] != row["source"]:
        yield from may_run(record, world)


ROUNDS = Kind(
    "rounds",
    "轮次",
    "rounds",
    (
        _CAMPAIGN,
        code(Head("code", "轮次代码", "code", "活动内唯一", "unique in the campaign"), needed=True, example="2026-03"),
        text(_NAME_ZH, 100, needed=True, example="三月检查"),
        _NAME_EN,
        choice(Head("source", "检查来源", "source"), Source, _SOURCES, default="city_team", example="city_team"),
        choice(Head("period", "周期", "period"), Period, _PERIODS, default="month", example="month"),
        yes_no(Head("announced", "事先通知", "announced", "明察为是，暗访为否", "whether units know"), default=False, example="否"),
        instant(Head("opens_at", "开始时间", "opens at", "当地时间", "local time"), needed=True, example="2026-03-01 08:00"),
        instant(Head("closes_at", "结束时间", "closes at", "当地时间", "local time"), needed=True, example="2026-03-31 18:00"),
        choice(Head("state", "状态", "state", "新轮次：planned 或 open", "planned or open"), RoundState, _STATES, default="planned", first_only=True, example="open"),
    ),
    key=("campaign", "code"),
    check=_check_round,
    needs=("units",),
)  # fmt: skip


def _known_round(record: Record, world: World) -> Iterator[Found]:
    campaign, wanted = record.row["campaign"], record.row["round"]
    if wanted and (campaign, wanted) not in world.rows["rounds"]:
        known = [key[1] for key in world.rows["rounds"] if key[0] == campaign]
        yield "round", *world.unknown("rounds", wanted, known)


_ROUND = code(Head("round", "轮次代码", "round"), needed=True, example="2026-03")


def _check_entrant(record: Record, world: World) -> Iterator[Found]:
    yield from _known_round(record, world)
    yield from living_entrant(record, world)
    campaign, wanted = record.row["campaign"], record.row["league"]
    if wanted and (campaign, wanted) not in world.rows["leagues"]:
        known = [key[1] for key in world.rows["leagues"] if key[0] == campaign]
        yield "league", *world.unknown("leagues", wanted, known)
    if not record.row["areas"] and "areas" in record.given:
        yield "areas", "cell.missing", {"example": record.row["unit"] or ""}


_ENTRANT_STAYS = (
    "参评对象一经列入本轮不再改动，请在下一轮调整",
    "what was entered for a round stays; change it for the next round",
)

ENTRANTS = Kind(
    "entrants",
    "参评对象",
    "entrants",
    (
        _CAMPAIGN,
        _ROUND,
        code(Head("league", "排序组代码", "league"), needed=True, fixed=_ENTRANT_STAYS, example="towns"),
        code(Head("unit", "参评单位", "unit", "单位代码", "who is ranked"), unit=True, needed=True, refers="units", example="990100001"),
        text(Head("label", "参评事项", "label", "同一单位多次参评时区分", "tells its entries apart"), 100, default=""),
        codes(Head("lines", "专项", "lines", "不填为全部", "none is all"), refers="lines", fixed=_ENTRANT_STAYS),
        codes(Head("areas", "区域", "areas", "计入得分的区域", "whose answers count"), needed=True, refers="units", fixed=_ENTRANT_STAYS, example="990100001"),
        whole(Head("position", "次序", "position"), 0, 10_000, default=0, example="1"),
    ),
    key=("campaign", "round", "unit", "label"),
    refer="unit",
    label="label",
    check=_check_entrant,
    needs=("rounds", "leagues"),
)  # fmt: skip


def _check_task(record: Record, world: World) -> Iterator[Found]:
    yield from _known_round(record, world)
    site = world.index("sites").get(record.row["site"])
    checklist = world.index("checklists").get(record.row["checklist"])
    if site and checklist and site["category"] != checklist["site_category"]:
        data = {"wanted": checklist["site_category"], "found": site["category"]}
        yield "checklist", "task.category", data
    if site and record.before is None:
        yield from may_judge(record, site, world)


TASKS = Kind(
    "tasks",
    "任务",
    "tasks",
    (
        _CAMPAIGN,
        _ROUND,
        code(Head("site", "点位代码", "site"), needed=True, refers="sites", example="GC-0001"),
        code(Head("checklist", "检查表代码", "checklist", "用最新发布的版本", "its newest version"), needed=True, refers="checklists", example="gc"),
        codes(Head("members", "督导员", "members", "账号，用分号隔开", "logins, by semicolons"), refers="users", example="wangfang;lijianguo"),
    ),
    key=("campaign", "round", "site", "checklist"),
    refer="site",
    label="site",
    check=_check_task,
    needs=("units", "rounds"),
)  # fmt: skip
