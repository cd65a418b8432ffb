"""Sheets of any length, written row by row: what is held is one batch, however long the sheet.

Every value is shown as it is; a text is never a formula. The lines of a CSV come from the database
(``copying``).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO

import xlsxwriter

from app.infra.sheets import kept_apostrophe

Cell = str | int | float | None
Rows = Sequence[Sequence[Cell]]
MOST_ROWS = 1_048_576  # of one sheet, its heads included: Excel's limit


def csv_head(heads: Sequence[str]) -> bytes:
    """The first line in UTF-8, after the byte order mark that Excel needs to show Chinese."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(heads)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


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
