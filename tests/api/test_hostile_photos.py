"""Every file that somebody might send gets its documented verdict from the children that decode.

No database and no store: what is judged here is the bytes. A few of the same files go the whole
way in test_photos.py.
"""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from app.evidence import decoding
from app.evidence.rules import Refusal, Unfit, same_type
from app.infra.confined import ConfinedPool, Confinement
from app.web import messages
from tests.conftest import ROOT
from tests.factories import make_photo_bytes
from tests.hostile import HOSTILE, STORED, bases, chunk, mutated, png

_MOST_PIXELS = 60_000_000
_MOST_MB = 400
_REAL = Path(os.environ.get("DUDAO_TEST_PHOTOS") or ROOT.parent / "shared" / "photos")


@pytest.fixture(scope="module")
def pool():
    """Children that never wear out: a new one is one that was lost."""
    most = {"cpu_s": 15, "wall_s": 60.0, "uses": 10**6}
    made = ConfinedPool(Confinement("app.evidence.decoder", 320 * 2**20, **most))
    yield made
    made.close()


def read(pool, content):
    """What the children say, as the worker asks them."""
    with pool.cell() as cell:
        cell.write(content)
        return decoding.read_picture(cell, max_pixels=_MOST_PIXELS)


def judge(pool, content, announced):
    """``stored`` and the reading, or a refusal's code and nothing."""
    try:
        reading = read(pool, content)
    except Unfit as unfit:
        return unfit.refusal.value, None
    if not same_type(announced, reading.content_type):
        return Refusal.TYPE_MISMATCH.value, None
    return STORED, reading


def notes(reading):
    return {(note["tag"], note["fault"]) for note in (reading.exif or {"notes": []})["notes"]}


def test_there_are_enough_of_them_and_every_refusal_has_its_words():
    assert len(HOSTILE) >= 100
    assert {refusal.value for refusal in Refusal} <= set(messages.PROBLEMS)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_as_documented(pool, name):
    make, announced, expected = HOSTILE[name]
    found, reading = judge(pool, make(), announced)
    assert found == expected
    if reading is not None:
        for rendition in (reading.large, reading.thumb):
            with Image.open(io.BytesIO(rendition)) as image:
                image.load()
                assert (image.format, image.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("orientation 99", ("Orientation", "out-of-range")),
        ("latitude 400", ("GPSPosition", "unreadable")),
        ("null island", ("GPSPosition", "null-island")),
        ("hemisphere missing", ("GPSPosition", "unreadable")),
        ("month 13", ("DateTimeOriginal", "unreadable")),
        ("offset +99:99", ("OffsetTimeOriginal", "out-of-range")),
        ("two pictures in one file", ("File", "trailing-bytes")),
        ("JPEG and 10 KB of something", ("File", "trailing-bytes")),
        ("PNG and something", ("File", "trailing-bytes")),
        ("WebP and something", ("File", "trailing-bytes")),
    ],
)
def test_what_is_odd_is_noted(pool, name, note):
    _, reading = judge(pool, HOSTILE[name][0](), HOSTILE[name][1])
    assert note in notes(reading)


@pytest.mark.parametrize("kind", bases())
def test_whatever_is_changed_in_a_file_there_is_a_verdict(pool, kind, request):
    whole = bases()[kind]
    before = set(pool.pids())
    seeds = 400 if request.config.getoption("--long") else 40
    for seed in range(seeds):
        judge(pool, mutated(whole, seed), "image/jpeg")
    assert set(pool.pids()) >= before, "a child did not survive"


def test_a_heic_is_turned_once_and_its_witness_is_heard(pool):
    """Its direction is said twice, by the container and by EXIF."""
    reading = read(pool, HOSTILE["HEIC"][0]())
    assert (reading.width, reading.height) == (48, 64)
    with Image.open(io.BytesIO(reading.large)) as image:
        red, green, _ = image.getpixel((40, 5))
        assert (red > 200, green < 80) == (True, True)
    said = reading.exif
    assert (said["taken_at"], said["taken_offset"]) == ("2018-09-10T09:12:00", "+08:00")
    assert (said["gps"]["lat"], said["gps"]["lon"], said["notes"]) == (35.23333333, 113.25, [])


