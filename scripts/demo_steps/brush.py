"""Fonts, colours and small painting helpers shared by the drawn scenes and objects.

No machine can be relied on to have a Chinese font, so a subset of a free one lies beside the city.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

FONT_FILE = Path(__file__).resolve().parent.parent / "city" / "fonts" / "dudao-demo-sans.otf"
Colour = tuple[int, int, int]
SIDE = (560, 420)  # of an object on a photo
WIDE, HIGH = SIDE[0] * 2, SIDE[1] * 2  # of the plate it is painted on
FLOOR = HIGH - 40


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The demo's font in a size."""
    return ImageFont.truetype(str(FONT_FILE), size, layout_engine=ImageFont.Layout.BASIC)


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter (above 1)."""
    red, green, blue = (max(0, min(255, round(part * factor))) for part in colour)
    return red, green, blue


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical run from one colour to another."""
    ramp = Image.linear_gradient("L").resize((1, size[1]), Image.Resampling.BILINEAR)
    return ImageOps.colorize(ramp, top, bottom).resize(size, Image.Resampling.NEAREST)


def board(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    text: str,
    paint: Colour,
    ink: Colour = (255, 255, 255),
) -> None:
    """A sign: a filled plate with a text as large as fits on one line."""
    left, top, right, bottom = box
    pen.rectangle(box, fill=paint, outline=shade(paint, 0.6), width=3)
    width, height = right - left, bottom - top
    size = max(12, min(int(height * 0.62), int(width * 0.92 / max(1, len(text)))))
    middle = ((left + right) // 2, (top + bottom) // 2)
    pen.text(middle, text, font=font(size), fill=ink, anchor="mm")


def wrap(text: str, size: int, width: int, lines: int) -> list[str]:
    """A text broken to a width, cut with an ellipsis after so many lines."""
    found = [""]
    used = 0.0
    for letter in text:
        wide = _width(letter, size)
        if used + wide > width:
            found.append("")
            used = 0.0
        found[-1] += letter
        used += wide
    if len(found) > lines:
        found = [*found[: lines - 1], found[lines - 1][:-1] + "…"]
    return found


@lru_cache(maxsize=4096)
def _width(letter: str, size: int) -> float:
    return font(size).getlength(letter)
