"""Files that somebody might send: damaged, contradictory, exhausting, or harmless but odd.

``HOSTILE`` is the table: name -> (bytes, the announced type, what must become of them). The last is
a refusal's code or ``STORED``. Everything is made here from seeds; nothing is downloaded.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image

from tests.factories import make_photo_bytes

STORED = "stored"
JPEG, PNG, WEBP, HEIC = "image/jpeg", "image/png", "image/webp", "image/heic"
Case = tuple[Callable[[], bytes], str, str]


@cache
def _jpeg(**save: object) -> bytes:
    return make_photo_bytes(11, (320, 240), "JPEG", **save)


@cache
def _grey(**save: object) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(_jpeg())).convert("L").save(out, "JPEG", **save)
    return out.getvalue()


@cache
def _png() -> bytes:
    return make_photo_bytes(12, (160, 120), "PNG")


@cache
def _webp(**save: object) -> bytes:
    return make_photo_bytes(13, (160, 120), "WEBP", **save)


def _mode(mode: str, kind: str, size: tuple[int, int] = (40, 30), **save: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **save)
    return out.getvalue()


# -- JPEG ----------------------------------------------------------------------------------------


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def _find(content: bytes, marker: int) -> int:
    """Where a segment begins, of those before the compressed data."""
    at = 2
    while content[at + 1] != marker:
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return at


def _without(content: bytes, marker: int) -> bytes:
    at = _find(content, marker)
    return content[:at] + content[at + 2 + struct.unpack_from(">H", content, at + 2)[0] :]


def _with(content: bytes, *segments: bytes) -> bytes:
    return content[:2] + b"".join(segments) + content[2:]


def _patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def _frame(offset: int, new: bytes, *, marker: int = 0xC0, **save: object) -> Callable[[], bytes]:
    """The frame header with some bytes exchanged; 4: precision, 5: height, 7: width."""

    def make() -> bytes:
        content = _jpeg(**save)
        return _patched(content, _find(content, marker) + offset, new)

    return make


def _data_at(content: bytes) -> int:
    at = _find(content, 0xDA)
    return at + 2 + struct.unpack_from(">H", content, at + 2)[0]


def _torn(content: bytes, share: float = 0.5) -> bytes:
    """The compressed data ends early, and the end marker says that all is well."""
    start = _data_at(content)
    cut = start + int((len(content) - start) * share)
    while content[cut - 1] == 0xFF:
        cut -= 1
    return content[:cut] + b"\xff\xd9"


def _missing_restart() -> bytes:
    content = _jpeg(restart_marker_rows=1)
    return content[: content.index(b"\xff\xd2")] + content[content.index(b"\xff\xd4") :]


def many_scans(content: bytes, times: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times."""
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * times + b"\xff\xd9"


def _mpo() -> bytes:
    """Two pictures in one file, as phones make them."""
    out = io.BytesIO()
    first, second = (Image.open(io.BytesIO(make_photo_bytes(n, (320, 240)))) for n in (1, 2))
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def _bad_mpo() -> bytes:
    content = _mpo()
    at = content.index(b"MPF\0")
    return _patched(content, at + 8, b"\xff" * 40)


def _icc(parts: int, size: int) -> bytes:
    pieces = (
        _segment(0xE2, b"ICC_PROFILE\0" + bytes((n + 1, parts)) + bytes(size)) for n in range(parts)
    )
    return _with(_jpeg(), *pieces)


# -- EXIF ----------------------------------------------------------------------------------------


def ifd(*entries: tuple[int, int, int, bytes], following: int = 0) -> bytes:
    """A TIFF directory; entries are tag, type, count and four bytes of value or offset."""
    body = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def exif(*directories: bytes, first: int = 8) -> bytes:
    """An APP1 segment with directories one after the other."""
    tiff = b"II*\0" + struct.pack("<I", first) + b"".join(directories)
    return _segment(0xE1, b"Exif\0\0" + tiff)


