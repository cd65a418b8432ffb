"""Coordinates against another implementation, shapes and places against a slow reference."""

import math
import random
from uuid import UUID

import geocoordinates_ffi as other
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.kit import shapes
from app.kit.errors import Invalid
from app.kit.geo import (
    Crs,
    Point,
    distance_m,
    from_wgs84,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from app.kit.shapes import PreparedArea, coordinates_of, read_area
from app.organisation.rules_places import Seen, deepest, near_border
from tests.rules.polygons import CENTRE_LAT, CENTRE_LON, random_area

TRIPLE = {
    Crs.WGS84: Point(35.2159, 113.2418),
    Crs.GCJ02: Point(35.21538828, 113.24816477),
    Crs.BD09: Point(35.22135710, 113.25467929),
}
_SAME_M = 0.001
# The other implementation refuses a way back that ends beyond a pole or the date line.
_inland = st.builds(Point, st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))
_anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
_china = st.builds(Point, st.floats(18, 53.5), st.floats(73.6, 135))
_edge = st.builds(  # around the border of the range in which the shift applies
    Point,
    st.sampled_from((0.8293, 55.8271, 30.0)).flatmap(lambda y: st.floats(y - 0.01, y + 0.01)),
    st.sampled_from((72.004, 137.8347, 100.0)).flatmap(lambda x: st.floats(x - 0.01, x + 0.01)),
)
POINTS = st.one_of(_anywhere, _china, _edge)


class TestSystems:
    @given(POINTS)
    def test_the_shifts_are_those_of_another_implementation(self, point):
        theirs = other.wgs84_to_gcj02(other.Wgs84(lat=point.lat, lon=point.lon))
        assert distance_m(wgs84_to_gcj02(point), Point(theirs.lat, theirs.lon)) < _SAME_M
        theirs = other.wgs84_to_bd09(other.Wgs84(lat=point.lat, lon=point.lon))
        assert distance_m(wgs84_to_bd09(point), Point(theirs.lat, theirs.lon)) < _SAME_M

    @given(st.one_of(_inland, _china))
    def test_the_ways_back_are_those_of_another_implementation(self, point):
        theirs = other.gcj02_to_wgs84_refined(other.Gcj02(lat=point.lat, lon=point.lon))
        assert distance_m(to_wgs84(point, Crs.GCJ02), Point(theirs.lat, theirs.lon)) < _SAME_M
        theirs = other.bd09_to_wgs84_refined(other.Bd09(lat=point.lat, lon=point.lon))
        assert distance_m(to_wgs84(point, Crs.BD09), Point(theirs.lat, theirs.lon)) < _SAME_M

    @pytest.mark.parametrize("one", TRIPLE)
    @pytest.mark.parametrize("other_", TRIPLE)
    def test_the_known_triple_in_every_direction(self, one, other_):
        found = from_wgs84(to_wgs84(TRIPLE[one], one), other_)
        assert distance_m(found, TRIPLE[other_]) < 0.02

    @given(_china, st.sampled_from(Crs))
    def test_there_and_back_in_the_whole_country(self, point, crs):
        assert distance_m(to_wgs84(from_wgs84(point, crs), crs), point) < _SAME_M

    @given(st.builds(Point, st.sampled_from((-90.0, 90.0)), st.floats(-180, 180)))
    def test_at_the_poles_nothing_is_shifted(self, point):
        assert to_wgs84(point, Crs.GCJ02) == point
        assert math.isfinite(to_wgs84(point, Crs.BD09).lon)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("crs", Crs)
    def test_what_is_no_number_is_refused(self, bad, crs):
        for point in (Point(bad, 113.0), Point(35.0, bad)):
            with pytest.raises(ValueError, match="finite"):
                to_wgs84(point, crs)


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [[list(p) for p in ring] for ring in rings]}


SQUARE = [(113.0, 35.0), (113.1, 35.0), (113.1, 35.1), (113.0, 35.1), (113.0, 35.0)]
HOLE = [(113.04, 35.04), (113.06, 35.04), (113.06, 35.06), (113.04, 35.06), (113.04, 35.04)]
BOW_TIE = [(113.0, 35.0), (113.1, 35.1), (113.1, 35.0), (113.0, 35.1), (113.0, 35.0)]


