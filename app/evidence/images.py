"""The only place that opens images: what are these bytes, whole or not, and two renditions.

"It opened" is no proof: the whole image is decoded. Renditions carry no metadata at all, for
Pillow would otherwise pass on a JPEG comment. Resampling is the cost, not decoding; so ``large``
is made once with a cheap filter and ``thumb`` from it.
"""

import io
import warnings
from dataclasses import dataclass

import pi_heif
from PIL import Image, ImageOps

LARGE_PX = 1280
THUMB_PX = 320
_LARGE_QUALITY = 80
_THUMB_QUALITY = 75
_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
}
_SAME = {"image/heif": "image/heic"}
# MPO, several JPEGs in one file, is no opener of its own: the JPEG one recognises it.
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

pi_heif.register_heif_opener()


@dataclass(frozen=True)
class Limits:
    """What we are ready to decode."""

    max_pixels: int


@dataclass(frozen=True)
class Picture:
    """A whole image: its size as it is to be looked at, and its renditions as JPEG."""

    content_type: str
    width: int
    height: int
    large: bytes
    thumb: bytes


class Undecodable(Exception):
    """The bytes are no whole image of a kind we take."""


class TooManyPixels(Exception):
    """The image is larger than we are ready to decode."""


def same_type(announced: str, real: str) -> bool:
    """Whether the announced type names the real one; HEIC and HEIF are one family."""
    return _SAME.get(announced, announced) == real


def read_picture(content: bytes, limits: Limits) -> Picture:
    """Decodes all of ``content``; raises ``Undecodable`` or ``TooManyPixels``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _read(content, limits)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    except TooManyPixels:
        raise
    except MemoryError:
        raise
    except Exception as error:  # a decoder that meets hostile bytes may raise anything
        raise Undecodable(str(error)) from error


def _read(content: bytes, limits: Limits) -> Picture:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        content_type = _TYPES[image.format or ""]
        if image.width * image.height > limits.max_pixels:
            raise TooManyPixels
        image.load()
        ImageOps.exif_transpose(image, in_place=True)  # without a copy where it is upright
        upright: Image.Image = image
    large = _reduced(_plain(upright), LARGE_PX)
    thumb = _reduced(large, THUMB_PX)
    return Picture(
        content_type=content_type,
        width=upright.width,
        height=upright.height,
        large=_jpeg(large, _LARGE_QUALITY),
        thumb=_jpeg(thumb, _THUMB_QUALITY),
    )


def _plain(image: Image.Image) -> Image.Image:
    """RGB on white, whatever the image was."""
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.convert("RGBA").getchannel("A"))
        return ground
    return image.convert("RGB")


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """The image with its longer side at most ``longest`` pixels; never larger than it was."""
    share = longest / max(image.size)
    if share >= 1:
        return image
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """JPEG without EXIF, ICC profile, XMP or comment."""
    bare = Image.new("RGB", image.size) if image.info else image
    if bare is not image:
        bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=quality)
    return out.getvalue()
