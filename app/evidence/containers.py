"""What a file says of its own structure, read before any decoder sees it.

Decoders forgive: a JPEG with a torn stream, a HEIC whose end is missing, a PNG without its last
chunk all "open". Here every part must lie within the file, the picture must have its end, and
there must be one picture to look at. What follows the end (the further pictures of an MPO file,
the film of a moving photo) is counted and left alone.
"""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from app.evidence.rules import Refusal, Unfit

_PNG = b"\x89PNG\r\n\x1a\n"
_HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_MOST_SCANS = 64
_MOST_PARTS = 50_000
_MOST_BOXES = 1000
_BLOCK_BYTES = 128  # 64 coefficients of two bytes

# In the compressed data of a JPEG, the first marker that is neither an escape nor a restart.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_RESTARTS = re.compile(rb"\xff([\xd0-\xd7])")
_RESTART_CYCLE = bytes(range(0xD0, 0xD8))
_MARK, _EOI, _SOS, _DRI = 0xFF, 0xD9, 0xDA, 0xDD
_LEAST_SEGMENT, _LEAST_BOX = 2, 8
_PROGRESSIVE = 0xC2
_FRAMES = frozenset((0xC0, 0xC1, _PROGRESSIVE))  # what cameras write and browsers show
# Tables, comments, applications' data: everything with a length that is skipped.
_SKIPPED = frozenset((0xC4, 0xDB, 0xDC, *range(0xE0, 0xF0), 0xFE))
_KNOWN = _FRAMES | _SKIPPED | {_SOS, _DRI}


@dataclass(frozen=True)
class Survey:
    """The real type, and how many bytes follow the picture's end.

    ``held_bytes`` of coefficients must be held at once; 0 where a decoder works line by line.
    """

    content_type: str
    trailing_bytes: int
    held_bytes: int = 0


def survey(content: bytes) -> Survey:
    """Walks the structure of the file from end to end; raises ``Unfit``."""
    walk = _walk_for(content)
    if walk is None:
        raise Unfit(Refusal.UNSUPPORTED_TYPE, "no signature of a kind that is taken")
    try:
        return walk(content)
    except (IndexError, struct.error) as error:
        raise Unfit(Refusal.TRUNCATED, "the file ends inside a part") from error


def _walk_for(content: bytes) -> Callable[[bytes], Survey] | None:
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if content.startswith(_PNG):
        return _png
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return _heif
    return None


@dataclass
class _Jpeg:
    """What is known of a JPEG while it is walked."""

    frame: int = 0
    blocks_bytes: int = 0
    components: int = 0
    restart_every: int = 0
    scans: int = 0
    is_split: bool = False


