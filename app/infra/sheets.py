"""Spreadsheets in and out: XLSX and CSV as rows of plain texts, whatever wrote the file.

In: every cell becomes the text that a person sees in it (a code that Excel turned into 1001.0 is
``1001`` again), merged cells repeat their value, empty rows are left out but keep their numbers.
A hostile file is refused before it is unpacked: an archive may swell a thousandfold, and a single
cell in the last corner of a sheet would claim gigabytes.

Out: a text is never a formula. In CSV one that begins like a formula gets a leading apostrophe,
which reading takes away again, so that out and in is the identity.
"""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import PurePath
from typing import IO

import python_calamine as calamine
import xlsxwriter

from app.kit.errors import Invalid

MAX_ROWS = 50_000
MAX_CELLS = 1_500_000
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_SHEETS = 40
_MAX_TEXT = 20_000
_CHUNK = 1 << 16
_LARGEST_EXACT = 1e15  # beyond it Excel has already lost digits
_CELL_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,3})?(\d{1,7})""")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_BLANKS = "\ufeff\u200b\u200c\u200d\u2060"
_NO_BLANKS = str.maketrans("", "", _BLANKS)


@dataclass(frozen=True)
class Line:
    """One row with something in it, under the number that the spreadsheet shows."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A named sheet; its first line is expected to be the heads."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """A sheet to be written: heads with a note each, rows of texts, and choices per column."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Sequence[str]]
    notes: Sequence[str] = ()
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)


def read_sheets(content: bytes, file_name: str) -> list[Sheet]:
    """All visible sheets of an XLSX, or the one of a CSV; ``Invalid`` where it is neither."""
    if content.startswith(b"PK"):
        return _read_xlsx(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("file.not-a-sheet")  # an old .xls or an encrypted workbook
    return [Sheet(PurePath(file_name).stem, tuple(_read_csv(content)))]


def write_xlsx(target: IO[bytes], tables: Iterable[Table]) -> None:
    """One workbook with a sheet per table; every cell is text, none is a formula."""
    options = {"constant_memory": False, "strings_to_formulas": False, "in_memory": True}
    with xlsxwriter.Workbook(target, options) as book:
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#DDEBF7"})
        for table in tables:
            sheet = book.add_worksheet(table.name[:31])
            sheet.freeze_panes(1, 0)
            for column, title in enumerate(table.heads):
                sheet.set_column(column, column, max(12, 2 * len(title) + 4), text)
                sheet.write_string(0, column, title, head)
                if column < len(table.notes) and table.notes[column]:
                    sheet.write_comment(0, column, table.notes[column], {"x_scale": 2})
            for column, choices in table.choices.items():
                _offer(sheet, column, choices)
            for number, row in enumerate(table.rows, start=1):
                for column, value in enumerate(row):
                    if value:
                        sheet.write_string(number, column, kept_apostrophe(value), text)


def write_csv(target: IO[bytes], table: Table) -> None:
    """UTF-8 with a byte order mark, which Excel needs to show Chinese; CRLF at line ends."""
    out = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    writer = csv.writer(out)
    writer.writerow(table.heads)
    for row in table.rows:
        writer.writerow([harmless(value) for value in row])
    out.flush()
    out.detach()


def _offer(sheet: xlsxwriter.worksheet.Worksheet, column: int, choices: Sequence[str]) -> None:
    """A drop-down list; Excel takes 255 characters of it."""
    if len(",".join(choices)) <= 255:  # noqa: PLR2004 - Excel's limit, named in the line above
        rule = {"validate": "list", "source": list(choices), "ignore_blank": True}
        sheet.data_validation(1, column, MAX_ROWS, column, rule | {"error_type": "warning"})


def harmless(text: str) -> str:
    """A text as CSV holds it, so that no spreadsheet takes it for a formula."""
    if text.startswith("'"):
        return "'" + text
    if text.startswith(FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def kept_apostrophe(text: str) -> str:
    """A text as a cell holds it, so that reading takes no apostrophe of its own away."""
    return "'" + text if text.startswith("'") else text


# -- CSV ------------------------------------------------------------------------------------------


def _read_csv(content: bytes) -> Iterator[Line]:
    text = _decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    try:
        yield from _lines(enumerate(reader, start=1))
    except csv.Error as error:
        raise Invalid("file.not-a-sheet") from error


def _decoded(content: bytes) -> str:
    """UTF-8, UTF-16 with its mark (Excel's "Unicode text"), else GB18030."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise Invalid("file.not-a-sheet")


def _delimiter(text: str) -> str:
    """The mark that stands most often between the heads, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", text[:_MAX_TEXT].lstrip().split("\n", 1)[0])
    return max((",", ";", "\t"), key=bare.count)


# -- XLSX -----------------------------------------------------------------------------------------


def _read_xlsx(content: bytes) -> list[Sheet]:
    _refuse_bombs(content)
    try:
        book = calamine.load_workbook(io.BytesIO(content))
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == calamine.SheetVisibleEnum.Visible
            and sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        return [_read_worksheet(book.get_sheet_by_name(name)) for name in visible]
    except calamine.CalamineError as error:
        raise Invalid("file.not-a-sheet") from error


def _read_worksheet(sheet: calamine.CalamineSheet) -> Sheet:
    rows = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    filled = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        bottom_in, right_in = min(bottom, len(rows) - 1), min(right, sheet.total_width - 1)
        filled += max(0, bottom_in - top + 1) * max(0, right_in - left + 1)
        if filled > MAX_CELLS:
            raise Invalid("file.too-many-cells", limit=MAX_CELLS)
        for row in rows[top : bottom_in + 1]:
            row[left : right_in + 1] = [rows[top][left]] * (right_in + 1 - left)
    texts = ((number, [_text(cell) for cell in row]) for number, row in enumerate(rows, start=1))
    return Sheet(sheet.name, tuple(_lines(texts)))


def _text(cell: object) -> str:
    """A cell as a person sees it; a moment at midnight is a date."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _LARGEST_EXACT
        return str(int(cell)) if whole else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _refuse_bombs(content: bytes) -> None:
    """Unpack each part piece by piece, counting; look how far its cells reach."""
    left = MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Invalid("file.not-a-sheet") from error
    names = [part.filename for part in parts]
    sheets = [name for name in names if name.startswith("xl/worksheets/")]
    if "xl/workbook.xml" not in names or len(parts) > 20 * MAX_SHEETS:
        raise Invalid("file.not-a-sheet")
    if len([name for name in sheets if name.endswith(".xml")]) > MAX_SHEETS:
        raise Invalid("file.too-many-cells", limit=MAX_CELLS)
    for part in parts:
        unpacked = _unpacked(content, part, left)
        left -= len(unpacked)
        if part.filename in sheets:
            _refuse_far_cells(unpacked)


def _unpacked(content: bytes, part: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one part, without believing what the archive says of their number."""
    header = content[part.header_offset : part.header_offset + 30]
    if len(header) < 30 or part.flag_bits & 1:  # noqa: PLR2004 - the fixed part of a header
        raise Invalid("file.not-a-sheet")
    name_length, extra_length = struct.unpack("<26xHH", header)
    start = part.header_offset + 30 + name_length + extra_length
    packed = content[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        unpacked = packed
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        try:
            unpacked = zlib.decompressobj(-15).decompress(packed, most + 1)
        except zlib.error as error:
            raise Invalid("file.not-a-sheet") from error
    else:
        raise Invalid("file.not-a-sheet")
    if len(unpacked) > most:
        raise Invalid("file.too-many-cells", limit=MAX_CELLS)
    return unpacked


def _refuse_far_cells(xml: bytes) -> None:
    """A sheet is held as a rectangle; one far cell would make it enormous."""
    height = width = 1
    for letters, digits in _CELL_PLACE.findall(xml):
        height = max(height, int(digits))
        if letters:
            width = max(width, _column_number(letters))
    if height > MAX_ROWS + 1:
        raise Invalid("file.too-many-rows", limit=MAX_ROWS)
    if height * width > MAX_CELLS:
        raise Invalid("file.too-many-cells", limit=MAX_CELLS)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


# -- both -----------------------------------------------------------------------------------------


def _lines(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Line]:
    """Cleaned lines that hold something; too many are refused."""
    cells = 0
    for count, (number, row) in enumerate(rows):
        texts = tuple(_cleaned(cell) for cell in row)
        if count > MAX_ROWS:
            raise Invalid("file.too-many-rows", limit=MAX_ROWS)
        cells += len(texts)
        if cells > MAX_CELLS:
            raise Invalid("file.too-many-cells", limit=MAX_CELLS)
        while texts and not texts[-1]:
            texts = texts[:-1]
        if texts:
            yield Line(number, texts)


def _cleaned(text: str) -> str:
    """Without what nobody sees: byte order marks, zero-width and outer blanks, one apostrophe."""
    plain = text.translate(_NO_BLANKS).replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\xa0", " ").strip().removeprefix("'")