class TestAreas:
    def test_winding_is_put_right_and_holes_are_kept(self):
        area = read_area(polygon(SQUARE[::-1], HOLE), Crs.WGS84, at="")
        shape = shapely.from_wkb(area.wkb)
        assert shape.is_valid
        assert shape.geoms[0].exterior.is_ccw
        assert not shape.geoms[0].interiors[0].is_ccw
        ready = PreparedArea(area.wkb)
        assert ready.covers(Point(35.02, 113.02))
        assert not ready.covers(Point(35.05, 113.05))
        assert (area.west, area.south, area.east, area.north) == (113.0, 35.0, 113.1, 35.1)
        assert area.area_m2 == pytest.approx(0.096 * 0.1 * 111195**2 * 0.8187, rel=0.002)

    def test_a_ring_that_crosses_itself_becomes_its_parts(self):
        area = read_area(polygon(BOW_TIE), Crs.WGS84, at="")
        assert area.repaired
        assert len(shapely.get_parts(shapely.from_wkb(area.wkb))) == 2
        assert not read_area(polygon(SQUARE), Crs.WGS84, at="").repaired

    def test_spikes_leave_no_lines_behind(self):
        ring = [*SQUARE[:2], (113.2, 35.0), (113.1, 35.0), *SQUARE[2:]]
        parts = shapely.get_parts(shapely.from_wkb(read_area(polygon(ring), Crs.WGS84, at="").wkb))
        assert {part.geom_type for part in parts} == {"Polygon"}

    def test_the_named_system_counts(self):
        west = read_area(polygon(SQUARE), Crs.GCJ02, at="").west
        assert 113.0 - west == pytest.approx(580 / 91_000, rel=0.05)
        assert read_area(polygon(SQUARE), Crs.CGCS2000, at="").west == 113.0

    @pytest.mark.parametrize(
        ("geometry", "pointer", "code"),
        [
            (None, "/g/type", "field.value"),
            ({"type": "Point", "coordinates": [113.0, 35.0]}, "/g/type", "field.value"),
            ({"type": "Polygon"}, "/g/coordinates", "field.type"),
            ({"type": "Polygon", "coordinates": []}, "/g/coordinates", "field.type"),
            ({"type": "MultiPolygon", "coordinates": [[]]}, "/g/coordinates", "field.type"),
            (polygon(SQUARE[:2]), "/g/coordinates", "field.too-short"),
            (polygon([("113", 35), *SQUARE]), "/g/coordinates", "field.type"),
            (polygon([(math.nan, 35), *SQUARE]), "/g/coordinates", "field.type"),
            (polygon([(math.inf, 35), *SQUARE]), "/g/coordinates", "field.type"),
            (polygon([(True, 35), *SQUARE]), "/g/coordinates", "field.type"),
            (polygon([p[::-1] for p in SQUARE]), "/g/coordinates", "geometry.swapped"),
            (polygon([(87.0, 43.0), (43.0, 87.0), (87, 44)]), "/g/coordinates", "geometry.outside"),
            (polygon([(13.0, 50), (13.1, 50), (13, 51)]), "/g/coordinates", "geometry.outside"),
            (polygon([(10**400, 35), *SQUARE]), "/g/coordinates", "geometry.outside"),
            (polygon([SQUARE[0]] * 4), "/g/coordinates", "geometry.empty"),
            (polygon(SQUARE[:2] * 2), "/g/coordinates", "geometry.empty"),
        ],
    )
    def test_what_cannot_be_put_right_without_a_guess_is_refused(self, geometry, pointer, code):
        with pytest.raises(Invalid) as error:
            read_area(geometry, Crs.WGS84, at="/g")
        assert [(one.pointer, one.code) for one in error.value.faults] == [(pointer, code)]

    def test_too_many_points_are_refused_with_their_number(self, monkeypatch):
        monkeypatch.setattr(shapes, "MOST_POINTS", 9)
        with pytest.raises(Invalid) as error:
            read_area(polygon(SQUARE, HOLE), Crs.WGS84, at="")
        assert error.value.faults[0].data == {"limit": 9, "found": 10}

    def test_a_shape_is_shown_simplified_and_no_further_off_than_said(self):
        draw = random.Random(1)
        ring = [
            (113 + 0.1 * math.cos(n / 500 * math.tau), 35 + 0.1 * math.sin(n / 500 * math.tau))
            for n in range(500)
        ]
        area = read_area(polygon([(x + draw.gauss(0, 1e-6), y) for x, y in ring]), Crs.WGS84, at="")
        (shown,) = coordinates_of(area.wkb, tolerance_m=10)
        assert len(shown[0]) < 150
        ready = PreparedArea(area.wkb)
        assert all(ready.outline_distance_m(Point(y, x)) < 10.2 for x, y in shown[0])

    @given(st.integers(0, 2**32))
    def test_inside_is_what_ray_casting_says(self, seed):
        draw = random.Random(seed)
        area = random_area(draw)
        ready = PreparedArea(read_area(area.geometry, Crs.WGS84, at="").wkb)
        for _ in range(20):
            lon = draw.uniform(CENTRE_LON - 0.1, CENTRE_LON + 0.3)
            lat = draw.uniform(CENTRE_LAT - 0.1, CENTRE_LAT + 0.1)
            if area.clearance(lon, lat) > 1e-9:
                assert ready.covers(Point(lat, lon)) is area.holds(lon, lat)

    @given(st.floats(-0.05, 0.15), st.floats(-0.05, 0.15))
    def test_the_distance_to_the_outline_is_one_of_metres(self, x, y):
        ready = PreparedArea(read_area(polygon(SQUARE), Crs.WGS84, at="").wkb)
        point = Point(35 + y, 113 + x)
        nearest = Point(35 + min(0.1, max(0, y)), 113 + min(0.1, max(0, x)))
        if point != nearest:
            expected = distance_m(point, nearest)
            assert ready.outline_distance_m(point) == pytest.approx(expected, rel=0.01, abs=0.01)