def _jpeg(content: bytes) -> Survey:
    """Marker by marker to the end of the first picture."""
    found, at = _Jpeg(), 2
    while True:
        marker, at = _marker(content, at)
        if marker == _EOI:
            break
        if marker not in _KNOWN:
            raise Unfit(Refusal.UNDECODABLE, f"marker {marker:#x}")
        (length,) = struct.unpack_from(">H", content, at)
        end = at + length
        if length < _LEAST_SEGMENT:
            raise Unfit(Refusal.UNDECODABLE, "a segment without a length")
        if end > len(content):
            raise Unfit(Refusal.TRUNCATED, "a segment is longer than the file")
        _note_segment(content, marker, at + 2, found)
        at = _end_of_scan(content, end, found) if marker == _SOS else end
    if not found.scans:
        raise Unfit(Refusal.UNDECODABLE, "no picture before the end marker")
    is_held = found.frame == _PROGRESSIVE or found.is_split
    held = found.blocks_bytes if is_held else 0
    return Survey("image/jpeg", len(content) - at, held)


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The marker that must stand here, after fill bytes; and where it ends."""
    if content[at] != _MARK:
        raise Unfit(Refusal.UNDECODABLE, "no marker where one must be")
    while content[at] == _MARK:
        at += 1
    return content[at], at + 1


def _note_segment(content: bytes, marker: int, at: int, found: _Jpeg) -> None:
    if marker in _FRAMES:
        if found.frame:
            raise Unfit(Refusal.UNDECODABLE, "a second frame header")
        found.frame = marker
        found.components, found.blocks_bytes = _frame(content, at)
    elif marker == _DRI:
        (found.restart_every,) = struct.unpack_from(">H", content, at)
    elif marker == _SOS:
        found.scans += 1
        found.is_split |= content[at] < found.components
        if not found.frame:
            raise Unfit(Refusal.UNDECODABLE, "a scan without a frame")
        if found.scans > _MOST_SCANS:
            raise Unfit(Refusal.TOO_HEAVY, "more scans than any camera makes")


def _frame(content: bytes, at: int) -> tuple[int, int]:
    """Number of components, and bytes of all coefficients together."""
    _, height, width, components = struct.unpack_from(">BHHB", content, at)
    sampling = [content[at + 7 + 3 * n] for n in range(components)]
    across = max((one >> 4 for one in sampling), default=0)
    down = max((one & 15 for one in sampling), default=0)
    if not (height and width and across and down):
        raise Unfit(Refusal.UNDECODABLE, "a frame without a size")
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    blocks = units * sum((one >> 4) * (one & 15) for one in sampling)
    return components, blocks * _BLOCK_BYTES


def _end_of_scan(content: bytes, at: int, found: _Jpeg) -> int:
    """Where the compressed data that begins here ends; its restarts must be all there."""
    end = _NEXT_MARKER.search(content, at)
    if end is None:
        raise Unfit(Refusal.TRUNCATED, "the compressed data has no end")
    if found.restart_every:
        restarts = b"".join(_RESTARTS.findall(content, at, end.start()))
        cycles = len(restarts) // 8 + 1
        if not (_RESTART_CYCLE * cycles).startswith(restarts):
            raise Unfit(Refusal.UNDECODABLE, "a piece between two restarts is missing")
    return end.start()


def _png(content: bytes) -> Survey:
    """Chunk by chunk, each with its checksum, to the last."""
    at, has_data, whole = len(_PNG), False, memoryview(content)
    for _ in range(_MOST_PARTS):
        length, kind = struct.unpack_from(">I4s", content, at)
        (checksum,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(whole[at + 4 : at + 8 + length]) != checksum:
            raise Unfit(Refusal.UNDECODABLE, "a chunk with a wrong checksum")
        if at == len(_PNG) and (kind, length) != (b"IHDR", 13):
            raise Unfit(Refusal.UNDECODABLE, "no header first")
        if kind == b"acTL":
            raise Unfit(Refusal.ANIMATED, "an animated PNG")
        has_data |= kind == b"IDAT"
        at += 12 + length
        if kind == b"IEND":
            break
    else:
        raise Unfit(Refusal.TOO_HEAVY, "more chunks than any program writes")
    if not has_data:
        raise Unfit(Refusal.UNDECODABLE, "no picture before the end chunk")
    return Survey("image/png", len(content) - at)


def _webp(content: bytes) -> Survey:
    """Chunk by chunk to the length that the file states."""
    (length,) = struct.unpack_from("<I", content, 4)
    end, at = length + 8, 12
    if end > len(content):
        raise Unfit(Refusal.TRUNCATED, "the file is shorter than it says")
    for _ in range(_MOST_PARTS):
        if at + 8 > end:
            return Survey("image/webp", len(content) - end)
        kind, size = struct.unpack_from("<4sI", content, at)
        if kind in (b"ANIM", b"ANMF"):
            raise Unfit(Refusal.ANIMATED, "an animated WebP")
        at += 8 + size + size % 2
        if at > end + 1:  # the padding of the last chunk is left out by some
            raise Unfit(Refusal.TRUNCATED, "a chunk is longer than the file")
    raise Unfit(Refusal.TOO_HEAVY, "more chunks than any program writes")


def _heif(content: bytes) -> Survey:
    """Box by box on the outermost level."""
    at, has_meta = 0, False
    for _ in range(_MOST_BOXES):
        if at == len(content):
            break
        size, kind = struct.unpack_from(">I4s", content, at)
        if not kind.isascii() or not kind.isalnum():
            break
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
        size = size or len(content) - at
        if size < _LEAST_BOX:
            raise Unfit(Refusal.UNDECODABLE, "a box without a length")
        if at + size > len(content):
            raise Unfit(Refusal.TRUNCATED, "a box is longer than the file")
        has_meta |= kind == b"meta"
        at += size
    if not has_meta:
        raise Unfit(Refusal.UNDECODABLE, "no description of the picture")
    return Survey("image/heic", len(content) - at)
