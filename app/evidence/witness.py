"""What the EXIF data of a photo says, as far as it makes sense.

It is a witness and no proof: many phones strip it, some tell nonsense, and it is easily forged.
So its absence is ordinary, nothing depends on it, and what cannot be believed is left out with a
note that keeps the raw value. Nothing in here raises, whatever the file holds.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

_LONGEST_TEXT = 100
_MOST_NOTES = 20
_ORIENTATIONS = range(1, 9)
_LONGEST_SIDE = 1_000_000
_HIGHEST_M, _DEEPEST_M = 20_000.0, -12_000.0
_WORST_ACCURACY_M = 1_000_000.0
_LARGEST_OFFSET_MIN = 14 * 60
_SIXTY = 60
_DAY_HOURS = 24
_LAT_REF, _LAT, _LON_REF, _LON, _TIME, _DAY = 1, 2, 3, 4, 7, 29
_DATE = r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})"
_DATE_TIME = re.compile(_DATE + r"[ T](\d{1,2}):(\d{1,2}):(\d{1,2})\Z")
_DATE_ONLY = re.compile(_DATE + r"\Z")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_UNKNOWN_TIME = frozenset(" :-/.0")

Tags = Mapping[int, Any]


@dataclass(frozen=True)
class Note:
    """A value that was left out: where it stood, what is wrong with it, and what it was."""

    tag: str
    fault: str
    raw: str


@dataclass(frozen=True)
class Gps:
    """Where the file says it was taken. EXIF means WGS-84; ``datum`` is the file's own word."""

    lat: float
    lon: float
    altitude_m: float | None
    accuracy_m: float | None
    bearing_deg: float | None
    datum: str | None
    method: str | None


@dataclass
class Statement:
    """All that is read. ``taken_at`` is local time without a zone unless there is an offset."""

    make: str | None = None
    model: str | None = None
    software: str | None = None
    image_id: str | None = None
    orientation: int | None = None
    width: int | None = None
    height: int | None = None
    taken_at: str | None = None
    taken_offset: str | None = None
    gps: Gps | None = None
    gps_at: str | None = None
    notes: list[Note] = field(default_factory=list)

    def note(self, tag: str, fault: str, raw: object) -> None:
        """Leave a value out, and say so."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(Note(tag, fault, _printable(repr(raw))))

    def as_json(self) -> dict[str, Any]:
        """Plain values that any JSON column takes."""
        return asdict(self)


def hear(main: Tags, photo: Tags, gps: Tags) -> Statement | None:
    """What the main, the photo's and the GPS directory say; None where they say nothing."""
    if not main and not photo and not gps:
        return None
    said = Statement(
        make=_text(main.get(0x010F)),
        model=_text(main.get(0x0110)),
        software=_text(main.get(0x0131)),
        image_id=_text(photo.get(0xA420)),
    )
    said.orientation = _whole(said, "Orientation", main.get(0x0112), _ORIENTATIONS)
    sides = range(1, _LONGEST_SIDE)
    said.width = _whole(said, "PixelXDimension", photo.get(0xA002), sides)
    said.height = _whole(said, "PixelYDimension", photo.get(0xA003), sides)
    _hear_time(said, main, photo)
    if gps:
        said.gps = _place(said, gps)
        said.gps_at = _satellite_time(said, gps)
    return said


def _hear_time(said: Statement, main: Tags, photo: Tags) -> None:
    raw = photo.get(0x9003) or photo.get(0x9004) or main.get(0x0132)
    text = _text(raw)
    if text is None or set(text) <= _UNKNOWN_TIME:
        return
    match = _DATE_TIME.match(text)
    taken = _instant(*(int(part) for part in match.groups())) if match else None
    if taken is None:
        said.note("DateTimeOriginal", "unreadable", raw)
        return
    fraction = (_text(photo.get(0x9291)) or "").strip()
    if fraction.isascii() and fraction.isdigit():
        taken += timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    said.taken_at = taken.isoformat()
    said.taken_offset = _offset(said, photo.get(0x9011) or photo.get(0x9010))


def _offset(said: Statement, raw: object) -> str | None:
    text = _text(raw)
    if text is None or set(text) <= {" ", ":"}:
        return None
    match = _OFFSET.match("+00:00" if text == "Z" else text)
    if match is None:
        said.note("OffsetTimeOriginal", "unreadable", raw)
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if int(match[3]) >= _SIXTY or minutes > _LARGEST_OFFSET_MIN:
        said.note("OffsetTimeOriginal", "out-of-range", raw)
        return None
    return match[0]


