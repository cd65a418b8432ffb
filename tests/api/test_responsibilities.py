"""Who answers and why; special groups; cells of the grid."""

import pytest
from sqlmodel import select

from app.infra.events import Event
from app.organisation import queries
from app.organisation.importing_boundaries import set_boundaries
from app.organisation.rules import Role, codes_of
from tests import factories as make
from tests.api.test_units import document, square
from tests.support import StatementCounter

DAY = "2018-09-12"
TOILETS = "public-toilets"


@pytest.fixture
def hq(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def get(client, hq):
    return lambda path, **query: client.get(path, params=query, headers=hq.headers)


@pytest.fixture
def post(client, hq):
    return lambda path, **body: client.post(path, json=body, headers=hq.headers)


@pytest.fixture
def ask(get):
    return lambda **query: get("/v1/responsibilities:answerable", **{"line": TOILETS} | query)


def last_event(tx, kind):
    query = select(Event).where(Event.kind == kind).order_by(Event.id.desc())
    return tx.exec(query).first().data


def verdicts(answer):
    return [(one["area"]["code"], one["verdict"]) for one in answer.json()["reasons"]]


class TestResponsibilities:
    def test_the_ways_to_name_a_place_give_one_answer(self, tx, ask):
        set_boundaries(tx, document(square(make.FENGHUAYUAN, 113.205, 35.225)))
        make.make_round(tx, sites=[make.site_row("S-1", unit=make.FENGHUAYUAN)])
        found = [
            ask(lat=35.23, lon=113.21, crs="wgs84", on=DAY).json(),
            ask(unit=make.FENGHUAYUAN, on=DAY).json(),
            ask(site="S-1", on=DAY).json(),
        ]
        assert [one["place"]["source"] for one in found] == ["boundary", None, "site"]
        assert found[0]["place"]["boundary"]["source"] == "测绘院 2018"
        assert {one["answerable"]["unit"]["code"] for one in found} == {"JF-HWC"}
        assert found[0]["reasons"] == found[1]["reasons"] == found[2]["reasons"]

    def test_every_level_says_why(self, ask):
        answer = ask(unit=make.FENGHUAYUAN, on=DAY)
        assert verdicts(answer) == [
            (make.FENGHUAYUAN, "no-entry"),
            (make.MINSHENG, "no-entry"),
            (make.JIEFANG, "answers"),
            (make.CITY, "farther"),
        ]
        assert answer.json()["reasons"][3]["responsibility"]["unit"]["code"] == "JZ-CGJ"
        assert answer.json()["reasons"][0]["text"] == "本级未作分工"

    def test_changing_who_answers_is_ending_and_adding(self, tx, get, post, ask):
        person = make.make_person(tx, Role.UNIT_COORDINATOR, login="leader-1")
        new = {"area": make.MINSHENG, "line": TOILETS, "unit": make.MINSHENG}
        added = post("/v1/responsibilities", **new, leader=person.login, valid_from="2018-09-01")
        assert added.status_code == 201
        here = ask(unit=make.FENGHUAYUAN, on=DAY).json()["answerable"]
        assert here["leader"] == {"login": "leader-1", "name": person.name, "active": True}
        again = post("/v1/responsibilities", **new, valid_from="2018-09-20")
        assert (again.status_code, again.json()["code"]) == (409, "responsibility.overlaps")
        path = f"/v1/responsibilities/{added.json()['id']}/end"
        assert post(path, on="2018-09-11").json()["valid_to"] == "2018-09-11"
        assert post(path, on="2018-09-11").json()["code"] == "responsibility.ended"
        assert ask(unit=make.FENGHUAYUAN, on=DAY).json()["answerable"]["unit"]["code"] == "JF-HWC"
        assert (make.MINSHENG, "ended") in verdicts(ask(unit=make.FENGHUAYUAN, on=DAY))
        assert (make.MINSHENG, "not-begun") in verdicts(ask(unit=make.FENGHUAYUAN, on="2018-08-31"))
        assert post("/v1/responsibilities", **new, valid_from="2018-09-12").status_code == 201
        listed = get("/v1/responsibilities", area=make.MINSHENG, line=TOILETS).json()["items"]
        assert [one["valid_from"] for one in listed] == ["2018-09-01", "2018-09-12"]
        now = get("/v1/responsibilities", area=make.MINSHENG, line=TOILETS, on=DAY).json()
        assert [one["valid_from"] for one in now["items"]] == ["2018-09-12"]
        assert last_event(tx, "responsibility.ended")["after"] == {"valid_to": "2018-09-11"}

    def test_nobody_answers_where_nobody_is_named(self, tx, ask):
        """And the quick way that visits use says the same for every line of the place."""
        unit = queries.get_unit(tx, make.FENGHUAYUAN)
        quick = queries.answerable_units(tx, area_path=unit.path, on=make_day())
        assert codes_of(unit.path)[0] == make.CITY
        answered = 0
        for line in queries.list_lines(tx):
            found = ask(unit=make.FENGHUAYUAN, line=line.code, on=DAY).json()["answerable"]
            expected = quick.get(line.id)
            assert (found is None) is (expected is None)
            if found is not None and expected is not None:
                answered += 1
                (named,) = queries.find_units_by_id(tx, [expected.unit_id]).values()
                assert named.code == found["unit"]["code"]
        assert answered > 10

    @pytest.mark.parametrize(
        ("body", "pointer", "code"),
        [
            ({"area": "nowhere"}, "/area", "field.unknown-reference"),
            ({"unit": "nowhere"}, "/unit", "field.unknown-reference"),
            ({"line": "nothing"}, "/line", "field.unknown-reference"),
            ({"handler": "nobody"}, "/handler", "field.unknown-reference"),
            ({"valid_to": "2018-08-31"}, "/valid_to", "field.order"),
            ({"valid_from": "1999-01-01"}, "/area", "unit.not-valid"),
        ],
    )
    def test_what_cannot_be_added(self, post, body, pointer, code):
        given = {"area": make.MINSHENG, "line": TOILETS, "unit": make.MINSHENG}
        answer = post("/v1/responsibilities", **given | {"valid_from": "2018-09-01"} | body)
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
            (pointer, code)
        ]

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"unit": make.MINSHENG, "site": "S-1"},
            {"lat": 35.2, "lon": 113.2},
            {"lat": 35.2, "crs": "wgs84"},
            {"unit": make.MINSHENG, "crs": "wgs84"},
            {"unit": make.MINSHENG, "line": "nothing"},
        ],
    )
    def test_a_question_that_names_no_one_place_is_refused(self, ask, query):
        assert ask(**query).status_code == 422
        assert ask(unit="nowhere").status_code == 404
        assert ask(site="nowhere").json()["code"] == "site.not-found"

    def test_a_site_out_of_reach_is_none(self, client, tx):
        make.make_round(tx, sites=[make.site_row("S-1", unit=make.MINSHENG)])
        for unit, status in ((make.SHANYANG, 404), (make.JIEFANG, 200)):
            who = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=unit, areas=[unit])
            query = {"line": TOILETS, "site": "S-1", "on": DAY}
            answer = client.get(
                "/v1/responsibilities:answerable", params=query, headers=who.headers
            )
            assert answer.status_code == status

    def test_headquarters_of_a_district_stays_in_its_areas(self, client, tx):
        there = make.signed_in(tx, Role.HQ_ADMIN, unit=make.SHANYANG, areas=[make.SHANYANG])
        body = {"area": make.MINSHENG, "line": TOILETS, "unit": make.MINSHENG}
        answer = client.post("/v1/responsibilities", json=body, headers=there.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "unit.out-of-reach")

    def test_the_list_pages_and_costs_the_same_however_long(self, get, connection):
        found, cursor, counts = [], None, set()
        while True:
            more = {"cursor": cursor} if cursor else {}
            with StatementCounter(connection) as counter:
                page = get("/v1/responsibilities", limit=100, **more).json()
            counts.add(len(counter.statements))
            found += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(found) == len(set(found)) > 100
        assert len(counts) == 1