class TestMemory:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: _large("RGB", "JPEG"),
            pytest.param(lambda: _large("RGBA", "PNG", compress_level=1), marks=pytest.mark.long),
            pytest.param(lambda: _large("RGB", "JPEG", progressive=True), marks=pytest.mark.long),
            lambda: png(60_000, 1000, 1, 0),
        ],
        ids=["JPEG", "PNG with transparency", "progressive", "one bit"],
    )
    def test_the_largest_photos_fit(self, pool, make):
        assert judge(pool, make(), "image/jpeg")[0] in (STORED, "photo.type-mismatch")
        assert _peak_mb(pool) < _MOST_MB

    def test_children_stay_below_the_limit(self, pool):
        for name in ("PNG text of 100 MB", "JPEG with 12 MB of colour profile", "zeroes"):
            judge(pool, HOSTILE[name][0](), HOSTILE[name][1])
        assert 0 < _peak_mb(pool) < _MOST_MB


def _large(mode, kind, **save):
    """59 megapixels."""
    out = io.BytesIO()
    Image.new(mode, (7680, 7680), "teal").save(out, kind, **save)
    return out.getvalue()


def _peak_mb(pool):
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pool.pids()]
    peaks = [int(text.split("VmHWM:")[1].split()[0]) // 1024 for text in status]
    return max(peaks)


class TestRenditions:
    """What goes out holds nothing but the picture."""

    SECRET = b"SECRET"

    def secrets(self):
        """Files of every kind with secrets wherever one can be put."""
        exif = Image.Exif()
        exif[0x010E] = "SECRET-EXIF"
        exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0SECRET-USER-COMMENT"
        exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 0.0, 0.0), 29: "SECRET-GPS"})
        common = {
            "exif": exif,
            "icc_profile": b"SECRET-ICC" * 20,
            "xmp": b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>",
        }
        jpeg = make_photo_bytes(1, (1600, 1200), comment=b"SECRET-COMMENT", **common)
        thumbnail = make_photo_bytes(2, (32, 24), comment=b"SECRET-SECOND")
        yield "JPEG", jpeg + b"SECRET-TAIL"
        yield "small JPEG", make_photo_bytes(3, (64, 48), comment=b"SECRET-COMMENT", **common)
        yield "second frame", self.two_frames(jpeg, thumbnail)
        yield "WebP", make_photo_bytes(4, (640, 480), "WEBP", **common)
        text = chunk(b"tEXt", b"Comment\0SECRET-TEXT"), chunk(b"prVt", b"SECRET-CHUNK")
        yield "PNG", png(64, 48, 8, 2, *text) + b"SECRET-TAIL"
        yield "PNG palette", make_photo_bytes(5, (64, 48), "PNG", exif=exif)

    def two_frames(self, first, second):
        out = io.BytesIO()
        frames = [Image.open(io.BytesIO(content)) for content in (first, second)]
        frames[0].save(out, "MPO", save_all=True, append_images=frames[1:])
        return out.getvalue() + second

    def test_they_carry_no_metadata(self, pool):
        for name, content in self.secrets():
            assert self.SECRET in content, name
            reading = read(pool, content)
            for rendition in (reading.large, reading.thumb):
                assert self.SECRET not in rendition, name
                assert not [word for word in (b"Exif", b"http", b"ICC_PROFILE", b"MPF") if word in rendition]  # fmt: skip  # noqa: E501
                with Image.open(io.BytesIO(rendition)) as image:
                    kept = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
                    assert set(image.info) <= kept, name
                    assert image.format == "JPEG"

    def test_the_picture_is_turned_before_its_direction_is_forgotten(self, pool):
        """A red corner that belongs at the upper left, for each of the eight directions."""
        for direction in range(1, 9):
            exif, out = Image.Exif(), io.BytesIO()
            exif[0x0112] = direction
            upright = Image.new("RGB", (120, 80), "white")
            upright.paste("red", (0, 0, 40, 40))
            self.laid_down(upright, direction).save(out, "JPEG", exif=exif, quality=95)
            reading = read(pool, out.getvalue())
            assert (reading.width, reading.height) == (120, 80), direction
            with Image.open(io.BytesIO(reading.large)) as image:
                red, green, _ = image.getpixel((15, 15))
                assert (red > 200, green < 80) == (True, True), direction
                assert min(image.getpixel((100, 60))) > 200, direction

    def laid_down(self, image, direction):
        turn = Image.Transpose
        undo = {
            2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
            5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
        }  # fmt: skip
        return image.transpose(undo[direction]) if direction in undo else image

    def test_16_bits_become_8_without_burning_out(self, pool):
        dark = png(64, 64, 16, 0, data=(b"\0" + b"\x40\0" * 64) * 64)
        with Image.open(io.BytesIO(read(pool, dark).large)) as image:
            assert all(abs(value - 0x40) < 4 for value in image.getpixel((30, 30)))


