"""The drawn photos: small, distinct, readable, with the EXIF of a phone."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import ExifTags, Image

from app.kit.geo import Crs, Point, distance_m, to_wgs84
from scripts.demo_steps.answers import PlannedVisit
from scripts.demo_steps.brush import font, wrap
from scripts.demo_steps.city_files import CITY_FOLDER
from scripts.demo_steps.pictures import MOST_BYTES, Camera
from tests.demo.conftest import Rounds

TAKEN_AT = datetime(2018, 9, 5, 9, 30, 12, tzinfo=timezone(timedelta(hours=8)))
INSPECTOR = "赵晓东"


@pytest.fixture(scope="module")
def visits(rounds: Rounds) -> list[PlannedVisit]:
    """One visit per kind of site."""
    by_kind = {visit.stop.place.category: visit for visit in rounds[1][1]}
    return list(by_kind.values())


@pytest.fixture(scope="module")
def shots(visits: list[PlannedVisit]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for visit in visits:
        camera = Camera(visit.stop.place, INSPECTOR)
        found |= {slot.key: camera.shoot(slot, TAKEN_AT) for slot in visit.slots}
    return found


def test_photos_are_small_distinct_and_of_one_size(shots: dict[str, bytes]) -> None:
    assert len(shots) >= 33
    assert len(set(shots.values())) == len(shots)
    for data in shots.values():
        assert 20_000 < len(data) <= MOST_BYTES
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.size) == ("JPEG", (1280, 960))
            image.load()


def test_pictures_differ_in_what_they_show(shots: dict[str, bytes]) -> None:
    pixels = set()
    for data in shots.values():
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (320, 240))  # a quarter is enough and quicker to decode
            pixels.add(image.tobytes())
    assert len(pixels) == len(shots)


def degrees(parts: tuple[float, float, float]) -> float:
    return float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600


def test_exif_tells_time_place_and_subject(
    visits: list[PlannedVisit], shots: dict[str, bytes]
) -> None:
    visit = visits[0]
    place, slot = visit.stop.place, visit.slots[0]
    with Image.open(io.BytesIO(shots[slot.key])) as image:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert exif[ExifTags.Base.Make]
    assert exif[ExifTags.Base.Model]
    about = exif[ExifTags.Base.ImageDescription].encode("latin-1").decode()
    assert place.name in about
    assert slot.key in about
    assert inner[ExifTags.Base.DateTimeOriginal] == "2018:09:05 09:30:12"
    assert inner[ExifTags.Base.OffsetTimeOriginal] == "+08:00"
    taken = Point(degrees(gps[ExifTags.GPS.GPSLatitude]), degrees(gps[ExifTags.GPS.GPSLongitude]))
    fix = Camera(place, INSPECTOR).fix(slot)
    assert distance_m(taken, Point(fix.lat, fix.lon)) < 0.1
    here = to_wgs84(Point(place.lat, place.lon), Crs(place.crs))
    assert distance_m(taken, here) < 60


def test_the_same_shot_gives_the_same_bytes(
    visits: list[PlannedVisit], shots: dict[str, bytes]
) -> None:
    camera, slot = Camera(visits[0].stop.place, INSPECTOR), visits[0].slots[0]
    assert camera.shoot(slot, TAKEN_AT) == shots[slot.key]
    assert camera.shoot(slot, TAKEN_AT + timedelta(seconds=1)) != shots[slot.key]


def test_a_time_without_a_zone_is_refused(visits: list[PlannedVisit]) -> None:
    camera = Camera(visits[0].stop.place, INSPECTOR)
    with pytest.raises(ValueError, match="time zone"):
        camera.shoot(visits[0].slots[0], TAKEN_AT.astimezone(UTC).replace(tzinfo=None))


def test_the_font_has_every_character_of_the_city() -> None:
    letters = {
        letter for name in CITY_FOLDER.glob("*.json") for letter in text_of(name.read_text())
    }
    letters |= set("督导员点位全景公示栏男女讲文明树新风共创城市建美好家园厨余其他垃圾…")
    face = font(40)
    box = bytes(face.getmask("\U0001f600"))  # a character that no text font has
    assert not [letter for letter in sorted(letters) if bytes(face.getmask(letter)) == box]


def text_of(source: str) -> str:
    """All characters of a JSON file but white space."""
    return "".join(json.dumps(json.loads(source), ensure_ascii=False).split())


def test_long_texts_are_wrapped_and_cut() -> None:
    assert wrap("短", 32, 1200, 2) == ["短"]
    lines = wrap("长" * 200, 32, 320, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(font(32).getlength(line) <= 320 for line in lines)
