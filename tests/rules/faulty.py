"""A small county as it is stored, and a workbook with forty faults, each of another sort."""

from app.imports.columns import FIRST_DAY
from app.imports.kinds import KINDS
from app.imports.rules import SheetText

ZONE_NAME = "Asia/Shanghai"


def unit(code, kind="street", parent="9001", **changes):
    row = {
        "code": code,
        "scheme": "local",
        "kind": kind,
        "parent": parent,
        "name_zh": f"单位{code}",
        "full_name_zh": None,
        "name_en": None,
        "valid_from": FIRST_DAY,
        "valid_to": None,
        "successor": None,
    }
    return row | changes


def keyed(kind, *rows):
    return {tuple(row[name] for name in KINDS[kind].key): row for row in rows}


def line(code):
    return {"code": code, "name_zh": f"专项{code}", "name_en": None}


STORED = {
    "units": keyed(
        "units",
        unit("9001", "district", None),
        unit("9001001", name_zh="云溪镇"),
        unit("9001002", name_zh="青石镇"),
    ),
    "lines": keyed("lines", line("toilets"), line("markets")),
    "responsibilities": keyed(
        "responsibilities",
        {
            "area": "9001",
            "line": "toilets",
            "unit": "9001",
            "leader": None,
            "coordinator": None,
            "handler": None,
            "valid_from": "2025-01-01",
            "valid_to": "2026-12-31",
        },
    ),
}


def sheet(name, *rows):
    return SheetText(name, [(n, row) for n, row in enumerate(rows, start=1)])


_UNIT = (
    "单位代码",
    "编码体系",
    "单位类型",
    "上级代码",
    "名称",
    "生效日期",
    "失效日期",
    "承接单位",
    "颜色",
    "名称",
)
_SITE = ("点位代码", "点位名称", "点位类别", "所属单位", "纬度", "经度", "坐标系")
_USER = ("login", "name", "role", "unit", "areas", "password")
_ITEM = (
    "检查表代码", "适用类别", "标题", "条目代码", "检查内容", "分值", "答题方式", "每处扣分",
    "应达数量", "专项代码", "一票否决", "否决类别", "最少照片", "前提条目", "前提答案", "其他参数",
)  # fmt: skip
_LIST = ("gc", "公厕", "公厕检查表")

FAULTY = [
    sheet(
        "单位",
        _UNIT,
        ("9001010", "local", "乡镇", "9001", "白云乡", "", "", "", "", ""),
        ("90/10", "local", "street", "9001", "有斜线", "", "", "", "", ""),
        ("4.1e+17", "local", "street", "9001", "丢了末位", "", "", "", "", ""),
        ("9001001", "local", "street", "9001002", "云溪镇", "", "", "", "", ""),
        ("9001011", "local", "street", "9001013", "环一", "", "", "", "", ""),
        ("9001013", "local", "street", "9001011", "环二", "2026-02-30", "", "", "", ""),
        ("9001014", "local", "street", "青石镇", "写了名称", "", "", "", "", ""),
        ("9001015", "local", "street", "9001", "倒着过", "2026-05-01", "2026-04-01", "", "", ""),
        ("9001016", "local", "street", "9001", "自己接自己", "", "2026-12-31", "9001016", "", ""),
        ("9001017", "local", "street", "9001", "没有终日", "", "", "9001001", "", ""),
        ("9001010", "local", "street", "9001", "重复", "", "", "", "", ""),
        ("9001018", "a-scheme-name-far-too-long", "street", "9001", "长", "", "", "", "", ""),
        ("9001019", "local", "street", "9001", "多一格", "", "", "", "", "", "多"),
    ),
    sheet(
        "users",
        _USER,
        ("zhao", "赵一", "inspector", "9001", "9001", "short"),
        ("zhao", "赵二", "auditor", "9001", "9001", ""),
        ("qian", "钱", "inspector", "9001", "9001;;9001001", "long enough 1"),
        ("sun", "孙", "inspector", "9001", "9001;9001", "long enough 1"),
        ("li-xiaoming", "李", "inspector", "9001", "", "Li-Xiaoming"),
    ),
    sheet(
        "责任",
        ("区域代码", "专项代码", "责任单位", "生效日期"),
        ("9001", "toilets", "9001", "2026-06-01"),
        ("9001", "toiletz", "9001", ""),
        ("9001002", "markets", "", ""),
    ),
    sheet(
        "checklists",
        _ITEM,
        (*_LIST, "A", "有无异味", "ten", "pass_fail", "", "", "toilets", "", "", "", "", "", ""),
        (*_LIST, "B", "数量", "1.2345", "count_deduct", "2", "", "toilets", "", "", "", "", "", ""),
        (*_LIST, "C", "数量", "5", "count_deduct", "", "", "toilets", "", "", "", "", "", ""),
        (*_LIST, "D", "个数", "5", "pass_fail", "", "3", "toilets", "maybe", "", "", "", "", ""),
        (*_LIST, "E", "类别", "5", "pass_fail", "", "", "toilets", "否", "重大", "0", "", "", ""),
        (*_LIST, "F", "前提", "5", "grade_abc", "", "", "toilets", "", "", "1.5", "G", "", ""),
        (*_LIST, "G", "前提", "5", "pass_fail", "", "", "toilets", "", "", "", "F", "D", "{"),
        ("gc", "公厕", "厕所表", "H", "控\x01制", "5", "pass_fail", *([""] * 9)),
    ),
    sheet(
        "点位",
        _SITE,
        ("S1", "一", "公厕", "9001001", "113.24", "35.2", "gcj02"),
        ("S2", "二", "公厕", "9001001", "35.2", "", "gcj02"),
        ("S3", "三", "公厕", "9001001", "35.2", "113.24", ""),
        ("S4", "四", "公厕", "9001001", "35.2", "213.24", "wgs84"),
    ),
    sheet(
        "轮次",
        ("活动代码", "轮次代码", "名称", "开始时间", "结束时间", "状态"),
        ("none", "R1", "一", "2026-03-02 08:00", "2026-03-01 08:00", "closed"),
        ("none", "R2", "二", "tomorrow", "2026-03-01 08:00", ""),
    ),
    sheet("leagues", ("code", "name", "red"), ("towns", "乡镇", "-1")),
    sheet("天气", ("a",), ("b",)),
    sheet("lines", ("code", "name_zh")),
]  # fmt: skip
