"""Sheets written row by row open as they were meant, in Excel as in WPS."""

import io

from app.infra.sheet_streams import csv_head, write_xlsx_rows
from app.infra.sheets import read_sheets

HEADS = ["编号", "描述", "次数"]
ROWS = [
    [
        ["2018-000001", "墙根堆放生活垃圾，\n见照片", 2],
        ["2018-000002", '=HYPERLINK("http://x")', 0],
    ],
    [["2018-000003", "@SUM(A1)", None], ["41080219920101123", "0123", 1]],
    [["1E05", "-5", -5], ["2018-000004", "－减号", 1.5], ["2018-000005", None, 0]],
]


def test_a_csv_begins_with_its_mark():
    assert csv_head(HEADS).decode("utf-8-sig") == "编号,描述,次数\n"
    assert csv_head(HEADS).startswith(b"\xef\xbb\xbf")


def test_a_workbook_holds_texts_as_texts_and_goes_on_in_a_second_sheet():
    out = io.BytesIO()
    write_xlsx_rows(out, "台账", HEADS, ROWS, most_rows=5)
    first, second = read_sheets(out.getvalue(), "x.xlsx")
    assert (first.name, second.name) == ("台账", "台账 2")
    assert [line.cells for line in first.lines[:1] + second.lines[:1]] == [tuple(HEADS)] * 2
    assert [len(first.lines), len(second.lines)] == [5, 4]
    assert first.lines[4].cells == ("41080219920101123", "0123", "1")
    assert first.lines[2].cells[1] == '=HYPERLINK("http://x")'
    out = io.BytesIO()
    write_xlsx_rows(out, "台账", HEADS, [])
    assert [len(sheet.lines) for sheet in read_sheets(out.getvalue(), "x.xlsx")] == [1]
