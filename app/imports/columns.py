"""Columns of sheets: how a cell is read and written, and what people are told about it.

A cell is a text; a value is plain JSON (text, whole number, decimal, yes/no, list of texts, or None
for an empty cell). Reading what was written gives the same value again.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from app.imports.faults import Bad

Value = Any
Read = Callable[[str, tzinfo], Value]
Write = Callable[[Value, tzinfo], str]
FIRST_DAY = date(2000, 1, 1).isoformat()
_SEPARATORS = re.compile(r"[;；、,，|\n]")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?"
)
_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?[ T]+(\d{1,2})(:\d\d\S*)"
)
_LOST_DIGITS = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_YES = {"是", "yes", "y", "true", "1", "√", "✓"}
_NO = {"否", "no", "n", "false", "0", "×", "✗"}
_NONE = {"无", "none", "-"}
_MOST_KNOWN = 30  # choices listed in a message


@dataclass(frozen=True)
class Column:
    """One column: its heads, its meaning, how its cells become values and values cells."""

    name: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str
    read: Read
    write: Write
    needed: bool = False
    example: str = ""
    default: Value = None
    refers: str | None = None
    fixed: tuple[str, str] | None = None
    secret: bool = False
    first_only: bool = False
    choices: tuple[str, ...] = ()
    sort: str = "text"  # the name of the function below that made it
    bounds: tuple[Any, Any] = (None, None)  # shortest and longest, or lowest and highest


@dataclass(frozen=True)
class Head:
    """What every column says of itself: name, Chinese and English head, meaning in both."""

    name: str
    zh: str
    en: str
    meaning_zh: str = ""
    meaning_en: str = ""


def text(head: Head, limit: int, **more: Any) -> Column:
    """Free text of at most ``limit`` characters."""

    def read(cell: str, _zone: tzinfo) -> Value:
        return _storable(cell, limit)

    return _column(head, read, _as_is, sort="text", bounds=(1, limit), **more)


def code(head: Head, limit: int = 40, *, unit: bool = False, **more: Any) -> Column:
    """A code; those of units are stricter, for paths are made of them."""
    allowed = re.compile(r"[0-9A-Za-z.-]" if unit else r"[\w./-]")
    words = ("字母、数字、点和横线", "letters, digits, dots and dashes")
    words = (
        words if unit else ("文字、数字、点、横线、斜线", "letters, digits, dots, dashes, slashes")
    )

    def read(cell: str, _zone: tzinfo) -> Value:
        if _LOST_DIGITS.fullmatch(cell):
            raise Bad("cell.lost-digits")
        wrong = next((char for char in cell if not allowed.fullmatch(char)), None)
        if wrong is not None and "refers" not in more:  # a reference is compared with what is known
            raise Bad("cell.code", found=wrong, allowed_zh=words[0], allowed_en=words[1])
        return _storable(cell, limit)

    sort = "unit_code" if unit else "code"
    return _column(head, read, _as_is, sort=sort, bounds=(1, limit), **more)


def codes(head: Head, **more: Any) -> Column:
    """A list of codes, separated by semicolons; an empty cell is an empty list."""

    def read(cell: str, _zone: tzinfo) -> Value:
        parts = [part.strip() for part in _SEPARATORS.split(cell)] if cell else []
        for number, part in enumerate(parts):
            if not part:
                raise Bad("list.empty-part")
            if part in parts[:number]:
                raise Bad("list.twice", found=part)
            _storable(part, 64)
        return sorted(parts)

    more = {"default": [], "sort": "codes", "bounds": (1, 64)} | more
    return _column(head, read, _join, **more)


def whole(head: Head, low: int, high: int, **more: Any) -> Column:
    """A whole number between two limits."""

    def read(cell: str, _zone: tzinfo) -> Value:
        number = _number(cell, str(max(low, 1)))
        if number != number.to_integral_value():
            raise Bad("cell.whole")
        return int(_within(number, low, high))

    return _column(head, read, _as_is, sort="whole", bounds=(low, high), **more)


def points(head: Head, low: str, high: int, **more: Any) -> Column:
    """A decimal of at most three places, kept exactly, as a text without useless noughts."""

    def read(cell: str, _zone: tzinfo) -> Value:
        number = _within(_number(cell, "2.5"), Decimal(low), high)
        if number != number.quantize(Decimal("0.001")):
            raise Bad("cell.decimals", limit=3)
        return plain_decimal(number)

    return _column(head, read, _as_is, sort="points", bounds=(low, high), **more)


def degrees(head: Head, most: int, **more: Any) -> Column:
    """Degrees of latitude or longitude."""

    def read(cell: str, _zone: tzinfo) -> Value:
        number = _number(cell, "35.2159")
        if head.name == "lat" and most < abs(number) <= 180:  # noqa: PLR2004 - a longitude's range
            raise Bad("location.swapped")
        return float(_within(number, -most, most))

    def write(value: Value, _zone: tzinfo) -> str:
        return repr(value)

    return _column(head, read, write, sort="degrees", bounds=(-most, most), **more)


def day(head: Head, **more: Any) -> Column:
    """A day of the calendar, as 2026-03-01."""

    def read(cell: str, _zone: tzinfo) -> Value:
        found = _DATE.fullmatch(cell)
        try:
            parts = [int(part) for part in found.groups()] if found else [0, 0, 0]
            return date(*parts).isoformat()
        except ValueError as error:
            raise Bad("cell.date") from error

    return _column(head, read, _as_is, sort="day", **more)


def instant(head: Head, **more: Any) -> Column:
    """A moment; without an offset it is local time of the city. The value is RFC 3339 in UTC."""

    def read(cell: str, zone: tzinfo) -> Value:
        found = _MOMENT.fullmatch(cell)
        try:
            if found is None:
                raise Bad("cell.instant")
            year, month, day_, hour, rest = found.groups()
            moment = datetime.fromisoformat(
                f"{year}-{int(month):02d}-{int(day_):02d}T{int(hour):02d}{rest}"
            )
            local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return local.astimezone(UTC).isoformat()
        except (ValueError, OverflowError) as error:
            raise Bad("cell.instant") from error

    def write(value: Value, zone: tzinfo) -> str:
        return datetime.fromisoformat(value).astimezone(zone).isoformat()

    return _column(head, read, write, sort="instant", **more)


def yes_no(head: Head, *, default: bool, **more: Any) -> Column:
    """是 or 否; also yes and no, true and false, 1 and 0."""

    def read(cell: str, _zone: tzinfo) -> Value:
        word = cell.casefold()
        if word not in _YES | _NO:
            raise Bad("cell.yes-no")
        return word in _YES

    def write(value: Value, _zone: tzinfo) -> str:
        return "是" if value else "否"

    more = {"sort": "yes_no", "choices": ("是", "否")} | more
    return _column(head, read, write, default=default, **more)


def choice(head: Head, kind: type[StrEnum], labels: Mapping[str, str], **more: Any) -> Column:
    """One of an enum's values; its Chinese label is understood as well."""
    values = tuple(member.value for member in kind)
    known = {_folded(value): value for value in values}
    known |= {_folded(label): value for value, label in labels.items()}

    def read(cell: str, _zone: tzinfo) -> Value:
        found = known.get(_folded(cell))
        if found is None:
            near = nearest(cell, [*values, *labels.values()])
            listed = ", ".join(f"{value} {labels.get(value, '')}".strip() for value in values)
            raise Bad("cell.choice", known=listed, **hint(near))
        return found

    return _column(head, read, _as_is, choices=values, sort="choice", **more)


