"""Photos for measuring: one noisy picture of some 300 KB, and copies that differ in a comment."""

import hashlib
import io
import random
from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from app.kit.ids import new_id

_SIZE = (2048, 1536)
_WANTED = 300_000
_COMMENT = b"\xff\xfe"


@dataclass(frozen=True)
class Shot:
    """One photo as a phone holds it."""

    id: UUID
    content: bytes
    sha256: str


def base_picture() -> bytes:
    """A JPEG that is as hard to decode and to scale as a photo of its size."""
    rng = random.Random(7)
    coarse = Image.frombytes("RGB", (64, 48), rng.randbytes(64 * 48 * 3))
    fine = Image.frombytes("RGB", (1024, 768), rng.randbytes(1024 * 768 * 3))
    image = Image.blend(
        coarse.resize(_SIZE, Image.Resampling.BICUBIC),
        fine.resize(_SIZE, Image.Resampling.BILINEAR),
        0.2,
    )
    best = b""
    for quality in range(20, 96, 3):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        best = out.getvalue()
        if len(best) >= _WANTED:
            break
    return best


def shot(base: bytes) -> Shot:
    """The same picture with bytes of its own."""
    own = new_id()
    text = own.hex.encode()
    comment = _COMMENT + (len(text) + 2).to_bytes(2, "big") + text
    content = base[:2] + comment + base[2:]
    return Shot(own, content, hashlib.sha256(content).hexdigest())
