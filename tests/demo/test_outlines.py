"""The demo's made-up outlines: what they must be for a point to lie in one unit of each level."""

import json

import pytest
import shapely

from app.kit.geo import Crs
from app.kit.shapes import read_area
from scripts.demo_steps.city_files import read_city
from scripts.demo_steps.outlines import made_up_outlines


@pytest.fixture(scope="module")
def document():
    return made_up_outlines(read_city(), 2018)


@pytest.fixture(scope="module")
def shapes(document):
    return {
        feature["properties"]["code"]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in document["features"]
    }


def test_they_are_marked_and_name_their_system(document):
    assert document["synthetic"] is True
    assert document["crs"] == "gcj02"
    assert "made up" in document["source"]
    assert document == made_up_outlines(read_city(), 2018)


def test_communities_fill_their_street_and_do_not_overlap(shapes):
    checked = 0
    for code, street in read_city().streets.items():
        own = [shapes[one.code] for one in street.communities if one.code in shapes]
        if code not in shapes or not own:
            continue
        checked += 1
        whole = shapely.union_all(own)
        assert whole.symmetric_difference(shapes[code]).area < 0.001 * shapes[code].area
        assert sum(shape.area for shape in own) == pytest.approx(whole.area, rel=0.001)
    assert checked > 30


def test_each_is_one_that_can_be_loaded(document):
    for feature in document["features"][::15]:
        assert read_area(feature["geometry"], Crs(document["crs"]), at="").area_m2 > 0
