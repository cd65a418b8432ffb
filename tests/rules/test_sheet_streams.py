"""Sheets written row by row open as they were meant, in Excel as in WPS."""

import csv
import io

from app.infra.sheet_streams import csv_pieces, write_xlsx_rows
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


def test_a_csv_has_its_mark_and_nothing_in_it_is_run_or_spoiled():
    raw = b"".join(csv_pieces(HEADS, ROWS))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 8
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[3:6]] == ["2018-000003", "'41080219920101123", "'1E05"]
    assert [row[1] for row in rows] == [
        "描述", "墙根堆放生活垃圾，\n见照片", "'=HYPERLINK(\"http://x\")", "'@SUM(A1)", "'0123",
        "-5", "'－减号", "",
    ]  # fmt: skip
    assert [row[2] for row in rows] == ["次数", "2", "0", "", "1", "-5", "1.5", "0"]
    # What our own reading sees is what was written.
    (sheet,) = read_sheets(raw, "x.csv")
    assert sheet.lines[2].cells[1] == '=HYPERLINK("http://x")'
    assert next(iter(csv_pieces(HEADS, []))).decode("utf-8-sig") == "编号,描述,次数\r\n"


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