def _long(value: int) -> bytes:
    return struct.pack("<I", value)


def _photo_exif(**values: object) -> Callable[[], bytes]:
    """EXIF as Pillow writes it: ``main``, ``photo`` and ``gps`` directories."""

    def make() -> bytes:
        data = Image.Exif()
        for tag, value in values.get("main", {}).items():  # type: ignore[attr-defined]
            data[tag] = value
        for name, number in (("photo", 0x8769), ("gps", 0x8825)):
            if name in values:
                data.get_ifd(number).update(values[name])  # type: ignore[call-overload]
        return make_photo_bytes(14, (64, 48), exif=data)

    return make


_LOOP = (0x8769, 4, 1, _long(8)), (0x8825, 4, 1, _long(8))


def _noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


# -- PNG, WebP, HEIF -----------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    whole = kind + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    *more: bytes,
    data: bytes | None = None,
) -> bytes:
    """A PNG from its numbers; without data it is black."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    lines = bytes(height * (1 + (width * bits + 7) // 8)) if data is None else data
    body = chunk(b"IDAT", zlib.compress(lines, 1))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), *more, body, chunk(b"IEND", b""))
    )


@cache
def _squeezed(size: int) -> bytes:
    return zlib.compress(bytes(size), 1)


def _bad_checksum() -> bytes:
    content = _png()
    at = content.index(b"IDAT") + 100
    return _patched(content, at, bytes((content[at] ^ 1,)))


def _animated(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        first, second = (Image.open(io.BytesIO(make_photo_bytes(n, (64, 48)))) for n in (1, 2))
        first.save(out, kind, save_all=True, append_images=[second], duration=100)
        return out.getvalue()

    return make


def box(kind: bytes, data: bytes = b"", *, size: int | None = None) -> bytes:
    """A box of an ISO media file."""
    return struct.pack(">I", len(data) + 8 if size is None else size) + kind + data


_FTYP = box(b"ftyp", b"heic\0\0\0\0mif1heic")
_META = box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)))


def _heic() -> bytes:
    """64 x 48 pixels with a red corner, lying on its side; from a phone's kind of encoder."""
    return (Path(__file__).parent / "photos" / "turned.heic").read_bytes()


def _heic_of(width: int, height: int) -> Callable[[], bytes]:
    """One that says it is of another size than its picture."""

    def make() -> bytes:
        content = _heic()
        return _patched(content, content.index(b"ispe") + 8, struct.pack(">II", width, height))

    return make


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _riff(length: int) -> Callable[[], bytes]:
    return lambda: _patched(_webp(), 4, struct.pack("<I", length))


