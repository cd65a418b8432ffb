"""The part of the catalogue that speaks of files, and of sheets that are imported and exported."""

from app.web.field_messages import Text

SHEETS: dict[str, Text] = {
    "file.unreadable": Text(
        "文件无法读取",
        "The file cannot be read",
        "{file}：{reason}",
        "{file}: {reason}",
    ),
    "file.unwritable": Text(
        "文件无法写入",
        "The file cannot be written",
        "{file}：{reason}",
        "{file}: {reason}",
    ),
    "file.not-a-sheet": Text(
        "这不是可以读取的表格",
        "This is no sheet that can be read",
        "请另存为 XLSX（未加密）、CSV 或 GeoJSON 后重试。",
        "Save it as XLSX (not encrypted), CSV or GeoJSON and try again.",
    ),
    "file.too-many-rows": Text(
        "表格行数过多",
        "The sheet has too many rows",
        "请拆分为不超过 {limit} 行的文件，并删除表格下方的空白格式行。",
        "Split it into files of at most {limit} rows; remove formatted empty rows below.",
    ),
    "file.too-many-cells": Text(
        "表格过大",
        "The sheet is too large",
        "单元格不得超过 {limit} 个；请删除数据之外的格式与内容。",
        "At most {limit} cells; remove formats and content beyond the data.",
    ),
    "import.not-found": Text("没有这次导入", "There is no such import"),
    "import.no-such-kind": Text(
        "没有这种表", "There is no such kind of sheet", "不认识“{kind}”。", "Unknown: {kind}."
    ),
    "import.empty": Text(
        "文件中没有数据", "The file holds no rows", "请填写后重试。", "Fill it in and try again."
    ),
    "import.several-sheets": Text(
        "“{kind}”不止一张表",
        "There is more than one sheet for {kind}",
        "多张表请放在一个 XLSX 中，不指定种类。",
        "Put several sheets into one XLSX and name no kind.",
    ),
    "import.no-places": Text(
        "这种数据没有位置",
        "Rows of this kind lie nowhere",
        "{kind} 请导出为 xlsx 或 csv。",
        "Export {kind} as xlsx or csv.",
    ),
    "import.geojson-only": Text(
        "边界只能用 GeoJSON",
        "Boundaries come and go as GeoJSON only",
        "{kind} 请导出为 geojson；没有空白模板。",
        "Export {kind} as geojson; there is no template.",
    ),
    "import.too-large": Text(
        "文件过大",
        "The file is too large",
        "不得超过 {limit} 字节，请拆分。",
        "At most {limit} bytes; split it.",
    ),
    "import.applied": Text("这次导入已执行过", "The import has been applied already"),
    "import.faulty": Text(
        "文件有问题，不能执行",
        "The file has faults and cannot be applied",
        "请按问题文件改正 {count} 处后重新上传。",
        "Correct its {count} faults and upload it again.",
    ),
    "import.expired": Text(
        "方案已过期", "The plan is too old", "请重新上传文件。", "Upload the file again."
    ),
    "import.overtaken": Text(
        "数据已有变化，方案不再成立",
        "The data has changed since the plan was made",
        "请重新上传文件，核对新方案后执行。",
        "Upload the file again, look at the new plan and apply that.",
    ),
}
