"""What a close photo is of: the object that goes with a problem category, ready to paste.

Each object is painted once per process at twice its size and reduced, which smooths its edges. It
can be in order or at fault, since some items want a photo whatever the answer is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw

from scripts.demo_steps import street_objects, wall_objects
from scripts.demo_steps.brush import HIGH, WIDE

VARIANTS = 2

Painter = Callable[[ImageDraw.ImageDraw, random.Random, bool], None]

_PAINTED: tuple[tuple[Painter, str], ...] = (
    (street_objects.rubbish, "E0110 E0111 E0112 E0135 E0136 E0138 E0604 X2106"),
    (street_objects.bins, "C0305"),
    (street_objects.road, "E0113 E0130 C0123 E0304 E0307 X2107"),
    (wall_objects.stickers, "E0201 E0203 E0104 E0105"),
    (wall_objects.poster, "X2101 E0206 C0302"),
    (street_objects.bikes, "E0410 X2112"),
    (street_objects.car, "E0409"),
    (street_objects.stall, "E0401 E0405 E0406 E0128 E0129 X2104 X2114 X2113"),
    (street_objects.shed, "E0101"),
    (street_objects.cables, "E0108 E0107"),
    (street_objects.lamp, "C0137 X2111"),
    (wall_objects.toilet, "C0301 X2116"),
    (wall_objects.fire, "X2103"),
    (wall_objects.certificate, "X2102 X2110"),
    (street_objects.green, "E0117"),
)
_PAINTERS = {code: painter for painter, codes in _PAINTED for code in codes.split()}


@lru_cache(maxsize=128)
def draw_object(category: str, fault: bool, variant: int) -> Image.Image:
    """The object for a problem category, on a transparent ground."""
    plate = Image.new("RGBA", (WIDE, HIGH))
    draw = random.Random(f"object {category} {fault} {variant}")
    paint = _PAINTERS.get(category, wall_objects.notice)
    paint(ImageDraw.Draw(plate), draw, fault)
    return plate.reduce(2)