HOSTILE: dict[str, Case] = {
    # cut and torn
    "JPEG cut in the middle": (lambda: _half(_jpeg()), JPEG, "photo.truncated"),
    "JPEG without its end marker": (lambda: _jpeg()[:-2], JPEG, "photo.truncated"),
    "JPEG torn, with an end marker": (lambda: _torn(_jpeg()), JPEG, "photo.truncated"),
    "JPEG torn near its end": (lambda: _torn(_jpeg(), 0.9), JPEG, "photo.truncated"),
    "grey JPEG torn": (lambda: _torn(_grey()), JPEG, "photo.truncated"),
    "JPEG without any data": (lambda: _torn(_jpeg(), 0), JPEG, "photo.truncated"),
    "JPEG signature alone": (lambda: b"\xff\xd8\xff", JPEG, "photo.truncated"),
    "JPEG headers alone": (lambda: _jpeg()[: _data_at(_jpeg())], JPEG, "photo.truncated"),
    "JPEG start and end": (lambda: b"\xff\xd8\xff\xd9", JPEG, "photo.undecodable"),
    "progressive JPEG cut": (lambda: _half(_jpeg(progressive=True)), JPEG, "photo.truncated"),
    "PNG cut in the middle": (lambda: _half(_png()), PNG, "photo.truncated"),
    "PNG without its last chunk": (lambda: _png()[:-12], PNG, "photo.truncated"),
    "PNG whose data ends early": (
        lambda: png(64, 64, data=bytes(64 * 100)), PNG, "photo.truncated"),
    "PNG without data": (
        lambda: _png()[:33] + chunk(b"IEND", b""), PNG, "photo.undecodable"),
    "WebP cut in the middle": (lambda: _half(_webp()), WEBP, "photo.truncated"),
    "WebP cut by a byte": (lambda: _webp()[:-1], WEBP, "photo.truncated"),
    "HEIF with a box longer than the file": (
        lambda: _FTYP + _META + box(b"mdat", size=10_000), HEIC, "photo.truncated"),
    "HEIF with a box of 2^63 bytes": (
        lambda: _FTYP + _META + box(b"mdat", b"\x7f" + b"\xff" * 7, size=1), HEIC,
        "photo.truncated"),
    # lengths and headers that lie
    "JPEG segment of length 0": (
        lambda: _with(_jpeg(), b"\xff\xe5\0\0"), JPEG, "photo.undecodable"),
    "JPEG segment longer than the file": (
        lambda: _with(_jpeg(), b"\xff\xe5\xff\xff"), JPEG, "photo.truncated"),
    "JPEG of height 0": (_frame(5, b"\0\0"), JPEG, "photo.undecodable"),
    "JPEG of width 0": (_frame(7, b"\0\0"), JPEG, "photo.undecodable"),
    "JPEG higher than its data": (_frame(5, b"\x04\0"), JPEG, "photo.truncated"),
    "JPEG of 12 bits": (_frame(4, b"\x0c"), JPEG, "photo.undecodable"),
    "JPEG of 0 components": (_frame(9, b"\0"), JPEG, "photo.undecodable"),
    "JPEG of 5 components": (_frame(9, b"\5"), JPEG, "photo.undecodable"),
    "JPEG with sampling 0": (_frame(11, b"\0"), JPEG, "photo.undecodable"),
    "JPEG that says it is lossless": (_frame(1, b"\xc3"), JPEG, "photo.undecodable"),
    "JPEG that says it is arithmetic": (_frame(1, b"\xc9"), JPEG, "photo.undecodable"),
    "JPEG with two frames": (
        lambda: _with(_jpeg(), _jpeg()[_find(_jpeg(), 0xC0) :][:19]), JPEG, "photo.undecodable"),
    "JPEG scan before its frame": (lambda: _without(_jpeg(), 0xC0), JPEG, "photo.undecodable"),
    "JPEG without quantisation": (
        lambda: _without(_without(_jpeg(), 0xDB), 0xDB), JPEG, "photo.undecodable"),
    "JPEG with a foreign marker in its data": (
        lambda: _patched(_jpeg(), _data_at(_jpeg()) + 900, b"\xff\x9f"), JPEG,
        "photo.undecodable"),
    "JPEG with a piece missing between restarts": (_missing_restart, JPEG, "photo.undecodable"),
    "JPEG with noise for code tables": (
        lambda: _patched(_jpeg(), _find(_jpeg(), 0xC4) + 5, b"\xff" * 16), JPEG,
        "photo.undecodable"),
    "PNG with a wrong checksum": (_bad_checksum, PNG, "photo.undecodable"),
    "PNG with a changed header": (lambda: _patched(_png(), 18, b"\x01"), PNG, "photo.undecodable"),
    "PNG chunk of 4 GiB": (
        lambda: _patched(_png(), 33, b"\xff\xff\xff\xff"), PNG, "photo.truncated"),
    "PNG of colour type 5": (lambda: png(8, 8, 8, 5), PNG, "photo.undecodable"),
    "PNG of 3 bits": (lambda: png(8, 8, 3, 0), PNG, "photo.undecodable"),
    "PNG of width 0": (lambda: png(0, 8), PNG, "photo.undecodable"),
    "PNG with noise for data": (
        lambda: png(8, 8)[:33] + chunk(b"IDAT", _noise(1, 999)) + chunk(b"IEND", b""), PNG,
        "photo.undecodable"),
    "PNG palette without colours": (lambda: png(8, 8, 8, 3), PNG, STORED),
    "PNG that begins with its data": (
        lambda: _png()[:8] + chunk(b"IDAT", b"x") + chunk(b"IEND", b""), PNG,
        "photo.undecodable"),
    "WebP that claims more than it has": (_riff(10**6), WEBP, "photo.truncated"),
    "WebP that claims 4 GiB": (_riff(0xFFFFFFF0), WEBP, "photo.truncated"),
    "WebP that claims nothing": (_riff(0), WEBP, "photo.undecodable"),
    "WebP with noise for data": (
        lambda: _patched(_webp(), 20, _noise(2, 60)), WEBP, "photo.undecodable"),
    "HEIC cut in the middle": (lambda: _half(_heic()), HEIC, "photo.truncated"),
    "HEIC of no size": (_heic_of(0, 0), HEIC, "photo.undecodable"),
    "HEIC of another size than its picture": (_heic_of(64, 4800), HEIC, "photo.undecodable"),
    "HEIF without a description": (lambda: _FTYP, HEIC, "photo.undecodable"),
    "HEIF without a picture": (lambda: _FTYP + _META, HEIC, "photo.undecodable"),
    "HEIF with noise for a description": (
        lambda: _FTYP + box(b"meta", _noise(3, 4000)), HEIC, "photo.undecodable"),
    "HEIF with a box of 3 bytes": (
        lambda: _FTYP + box(b"free", size=3), HEIC, "photo.undecodable"),
    "HEIF of 3,000 boxes": (lambda: _FTYP + box(b"free") * 3000, HEIC, "photo.undecodable"),
    # exhausting
    "JPEG of 65,500 x 65,500": (
        _frame(5, b"\xff\xdc\xff\xdc"), JPEG, "photo.too-many-pixels"),
    "JPEG of 59 megapixels held at once": (
        _frame(5, b"\x1e\x14\x1e\x14", marker=0xC2, progressive=True, subsampling=0), JPEG,
        "photo.too-heavy"),
    "JPEG of a hundred scans": (
        lambda: many_scans(_jpeg(progressive=True), 100), JPEG, "photo.too-heavy"),
    "HEIC of 65,000 x 65,000": (_heic_of(65_000, 65_000), HEIC, "photo.too-heavy"),
    "PNG of 65,000 x 65,000": (
        lambda: png(65_000, 65_000, data=bytes(1000)), PNG, "photo.too-many-pixels"),
    "PNG of 61 megapixels in a few bytes": (
        lambda: png(7810, 7811, 1, 0), PNG, "photo.too-many-pixels"),
    "PNG of 2^31 x 1": (lambda: png(2**31 - 1, 1, data=b"\0"), PNG, "photo.too-many-pixels"),
    "PNG text of 100 MB": (
        lambda: png(8, 8, 8, 2, chunk(b"zTXt", b"Comment\0\0" + _squeezed(10**8))), PNG,
        "photo.undecodable"),
    "PNG international text of 100 MB": (
        lambda: png(8, 8, 8, 2, chunk(b"iTXt", b"C\0\1\0\0\0" + _squeezed(10**8))), PNG,
        "photo.undecodable"),
    "PNG of 80 texts of a megabyte": (
        lambda: png(8, 8, 8, 2, *[chunk(b"zTXt", b"C\0\0" + _squeezed(2**20 - 1))] * 80), PNG,
        "photo.undecodable"),
    "PNG colour profile of 100 MB": (
        lambda: png(8, 8, 8, 2, chunk(b"iCCP", b"icc\0\0" + _squeezed(10**8))), PNG,
        "photo.undecodable"),
    "PNG of 60,000 chunks": (
        lambda: png(8, 8, 8, 2, *[chunk(b"tEXt", b"a\0")] * 60_000), PNG, "photo.too-heavy"),
    # more than one picture to look at
    "animated PNG": (_animated("PNG"), PNG, "photo.animated"),
    "animated WebP": (_animated("WEBP"), WEBP, "photo.animated"),
    # other kinds
    "GIF": (lambda: make_photo_bytes(5, kind="GIF"), PNG, "photo.unsupported-type"),
    "BMP": (lambda: make_photo_bytes(5, kind="BMP"), JPEG, "photo.unsupported-type"),
    "TIFF": (lambda: make_photo_bytes(5, kind="TIFF"), JPEG, "photo.unsupported-type"),
    "ICO": (lambda: make_photo_bytes(5, kind="ICO"), PNG, "photo.unsupported-type"),
    "AVIF": (lambda: box(b"ftyp", b"avif\0\0\0\0"), HEIC, "photo.unsupported-type"),
    "film": (lambda: box(b"ftyp", b"isom\0\0\0\0"), HEIC, "photo.unsupported-type"),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG, "photo.unsupported-type"),
    "PDF": (lambda: b"%PDF-1.7\n%%EOF", JPEG, "photo.unsupported-type"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", JPEG, "photo.unsupported-type"),
    "HTML": (lambda: b"<script>alert(1)</script>", WEBP, "photo.unsupported-type"),
    "zeroes": (lambda: bytes(5000), JPEG, "photo.unsupported-type"),
    "noise": (lambda: _noise(4, 5000), JPEG, "photo.unsupported-type"),
    "one byte": (lambda: b"\xff", JPEG, "photo.unsupported-type"),
    "PNG as JPEG": (_png, JPEG, "photo.type-mismatch"),
    "JPEG as HEIC": (_jpeg, HEIC, "photo.type-mismatch"),
    "WebP as PNG": (_webp, PNG, "photo.type-mismatch"),
    # odd and whole
    "JPEG of 1 x 60,000": (lambda: _mode("RGB", "JPEG", (1, 60_000)), JPEG, STORED),
    "JPEG of 60,000 x 1": (lambda: _mode("RGB", "JPEG", (60_000, 1)), JPEG, STORED),
    "PNG of 1 x 60,000": (lambda: png(1, 60_000), PNG, STORED),
    "JPEG of one pixel": (lambda: _mode("RGB", "JPEG", (1, 1)), JPEG, STORED),
    "CMYK": (lambda: _mode("CMYK", "JPEG"), JPEG, STORED),
    "grey JPEG": (_grey, JPEG, STORED),
    "progressive JPEG": (lambda: _jpeg(progressive=True), JPEG, STORED),
    "JPEG with restarts": (lambda: _jpeg(restart_marker_rows=1), JPEG, STORED),
    "JPEG and 10 KB of something": (lambda: _jpeg() + _noise(5, 10_000), JPEG, STORED),
    "JPEG and a web page": (lambda: _jpeg() + b"<script>alert(1)</script>", JPEG, STORED),
    "JPEG with a 60 KB comment": (
        lambda: _with(_jpeg(), _segment(0xFE, bytes(60_000))), JPEG, STORED),
    "JPEG with 12 MB of colour profile": (lambda: _icc(200, 60_000), JPEG, STORED),
    "JPEG with a profile of which parts are missing": (
        lambda: _with(_jpeg(), _segment(0xE2, b"ICC_PROFILE\0\x07\x02abc")), JPEG, STORED),
    "two pictures in one file": (_mpo, JPEG, STORED),
    "two pictures with a torn index": (_bad_mpo, JPEG, STORED),
    "PNG of 16 bits of grey": (lambda: png(40, 30, 16, 0), PNG, STORED),
    "PNG of 16 bits of colour": (lambda: png(40, 30, 16, 2), PNG, STORED),
    "PNG of 16 bits with transparency": (lambda: png(40, 30, 16, 6), PNG, STORED),
    "PNG of one bit": (lambda: png(40, 30, 1, 0), PNG, STORED),
    "PNG with transparency": (lambda: _mode("RGBA", "PNG"), PNG, STORED),
    "PNG of grey with transparency": (lambda: _mode("LA", "PNG"), PNG, STORED),
    "PNG palette with transparency": (
        lambda: _mode("P", "PNG", transparency=0), PNG, STORED),
    "PNG and something": (lambda: _png() + b"something", PNG, STORED),
    "HEIC": (_heic, HEIC, STORED),
    "HEIC that is announced as HEIF": (_heic, "image/heif", STORED),
    "lossless WebP": (lambda: _webp(lossless=True), WEBP, STORED),
    "WebP with transparency": (lambda: _mode("RGBA", "WEBP"), WEBP, STORED),
    "WebP and something": (lambda: _webp() + b"something", WEBP, STORED),
    # a witness that talks nonsense never spoils the picture
    "EXIF directories that point at each other": (
        lambda: _with(_jpeg(), exif(ifd(*_LOOP, following=8))), JPEG, STORED),
    "EXIF with 4 billion values": (
        lambda: _with(_jpeg(), exif(ifd((0x010F, 2, 0xFFFFFFFF, _long(8))))), JPEG, STORED),
    "EXIF that points beyond its end": (
        lambda: _with(_jpeg(), exif(ifd((0x010F, 2, 500, _long(10**9))))), JPEG, STORED),
    "EXIF whose first directory is not there": (
        lambda: _with(_jpeg(), exif(first=10**9)), JPEG, STORED),
    "EXIF of 5,000 entries": (
        lambda: _with(_jpeg(), exif(ifd(*[(0x010F, 3, 1, _long(1))] * 5000))), JPEG, STORED),
    "EXIF of an unknown type": (
        lambda: _with(_jpeg(), exif(ifd((0x0112, 99, 1, _long(6))))), JPEG, STORED),
    "EXIF of noise": (
        lambda: _with(_jpeg(), _segment(0xE1, b"Exif\0\0" + _noise(6, 3000))), JPEG, STORED),
    "EXIF of nothing": (lambda: _with(_jpeg(), _segment(0xE1, b"Exif\0\0")), JPEG, STORED),
    "EXIF twice": (
        lambda: _with(_jpeg(), exif(ifd((0x0112, 3, 1, _long(6)))), exif(ifd())), JPEG, STORED),
    "orientation 99": (_photo_exif(main={0x0112: 99}), JPEG, STORED),
    "latitude 400": (
        _photo_exif(gps={1: "N", 2: (400.0, 0.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)}), JPEG, STORED),
    "null island": (
        _photo_exif(gps={1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}), JPEG, STORED),
    "hemisphere missing": (
        _photo_exif(gps={2: (35.0, 0.0, 0.0), 4: (113.0, 0.0, 0.0)}), JPEG, STORED),
    "month 13": (_photo_exif(photo={0x9003: "2018:13:45 99:99:99"}), JPEG, STORED),
    "offset +99:99": (
        _photo_exif(photo={0x9003: "2018:09:10 09:12:00", 0x9011: "+99:99"}), JPEG, STORED),
    "make with NUL and noise": (_photo_exif(main={0x010F: "\0\x1b[31m\0焦"}), JPEG, STORED),
}  # fmt: skip


def mutated(content: bytes, seed: int) -> bytes:
    """A file with a few bytes changed, dropped or doubled at random places."""
    chance, data = random.Random(seed), bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        end = at + chance.randint(1, 64)
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case _:
                data[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
    return bytes(data)


def bases() -> dict[str, bytes]:
    """A whole file of each kind that can be made, to be mutated."""
    return {
        "JPEG": _with(_jpeg(), exif(ifd((0x0112, 3, 1, _long(6))))),
        "progressive": _jpeg(progressive=True),
        "restarts": _jpeg(restart_marker_rows=1),
        "PNG": _png(),
        "WebP": _webp(),
        "MPO": _mpo(),
        "HEIC": _heic(),
    }
