"""Units that begin, are renamed and end; boundaries; where a point lies; problem categories."""

import random
from datetime import date

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app import loading
from app.infra.events import Event
from app.kit.errors import Invalid
from app.kit.geo import Crs, Point, from_wgs84
from app.kit.ids import new_id
from app.organisation import locating, queries
from app.organisation.importing_boundaries import set_boundaries
from app.organisation.locating import PlaceSource, locate, place_of
from app.organisation.rules import Role, UnitKind, child_path
from app.organisation.tables import Responsibility, Unit, UnitBoundary
from tests import factories as make
from tests.conftest import CITY
from tests.rules.polygons import CENTRE_LAT, CENTRE_LON, random_area
from tests.support import StatementCounter

TODAY = date(2026, 11, 22)
IN_JIEFANG = {"lat": 35.2333, "lon": 113.2358}  # GCJ-02, as the districts are given
DAY = {"on": "2018-09-12"}


@pytest.fixture
def hq(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def get(client, hq):
    return lambda path, **query: client.get(path, params=query, headers=hq.headers)


@pytest.fixture
def post(client, hq):
    return lambda path, **body: client.post(path, json=body, headers=hq.headers)


def square(code, west, south, side=0.01):
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def document(*features, **changes):
    header = {"type": "FeatureCollection", "crs": "wgs84", "source": "测绘院 2018"}
    return header | {"features": list(features)} | changes


def faults_of(tx, given):
    with pytest.raises(Invalid) as error:
        set_boundaries(tx, given)
    return [(fault.pointer, fault.code) for fault in error.value.faults]


def last_event(tx, kind):
    query = select(Event).where(Event.kind == kind).order_by(Event.id.desc())
    return tx.exec(query).first()


class TestUnits:
    def new(self, post, code="410802099", **changes):
        body = {"code": code, "scheme": "local", "kind": "street", "parent": make.JIEFANG}
        body |= {"name_zh": "新设街道", "name_en": "Xinshe Street", "valid_from": "2018-10-01"}
        return post("/v1/units", **body | changes)

    def test_a_new_unit_is_valid_from_its_first_day(self, tx, get, post):
        assert self.new(post).status_code == 201
        listed = [
            {unit["code"] for unit in get("/v1/units", parent=make.JIEFANG, on=on).json()["items"]}
            for on in ("2018-09-30", "2018-10-01")
        ]
        assert listed[1] - listed[0] == {"410802099"}
        assert last_event(tx, "unit.created").data["after"]["name_zh"] == "新设街道"

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"code": make.MINSHENG}, 409, "unit.exists"),
            ({"parent": "nowhere"}, 422, "field.unknown-reference"),
            ({"valid_from": "1999-12-31"}, 422, "unit.not-valid"),
            ({"code": "a/b"}, 422, "field.format"),
            ({"name_zh": ""}, 422, "field.too-short"),
            ({"kind": "galaxy"}, 422, "field.value"),
            ({"valid_to": "2019-01-01"}, 422, "field.extra"),
        ],
    )
    def test_what_a_unit_cannot_be(self, post, changes, status, code):
        answer = self.new(post, **changes)
        found = answer.json()["errors"][0]["code"] if status == 422 else answer.json()["code"]
        assert (answer.status_code, found) == (status, code)

    def test_a_rename_says_before_and_after_of_what_changed(self, tx, get, post):
        path = f"/v1/units/{make.MINSHENG}/rename"
        old = get(f"/v1/units/{make.MINSHENG}").json()["name"]
        english = tx.exec(select(Unit).where(Unit.code == make.MINSHENG)).one().name_en
        assert post(path, name_zh="民生新城街道", name_en=english).json()["name"] == "民生新城街道"
        event = last_event(tx, "unit.renamed")
        assert event.data["before"]["name_zh"] == old
        assert event.data["after"]["name_zh"] == "民生新城街道"
        assert "name_en" not in event.data["after"]
        assert post(path, name_zh="民生新城街道", name_en=english).status_code == 200
        assert last_event(tx, "unit.renamed").id == event.id

    def test_an_ended_unit_is_gone_from_lists_and_names_its_successor(self, tx, get, post):
        self.new(post, name_zh="合并后街道")
        self.new(post, "410802098", valid_from="2018-01-01")
        answer = post("/v1/units/410802098/end", on="2018-12-31", successor="410802099")
        assert answer.json()["successor"] == "410802099"
        detail = get("/v1/units/410802098").json()
        assert detail["valid_to"] == "2018-12-31"
        assert detail["successor_unit"]["name"] == "合并后街道"
        assert [one["code"] for one in detail["chain"]] == ["410800", make.JIEFANG, "410802098"]
        for on, there in (("2018-12-31", True), ("2019-01-01", False)):
            page = get("/v1/units", parent=make.JIEFANG, on=on).json()["items"]
            assert ("410802098" in {unit["code"] for unit in page}) is there
        event = last_event(tx, "unit.ended").data
        assert event["before"] == {"valid_to": None, "successor": None}
        assert event["after"] == {"valid_to": "2018-12-31", "successor": "410802099"}

    def test_a_unit_that_has_ended_gets_nothing_new(self, tx, post):
        self.new(post, valid_from="2018-01-01")
        login = make.make_person(tx).login
        office = {"role": "unit_handler", "unit": "410802099"}
        site = {"id": str(new_id()), "name": "公厕", "category": "公厕", "unit": "410802099"}
        site |= {"lines": [], "road_class": None, "responsible": None, "location": None}
        duty = {"area": "410802099", "line": "public-toilets", "unit": make.URBAN_MANAGEMENT}
        account = {"login": "li.qiang", "name": "李强", "postings": [office]}
        asked = {
            "/v1/sites": (site, "/unit"),
            f"/v1/users/{login}/postings": (office, "/unit"),
            "/v1/users": (account, "/postings/0/unit"),
            "/v1/responsibilities": (duty, "/area"),
        }
        assert post("/v1/units/410802099/end", on="2018-12-31").status_code == 200
        for path, (body, pointer) in asked.items():
            (fault,) = post(path, **body).json()["errors"]
            assert (fault["pointer"], fault["code"]) == (pointer, "unit.not-valid"), path

    def test_a_unit_above_others_cannot_end_before_them(self, get, post):
        children = get(f"/v1/units/{make.MINSHENG}").json()["children"]
        assert children > 0
        answer = post(f"/v1/units/{make.MINSHENG}/end", on="2026-12-31")
        assert (answer.status_code, answer.json()["code"]) == (409, "unit.has-children")
        assert str(children) in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"on": "1999-12-31"}, 422, "field.order"),
            ({"on": "2018-12-31", "successor": "nowhere"}, 422, "field.unknown-reference"),
            ({"on": "2018-12-31", "successor": "410802098"}, 422, "unit.not-valid"),
            ({"on": "someday"}, 422, "field.format"),
        ],
    )
    def test_an_end_that_cannot_be(self, post, body, status, code):
        self.new(post, "410802098", valid_from="2018-01-01")
        post("/v1/units/410802098/end", on="2018-06-30")
        self.new(post, "410802097", valid_from="2018-01-01")
        answer = post("/v1/units/410802097/end", **body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
        answer = post("/v1/units/410802098/end", on="2018-12-31")
        assert (answer.status_code, answer.json()["code"]) == (409, "unit.ended")

    def test_the_successor_answers_from_the_next_day_on(self, tx, post):
        """And a unit that has ended does not, whatever its responsibilities say."""
        path = child_path(child_path(child_path("/", make.CITY), make.JIEFANG), make.MINSHENG)
        (line,) = queries.find_lines(tx, ["public-toilets"]).values()

        def answerable(on):
            found = queries.answerable_units(tx, area_path=path, on=date.fromisoformat(on))
            unit = queries.find_units_by_id(tx, [found[line.id].unit_id])
            return next(iter(unit.values())).code

        body = {"scheme": "local", "kind": "district_bureau", "parent": make.JIEFANG}
        post(
            "/v1/units", code="JF-NEW", name_zh="解放区综合执法局", valid_from="2018-01-01", **body
        )
        assert answerable("2018-12-31") == answerable("2019-01-01") == "JF-HWC"
        ended = post("/v1/units/JF-HWC/end", on="2018-12-31", successor="JF-NEW")
        assert ended.status_code == 200
        assert (answerable("2018-12-31"), answerable("2019-01-01")) == ("JF-HWC", "JF-NEW")
        count = last_event(tx, "unit.ended").data["responsibilities"]
        assert count["ended"] == count["handed_over"] > 0
        tx.exec(sa.text("UPDATE unit SET valid_to = '2019-06-30' WHERE code = 'JF-NEW'"))
        assert answerable("2019-07-01") == "JZ-CGJ"

    def test_a_planned_responsibility_must_be_settled_first(self, tx, post):
        bureau = queries.get_unit(tx, "JF-HWC")
        taken = queries.responsibilities_of(tx, bureau.id, after=TODAY)[0]
        taken.valid_to = date(2026, 12, 31)
        later = taken.model_dump(exclude={"id", "valid_from", "valid_to"})
        tx.add(Responsibility(**later, valid_from=date(2027, 1, 1)))
        tx.flush()
        answer = post("/v1/units/JF-HWC/end", on="2026-11-30")
        assert (answer.status_code, answer.json()["code"]) == (409, "unit.has-plans")

    def test_two_periods_of_one_pair_never_overlap(self, tx):
        row = tx.exec(select(Responsibility)).first()
        again = row.model_dump(exclude={"id", "valid_from"})
        tx.add(Responsibility(**again, valid_from=date(2018, 5, 5)))
        with pytest.raises(sa.exc.IntegrityError, match="ex_responsibility_period"):
            tx.flush()

    def test_only_headquarters_and_only_in_its_areas(self, client, tx):
        there = make.signed_in(tx, Role.HQ_ADMIN, unit=make.SHANYANG, areas=[make.SHANYANG])
        both = {"name_zh": "某街道"}
        for who, unit, status, code in (
            (there, make.MINSHENG, 403, "unit.out-of-reach"),
            (make.signed_in(tx, Role.UNIT_COORDINATOR), make.MINSHENG, 403, "auth.forbidden"),
            (there, "nowhere", 404, "unit.not-found"),
        ):
            answer = client.post(f"/v1/units/{unit}/rename", json=both, headers=who.headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        path = f"/v1/units/{make.DONGFANGHONG}/rename"
        assert client.post(path, json=both, headers=there.headers).status_code == 200


class TestBoundaries:
    def test_the_real_districts_were_repaired_and_name_their_source(self, get, tx):
        rows = tx.exec(select(UnitBoundary)).all()
        assert len(rows) == 4
        assert all(row.repaired and row.crs is Crs.GCJ02 and not row.synthetic for row in rows)
        assert all("assumed" in row.source for row in rows)
        plain = get(f"/v1/units/{make.JIEFANG}").json()["boundary"]
        assert plain["geometry"] is None
        shown = get(f"/v1/units/{make.JIEFANG}", geometry=True).json()["boundary"]
        assert shown["geometry"]["type"] == "MultiPolygon"
        assert 55e6 < shown["area_m2"] < 80e6
        assert get("/v1/units/410871").json()["boundary"] is None

    def test_loading_the_same_boundaries_again_changes_nothing(self, tx):
        before = {row.id for row in tx.exec(select(UnitBoundary)).all()}
        assert loading.load_city(tx, CITY)["boundaries"] == 0
        assert {row.id for row in tx.exec(select(UnitBoundary)).all()} == before

    def test_a_later_boundary_ends_the_one_before(self, tx, get):
        new = document(square(make.JIEFANG, 113.2, 35.2), valid_from="2019-01-01")
        assert set_boundaries(tx, new) == 1
        assert set_boundaries(tx, new) == 0
        for on, valid_from in (("2018-12-31", "2000-01-01"), ("2019-01-01", "2019-01-01")):
            shown = get(f"/v1/units/{make.JIEFANG}", on=on).json()["boundary"]
            assert shown["valid_from"] == valid_from

    def test_a_correction_of_the_same_days_withdraws_the_wrong_one(self, tx, get):
        set_boundaries(tx, document(square(make.JIEFANG, 113.3, 35.3)))
        rows = tx.exec(select(UnitBoundary).join(Unit).where(Unit.code == make.JIEFANG)).all()
        assert sorted(row.withdrawn_at is not None for row in rows) == [False, True]
        found = get("/v1/units:locate", lat=35.305, lon=113.305, crs="wgs84", **DAY).json()
        assert found["unit"]["code"] == make.JIEFANG
        assert found["boundary"]["source"] == "测绘院 2018"

    def test_a_boundary_is_never_changed(self, tx):
        for change in ("shape = ''", "unit_id = gen_random_uuid()", "source = 'x'"):
            with pytest.raises(sa.exc.IntegrityError, match="never changed"), tx.begin_nested():
                tx.exec(sa.text(f"UPDATE unit_boundary SET {change}"))
        with pytest.raises(sa.exc.IntegrityError, match="never changed"), tx.begin_nested():
            tx.exec(sa.text("DELETE FROM unit_boundary"))

    def test_every_fault_of_a_document_is_named_and_nothing_is_stored(self, tx):
        wrong = document(
            square("nowhere", 113.2, 35.2),
            square(make.JIEFANG, 35.2, 113.2),
            square(make.JIEFANG, 113.2, 35.2),
            {"type": "Feature", "properties": {}, "geometry": None},
            square(make.SHANYANG, 2.3, 48.8),
        )
        before = len(tx.exec(select(UnitBoundary)).all())
        assert faults_of(tx, wrong) == [
            ("/features/0/properties/code", "field.unknown-reference"),
            ("/features/1/geometry/coordinates", "geometry.swapped"),
            ("/features/2/properties/code", "field.duplicate"),
            ("/features/3/properties/code", "field.missing"),
            ("/features/3/geometry/type", "field.value"),
            ("/features/4/geometry/coordinates", "geometry.outside"),
        ]
        assert len(tx.exec(select(UnitBoundary)).all()) == before

    @pytest.mark.parametrize(
        ("changes", "faults"),
        [
            ({"crs": None}, [("/crs", "field.missing")]),
            ({"crs": "西安80"}, [("/crs", "field.value")]),
            ({"crs": {"properties": {"name": "EPSG:2363"}}}, [("/crs", "field.value")]),
            ({"crs": []}, [("/crs", "field.value")]),
            ({"source": "  "}, [("/source", "field.type")]),
            ({"synthetic": "no"}, [("/synthetic", "field.type")]),
            ({"valid_from": "soon"}, [("/valid_from", "field.format")]),
            ({"features": {}}, [("/features", "field.type")]),
            ({"type": "Feature"}, [("/type", "field.value")]),
            ({"crs": None, "source": 1}, [("/crs", "field.missing"), ("/source", "field.type")]),
            ({"valid_from": "1990-01-01"}, [("/features/0/properties/code", "unit.not-valid")]),
        ],
    )  # fmt: skip
    def test_what_a_document_must_say(self, tx, changes, faults):
        assert faults_of(tx, document(square(make.JIEFANG, 113.2, 35.2), **changes)) == faults

    def test_systems_may_be_named_as_older_files_name_them(self, tx):
        for name, crs in (
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Crs.WGS84),
            ("EPSG:4490", Crs.CGCS2000),
        ):
            named = {"type": "name", "properties": {"name": name}}
            set_boundaries(tx, document(square(make.JIEFANG, 113.2, 35.2), crs=named))
            row = tx.exec(select(UnitBoundary).order_by(UnitBoundary.id.desc())).first()
            assert row.crs is crs


class TestLocate:
    def test_one_place_in_four_systems_is_in_one_unit(self, get):
        wgs84 = {"lat": 35.2340, "lon": 113.2297}
        for crs in Crs:
            point = from_wgs84(Point(**wgs84), crs)
            found = get("/v1/units:locate", lat=point.lat, lon=point.lon, crs=crs.value).json()
            assert found["unit"] == {"code": make.JIEFANG, "name": "解放区", "kind": "district"}
            assert [one["code"] for one in found["chain"]] == [make.CITY, make.JIEFANG]
            assert (found["lat"], found["lon"]) == pytest.approx((35.2340, 113.2297), abs=1e-7)
            assert found["boundary"]["crs"] == "gcj02"
            assert not found["boundary"]["synthetic"]

    def test_streets_and_communities_are_found_where_they_are_known(self, tx, get):
        street = document(square(make.MINSHENG, 113.20, 35.22, 0.02), synthetic=True)
        set_boundaries(tx, street)
        set_boundaries(tx, document(square(make.FENGHUAYUAN, 113.205, 35.225, 0.005)))
        for lat, lon, unit, synthetic in (
            (35.2275, 113.2075, make.FENGHUAYUAN, False),
            (35.2350, 113.2150, make.MINSHENG, True),
            (35.2450, 113.2300, make.JIEFANG, False),
        ):
            found = get("/v1/units:locate", lat=lat, lon=lon, crs="wgs84").json()
            assert (found["unit"]["code"], found["boundary"]["synthetic"]) == (unit, synthetic)

    def test_near_a_border_the_neighbour_is_named_with_its_distance(self, tx, get):
        set_boundaries(
            tx,
            document(
                square(make.MINSHENG, 113.20, 35.22),
                square(make.XINHUA, 113.21, 35.22),
                square(make.JIAOBEI, 113.2103, 35.231),
            ),
        )
        found = get("/v1/units:locate", lat=35.225, lon=113.2097, crs="wgs84").json()
        assert found["unit"]["code"] == make.MINSHENG
        assert found["outline_m"] == pytest.approx(27.2, abs=0.3)
        (near,) = found["near_border"]
        assert (near["code"], near["inside"]) == (make.XINHUA, False)
        assert near["outline_m"] == pytest.approx(27.2, abs=0.3)
        found = get("/v1/units:locate", lat=35.225, lon=113.205, crs="wgs84").json()
        assert found["near_border"] == []

    def test_readings_in_other_systems_that_end_elsewhere_are_told(self, tx, get):
        set_boundaries(
            tx,
            document(square(make.MINSHENG, 113.20, 35.22), square(make.XINHUA, 113.19, 35.22)),
        )
        found = get("/v1/units:locate", lat=35.228, lon=113.2048, crs="wgs84").json()
        suspects = {one["crs"]: one["unit"]["code"] for one in found["crs_suspect"]}
        assert suspects == {"gcj02": make.XINHUA, "bd09": make.XINHUA}

    def test_the_city_answers_for_a_district_without_a_boundary(self, tx, get):
        nowhere = {"lat": 35.10, "lon": 113.25, "crs": "wgs84"}
        assert get("/v1/units:locate", **nowhere).json()["code"] == "unit.not-located"
        set_boundaries(tx, document(square(make.CITY, 113.0, 35.0, 0.5)))
        assert get("/v1/units:locate", **nowhere).json()["unit"]["code"] == make.CITY

    def test_another_system_that_fits_is_named_in_the_refusal(self, tx, get):
        set_boundaries(tx, document(square(make.CITY, 114.0, 34.0)))
        point = from_wgs84(Point(34.005, 114.009), Crs.GCJ02)
        answer = get("/v1/units:locate", lat=point.lat, lon=point.lon, crs="wgs84")
        assert (answer.status_code, answer.json()["code"]) == (404, "unit.crs-suspect")
        assert "gcj02" in answer.json()["detail"]

    def test_an_ended_unit_is_not_where_anything_lies(self, tx, get):
        set_boundaries(tx, document(square(make.FENGHUAYUAN, 113.205, 35.225)))
        tx.exec(
            sa.text("UPDATE unit SET valid_to = '2018-09-30' WHERE code = :code"),
            params={"code": make.FENGHUAYUAN},
        )
        point = {"lat": 35.23, "lon": 113.21, "crs": "wgs84"}
        found = [
            get("/v1/units:locate", **point, on=on).json()["unit"]["code"]
            for on in ("2018-09-30", "2018-10-01")
        ]
        assert found == [make.FENGHUAYUAN, make.JIEFANG]

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"lat": "nan"}, "/lat"),
            ({"lon": "inf"}, "/lon"),
            ({"lat": 90.1}, "/lat"),
            ({"lon": -180.1}, "/lon"),
            ({"crs": "utm"}, "/crs"),
            ({"crs": None}, "/crs"),
            ({"on": "x"}, "/on"),
        ],
    )
    def test_what_is_no_point_is_pointed_at(self, get, changes, pointer):
        answer = get("/v1/units:locate", **{"lat": 35.2, "lon": 113.2, "crs": "wgs84"} | changes)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("lat", [-90, 90])
    @pytest.mark.parametrize("crs", list(Crs))
    def test_the_poles_lie_in_no_city(self, get, lat, crs):
        answer = get("/v1/units:locate", lat=lat, lon=180, crs=crs.value)
        assert (answer.status_code, answer.json()["code"]) == (404, "unit.not-located")

    def test_a_site_s_own_unit_beats_geometry(self, tx):
        point = Point(35.2340, 113.2297)
        own = queries.get_unit(tx, make.DONGFANGHONG)
        by_site = place_of(tx, point=point, on=TODAY, site_unit=own)
        assert (by_site.unit.code, by_site.source) == (make.DONGFANGHONG, PlaceSource.SITE)
        by_shape = place_of(tx, point=point, on=TODAY)
        assert (by_shape.unit.code, by_shape.source) == (make.JIEFANG, PlaceSource.BOUNDARY)
        assert place_of(tx, point=Point(0, 0), on=TODAY) is None
        assert place_of(tx, point=None, on=TODAY) is None

    def test_a_known_shape_is_not_fetched_again(self, tx, connection):
        point = Point(35.2340, 113.2297)
        locate(tx, point=point, crs=Crs.WGS84, on=TODAY)
        with StatementCounter(connection) as counter:
            locate(tx, point=point, crs=Crs.WGS84, on=TODAY)
        assert len(counter.statements) == 3
        assert sum("shape" in statement for statement in counter.statements) <= 1

    def test_few_shapes_in_memory_give_the_same_answers(self, tx, monkeypatch):
        monkeypatch.setattr(locating, "_SHAPES", locating._Shapes(1))
        for lon, unit in ((113.2297, make.JIEFANG), (113.2740, make.SHANYANG)) * 2:
            found = locate(tx, point=Point(35.2340, lon), crs=Crs.WGS84, on=TODAY)
            assert found.place.unit.code == unit
            assert len(locating._SHAPES._kept) == 1

    @pytest.mark.parametrize("seed", range(2))
    def test_the_answer_is_that_of_a_slow_reference(self, tx, seed):
        """Units at random depths with random areas: holes, parts, overlaps, gaps in the chain."""
        draw, known = random.Random(seed), {}
        top = Unit(code="T", scheme="local", kind=UnitKind.CITY, parent_id=None, path="/T/",
                   name_zh="试市", full_name_zh=None, name_en=None,
                   valid_from=date(2000, 1, 1))  # fmt: skip
        units = [top]
        for n in range(24):
            above = draw.choice(units[:12])
            code = f"T{n}"
            units.append(
                Unit(
                    code=code,
                    scheme="local",
                    kind=UnitKind.COMMUNITY,
                    parent_id=above.id,
                    path=child_path(above.path, code),
                    name_zh=code,
                    full_name_zh=None,
                    name_en=None,
                    valid_from=date(2000, 1, 1),
                )
            )
        tx.add_all(units)
        tx.flush()
        tx.exec(sa.text("UPDATE unit_boundary SET withdrawn_at = now()"))
        for unit in draw.sample(units, 18):  # some have none
            known[unit.code] = random_area(draw)
        features = [
            {"type": "Feature", "properties": {"code": code}, "geometry": area.geometry}
            for code, area in known.items()
        ]
        set_boundaries(tx, document(*features))
        depth = {unit.code: unit.path.count("/") for unit in units}
        inside_any = 0
        for _ in range(70):
            lon = draw.uniform(CENTRE_LON - 0.1, CENTRE_LON + 0.3)
            lat = draw.uniform(CENTRE_LAT - 0.1, CENTRE_LAT + 0.1)
            if min(area.clearance(lon, lat) for area in known.values()) < 1e-9:
                continue
            holding = [code for code, area in known.items() if area.holds(lon, lat)]
            expected = min(holding, key=lambda c: (-depth[c], known[c].size), default=None)
            found = place_of(tx, point=Point(lat, lon), on=TODAY)
            assert (found.unit.code if found else None) == expected
            inside_any += expected is not None
        assert 10 < inside_any < 70


class TestCategories:
    def test_categories_come_in_pages_by_scheme_code_and_version(self, get):
        found, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = get("/v1/categories", limit=20, **more).json()
            found += [(one["scheme"], one["code"], one["version"]) for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(found) == len(set(found)) == 48
        assert found == sorted(found)

    def test_they_can_be_narrowed_down(self, get):
        (scheme,) = {one["scheme"] for one in get("/v1/categories").json()["items"]}
        assert get("/v1/categories", scheme="gbt30428").json()["items"] == []
        kinds = [
            one["kind"]
            for one in get("/v1/categories", scheme=scheme, kind="event").json()["items"]
        ]
        assert set(kinds) == {"event"}
        assert get("/v1/categories", version="1999").json()["items"] == []

    def test_a_cursor_of_another_list_is_refused(self, get):
        answer = get("/v1/categories", cursor="W10")
        assert answer.json()["errors"][0]["code"] == "field.bad-cursor"
