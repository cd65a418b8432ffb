"""Photos with a secret in every place that has room for words, and a look for it in public copies.

``PLANTED`` is the table: name -> bytes. ``leaks`` finds the secret itself and every part of a file
that could hold words, packed or not.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from PIL import Image

from tests.factories import make_photo_bytes

SECRET = b"SECRET-13800138000"
_TEXT = SECRET.decode()
_SIZE = (64, 48)
_PLAIN_JPEG = frozenset((0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xDA, 0xD9))
_JFIF = 0xE0
_XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"


def exif_block() -> bytes:
    """Every directory: image, photo (with MakerNote and UserComment), GPS, interop, thumbnail."""
    exif = Image.Exif()
    exif.update({0x010E: _TEXT, 0x010F: _TEXT, 0x0131: _TEXT, 0x013B: _TEXT, 0x8298: _TEXT})
    exif.get_ifd(0x8769).update({0x927C: SECRET * 20, 0x9286: b"ASCII\0\0\0" + SECRET})
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 14.0, 20.0), 3: "E", 4: (113.0, 15.0, 0.0)})
    exif.get_ifd(0x8825)[0x1B] = SECRET
    return b"Exif\0\0" + _with_thumbnail(exif.tobytes()[6:])


def _with_thumbnail(tiff: bytes) -> bytes:
    """A second directory that holds a small JPEG with the secret in a comment."""
    order = "<" if tiff[:2] == b"II" else ">"
    small = make_photo_bytes(5, (16, 12), comment=SECRET)
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, first)
    at, link = len(tiff), first + 2 + 12 * entries
    held = at + 2 + 2 * 12 + 4
    tags = ((0x0201, held), (0x0202, len(small)))
    rows = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack(f"{order}H", len(tags)) + rows + bytes(4)
    return tiff[:link] + struct.pack(f"{order}I", at) + tiff[link + 4 :] + directory + small


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


@cache
def _jpeg() -> bytes:
    plain = make_photo_bytes(3, _SIZE)
    segments = (
        _segment(0xE1, exif_block()),
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _XMP),
        _segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + SECRET),
        _segment(0xE2, b"ICC_PROFILE\0\1\1" + SECRET * 9),
        _segment(0xEB, b"JP\0\1" + SECRET),
        _segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\x12" + SECRET),
        _segment(0xE7, SECRET),
        _segment(0xFE, SECRET),
    )
    return plain[:2] + b"".join(segments) + plain[2:] + SECRET


def _mpo() -> bytes:
    """Two pictures in one file; the second one has words too, and shows something else."""
    pictures = [Image.open(io.BytesIO(make_photo_bytes(seed, _SIZE))) for seed in (3, 4)]
    out = io.BytesIO()
    words = {"exif": exif_block(), "comment": SECRET}
    pictures[0].save(out, "MPO", save_all=True, append_images=pictures[1:], **words)
    return out.getvalue() + _jpeg()


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _png() -> bytes:
    plain = make_photo_bytes(3, _SIZE, "PNG")
    packed = zlib.compress(SECRET * 3)
    chunks = (
        _chunk(b"iCCP", b"profile\0\0" + packed),
        _chunk(b"tEXt", b"Comment\0" + SECRET),
        _chunk(b"zTXt", b"Author\0\0" + packed),
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _XMP),
        _chunk(b"eXIf", exif_block()[6:]),
        _chunk(b"prVt", SECRET),
    )
    head = 8 + 25
    return plain[:head] + b"".join(chunks) + plain[head:] + SECRET


def _webp() -> bytes:
    words = {"exif": exif_block(), "xmp": _XMP, "icc_profile": SECRET * 9}
    return make_photo_bytes(3, _SIZE, "WEBP", **words) + SECRET


def _heic() -> bytes:
    """Its own EXIF names the camera; a box of somebody's own follows."""
    whole = (Path(__file__).parent / "photos" / "turned.heic").read_bytes()
    return whole + struct.pack(">I", 8 + len(SECRET)) + b"free" + SECRET


PLANTED: dict[str, Callable[[], bytes]] = {
    "JPEG": _jpeg,
    "MPO": _mpo,
    "PNG": _png,
    "WebP": _webp,
    "HEIC": _heic,
}


def leaks(content: bytes, *, secrets: tuple[bytes, ...] = (SECRET,)) -> list[str]:
    """What a public copy says beside its picture; nothing, if all is well."""
    found = [f"the words {word!r}" for word in secrets if word in content]
    found += [f"the word {word!r}" for word in (b"Exif", b"xmp", b"ICC_PROFILE") if word in content]
    parts = _parts_of_webp(content) if content[:4] == b"RIFF" else _parts_of_jpeg(content)
    return found + [f"a part {part}" for part in parts]


def _parts_of_jpeg(content: bytes) -> Iterator[str]:
    """Segments other than those that make the picture, and what follows its end."""
    at = 2
    while True:
        marker = content[at + 1]
        (length,) = struct.unpack_from(">H", content, at + 2)
        if marker == _JFIF and length == len("JFIF") + 12:
            pass
        elif marker not in _PLAIN_JPEG:
            yield f"{marker:#x}"
        at += 2 + length
        if marker == 0xDA:
            break
    if content.find(b"\xff\xd9", at) != len(content) - 2:
        yield "after the end"


def _parts_of_webp(content: bytes) -> Iterator[str]:
    """Chunks other than the one that is the picture, and what follows it."""
    at = 12
    while at < len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        if kind != b"VP8 ":
            yield repr(kind)
        at += 8 + length + length % 2
    if struct.unpack_from("<I", content, 4)[0] + 8 != len(content):
        yield "after the end"