_NIKON = {"make": "NIKON", "model": "COOLPIX P6000"}
# Every photo of the collection: a refusal's code, or the size and what the file says.
REAL = {
    "36-memory_error.jpg": (1600, 1200, {"model": "EX-M2", "taken_at": "2002-04-21T00:30:33"}),
    "45-gps_ifd.jpg": (1600, 900, {"model": "Gran Turismo 5", "gps": None}),
    "DSCN0010.jpg": (640, 480, _NIKON | {"gps": (43.46744833, 11.88512667)}),
    "DSCN0012.jpg": (640, 480, _NIKON | {"gps": (43.46715667, 11.885395)}),
    "DSCN0021.jpg": (640, 480, _NIKON | {"gps": (43.46708167, 11.88453833)}),
    "DSCN0025.jpg": (640, 480, _NIKON | {"gps": (43.468365, 11.881635)}),
    "DSCN0027.jpg": (640, 480, _NIKON | {"gps": (43.46844167, 11.881515)}),
    "DSCN0029.jpg": (
        640, 480,
        _NIKON | {"gps": (43.46824333, 11.88017167), "gps_at": "2008-10-23T14:45:20.910000+00:00"},
    ),
    "HMD_Nokia_8.3_5G.jpg": (
        4608, 1976,
        {"taken_offset": "+03:00", "gps": (60.14670556, 24.90677222),
         "gps_at": "2022-08-14T11:12:32+00:00"},
    ),
    "IMG_5195.HEIC": (
        2566, 3313,
        {"make": "Apple", "taken_at": "2021-04-11T15:47:53.054000", "taken_offset": "-05:00",
         "gps": (39.05134444, -94.28877222), "gps_at": None},
    ),
    "corrupted.jpg": "photo.undecodable",
    "image01088.jpg": (425, 120, {"orientation": 1, "make": None}),
    "image01980.jpg": (284, 25, None),
    "iphone_hdr_NO.jpg": (
        3264, 2448,
        {"model": "iPhone 6", "taken_offset": None, "gps": (40.44697222, -3.72475278)},
    ),
    "jolla.jpg": (3264, 2448, {"make": "Jolla", "gps": None}),
    "landscape_3.jpg": (600, 450, {"orientation": 3, "make": None}),
    "no_exif.jpg": (322, 466, {"make": None, "software": "Adobe Photoshop CC (Macintosh)"}),
    "portrait_6.jpg": (450, 600, {"orientation": 6, "make": None}),
}  # fmt: skip


@pytest.mark.skipif(not _REAL.is_dir(), reason="real photos are not at hand")
class TestRealPhotos:
    def test_the_table_names_them_all(self):
        files = {file.name for file in _REAL.iterdir() if file.suffix.lower() in (".jpg", ".heic")}
        assert files <= set(REAL)

    @pytest.mark.parametrize("name", REAL)
    def test_a_real_photo_ends_as_documented(self, pool, name):
        if not (_REAL / name).exists():
            pytest.skip("not in this collection")
        announced = "image/heif" if name.endswith("HEIC") else "image/jpeg"
        found, reading = judge(pool, (_REAL / name).read_bytes(), announced)
        if isinstance(REAL[name], str):
            assert found == REAL[name]
            return
        width, height, said = REAL[name]
        assert (found, reading.width, reading.height) == (STORED, width, height)
        assert max(Image.open(io.BytesIO(reading.large)).size) <= 1280
        if said is None:
            assert reading.exif is None
            return
        gps = reading.exif["gps"]
        shown = reading.exif | {"gps": (gps["lat"], gps["lon"]) if gps else None}
        assert {key: shown[key] for key in said} == said
        assert notes(reading) == set()

    @pytest.mark.parametrize(
        ("share", "code"), [(0.01, "photo.truncated"), (0.5, "photo.truncated")]
    )
    def test_a_heic_that_ends_early_is_told(self, pool, share, code):
        whole = (_REAL / "IMG_5195.HEIC").read_bytes()
        assert judge(pool, whole[: int(len(whole) * share)], "image/heic") == (code, None)

    def test_a_changed_heic_gets_a_verdict(self, pool):
        whole = (_REAL / "IMG_5195.HEIC").read_bytes()
        for seed in range(4):
            judge(pool, mutated(whole[:5000], seed) + whole[5000:], "image/heic")
        assert _peak_mb(pool) < _MOST_MB
