"""Spreadsheets in and out, as people's programs really write them, and as attackers do."""

import csv
import io
import struct
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from app.infra import sheets
from app.infra.sheets import Table, read_sheets
from app.kit.errors import Invalid


def rows_of(content, name="units.csv"):
    (sheet,) = read_sheets(content, name)
    return [list(line.cells) for line in sheet.lines]


def workbook(fill):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        fill(book)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_csv_is_read_whatever_program_wrote_it(encoding, mark):
    content = (
        mark.join(["单位代码", "名称"]) + "\r\n" + mark.join(["410802", "解放区，东"]) + "\r\n"
    )
    assert rows_of(content.encode(encoding)) == [["单位代码", "名称"], ["410802", "解放区，东"]]


def test_rows_keep_the_numbers_that_the_spreadsheet_shows():
    (sheet,) = read_sheets(b'code,name\n,\n1,"two\nlines"\n\n2,b\n', "units.csv")
    assert [line.number for line in sheet.lines] == [1, 3, 5]
    assert sheet.lines[1].cells == ("1", "two\nlines")
    assert sheet.name == "units"


def test_an_apostrophe_and_blanks_that_nobody_sees_are_taken_away():
    assert rows_of("'0012,\u200b a \xa0,\ufeff\n".encode()) == [["0012", "a"]]


def test_numbers_dates_and_merged_cells_of_a_workbook_are_what_people_see():
    def fill(book):
        sheet = book.add_worksheet("单位")
        sheet.write_row(0, 0, ["代码", "数", "日期", "时间", "是否", "公式"])
        sheet.write_number(1, 0, 410802)
        sheet.write_number(1, 1, 35.2159)
        sheet.write_datetime(1, 2, _moment("2026-03-01"), book.add_format({"num_format": "d/m/yy"}))
        sheet.write_datetime(
            1, 3, _moment("2026-03-01 08:30"), book.add_format({"num_format": "d/m/yy h:mm"})
        )
        sheet.write_boolean(1, 4, True)
        sheet.write_formula(1, 5, "=1+1", value=2)
        sheet.merge_range(3, 0, 4, 0, "同上")
        sheet.write(4, 1, 123456789012345678)
        book.add_worksheet("藏").hide()

    (sheet,) = read_sheets(workbook(fill), "x.xlsx")
    assert sheet.name == "单位"
    assert [line.number for line in sheet.lines] == [1, 2, 4, 5]
    assert sheet.lines[1].cells == (
        "410802", "35.2159", "2026-03-01", "2026-03-01 08:30:00", "true", "2",
    )  # fmt: skip
    assert sheet.lines[2].cells == ("同上",)
    assert sheet.lines[3].cells == ("同上", "1.234567890123457e+17")  # Excel keeps 16 digits


def _moment(text):
    from datetime import datetime

    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "evil", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "=HYPERLINK(1)"]
)
def test_a_text_never_leaves_as_a_formula(evil):
    table = Table("t", ["a"], [[evil], ["-12.5"]])
    out = io.BytesIO()
    sheets.write_csv(out, table)
    first, second = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"))))[1:]
    assert first == ["'" + evil]
    assert second == ["-12.5"]
    book = io.BytesIO()
    sheets.write_xlsx(book, [table])
    with zipfile.ZipFile(book) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


_CELLS = (
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf"))
        | st.sampled_from("='+-@\n;,\""),
        max_size=30,
    )
    .map(str.strip)
    .filter(lambda text: "_x" not in text)
)


@given(st.lists(st.lists(_CELLS, min_size=2, max_size=4), max_size=6))
def test_what_is_written_is_read_again(rows):
    wanted = [[*row] for row in rows]
    for write in (sheets.write_csv, lambda out, table: sheets.write_xlsx(out, [table])):
        out = io.BytesIO()
        write(out, Table("t", ["head", "z"], [["k", *row] for row in rows]))
        found = rows_of(out.getvalue())
        assert found[0] == ["head", "z"]
        width = max((len(row) for row in wanted), default=0)
        padded = [[*row, *[""] * (width - len(row))] for row in wanted]
        read = [row[1:] + [""] * (width - len(row) + 1) for row in found[1:]]
        assert read == padded


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0old excel",
        b"PK\x03\x04 no archive",
        b"a\x00b\xff\xfe",
        b"\xff\xfe\x00\xd8",
    ],
)
def test_what_is_no_sheet_is_refused(content):
    with pytest.raises(Invalid) as error:
        read_sheets(content, "x.xlsx")
    assert error.value.code == "file.not-a-sheet"


def archive(parts, **kwargs):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as found:
        for name, content in parts.items():
            found.writestr(name, content)
    return out.getvalue()


def test_an_archive_that_swells_is_refused_even_if_it_lies_about_its_size():
    bomb = archive({"xl/workbook.xml": "<workbook/>", "xl/big.xml": b" " * (80 << 20)})
    assert len(bomb) < 200_000
    for content in (bomb, bomb.replace(struct.pack("<I", 80 << 20), struct.pack("<I", 10))):
        with pytest.raises(Invalid) as error:
            read_sheets(content, "x.xlsx")
        assert error.value.code == "file.too-many-cells"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("XFD2", "file.too-many-cells"), ("A1048576", "file.too-many-rows")],
)
def test_a_cell_in_the_last_corner_does_not_claim_the_memory(cell, code):
    real = workbook(lambda book: book.add_worksheet("units").write(0, 0, "code"))
    with zipfile.ZipFile(io.BytesIO(real)) as found:
        parts = {name: found.read(name) for name in found.namelist()}
    row = "".join(c for c in cell if c.isdigit())
    far = f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
    if cell == "XFD2":
        far = b'<row r="9000"><c r="XFD9000"><v>1</v></c></row></sheetData>'
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", far)
    with pytest.raises(Invalid) as error:
        read_sheets(archive(parts | {"xl/worksheets/sheet1.xml": sheet}), "x.xlsx")
    assert error.value.code == code


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 50)
    content = b"code\n" + b"1\n" * (sheets.MAX_ROWS + 1)
    with pytest.raises(Invalid) as error:
        read_sheets(content, "units.csv")
    assert error.value.code == "file.too-many-rows"
    assert len(rows_of(b"code\n" + b"1\n" * sheets.MAX_ROWS)) == sheets.MAX_ROWS + 1
