"""Coordinates, cursors, languages, numbers, settings: small things that many rely on."""

import base64
import contextlib
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.config import environment_with, read_settings
from app.evidence.rules import Size, evidence_key, rendition_key
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.geo import Crs, Point, distance_m, to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from app.kit.ids import document_number, new_id, new_token, token_digest
from app.kit.paging import decode_cursor, decode_id, encode_cursor
from app.web import messages
from app.web.language import pick, preferred_language

WGS84 = Point(35.2159, 113.2418)
GCJ02 = Point(35.21538828, 113.24816477)
BD09 = Point(35.22135710, 113.25467929)
_TEXT = st.text('abcXYZ0189-_=+/%;,.q*[]{}"\\ \t\n\x00é焦作市督导😀\ud800', max_size=60)
_in_jiaozuo = st.builds(
    Point, st.floats(35.10, 35.32, allow_nan=False), st.floats(113.05, 113.40, allow_nan=False)
)


class TestCoordinates:
    @pytest.mark.parametrize(
        ("point", "crs"),
        [(WGS84, Crs.WGS84), (WGS84, Crs.CGCS2000), (GCJ02, Crs.GCJ02), (BD09, Crs.BD09)],
    )
    def test_one_place_in_four_systems_is_one_place(self, point, crs):
        assert distance_m(to_wgs84(point, crs), WGS84) < 0.02

    def test_forward_gives_the_published_triple(self):
        gcj02 = wgs84_to_gcj02(WGS84)
        assert (gcj02.lat, gcj02.lon) == pytest.approx((GCJ02.lat, GCJ02.lon), abs=5e-9)
        assert distance_m(wgs84_to_bd09(WGS84), BD09) < 0.02

    @given(_in_jiaozuo)
    def test_there_and_back_ends_at_the_start(self, point):
        for forward, crs in ((wgs84_to_gcj02, Crs.GCJ02), (wgs84_to_bd09, Crs.BD09)):
            assert distance_m(to_wgs84(forward(point), crs), point) < 0.001

    @given(_in_jiaozuo)
    def test_a_wrong_label_moves_a_photo_by_half_a_kilometre(self, point):
        assert 575 < distance_m(wgs84_to_gcj02(point), point) < 605

    @given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(Crs))
    def test_no_place_on_earth_is_a_way_to_a_failure(self, lat, lon, crs):
        found = to_wgs84(Point(lat, lon), crs)
        assert math.isfinite(found.lat)
        assert math.isfinite(found.lon)

    def test_outside_of_china_nothing_is_shifted(self):
        paris = Point(48.8566, 2.3522)
        assert wgs84_to_gcj02(paris) == paris

    def test_a_degree_of_latitude_is_111_kilometres(self):
        assert distance_m(Point(35, 113), Point(36, 113)) == pytest.approx(111_195, abs=1)


class TestCursors:
    @given(_TEXT.filter(lambda text: "\x00" not in text and "\ud800" not in text))
    def test_a_text_comes_back(self, text):
        assert decode_cursor(encode_cursor(text), str) == (text,)

    @given(st.integers(), st.text("abc"))
    def test_several_keys_come_back(self, number, text):
        assert decode_cursor(encode_cursor(number, text), int, str) == (number, text)

    def test_an_id_comes_back(self):
        one = new_id()
        assert decode_id(encode_cursor(str(one))) == one
        assert decode_id(None) is None

    @given(_TEXT)
    def test_no_text_is_a_way_to_a_failure(self, text):
        for decode in (lambda: decode_cursor(text, str), lambda: decode_id(text)):
            with contextlib.suppress(Invalid):
                decode()

    @pytest.mark.parametrize(
        "inside",
        [
            "[]",
            "[1, 2]",
            "{}",
            "null",
            "true",
            "[true]",
            "[1.0]",
            "[null]",
            '["a"',
            '["a\\u0000b"]',
            '["\\ud800"]',
            "[[1]]",
        ],
    )
    def test_other_contents_are_refused(self, inside):
        cursor = base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")
        with pytest.raises(Invalid):
            decode_cursor(cursor, str)
        if inside != "[1]":
            with pytest.raises(Invalid):
                decode_cursor(cursor, int)

    def test_a_bool_is_no_number(self):
        with pytest.raises(Invalid):
            decode_cursor(base64.urlsafe_b64encode(b"[true]").decode(), int)


