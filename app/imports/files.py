"""Between files and sheets: CSV, XLSX and GeoJSON in; exports, templates and error files out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from pathlib import PurePath
from typing import IO

from app.imports import columns as cells
from app.imports.faults import SheetFault, words_of
from app.imports.geojson import read_geojson, write_geojson
from app.imports.kinds import EVERY_KIND, KINDS
from app.imports.rules import Key, Kind, SheetText
from app.infra import sheets
from app.infra.sheets import Table
from app.kit.changes import Row
from app.kit.errors import Invalid
from app.web.language import Language

NOTES_SHEET = {"zh": "说明", "en": "notes"}


class Format(StrEnum):
    """What an export is written as."""

    XLSX = "xlsx"
    CSV = "csv"
    GEOJSON = "geojson"


def read_file(content: bytes, file_name: str, kind: str | None) -> list[SheetText]:
    """The sheets of a file. ``kind`` names the sheet of a CSV, or the only one of a workbook."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        found = [read_geojson(content, kind or PurePath(file_name).stem)]
    else:
        found = [
            SheetText(sheet.name, [(line.number, line.cells) for line in sheet.lines])
            for sheet in sheets.read_sheets(content, file_name)
        ]
    if kind is not None:
        full = [sheet for sheet in found if sheet.lines and not is_notes(sheet.name)]
        if len(full) > 1:
            raise Invalid("import.several-sheets", kind=kind)
        found = [SheetText(kind, full[0].lines if full else [])]
    if not any(sheet.lines for sheet in found):
        raise Invalid("import.empty")
    return found


def is_notes(name: str) -> bool:
    """Whether a sheet is a page of explanations."""
    return cells.folded_head(name).startswith(tuple(NOTES_SHEET.values()))


# -- out ------------------------------------------------------------------------------------------


def write_export(
    target: IO[bytes],
    format_: Format,
    stored: Mapping[str, Mapping[Key, Row]],
    zone: tzinfo,
    language: Language,
) -> None:
    """The rows of one kind in any format, or of several as the sheets of one workbook."""
    if format_ is Format.GEOJSON:
        ((name, rows),) = stored.items()
        target.write(write_geojson(EVERY_KIND[name], _unfolded(EVERY_KIND[name], rows), zone))
        return
    tables = [_table(EVERY_KIND[name], rows, zone, language) for name, rows in stored.items()]
    if format_ is Format.CSV:
        sheets.write_csv(target, tables[0])
    else:
        sheets.write_xlsx(target, tables)


def format_of(file_name: str) -> Format:
    """The format that a file's name asks for; XLSX where it says nothing."""
    suffix = PurePath(file_name).suffix.lstrip(".").lower()
    return Format(suffix) if suffix in set(Format) else Format.XLSX


def check_format(format_: Format, kinds: Sequence[str]) -> None:
    """``Invalid`` where these kinds cannot be written so."""
    if format_ is not Format.XLSX and len(kinds) > 1:
        raise Invalid("import.several-sheets", kind=", ".join(kinds))
    if format_ is Format.GEOJSON and not has_places(kinds[0]):
        raise Invalid("import.no-places", kind=kinds[0])
    if format_ is not Format.GEOJSON and not set(kinds) <= set(KINDS):
        raise Invalid("import.geojson-only", kind=kinds[0])


def _table(kind: Kind, rows: Mapping[Key, Row], zone: tzinfo, language: Language) -> Table:
    shown = [column for column in kind.columns if not column.secret]
    lines = (
        [cells.write_cell(column, row.get(column.name), zone) for column in shown]
        for row in _unfolded(kind, rows)
    )
    title = kind.en if language == "en" else kind.zh
    heads = [column.en if language == "en" else column.zh for column in shown]
    return Table(title, heads, lines)


def _unfolded(kind: Kind, rows: Mapping[Key, Row]) -> Iterator[Row]:
    """Rows by key; the items of a checklist one by one."""
    for key in sorted(rows, key=str):
        row = rows[key]
        if kind.fold is None:
            yield row
        else:
            yield from (row | item for item in row["items"])


def has_places(kind: str) -> bool:
    """Whether the rows of a kind lie somewhere, so that they can be written as GeoJSON."""
    return any(column.name in ("lat", "geometry") for column in EVERY_KIND[kind].columns)


def write_template(target: IO[bytes], kinds: Iterable[Kind], language: Language) -> None:
    """Empty sheets with notes and choices at their heads, and a page that explains each column."""
    tables = []
    explained: list[list[str]] = []
    for kind in kinds:
        heads = [column.en if language == "en" else column.zh for column in kind.columns]
        notes = [_note(column, language) for column in kind.columns]
        offered = {n: one.choices for n, one in enumerate(kind.columns) if one.sort != "words"}
        title = kind.en if language == "en" else kind.zh
        tables.append(Table(title, heads, [], notes, offered))
        explained += [_explained(kind, column) for column in kind.columns]
    heads = [
        "表 sheet",
        "列",
        "column",
        "必填 needed",
        "说明",
        "meaning",
        "可选 choices",
        "例 example",
    ]
    sheets.write_xlsx(target, [*tables, Table(NOTES_SHEET[language], heads, explained)])


def _note(column: cells.Column, language: Language) -> str:
    needed = ("必填。", "Needed. ") if column.needed else ("", "")
    example = (f"例：{column.example}", f"e.g. {column.example}") if column.example else ("", "")
    if language == "en":
        return f"{needed[1]}{column.meaning_en}\n{example[1]}".strip()
    return f"{needed[0]}{column.meaning_zh}\n{example[0]}".strip()


def _explained(kind: Kind, column: cells.Column) -> list[str]:
    return [
        f"{kind.zh} {kind.name}",
        column.zh,
        column.en,
        "是 yes" if column.needed else "",
        column.meaning_zh,
        column.meaning_en,
        "; ".join(column.choices),
        column.example,
    ]


def write_faults(target: IO[bytes], format_: Format, faults: Sequence[SheetFault]) -> None:
    """The error file: where each fault is, what it is and what to do, in both languages."""
    heads = [
        "工作表 sheet",
        "行 row",
        "列 column",
        "值 value",
        "问题",
        "怎么办",
        "fault",
        "what to do",
    ]
    rows = (
        [
            *(fault.sheet, str(fault.row or ""), fault.column or "", fault.value),
            *words_of(fault, "zh"),
            *words_of(fault, "en"),
        ]
        for fault in faults
    )
    table = Table("问题 faults", heads, rows)
    if format_ is Format.CSV:
        sheets.write_csv(target, table)
    else:
        sheets.write_xlsx(target, [table])
