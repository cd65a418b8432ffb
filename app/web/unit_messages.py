"""The part of the catalogue about units, who answers, special groups and grid cells."""

from app.web.field_messages import Text

UNIT_PROBLEMS: dict[str, Text] = {
    "unit.not-found": Text("没有这个单位", "There is no such unit"),
    "unit.exists": Text(
        "单位代码已存在",
        "The code of the unit exists already",
        "代码 {value} 已被使用（撤销的单位也不再让出代码）。",
        "{value} is taken; a unit that has ended keeps its code.",
    ),
    "unit.ended": Text(
        "单位已撤销",
        "The unit has ended already",
        "该单位已于 {on} 撤销。",
        "Its last day is {on}.",
    ),
    "unit.has-children": Text(
        "下级单位尚未撤并",
        "Units below it are still valid",
        "请先撤并其下 {count} 个单位。",
        "End the {count} unit(s) below it first.",
    ),
    "unit.has-plans": Text(
        "已有之后生效的责任分工",
        "Responsibilities begin after that day",
        "请先处理该日之后才生效的 {count} 条责任分工。",
        "Settle the {count} responsibility(ies) that begin later first.",
    ),
    "unit.out-of-reach": Text(
        "不在管理范围内",
        "The unit is outside of your areas",
        "请由上级指挥部办理。",
        "Ask headquarters of the level above.",
    ),
    "unit.not-located": Text(
        "该坐标不在任何已知边界内",
        "No known boundary holds this point",
        "请核对坐标与坐标系，或直接选择单位。",
        "Check the coordinates and their system, or choose the unit yourself.",
    ),
    "unit.crs-suspect": Text(
        "坐标系可能标错",
        "The coordinate system may be wrongly named",
        "所报坐标不在任何已知边界内，按 {crs} 解读则在；请核对坐标系。",
        "No known boundary holds the point as sent, but one does if it is read as {crs}.",
    ),
    "responsibility.not-found": Text("没有这条责任分工", "There is no such responsibility"),
    "responsibility.overlaps": Text(
        "该时段已有责任分工",
        "Somebody answers already in that time",
        "区域 {area}、专项 {line} 已有分工，请先终止原分工。",
        "End the responsibility for the area {area} and the line {line} first.",
    ),
    "responsibility.ended": Text(
        "责任分工已终止",
        "The responsibility ends already",
        "终止日为 {on}，只能提前。",
        "Its last day is {on}; it may only be earlier.",
    ),
    "group.not-found": Text("没有这个专项指挥部", "There is no such special group"),
    "group.exists": Text(
        "专项指挥部代码已存在",
        "The code of the group exists already",
        "代码 {value} 已被使用。",
        "{value} is taken.",
    ),
    "group.ended": Text(
        "专项指挥部已撤销", "The group has ended", "撤销日为 {on}。", "Its last day is {on}."
    ),
    "cell.not-found": Text("没有这个网格", "There is no such grid cell"),
    "cell.exists": Text(
        "网格代码已存在",
        "The grid cell exists already",
        "代码 {value} 在该时段已被使用，请先撤销原网格。",
        "{value} is taken in that time; end the older cell first.",
    ),
    "cell.ended": Text(
        "网格已撤销", "The grid cell has ended", "撤销日为 {on}。", "Its last day is {on}."
    ),
}