def make_day():
    from datetime import date

    return date.fromisoformat(DAY)


class TestGroups:
    def office_and_commands(self, post):
        """One office, eight commands, as a sub-district of the press set them up."""
        names = (
            "市容环境卫生", "交通秩序", "集贸市场", "六小行业", "工地", "社区及窗口单位",
            "铁路沿线河渠", "专项",
        )  # fmt: skip
        empty = {"lines": [], "sites": [], "members": []}
        office = {"kind": "office", "name_zh": "双迎攻坚办公室", "areas": [make.MINSHENG]}
        assert post("/v1/groups", code="BGS", valid_from="2018-01-01", **empty | office).is_success
        for number, name in enumerate(names, start=1):
            command = {
                "kind": "command",
                "parent": "BGS",
                "name_zh": f"{name}治理指挥部",
                "areas": [make.MINSHENG],
                "lines": [TOILETS] if number == 1 else [],
                "members": [{"unit": "JF-HWC", "role": "leader"}] if number == 1 else [],
            }
            body = empty | command | {"code": f"ZHB-{number}", "valid_from": "2018-01-01"}
            answer = post("/v1/groups", **body)
            assert answer.status_code == 201, answer.text

    def test_one_office_and_eight_commands(self, get, post, connection):
        self.office_and_commands(post)
        with StatementCounter(connection) as counter:
            items = get("/v1/groups", on=DAY).json()["items"]
        assert [one["kind"] for one in items] == ["office"] + ["command"] * 8
        assert {one["parent"] for one in items[1:]} == {"BGS"}
        assert len(counter.statements) <= 10
        first = get("/v1/groups/ZHB-1").json()
        assert first["lines"] == [{"code": TOILETS, "name": "公厕整治"}]
        assert first["members"][0]["unit"]["code"] == "JF-HWC"
        assert get("/v1/groups", on="2017-12-31").json()["items"] == []

    def test_a_change_tells_what_changed(self, tx, get, post):
        self.office_and_commands(post)
        make.make_round(tx, sites=[make.site_row("S-9")])
        person = make.make_person(tx, Role.UNIT_COORDINATOR)
        body = {
            "kind": "command", "parent": "BGS", "name_zh": "市容环境卫生治理指挥部",
            "areas": [make.MINSHENG], "lines": [TOILETS], "sites": ["S-9"],
            "members": [{"unit": "JF-HWC", "role": "leader"}, {"person": person.login}],
        }  # fmt: skip
        assert post("/v1/groups/ZHB-1/change", **body).status_code == 200
        told = last_event(tx, "group.changed")
        assert set(told["before"]) == set(told["after"]) == {"sites", "members"}
        assert told["after"]["sites"] == ["S-9"]
        assert post("/v1/groups/ZHB-1/end", on="2018-12-31").json()["valid_to"] == "2018-12-31"
        for path in ("change", "end"):
            again = body if path == "change" else {"on": "2018-12-31"}
            answer = post(f"/v1/groups/ZHB-1/{path}", **again)
            assert (answer.status_code, answer.json()["code"]) == (409, "group.ended")
        assert "ZHB-1" not in {
            g["code"] for g in get("/v1/groups", on="2019-01-01").json()["items"]
        }

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"lines": ["nothing"]}, "/lines", "field.unknown-reference"),
            ({"areas": ["nowhere"]}, "/areas", "field.unknown-reference"),
            ({"sites": ["nowhere"]}, "/sites", "field.unknown-reference"),
            ({"parent": "nobody"}, "/parent", "field.unknown-reference"),
            ({"parent": "BGS"}, "/parent", "field.value"),
            ({"members": [{"person": "nobody"}]}, "/members", "field.unknown-reference"),
            ({"members": [{"role": "leader"}]}, "/members/0", "field.format"),
            ({"members": [{"unit": "JF-HWC"}] * 2}, "/members", "field.duplicate"),
            ({"lines": [TOILETS] * 2}, "/lines", "field.duplicate"),
        ],
    )
    def test_what_a_group_cannot_be(self, post, changes, pointer, code):
        body = {"kind": "office", "name_zh": "办公室", "valid_from": "2018-01-01", "code": "BGS"}
        empty = {"lines": [], "areas": [], "sites": [], "members": []}
        answer = post("/v1/groups", **body | empty | changes)
        assert answer.status_code == 422, answer.text
        assert (pointer, code) in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}

    def test_a_code_is_taken_once_and_unknown_ones_are_not_found(self, get, post):
        self.office_and_commands(post)
        body = {"kind": "office", "name_zh": "办公室", "code": "BGS"}
        answer = post("/v1/groups", **body, lines=[], areas=[], sites=[], members=[])
        assert (answer.status_code, answer.json()["code"]) == (409, "group.exists")
        assert get("/v1/groups/NONE").json()["code"] == "group.not-found"