def seen(path, *, area=1.0, inside=True, outline_m=500.0):
    return Seen(UUID(int=len(path)), UUID(int=1), path, area, inside, outline_m)


CITY, DISTRICT, NEXT = seen("/1/"), seen("/1/2/"), seen("/1/3/", inside=False)
STREET = seen("/1/2/4/")


class TestPlaces:
    @pytest.mark.parametrize(
        ("around", "chosen"),
        [
            ([], None),
            ([NEXT], None),
            ([CITY], CITY),
            ([CITY, DISTRICT, NEXT], DISTRICT),
            ([STREET, DISTRICT, CITY], STREET),
            ([CITY, STREET], STREET),  # nobody has drawn the district
            ([seen("/1/3/", area=2.0), DISTRICT], DISTRICT),  # overlapping: the smaller
            ([seen("/1/3/"), DISTRICT], DISTRICT),  # as small: by path
        ],
    )
    def test_the_deepest_known_unit_is_the_answer(self, around, chosen):
        assert deepest(around) is chosen

    @pytest.mark.parametrize(
        ("other", "is_near"),
        [
            (seen("/1/3/", inside=False, outline_m=49.9), True),
            (seen("/1/3/", inside=False, outline_m=50.0), False),
            (seen("/1/3/", inside=True), True),  # overlaps
            (seen("/1/3/5/", inside=False, outline_m=3.0), True),  # deeper, and near
            (seen("/1/", outline_m=3.0), False),  # above both
        ],
    )
    def test_near_the_border_somebody_else_may_be_meant(self, other, is_near):
        assert (other in near_border([DISTRICT, other], DISTRICT)) is is_near

    def test_the_nearest_neighbour_is_named_first(self):
        far, near = (seen(f"/1/{n}/", inside=False, outline_m=m) for n, m in ((7, 40.0), (8, 4.0)))
        overlapping = seen("/1/9/", outline_m=45.0)
        around = [far, DISTRICT, near, overlapping]
        assert near_border(around, DISTRICT) == [overlapping, near, far]
