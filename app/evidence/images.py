"""The only place that opens images: what are these bytes, whole or not, and two renditions.

"It opened" is no proof: the file's structure is walked first (``containers``), then the whole
image is decoded. Renditions carry no metadata at all, for Pillow would otherwise pass on a JPEG
comment. Resampling is the cost, not decoding: a JPEG is scaled while it is decoded to the nearest
half, quarter or eighth that is large enough, ``large`` is made of that with a cheap filter and
``thumb`` of ``large``. This runs in a confined child process (``decoder``), where memory is short:
nothing here holds two whole pictures at once.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Any

import pi_heif
from PIL import Image

from app.evidence import witness
from app.evidence.containers import Survey, survey
from app.evidence.rules import Refusal, Unfit

HEIC = "image/heic"
LARGE_PX = 1280
LEAST_LARGE_PX = 1000
THUMB_PX = 320
_LARGE_QUALITY = 80
_THUMB_QUALITY = 75
_WEBP_QUALITY = 75
_WEBP_EFFORT = 0  # more of it costs twice the time for a tenth of the bytes
_MOST_HELD_BYTES = 200 * 1024 * 1024
_STRIP_PIXELS = 2_000_000
_GREY = 128
# MPO, several JPEGs in one file, is no opener of its own: the JPEG one recognises it.
_OPENERS = {
    "image/jpeg": ("JPEG",),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    HEIC: ("HEIF",),
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)
_ORIENTATION, _PHOTO, _GPS = 0x0112, 0x8769, 0x8825

pi_heif.register_heif_opener(
    thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
)


@dataclass(frozen=True)
class Limits:
    """What we are ready to decode; ``webp`` asks for the renditions as WebP too."""

    max_pixels: int
    webp: bool = False


@dataclass(frozen=True)
class Picture:
    """A whole image: its size as it is to be looked at, and its renditions as JPEG.

    ``exif`` is what its EXIF data says, None where it is silent. ``webp`` holds the same two
    renditions as WebP where they were asked for.
    """

    content_type: str
    width: int
    height: int
    exif: dict[str, Any] | None
    large: bytes
    thumb: bytes
    webp: tuple[bytes, ...] = ()


def read_picture(content: bytes, limits: Limits) -> Picture:
    """Decodes all of ``content``; raises ``Unfit``, or ``MemoryError`` where that is short."""
    found = survey(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(content, found, limits)
    except Image.DecompressionBombError as error:
        raise Unfit(Refusal.TOO_MANY_PIXELS, str(error)) from error
    except (Unfit, MemoryError):
        raise
    except Exception as error:  # a decoder that meets hostile bytes may raise anything
        text = str(error).lower()
        if found.content_type == HEIC and ("memory" in text or "alloc" in text):
            raise MemoryError from error  # libheif has no other way to say it
        refusal = Refusal.TRUNCATED if "truncated" in text else Refusal.UNDECODABLE
        raise Unfit(refusal, repr(error)) from error


def _read(content: bytes, found: Survey, limits: Limits) -> Picture:
    if found.held_bytes > _MOST_HELD_BYTES:
        raise Unfit(Refusal.TOO_HEAVY, f"{found.held_bytes} bytes of coefficients")
    with Image.open(io.BytesIO(content), formats=_OPENERS[found.content_type]) as image:
        _check_size(image, limits)
        width, height = image.size
        if found.content_type == "image/jpeg":
            _scale_while_decoding(image)
        image.load()
        if found.content_type == "image/jpeg":
            _check_bottom(image)
        else:
            _check_size(image, limits)  # some say it only once they are decoded
            width, height = image.size
        orientation, exif = _exif(image, found)
        large = _reduced(image, LARGE_PX)
    if orientation in _TURNS:
        large = large.transpose(_TURNS[orientation])
    thumb = _reduced(large, THUMB_PX)
    lies = orientation in _LYING
    return Picture(
        content_type=found.content_type,
        width=height if lies else width,
        height=width if lies else height,
        exif=exif,
        large=_jpeg(large, _LARGE_QUALITY),
        thumb=_jpeg(thumb, _THUMB_QUALITY),
        webp=(_webp(large), _webp(thumb)) if limits.webp else (),
    )


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise Unfit(Refusal.TOO_MANY_PIXELS, f"{image.width} x {image.height}")


def _scale_while_decoding(image: Image.Image) -> None:
    """The whole stream is still read; only its transformation to pixels is done in small."""
    for share in (8, 4, 2):
        if max(image.size) >= share * LEAST_LARGE_PX:
            size = (max(1, image.width // share), max(1, image.height // share))
            image.draft(image.mode, size)
            return


def _check_bottom(image: Image.Image) -> None:
    """Refuses a JPEG whose last line is missing.

    Where the stream ends too early behind a proper end marker, the decoder fills the rest with
    exact middle grey and says nothing. No camera makes such a line across the whole width.
    """
    bottom = image.crop((0, image.height - 1, image.width, image.height))
    bands = bottom.getextrema() if len(bottom.getbands()) > 1 else (bottom.getextrema(),)
    if image.mode in {"RGB", "L"} and all(band == (_GREY, _GREY) for band in bands):
        raise Unfit(Refusal.TRUNCATED, "the last lines hold no picture")


def _exif(image: Image.Image, found: Survey) -> tuple[int, dict[str, Any] | None]:
    """How to turn the picture, and what the witness says; whatever is in there, never an error."""
    try:
        tags = image.getexif()
        said = witness.hear(dict(tags), tags.get_ifd(_PHOTO), tags.get_ifd(_GPS))
        orientation = tags.get(_ORIENTATION)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - an unreadable witness does not spoil the picture
        said, orientation = witness.Statement(), None
        said.note("Exif", "unreadable", error)
    if found.trailing_bytes:
        said = said or witness.Statement()
        said.note("File", "trailing-bytes", found.trailing_bytes)
    turned = orientation if isinstance(orientation, int) and orientation in _TURNS else 1
    return turned, said.as_json() if said else None


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """RGB on white with the longer side at most ``longest`` pixels; never larger than it was."""
    share = longest / max(image.size)
    if image.mode != "RGB":
        image = _plain(image, max(1, int(0.5 / share)))
    if share >= 1:
        return image
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    if max(image.size) <= longest:
        return image
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _plain(image: Image.Image, share: int) -> Image.Image:
    """RGB on white at one part in ``share`` of the size, whatever the image was.

    Done in strips, so that no second picture of the whole size is ever held.
    """
    size = (-(-image.width // share), -(-image.height // share))
    ground = Image.new("RGB", size, "white")
    rows = max(1, _STRIP_PIXELS // (image.width * share)) * share
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        if strip.mode.startswith("I"):  # 16 bits of grey: convert() would clip, not scale
            strip = strip.point(lambda value: value / 256).convert("L")
        if strip.has_transparency_data:
            strip = strip.convert("RGBA")
            bare = Image.new("RGB", strip.size, "white")
            bare.paste(strip, mask=strip.getchannel("A"))
            strip = bare
        else:
            strip = strip.convert("RGB")
        ground.paste(strip.reduce(share) if share > 1 else strip, (0, top // share))
    return ground


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """JPEG without EXIF, ICC profile, XMP or comment."""
    out = io.BytesIO()
    _bare(image).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _webp(image: Image.Image) -> bytes:
    """The same as WebP."""
    out = io.BytesIO()
    _bare(image).save(out, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT)
    return out.getvalue()


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone: Pillow writes what it finds in ``info`` into the next file."""
    if not image.info:
        return image
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    return bare
