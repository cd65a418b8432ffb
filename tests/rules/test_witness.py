"""What EXIF data says, as far as it makes sense; and that nothing in it can do harm."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evidence import witness
from app.evidence.containers import survey
from app.evidence.rules import Unfit

_NORTH_EAST = {1: "N", 2: (35.0, 14.0, 21.84), 3: "E", 4: (113.0, 14.0, 30.48)}


def hear(main=None, photo=None, gps=None):
    said = witness.hear(main or {}, photo or {}, gps or {})
    assert said is not None
    return said


def faults(said):
    return [(note.tag, note.fault) for note in said.notes]


def test_silence_is_ordinary():
    assert witness.hear({}, {}, {}) is None


def test_a_phone_that_tells_everything():
    said = hear(
        {0x010F: "Xiaomi\0", 0x0110: "Mi 8", 0x0131: b"MIUI\0x", 0x0112: 6},
        {
            0x9003: "2018:09:10 09:12:00",
            0x9011: "+08:00",
            0x9291: "0540",
            0xA002: 4032,
            0xA003: 3024,
            0xA420: "a1b2",
        },
        _NORTH_EAST
        | {5: b"\0", 6: 98.5, 7: (1.0, 12.0, 3.5), 17: 271.25, 18: "WGS-84 ", 29: "2018:09:10"}
        | {27: b"ASCII\0\0\0GPS", 31: 6.5},
    )
    assert said.as_json() == {
        "make": "Xiaomi",
        "model": "Mi 8",
        "software": "MIUI",
        "image_id": "a1b2",
        "orientation": 6,
        "width": 4032,
        "height": 3024,
        "taken_at": "2018-09-10T09:12:00.054000",
        "taken_offset": "+08:00",
        "gps": {
            "lat": 35.2394,
            "lon": 113.2418,
            "altitude_m": 98.5,
            "accuracy_m": 6.5,
            "bearing_deg": 271.25,
            "datum": "WGS-84",
            "method": "GPS",
        },
        "gps_at": "2018-09-10T01:12:03.500000+00:00",
        "notes": [],
    }


@pytest.mark.parametrize(
    ("change", "lat", "lon"),
    [
        ({1: "S", 3: "W"}, -35.2394, -113.2418),
        ({1: b"n", 2: (35.2394,), 4: (Fraction(1132418, 10_000),)}, 35.2394, 113.2418),
        ({2: (35.0, 14.364)}, 35.2394, 113.2418),
        ({2: (0.0, 0.0, 0.0)}, 0, 113.2418),
    ],
)
def test_degrees_come_in_many_ways(change, lat, lon):
    gps = hear(gps=_NORTH_EAST | change).gps
    assert (gps.lat, gps.lon) == (pytest.approx(lat), pytest.approx(lon))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({2: (400.0, 0.0, 0.0)}, "unreadable"),
        ({2: (35.0, 75.0, 0.0)}, "unreadable"),
        ({2: (-35.0, 0.0, 0.0)}, "unreadable"),
        ({2: (float("nan"), 0.0, 0.0)}, "unreadable"),
        ({2: "35.2"}, "unreadable"),
        ({2: ()}, "unreadable"),
        ({1: "X"}, "unreadable"),
        ({3: None}, "unreadable"),
        ({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, "null-island"),
    ],
)
def test_an_absurd_place_is_left_out_with_a_note(change, fault):
    said = hear(gps=_NORTH_EAST | change)
    assert said.gps is None
    assert faults(said) == [("GPSPosition", fault)]
    assert said.notes[0].raw


@pytest.mark.parametrize(
    ("tag", "value", "name"),
    [
        (6, 90_000.0, "GPSAltitude"),
        (17, -1.0, "GPSImgDirection"),
        (31, float("inf"), "GPSHPositioningError"),
        (31, b"6", "GPSHPositioningError"),
    ],
)
def test_an_absurd_detail_leaves_the_place_alone(tag, value, name):
    said = hear(gps=_NORTH_EAST | {tag: value})
    assert said.gps is not None
    assert [note.tag for note in said.notes] == [name]


@pytest.mark.parametrize("text", ["    :  :     :  :  ", "0000:00:00 00:00:00", "", "\0\0"])
def test_an_unknown_time_is_no_fault(text):
    said = hear(photo={0x9003: text, 0xA002: 1})
    assert (said.taken_at, said.notes) == (None, [])


@pytest.mark.parametrize("text", ["2018:13:01 00:00:00", "yesterday", "2018:09:10", b"\xff\xfe"])
def test_an_unreadable_time_is_noted(text):
    said = hear(photo={0x9003: text})
    assert (said.taken_at, faults(said)) == (None, [("DateTimeOriginal", "unreadable")])


@pytest.mark.parametrize(
    ("raw", "offset", "found"),
    [
        ("+08:00", "+08:00", []),
        ("Z", "+00:00", []),
        ("   :  ", None, []),
        (None, None, []),
        ("+15:00", None, ["out-of-range"]),
        ("+08:75", None, ["out-of-range"]),
        ("CST", None, ["unreadable"]),
    ],
)
def test_offsets(raw, offset, found):
    said = hear(photo={0x9003: "2018:09:10 09:12:00", 0x9011: raw})
    assert (said.taken_offset, [note.fault for note in said.notes]) == (offset, found)


@pytest.mark.parametrize(
    ("day", "time", "at"),
    [
        ("2018:09:10", (1.0, 12.0, 3.0), "2018-09-10T01:12:03+00:00"),
        ("2016:12:31", (23.0, 59.0, 60.0), "2017-01-01T00:00:00+00:00"),
        ("2018:09:10", (25.0, 0.0, 0.0), None),
        ("2018:09:10", (1.0, 1e300, 0.0), None),
        ("9999:12:31", (23.0, 59.0, 60.0), None),
        ("2018:02:30", (1.0, 0.0, 0.0), None),
        ("2018:09:10", "noon", None),
    ],
)
def test_the_time_of_the_satellites(day, time, at):
    said = hear(gps={29: day, 7: time})
    assert said.gps_at == at
    assert len(said.notes) == (at is None)


_scalars = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.fractions(),
    st.sampled_from(["N", "E", "2018:09:10 09:12:00", "2018:09:10", "+08:00", 10**400]),
)
_values = st.one_of(
    _scalars,
    st.lists(_scalars, max_size=5).map(tuple),
    st.dictionaries(st.integers(), _scalars, max_size=2),
)
_tags = st.dictionaries(
    st.one_of(
        st.integers(0, 40),
        st.sampled_from(
            [
                0x010F,
                0x0110,
                0x0112,
                0x0131,
                0x0132,
                0x9003,
                0x9004,
                0x9010,
                0x9011,
                0x9291,
                0xA002,
                0xA003,
                0xA420,
            ]
        ),
    ),
    _values,
)


@given(_tags, _tags, _tags)
def test_whatever_it_says_it_can_be_kept(main, photo, gps):
    said = witness.hear(main, photo, gps)
    if said is None:
        return
    text = json.dumps(said.as_json(), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()
    assert len(text) < 8000


@given(
    st.sampled_from(
        [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"\0\0\0\x18ftypheic"]
    ),
    st.binary(max_size=300),
)
def test_a_walk_through_any_bytes_ends_with_an_answer(signature, rest):
    try:
        found = survey(signature + rest)
    except Unfit:
        return
    assert 0 <= found.trailing_bytes < len(signature + rest)
