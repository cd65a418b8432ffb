"""Sheets of any length, written row by row: what is held is one batch, however long the sheet.

Every value is shown as it is. A text is never a formula, and in CSV one that a spreadsheet would
take for a number and spoil (a long one loses digits, ``0123`` its zero, ``1E05`` becomes 100000)
gets the leading apostrophe that ``sheets`` reads away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import xlsxwriter

from app.infra.sheets import FORMULA_STARTS, harmless, kept_apostrophe

Cell = str | int | float | None
Rows = Sequence[Sequence[Cell]]
MOST_ROWS = 1_048_576  # of one sheet, its heads included: Excel's limit
_POWER = re.compile(r"\d+[eE]\d+")
_MOST_DIGITS = 11  # longer numbers are shown as powers of ten
_DOUBTFUL = frozenset("0123456789'" + "".join(FORMULA_STARTS))


def csv_pieces(heads: Sequence[str], batches: Iterable[Rows]) -> Iterator[bytes]:
    """UTF-8 with the byte order mark that Excel needs to show Chinese; one piece per batch."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    yield b"\xef\xbb\xbf" + out.getvalue().encode()
    for rows in batches:
        out.seek(0)
        out.truncate()
        writer.writerows([_plain(value) for value in row] for row in rows)
        yield out.getvalue().encode()


def write_xlsx_rows(
    target: IO[bytes],
    name: str,
    heads: Sequence[str],
    batches: Iterable[Rows],
    *,
    most_rows: int = MOST_ROWS,
) -> None:
    """One workbook; what does not fit into a sheet goes on in the next one, under the same heads.

    Rows lie in a temporary file until the end, never in memory. Numbers are numbers, texts texts.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        sheets, row = 0, most_rows
        for batch in batches:
            for values in batch:
                if row == most_rows:
                    sheets += 1
                    sheet = _new_sheet(book, name, sheets, heads, head)
                    row = 1
                _write_row(sheet, row, values)
                row += 1
        if not sheets:
            _new_sheet(book, name, 1, heads, head)


def _new_sheet(
    book: xlsxwriter.Workbook, name: str, number: int, heads: Sequence[str], head: object
) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(heads):
        sheet.set_column(column, column, max(10, 2 * len(title) + 4))
        sheet.write_string(0, column, title, head)
    return sheet


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, number: int, values: Sequence[Cell]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, str):
            if value:
                sheet.write_string(number, column, kept_apostrophe(value))
        elif value is not None:
            sheet.write_number(number, column, value)


def _plain(value: Cell) -> Cell:
    """Most cells need nothing, and a look at their first character says so."""
    if value.__class__ is not str or not value or value[0] not in _DOUBTFUL:
        return value
    return _guarded(str(value))


def _guarded(text: str) -> str:
    if not text[0].isdigit():
        return harmless(text)
    if text.isdigit():
        spoiled = len(text) > _MOST_DIGITS or (text[0] == "0" and len(text) > 1)
    else:
        spoiled = "E" in text.upper() and _POWER.fullmatch(text) is not None
    return "'" + text if spoiled else text