def _place(said: Statement, gps: Tags) -> Gps | None:
    if _LAT not in gps and _LON not in gps:
        return None
    lat = _degrees(gps.get(_LAT), gps.get(_LAT_REF), "NS", 90)
    lon = _degrees(gps.get(_LON), gps.get(_LON_REF), "EW", 180)
    raw = tuple(gps.get(tag) for tag in (_LAT_REF, _LAT, _LON_REF, _LON))
    if lat is None or lon is None:
        said.note("GPSPosition", "unreadable", raw)
        return None
    if lat == 0 and lon == 0:
        said.note("GPSPosition", "null-island", raw)
        return None
    return Gps(
        lat=round(lat, 8),
        lon=round(lon, 8),
        altitude_m=_altitude(said, gps),
        accuracy_m=_between(said, "GPSHPositioningError", gps.get(31), 0, _WORST_ACCURACY_M),
        bearing_deg=_between(said, "GPSImgDirection", gps.get(17), 0, 360),
        datum=_text(gps.get(18)),
        method=_method(gps.get(27)),
    )


def _degrees(raw: object, reference: object, letters: str, most: int) -> float | None:
    """Degrees, minutes and seconds with their hemisphere; None where one of them is absurd."""
    letter = (_text(reference) or "").upper()[:1]
    parts = _numbers(raw)
    if not letter or letter not in letters or not parts or None in parts:
        return None
    degrees, minutes, seconds = [*(part or 0.0 for part in parts), 0.0, 0.0][:3]
    value = degrees + minutes / 60 + seconds / 3600
    if min(degrees, minutes, seconds) < 0 or max(minutes, seconds) > _SIXTY or value > most:
        return None
    return -value if letter == letters[1] else value


def _altitude(said: Statement, gps: Tags) -> float | None:
    height = _between(said, "GPSAltitude", gps.get(6), _DEEPEST_M, _HIGHEST_M)
    below = gps.get(5) in (1, b"\x01", "\x01")
    return -height if height is not None and below else height


def _satellite_time(said: Statement, gps: Tags) -> str | None:
    """The time of the satellites, in UTC; the date and the time stand in two tags."""
    if _DAY not in gps or _TIME not in gps:
        return None
    raw = (gps.get(_DAY), gps.get(_TIME))
    match = _DATE_ONLY.match(_text(gps.get(_DAY)) or "")
    parts = _numbers(gps.get(_TIME))
    day = _instant(*(int(part) for part in match.groups())) if match else None
    if day is None or not parts or None in parts:
        said.note("GPSTime", "unreadable", raw)
        return None
    hours, minutes, seconds = [*(part or 0.0 for part in parts), 0.0, 0.0][:3]
    least, most = min(hours, minutes, seconds), max(hours, minutes, seconds)
    if least < 0 or most > _SIXTY or hours >= _DAY_HOURS or day.year == MAXYEAR:
        said.note("GPSTime", "out-of-range", raw)
        return None
    since = timedelta(hours=hours, minutes=minutes, seconds=round(seconds, 3))
    return (day.replace(tzinfo=UTC) + since).isoformat()


def _instant(*parts: int) -> datetime | None:
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - local time by nature
    except ValueError:
        return None


def _between(said: Statement, tag: str, raw: object, least: float, most: float) -> float | None:
    if raw is None:
        return None
    value = _number(raw)
    if value is None or not least <= value <= most:
        said.note(tag, "out-of-range" if value is not None else "unreadable", raw)
        return None
    return round(value, 3)


def _whole(said: Statement, tag: str, raw: object, allowed: range) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, int) and raw in allowed:
        return int(raw)
    said.note(tag, "out-of-range", raw)
    return None


def _numbers(raw: object) -> list[float | None]:
    many = raw if isinstance(raw, tuple | list) else (raw,)
    return [_number(one) for one in many[:3]]


def _number(raw: Any) -> float | None:
    if isinstance(raw, str | bytes) or raw is None:
        return None
    try:
        value = float(raw)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return value if math.isfinite(value) else None


def _method(raw: object) -> str | None:
    """The first eight bytes name the character set."""
    if isinstance(raw, bytes) and raw[:8] in (b"ASCII\0\0\0", b"UNICODE\0", b"\0" * 8):
        raw = raw[8:]
    return _text(raw)


def _text(raw: object) -> str | None:
    """Printable text of a bounded length; None where nothing is left of it."""
    if isinstance(raw, tuple | list) and len(raw) == 1:
        raw = raw[0]
    if isinstance(raw, bytes):
        raw = raw.split(b"\0")[0].decode("utf-8", "replace")
    return (_printable(raw) or None) if isinstance(raw, str) else None


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text[: 4 * _LONGEST_TEXT]).strip()[:_LONGEST_TEXT]
