"""What can be wrong with a sheet, in words that a person at a spreadsheet can act upon.

A fault names sheet, row, column and value; its text says in Chinese and English what is wrong and
what to do. ``{...}`` are filled from the fault's data.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class SheetFault:
    """One fault at one cell; ``row`` is the spreadsheet's number, None for a whole sheet."""

    sheet: str
    row: int | None
    column: str | None
    value: str
    code: str
    data: dict[str, Any] = field(default_factory=dict)


class Bad(ValueError):
    """A cell that cannot be read; becomes a ``SheetFault`` at its place."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.data = data


class Advice(NamedTuple):
    """What is wrong and what to do, in two languages."""

    zh: str
    do_zh: str
    en: str
    do_en: str


ADVICE: dict[str, Advice] = {
    "sheet.unknown": Advice(
        "不认识的工作表“{value}”",
        "请改为下列名称之一：{known}；说明页请以“说明”命名",
        "unknown sheet “{value}”",
        "name it one of: {known}; name a page of notes “notes”",
    ),
    "sheet.twice": Advice(
        "工作表“{value}”出现两次",
        "请合并为一张表",
        "the sheet “{value}” is there twice",
        "put both into one sheet",
    ),
    "sheet.empty": Advice(
        "表中没有数据",
        "请在表头下填写数据，或删除此表",
        "the sheet has no rows",
        "fill in rows below the heads, or remove the sheet",
    ),
    "column.unknown": Advice(
        "不认识的列“{value}”",
        "{hint_zh}可用的列：{known}",
        "unknown column “{value}”",
        "{hint_en}columns that may be used: {known}",
    ),
    "column.missing": Advice(
        "缺少必填的列“{zh}”",
        "请增加这一列并逐行填写",
        "the column “{en}” is missing",
        "add it and fill it in every row",
    ),
    "column.twice": Advice(
        "列“{value}”出现两次",
        "请只保留一列",
        "the column “{value}” is there twice",
        "keep one of them",
    ),
    "row.beyond": Advice(
        "最后一个表头之外还有内容",
        "请补上表头或清除该单元格；含分隔符的内容请加引号",
        "there is something beyond the last head",
        "give it a head or clear the cell; put quotes around text with delimiters",
    ),
    "row.duplicate": Advice(
        "与第 {other} 行重复",
        "请删除其中一行，或改正代码",
        "is the same as row {other}",
        "remove one of the two, or correct the code",
    ),
    "row.disagrees": Advice(
        "与第 {other} 行不一致：那里是“{there}”",
        "同一{of_zh}的各行，此列须相同",
        "differs from row {other}, where it is “{there}”",
        "rows of the same {of_en} must agree in this column",
    ),
    "cell.missing": Advice(
        "必填项为空",
        "请填写，例如：{example}",
        "must not be empty",
        "fill it in, such as: {example}",
    ),
    "cell.too-long": Advice(
        "有 {length} 个字，超过 {limit} 个",
        "请缩短到 {limit} 个字以内",
        "has {length} characters, more than {limit}",
        "shorten it to {limit}",
    ),
    "cell.control": Advice(
        "含有看不见的控制字符",
        "请删除后重新输入此单元格",
        "holds control characters that nobody sees",
        "clear the cell and type it again",
    ),
    "cell.code": Advice(
        "代码中有不允许的字符“{found}”",
        "这里只能用{allowed_zh}",
        "a code must not hold “{found}”",
        "use {allowed_en} only",
    ),
    "cell.lost-digits": Advice(
        "长代码已被 Excel 改成科学计数，末尾数字丢失",
        "请把此列设为“文本”格式后重新填写完整代码",
        "Excel has turned a long code into a rounded number",
        "format the column as text and enter the whole code again",
    ),
    "cell.number": Advice(
        "不是数字",
        "请填写数字，例如 {example}",
        "is not a number",
        "enter a number, such as {example}",
    ),
    "cell.whole": Advice(
        "不是整数", "请填写整数，不带小数", "is not a whole number", "enter it without decimals"
    ),
    "cell.decimals": Advice(
        "小数超过 {limit} 位",
        "请保留至多 {limit} 位小数",
        "has more than {limit} decimals",
        "round it to {limit} decimals",
    ),
    "cell.too-small": Advice(
        "小于 {limit}", "请填写不小于 {limit} 的数", "is less than {limit}", "enter {limit} or more"
    ),
    "cell.too-large": Advice(
        "大于 {limit}", "请填写不大于 {limit} 的数", "is more than {limit}", "enter {limit} or less"
    ),
    "cell.date": Advice(
        "不是有效日期",
        "请按 2026-03-01 的格式填写实有的日期",
        "is not a date",
        "enter a day of the calendar as 2026-03-01",
    ),
    "cell.instant": Advice(
        "不是有效时间",
        "请按 2026-03-01 08:00 的格式填写",
        "is not a date with a time",
        "enter it as 2026-03-01 08:00",
    ),
    "cell.yes-no": Advice(
        "应为“是”或“否”", "请填“是”或“否”", "must be yes or no", "enter yes or no"
    ),
    "cell.choice": Advice(
        "不在可选值之内",
        "{hint_zh}请从下列选择：{known}",
        "is none of the choices",
        "{hint_en}choose one of: {known}",
    ),
    "list.twice": Advice(
        "列表中“{found}”出现两次",
        "请只保留一个",
        "“{found}” is in the list twice",
        "keep one of them",
    ),
    "list.empty-part": Advice(
        "列表中有空项",
        "请删除多余的分号",
        "the list has an empty part",
        "remove the extra semicolon",
    ),
    "reference.unknown": Advice(
        "没有这个{of_zh}：{found}",
        "{hint_zh}请改正，或先在“{of_zh}”表中建立",
        "there is no {found} among the {of_en}",
        "{hint_en}correct it, or add it to the sheet of {of_en} first",
    ),
    "reference.name": Advice(
        "这里要填代码，而不是名称“{found}”",
        "请改填代码 {suggested}",
        "this takes a code and not the name “{found}”",
        "enter the code {suggested}",
    ),
    "unit.circle": Advice(
        "上级关系成环：{circle}",
        "请改正其中一个单位的上级",
        "the units form a circle: {circle}",
        "correct the parent of one of them",
    ),
    "unit.too-deep": Advice(
        "层级过深：路径有 {length} 个字符，超过 {limit} 个",
        "请减少层级或缩短代码",
        "lies too deep: its path has {length} characters, more than {limit}",
        "use fewer levels or shorter codes",
    ),
    "unit.own-successor": Advice(
        "承接单位不能是它自己",
        "请填写承接它的另一个单位，或留空",
        "a unit cannot succeed itself",
        "name the unit that took over, or leave it empty",
    ),
    "unit.successor-without-end": Advice(
        "有承接单位而没有失效日期",
        "请填写“失效日期”，或清除承接单位",
        "has a successor and no last day",
        "fill in the last day, or clear the successor",
    ),
    "unit.ended": Advice(
        "单位“{found}”已于 {on} 撤销，不能再列入",
        "{hint_zh}请改填存续的单位，或改正日期",
        "the unit “{found}” ended on {on} and gets nothing new",
        "{hint_en}name a unit that is still there, or correct the dates",
    ),
    "row.fixed": Advice(
        "已有数据的此列不能改动，现为“{there}”",
        "{hint_zh}",
        "this column of what is there already cannot change; it is “{there}”",
        "{hint_en}",
    ),
    "validity.order": Advice(
        "失效日期早于生效日期 {start}",
        "请改正两个日期之一",
        "the last day is before the first day {start}",
        "correct one of the two days",
    ),
    "validity.overlap": Advice(
        "与{where_zh}的有效期重叠（{span}）",
        "请先给较早的一条填写失效日期，或合并",
        "overlaps in time with {where_en} ({span})",
        "end the earlier one first, or join them",
    ),
    "location.incomplete": Advice(
        "经度、纬度必须同时填写",
        "请补齐“{zh}”，或三项都留空",
        "latitude and longitude belong together",
        "fill in “{en}” too, or leave all three empty",
    ),
    "location.no-crs": Advice(
        "有坐标而没有坐标系",
        "请注明 wgs84、gcj02（高德、腾讯）、bd09（百度）或 cgcs2000",
        "coordinates without their system",
        "name wgs84, gcj02 (AMap, Tencent), bd09 (Baidu) or cgcs2000",
    ),
    "location.swapped": Advice(
        "纬度不可能是 {value}，经纬度像是填反了",
        "请对调经度和纬度",
        "a latitude cannot be {value}; the two seem to be exchanged",
        "exchange latitude and longitude",
    ),
    "geometry.shape": Advice(
        "不是有效的 Polygon 或 MultiPolygon（{found}）",
        "坐标须为 [经度, 纬度] 的环，每环至少三点；请重新导出该要素",
        "is not a Polygon or MultiPolygon ({found})",
        "give rings of [longitude, latitude] with three points or more; export it again",
    ),
    "geometry.empty": Advice(
        "边界没有面积",
        "请重新绘制或导出该要素",
        "the boundary encloses nothing",
        "draw or export it again",
    ),
    "geometry.swapped": Advice(
        "经度和纬度填反了（{lon}, {lat}）",
        "请按 [经度, 纬度] 的顺序导出",
        "longitude and latitude are exchanged ({lon}, {lat})",
        "export positions as [longitude, latitude]",
    ),
    "geometry.outside": Advice(
        "坐标 {lon}, {lat} 不在范围之内",
        "请改正该点，单位须为度，不能是投影坐标",
        "the position {lon}, {lat} is out of range",
        "correct it; positions are in degrees and not in metres of a projection",
    ),
    "geometry.too-many-points": Advice(
        "有 {found} 个点，超过 {limit} 个",
        "请简化边界后重新导出",
        "has {found} points, more than {limit}",
        "simplify the boundary and export it again",
    ),
    "boundary.unit-not-valid": Advice(
        "边界生效之日该单位不存在（有效期 {span}）",
        "请改正生效日期或单位代码",
        "the unit is not there on that day (valid {span})",
        "correct the first day or the code of the unit",
    ),
    "password.short": Advice(
        "口令少于 {limit} 位",
        "请至少 {limit} 位，或留空",
        "the password has fewer than {limit} characters",
        "use {limit} or more, or leave it empty",
    ),
    "password.not-here": Advice(
        "网上导入不收口令",
        "请清空此列；新账号由管理员另行发放初始口令",
        "passwords are not taken over the network",
        "clear the column; headquarters gives new accounts their first password afterwards",
    ),
    "password.is-login": Advice(
        "口令与账号相同",
        "请换一个口令，或留空以发放一次性代码",
        "the password is the login",
        "choose another one, or leave it empty for a one-time code",
    ),
    "item.needs": Advice(
        "答题方式“{type}”需要“{zh}”",
        "请填写“{zh}”",
        "the answer type “{type}” needs “{en}”",
        "fill in “{en}”",
    ),
    "item.unused": Advice(
        "答题方式“{type}”不用“{zh}”",
        "请清空此单元格",
        "the answer type “{type}” does not use “{en}”",
        "clear the cell",
    ),
    "item.veto-class": Advice(
        "有否决类别而未勾选一票否决",
        "请把“一票否决”填“是”，或清空类别",
        "has a veto class and is no veto item",
        "say yes under veto, or clear the class",
    ),
    "item.not-earlier": Advice(
        "前提条目“{value}”不在本条目之前",
        "请改为同一检查表中排在前面的条目",
        "the item “{value}” it depends on does not stand before it",
        "name an item further up in the same checklist",
    ),
    "item.other-answer": Advice(
        "条目 {item} 没有“{found}”这个答案",
        "请从下列答案中选择：{expected}",
        "item {item} has no answer “{found}”",
        "choose among: {expected}",
    ),
    "cell.json": Advice(
        "不是 JSON 对象，或包含已有专列的参数",
        '请按 {{"名称": 值}} 填写；扣分、数量、单位请填在各自的列中',
        "is not a JSON object, or holds what has a column of its own",
        'enter it as {{"name": value}}; deductions, minimum and unit have their own columns',
    ),
    "round.order": Advice(
        "结束时间不晚于开始时间",
        "请改正两个时间之一",
        "does not end after it begins",
        "correct one of the two times",
    ),
    "round.state": Advice(
        "新轮次只能是“planned”或“open”",
        "请改为 planned 或 open",
        "a new round can only be planned or open",
        "enter planned or open",
    ),
    "round.not-judge": Advice(
        "“{unit}”不能以“{value}”的身份检查",
        "请按考核关系改正检查来源，或换用别的单位主办的活动",
        "“{unit}” may not inspect as “{value}”",
        "correct the source by the table of who judges whom, or take another unit's campaign",
    ),
    "task.not-judged": Advice(
        "点位“{value}”不在“{unit}”本轮的考核对象之内",
        "请换用考核对象之内的点位，或改正轮次的检查来源",
        "the site “{value}” is not among those whom “{unit}” may judge in this round",
        "name a site that it may judge, or correct the source of the round",
    ),
    "task.category": Advice(
        "检查表适用于“{wanted}”，而点位是“{found}”",
        "请换用该类点位的检查表，或改正点位类别",
        "the checklist is for “{wanted}” and the site is “{found}”",
        "use a checklist for such sites, or correct the site's category",
    ),
}


def words_of(fault: SheetFault, language: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    advice = ADVICE[fault.code]
    data = {"value": fault.value} | fault.data
    wrong, do = (advice.en, advice.do_en) if language == "en" else (advice.zh, advice.do_zh)
    return wrong.format(**data), do.format(**data)


def message_of(fault: SheetFault, language: str) -> str:
    """Both in one sentence."""
    wrong, do = words_of(fault, language)
    return f"{wrong}; {do}" if language == "en" else f"{wrong}；{do}"