def one_of_texts(head: Head, values: Sequence[str], **more: Any) -> Column:
    """A list in which each part is one of a few words; 无 is the empty list, not the default."""

    def read(cell: str, _zone: tzinfo) -> Value:
        if cell.casefold() in _NONE:
            return []
        parts = [part.strip() for part in _SEPARATORS.split(cell)]
        for part in parts:
            if part not in values:
                near = nearest(part, values)
                raise Bad("cell.choice", known=", ".join(values), **hint(near))
        return sorted(set(parts))

    def write(value: Value, _zone: tzinfo) -> str:
        return ";".join(value) or "无"

    return _column(head, read, write, choices=tuple(values), sort="words", **more)


def _column(head: Head, read: Read, write: Write, **more: Any) -> Column:
    return Column(
        head.name, head.zh, head.en, head.meaning_zh, head.meaning_en, read, write, **more
    )


def read_cell(column: Column, cell: str, zone: tzinfo) -> Value:
    """The value of a cell; ``Bad`` where it has none. An empty cell is the column's default."""
    return column.read(cell, zone) if cell else column.default


def write_cell(column: Column, value: Value, zone: tzinfo) -> str:
    """The text of a value; empty for None."""
    return "" if value is None else column.write(value, zone)


def plain_decimal(number: Decimal) -> str:
    """``12.500`` as ``12.5``, ``100`` as ``100``: one text for one number."""
    shortest = number.normalize()
    return f"{shortest:f}" if shortest else "0"


def nearest(given: str, known: Sequence[str]) -> str | None:
    """What was probably meant, or None."""
    found = get_close_matches(given, known, n=1, cutoff=0.6)
    return found[0] if found else None


def hint(near: str | None) -> dict[str, str]:
    """The suggestion in both languages; empty where there is none."""
    if near is None:
        return {"hint_zh": "", "hint_en": ""}
    return {"hint_zh": f"是否指“{near}”？", "hint_en": f"did you mean “{near}”? "}


def listed(words: Sequence[str]) -> str:
    """Words for a message, not too many."""
    more = f" … ({len(words)})" if len(words) > _MOST_KNOWN else ""
    return ", ".join(words[:_MOST_KNOWN]) + more


def folded_head(text_of_head: str) -> str:
    """A head without blanks, stars and case, so that small differences do not matter."""
    return _folded(re.sub(r"[\s*＊_:：]", "", text_of_head))


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().casefold()


def _as_is(value: Value, _zone: tzinfo) -> str:
    return str(value)


def _join(value: Value, _zone: tzinfo) -> str:
    return ";".join(value)


def _storable(cell: str, limit: int) -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in cell):
        raise Bad("cell.control")
    if len(cell) > limit:
        raise Bad("cell.too-long", length=len(cell), limit=limit)
    return cell


def _number(cell: str, example: str) -> Decimal:
    try:
        number = Decimal(unicodedata.normalize("NFKC", cell))
    except InvalidOperation as error:
        raise Bad("cell.number", example=example) from error
    if not number.is_finite() or number.adjusted() > 20 or len(cell) > 40:  # noqa: PLR2004
        raise Bad("cell.number", example=example)
    return number


def _within(number: Decimal, low: int | Decimal, high: int | Decimal) -> Decimal:
    if number < low:
        raise Bad("cell.too-small", limit=str(low))
    if number > high:
        raise Bad("cell.too-large", limit=str(high))
    return number