class TestGridCells:
    OUTLINE = {"crs": "wgs84", "source": "网格办"}  # noqa: RUF012 - never changed

    def new(self, post, code="410802001001001", **changes):
        outline = self.OUTLINE | {"geometry": square("x", 113.2, 35.2)["geometry"]}
        body = {"scheme": "gbt30428", "code": code, "unit": make.FENGHUAYUAN, "boundary": outline}
        return post("/v1/grid-cells", **body | {"valid_from": "2018-01-01"} | changes)

    def test_a_cell_begins_and_ends_and_begins_anew(self, tx, get, post):
        person = make.make_person(tx, Role.UNIT_HANDLER)
        assert self.new(post, person=person.login).json()["person"]["login"] == person.login
        assert self.new(post).json()["code"] == "cell.exists"
        path = "/v1/grid-cells/gbt30428/410802001001001"
        assert get(path).json()["geometry"] is None
        assert get(path, geometry=True).json()["geometry"]["type"] == "MultiPolygon"
        assert post(f"{path}/end", on="2018-12-31").status_code == 200
        assert post(f"{path}/end", on="2018-12-31").json()["code"] == "cell.ended"
        assert self.new(post, valid_from="2019-01-01", boundary=None).status_code == 201
        assert get(path).json()["boundary_source"] is None
        for on, count in (("2017-12-31", 0), ("2018-12-31", 1), ("2019-01-01", 1)):
            assert len(get("/v1/grid-cells", on=on).json()["items"]) == count

    def test_cells_are_listed_below_a_unit_page_by_page(self, get, post):
        for number in range(1, 4):
            self.new(post, f"41080200100100{number}")
        self.new(post, "410811001001001", unit=make.DONGFANGHONG)
        first = get("/v1/grid-cells", unit=make.JIEFANG, limit=2).json()
        rest = get("/v1/grid-cells", unit=make.JIEFANG, cursor=first["next_cursor"]).json()
        codes = [one["code"] for one in first["items"] + rest["items"]]
        assert codes == [f"41080200100100{number}" for number in range(1, 4)]
        assert get("/v1/grid-cells", scheme="other").json()["items"] == []

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"unit": "nowhere"}, "/unit", "field.unknown-reference"),
            ({"person": "nobody"}, "/person", "field.unknown-reference"),
            ({"boundary": {"geometry": {}, "source": "x"}}, "/boundary/crs", "field.missing"),
            (
                {"boundary": {"geometry": {}, "source": "x", "crs": "bd09"}},
                "/boundary/geometry/type",
                "field.value",
            ),
            ({"valid_from": "1999-01-01"}, "/unit", "unit.not-valid"),
        ],
    )
    def test_what_a_cell_cannot_be(self, post, changes, pointer, code):
        answer = self.new(post, **changes)
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]

    def test_one_that_is_not_there(self, get):
        answer = get("/v1/grid-cells/gbt30428/1")
        assert (answer.status_code, answer.json()["code"]) == (404, "cell.not-found")
