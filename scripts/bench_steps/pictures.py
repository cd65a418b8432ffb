"""Photos for measuring: noisy pictures of two sizes, and copies that differ in a comment."""

import hashlib
import io
import random
from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from app.kit.ids import new_id

_SIZE = (2048, 1536)
_WANTED = 300_000
_CAMERA_SIZE = (4000, 3000)
_CAMERA_WANTED = 4_000_000
_COMMENT = b"\xff\xfe"


@dataclass(frozen=True)
class Shot:
    """One photo as a phone holds it."""

    id: UUID
    content: bytes
    sha256: str


def base_picture() -> bytes:
    """A JPEG of some 300 KB that is as hard to decode and to scale as a photo of its size."""
    return _noisy(_SIZE, _WANTED, range(20, 96, 3))


def camera_picture() -> bytes:
    """The same of 12 megapixels and some 4 MB, as a camera makes it."""
    return _noisy(_CAMERA_SIZE, _CAMERA_WANTED, range(70, 99, 4))


def _noisy(size: tuple[int, int], wanted: int, qualities: range) -> bytes:
    """The first of these qualities that makes so many bytes."""
    rng, half = random.Random(7), (size[0] // 2, size[1] // 2)
    coarse = Image.frombytes("RGB", (64, 48), rng.randbytes(64 * 48 * 3))
    fine = Image.frombytes("RGB", half, rng.randbytes(half[0] * half[1] * 3))
    image = Image.blend(
        coarse.resize(size, Image.Resampling.BICUBIC),
        fine.resize(size, Image.Resampling.BILINEAR),
        0.2,
    )
    best = b""
    for quality in qualities:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        best = out.getvalue()
        if len(best) >= wanted:
            break
    return best


def shot(base: bytes) -> Shot:
    """The same picture with bytes of its own."""
    own = new_id()
    text = own.hex.encode()
    comment = _COMMENT + (len(text) + 2).to_bytes(2, "big") + text
    content = base[:2] + comment + base[2:]
    return Shot(own, content, hashlib.sha256(content).hexdigest())
