"""Takes the demo's photos: a scene, what the photo is of, a caption to read, EXIF like a phone's.

A `Camera` belongs to one visit and keeps that site's scene. Pictures stay below 100 KB, as phones
on a city's work app send them, and no two have the same bytes.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

from app.kit.geo import Crs, Point, to_wgs84
from scripts.demo_steps.answers import PhotoSlot
from scripts.demo_steps.brush import SIDE, font, wrap
from scripts.demo_steps.objects import VARIANTS, draw_object
from scripts.demo_steps.places import Place
from scripts.demo_steps.scenery import SIZE, draw_scene

MOST_BYTES = 100_000
_QUALITIES = (60, 46, 34)
_WHOLE = frozenset({"far", "after"})
_CAPTION_TOP = 742
_ROOM = (1360, 1020)  # a close view, larger than a photo
_INK = (255, 255, 255)
_PHONES = (("HUAWEI", "EML-AL00"), ("Xiaomi", "MI 8"), ("OPPO", "PACM00"), ("vivo", "vivo X21A"))


@dataclass(frozen=True)
class Fix:
    """Where the phone says it was, in WGS-84 as satellites give it."""

    lat: float
    lon: float
    accuracy_m: float

    def as_json(self) -> dict[str, Any]:
        """The location object of an announcement or a visit."""
        return {
            "lat": self.lat,
            "lon": self.lon,
            "crs": Crs.WGS84.value,
            "accuracy_m": self.accuracy_m,
        }


class Camera:
    """One person's phone at one site; ``office`` stands before his name on each photo.

    ``size`` is that of the photos as they are sent.
    """

    def __init__(
        self,
        place: Place,
        inspector: str,
        office: str = "督导员",
        size: tuple[int, int] = SIZE,
    ) -> None:
        self._place = place
        self._inspector = inspector
        self._office = office
        self._size = size
        self._model = random.Random(f"phone {inspector}").choice(_PHONES)
        self._kept: dict[str, Image.Image] = {}

    def fix(self, slot: PhotoSlot | None = None) -> Fix:
        """The position while a photo is taken, or of the visit as a whole."""
        draw = random.Random(f"fix {slot.key if slot else self._place.code}")
        here = to_wgs84(Point(self._place.lat, self._place.lon), Crs(self._place.crs))
        return Fix(
            lat=round(here.lat + draw.uniform(-2e-4, 2e-4), 6),
            lon=round(here.lon + draw.uniform(-2e-4, 2e-4), 6),
            accuracy_m=float(draw.randint(4, 14)),
        )

    def shoot(self, slot: PhotoSlot, taken_at: datetime) -> bytes:
        """The JPEG of a slot; `taken_at` must know its zone."""
        if taken_at.tzinfo is None:
            raise ValueError("taken_at needs a time zone")
        draw = random.Random(f"shot {slot.key} {taken_at.isoformat()}")
        image = self._frame(slot, draw)
        self._caption(image, slot, taken_at)
        if self._size != SIZE:
            image = image.resize(self._size, Image.Resampling.BILINEAR)
        return _encode(image, self._exif(slot, taken_at))

    def _frame(self, slot: PhotoSlot, draw: random.Random) -> Image.Image:
        """The scene as seen for a slot: whole, from a step nearer, or close with the object."""
        if slot.category is None and slot.role in _WHOLE:
            return self._scene.copy()
        if slot.category is None:
            view = _view(SIZE, draw.uniform(0.86, 0.94), draw)
            return self._scene.resize(SIZE, Image.Resampling.BILINEAR, box=view)
        left = draw.randrange(self._close.width - SIZE[0])
        top = draw.randrange(self._close.height - SIZE[1])
        image = self._close.crop((left, top, left + SIZE[0], top + SIZE[1]))
        _place_object(image, slot, draw)
        return image

    def _keep(self, name: str, draw: Callable[[], Image.Image]) -> Image.Image:
        """Drawn once; `cached_property` would let all phones wait for one lock."""
        if name not in self._kept:
            self._kept[name] = draw()
        return self._kept[name]

    @property
    def _scene(self) -> Image.Image:
        place = self._place
        return self._keep("scene", lambda: draw_scene(place.category, place.name, place.code))

    @property
    def _close(self) -> Image.Image:
        return self._keep("close", self._draw_close)

    def _draw_close(self) -> Image.Image:
        """A part of the scene from near by, with room for each photo to be framed differently."""
        draw = random.Random(f"close {self._place.code}")
        view = _view(SIZE, 0.62, draw)
        return self._scene.resize(_ROOM, Image.Resampling.BILINEAR, box=view)

    @property
    def _band(self) -> Image.Image:
        return self._keep("band", self._draw_band)

    def _draw_band(self) -> Image.Image:
        """The part of the caption that all photos of the visit share: where and who."""
        band = Image.new("RGB", (SIZE[0], SIZE[1] - _CAPTION_TOP), (22, 28, 38))
        pen = ImageDraw.Draw(band)
        pen.rectangle((0, 0, 14, band.height), fill=(214, 60, 48))
        street = self._place.street
        head = f"{street.district_name}{street.name}  {self._place.category}"
        pen.text((40, 14), self._place.name, font=font(46), fill=_INK)
        pen.text((1240, 24), head, font=font(28), fill=(210, 220, 230), anchor="ra")
        pen.text(
            (40, 168), f"{self._office} {self._inspector}", font=font(28), fill=(224, 228, 232)
        )
        return band

    def _caption(self, image: Image.Image, slot: PhotoSlot, taken_at: datetime) -> None:
        """The band with what, where, who and when."""
        image.paste(self._band, (0, _CAPTION_TOP))
        pen = ImageDraw.Draw(image)
        what = f"{slot.item}  {slot.text}" if slot.item else "点位全景"
        tint = (255, 214, 90) if slot.kind == "finding" else (190, 236, 190)
        for number, line in enumerate(wrap(what, 32, 1200, 2)):
            pen.text((40, 818 + number * 42), line, font=font(32), fill=tint)
        fix = self.fix(slot)
        when = taken_at.strftime("%Y-%m-%d %H:%M:%S")
        foot = f"{when}   {fix.lat:.5f}, {fix.lon:.5f}"
        pen.text((300, 910), foot, font=font(28), fill=(224, 228, 232))
        pen.text((1240, 910), slot.key, font=font(24), fill=(170, 180, 190), anchor="ra")

    def _exif(self, slot: PhotoSlot, taken_at: datetime) -> Image.Exif:
        fix = self.fix(slot)
        stamp = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        offset = taken_at.isoformat()[-6:]
        about = f"{self._place.name} {slot.item or ''} {slot.text} {slot.key}"
        exif = Image.Exif()
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = self._model
        exif[ExifTags.Base.ImageDescription] = about.encode()
        exif[ExifTags.Base.DateTime] = stamp
        exif[ExifTags.Base.Orientation] = 1
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        inner[ExifTags.Base.DateTimeOriginal] = stamp
        inner[ExifTags.Base.OffsetTimeOriginal] = offset
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef] = "N" if fix.lat >= 0 else "S"
        place[ExifTags.GPS.GPSLatitude] = _degrees(fix.lat)
        place[ExifTags.GPS.GPSLongitudeRef] = "E" if fix.lon >= 0 else "W"
        place[ExifTags.GPS.GPSLongitude] = _degrees(fix.lon)
        place[ExifTags.GPS.GPSMapDatum] = "WGS-84"
        return exif


def _view(size: tuple[int, int], share: float, draw: random.Random) -> tuple[int, int, int, int]:
    """A part of a scene of the same shape, rather low, so that there is ground to see."""
    width, height = int(size[0] * share), int(size[1] * share)
    left = draw.randint(0, size[0] - width)
    spare = size[1] - height
    top = draw.randint(spare // 3, spare - spare // 6)
    return left, top, left + width, top + height


def _place_object(image: Image.Image, slot: PhotoSlot, draw: random.Random) -> None:
    """Puts the object of the photo in front; a finding is ringed in red, as inspectors do."""
    fault = slot.kind == "finding"
    thing = draw_object(slot.category or "", fault, draw.randrange(VARIANTS))
    left = draw.randint(80, SIZE[0] - SIDE[0] - 80)
    top = _CAPTION_TOP - SIDE[1] - draw.randint(16, 70)
    image.paste(thing, (left, top), thing)
    if fault:
        ring = (left - 40, top - 14, left + SIDE[0] + 40, top + SIDE[1] + 14)
        ImageDraw.Draw(image).ellipse(ring, outline=(232, 28, 32), width=7)


def _degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds as EXIF writes them, the sign left to the reference."""
    seconds = Fraction(str(abs(value))) * 3600
    whole, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return (
        IFDRational(int(whole), 1),
        IFDRational(int(minutes), 1),
        IFDRational(round(left * 10_000), 10_000),
    )


def _encode(image: Image.Image, exif: Image.Exif) -> bytes:
    """A JPEG of at most `MOST_BYTES`."""
    for quality in _QUALITIES:
        sink = io.BytesIO()
        image.save(sink, "JPEG", quality=quality, exif=exif)
        if sink.tell() <= MOST_BYTES:
            return sink.getvalue()
    raise ValueError(f"a photo of {sink.tell()} bytes: the scene has too much detail")