class TestLanguage:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("", "zh"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
            ("en", "en"),
            ("en-US,en;q=0.9", "en"),
            ("en;q=0.9,zh;q=0.9", "zh"),
            ("en;q=0.3,zh;q=0.2", "en"),
            ("fr,de", "zh"),
            ("fr,en;q=0.1", "en"),
            ("EN-gb", "en"),
            ("en;q=x", "zh"),
            ("en;q=0", "zh"),
            ("*", "zh"),
            (";;,,;q=", "zh"),
        ],
    )
    def test_the_better_liked_of_the_two_is_chosen(self, header, language):
        assert preferred_language(header) == language

    @given(_TEXT)
    def test_no_header_is_a_way_to_a_failure(self, header):
        assert preferred_language(header) in ("zh", "en")

    def test_where_there_is_no_english_the_chinese_label_is_shown(self):
        assert pick("en", "焦作市", None) == "焦作市"
        assert pick("en", "焦作市", "Jiaozuo") == "Jiaozuo"
        assert pick("zh", "焦作市", "Jiaozuo") == "焦作市"

    @pytest.mark.parametrize("table", [messages.PROBLEMS, messages.FIELDS])
    def test_every_text_is_there_in_both_languages_with_the_same_gaps(self, table):
        for code, text in table.items():
            assert text.zh, code
            assert text.en, code
            assert bool(text.do_zh) == bool(text.do_en), code
            for one, other in ((text.zh, text.en), (text.do_zh, text.do_en)):
                assert _gaps(one) == _gaps(other), code
            assert code == code.lower()
            assert "." in code


def _gaps(text):
    from string import Formatter

    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


class TestNumbers:
    def test_ids_are_made_in_order(self):
        made = [new_id() for _ in range(1000)]
        assert made == sorted(set(made))
        assert {one.version for one in made} == {7}

    def test_people_read_a_year_and_a_serial(self):
        assert document_number(2018, 42) == "2018-000042"
        assert document_number(2018, 1_234_567) == "2018-1234567"

    def test_of_a_token_only_its_digest_is_known(self):
        token = new_token()
        assert len(token) >= 43
        assert len(token_digest(token)) == 64
        assert new_token() != token

    def test_keys_in_evidence_are_made_of_the_digest(self):
        digest = "ab" * 32
        assert evidence_key(digest) == f"sha256/ab/{digest}"
        assert rendition_key(digest, Size.THUMB) == f"renditions/ab/{digest}/thumb.jpg"


class TestClock:
    def test_business_time_is_real_time_moved_by_the_shift(self):
        shift = timedelta(days=-3000)
        assert abs(clock.business_now(shift) - (datetime.now(UTC) + shift)) < timedelta(seconds=5)
        assert clock.real_now().utcoffset() == timedelta(0)

    def test_the_other_clock_never_jumps_back(self):
        assert clock.monotonic() <= clock.monotonic()


class TestSettings:
    @pytest.fixture(autouse=True)
    def bare(self, monkeypatch):
        for name in ("DATABASE_URL", "DUDAO_DATABASE_URL"):
            monkeypatch.delenv(name, raising=False)

    def test_they_are_read_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db/dudao")
        monkeypatch.setenv("DUDAO_CORS_ORIGINS", "https://a.example, https://b.example,")
        monkeypatch.setenv("DUDAO_ENV", "demo")
        found = read_settings()
        assert found.cors_origins == ("https://a.example", "https://b.example")
        assert found.env.value == "demo"
        assert "somebody" not in repr(found)

    @pytest.mark.parametrize(
        "url", ["sqlite:///x.db", "mysql://u@h/d", "postgresql+asyncpg://u@h/d"]
    )
    def test_only_postgresql_is_taken(self, monkeypatch, url):
        monkeypatch.setenv("DUDAO_DATABASE_URL", url)
        with pytest.raises(ValidationError, match="only PostgreSQL"):
            read_settings()

    def test_without_a_database_nothing_starts(self):
        with pytest.raises(ValidationError):
            read_settings()

    def test_children_get_the_environment_with_some_variables_set(self, monkeypatch):
        monkeypatch.setenv("DUDAO_TEST_ONLY", "1")
        found = environment_with({"DUDAO_ENV": "test"})
        assert (found["DUDAO_TEST_ONLY"], found["DUDAO_ENV"]) == ("1", "test")


def test_the_city_files_are_the_shape_that_the_loader_reads():
    folder = Path(__file__).resolve().parents[2] / "scripts" / "city" / "jiaozuo"
    units = json.loads((folder / "units.json").read_text())
    kinds = [unit["kind"] for unit in units]
    assert (kinds.count("district"), kinds.count("street"), kinds.count("community")) == (
        5,
        41,
        346,
    )
