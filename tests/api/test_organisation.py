"""Units, lines and checklists, as every signed-in person reads them."""

import json

import pytest
from sqlmodel import select

from app import loading
from app.kit.errors import Invalid
from app.organisation.rules import Role
from app.organisation.tables import Unit
from tests import factories as make
from tests.conftest import CITY


@pytest.fixture
def reader(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


def get(client, reader, path, **query):
    return client.get(path, params=query, headers=reader.headers)


def test_units_are_listed_by_kind(client, reader):
    page = get(client, reader, "/v1/units", kind="district").json()
    assert [unit["name"] for unit in page["items"]] == [
        "解放区", "中站区", "马村区", "山阳区", "示范区",
    ]  # fmt: skip
    assert page["next_cursor"] is None


def test_units_below_a_parent_come_in_pages_without_gap_or_repeat(client, reader):
    codes, cursor = [], None
    while True:
        query = {"parent": make.JIEFANG, "limit": 4} | ({"cursor": cursor} if cursor else {})
        page = get(client, reader, "/v1/units", **query).json()
        codes += [unit["code"] for unit in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert codes == sorted(set(codes))
    assert [code for code in codes if code.startswith("4108020")] == [
        f"4108020{n:02d}" for n in range(1, 10)
    ]


def test_one_unit_shows_the_way_down_to_it(client, reader):
    unit = get(client, reader, f"/v1/units/{make.FENGHUAYUAN}").json()
    assert unit["path"] == ["410800", "410802", "410802001", "410802001001"]
    assert unit["kind"] == "community"


def test_a_unit_that_is_not_there(client, reader):
    for path in ("/v1/units/999999", "/v1/units/%27%3B"):
        answer = get(client, reader, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unit.not-found")
    answer = get(client, reader, "/v1/units", parent="999999")
    assert (answer.status_code, answer.json()["code"]) == (404, "unit.not-found")


def test_all_twenty_lines_are_listed_in_both_languages(client, reader):
    lines = get(client, reader, "/v1/lines").json()["items"]
    assert len(lines) == 20
    english = client.get("/v1/lines", headers=reader.headers | {"Accept-Language": "en"}).json()
    names = {line["code"]: line["name"] for line in english["items"]}
    assert names["public-toilets"] == "public toilets"
    assert {"code": "public-toilets", "name": "公厕整治"} in lines


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"limit": 501}, "/limit", "field.too-large"),
        ({"limit": 0}, "/limit", "field.too-small"),
        ({"limit": "many"}, "/limit", "field.format"),
        ({"cursor": "%%%"}, "/cursor", "field.bad-cursor"),
        ({"cursor": "W10"}, "/cursor", "field.bad-cursor"),
        ({"cursor": "x" * 401}, "/cursor", "field.too-long"),
        ({"kind": "galaxy"}, "/kind", "field.value"),
        ({"parent": "a\x00b"}, "/parent", "field.format"),
        ({"parent": "x" * 65}, "/parent", "field.too-long"),
    ],
)
def test_bad_parameters_are_pointed_at(client, reader, query, pointer, code):
    answer = get(client, reader, "/v1/units", **query)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)


def test_a_nul_in_a_path_or_a_cursor_is_no_way_to_a_500(client, reader):
    from app.kit.paging import encode_cursor

    assert get(client, reader, "/v1/units/a%00b").status_code == 422
    answer = get(client, reader, "/v1/units", cursor=encode_cursor("a\x00b"))
    assert answer.status_code == 422


def test_a_checklist_version_has_everything_a_phone_needs(client, reader):
    version = get(client, reader, "/v1/checklists/gc/versions/1").json()
    assert version["site_category"] == "公厕"
    assert version["state"] == "published"
    assert len(version["items"]) == 11
    first = version["items"][0]
    assert (first["code"], first["weight"], first["veto"]) == ("GC-01", "12.000", True)
    assert [item["position"] for item in version["items"]] == list(range(1, 12))
    counted = version["items"][5]
    assert counted["params"]["deduct_per"] == 3


def test_all_eleven_checklists_weigh_a_hundred(client, reader):
    for row in json.loads((CITY / "checklists.json").read_text()):
        version = get(client, reader, f"/v1/checklists/{row['code']}/versions/1").json()
        assert sum(float(item["weight"]) for item in version["items"]) == 100


@pytest.mark.parametrize("path", ["none/versions/1", "gc/versions/2"])
def test_a_checklist_that_is_not_there(client, reader, path):
    answer = get(client, reader, f"/v1/checklists/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "checklist.not-found")


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "one"])
def test_a_version_number_out_of_range_is_pointed_at(client, reader, number):
    answer = get(client, reader, f"/v1/checklists/gc/versions/{number}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/number"


def test_a_dashboard_reads_units_and_no_checklists(client, tx):
    dashboard = make.signed_in(tx, Role.DASHBOARD)
    assert get(client, dashboard, "/v1/units").status_code == 200
    answer = get(client, dashboard, "/v1/checklists/gc/versions/1")
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    assert "checklist.read" in answer.json()["detail"]


def test_loading_the_city_again_changes_nothing(tx):
    before = sorted((unit.code, unit.id, unit.path) for unit in tx.exec(select(Unit)).all())
    counts = loading.load_city(tx, CITY)
    assert counts["units"] == 444
    assert counts["checklists"] == 0
    tx.expire_all()
    assert sorted((unit.code, unit.id, unit.path) for unit in tx.exec(select(Unit)).all()) == before


def test_a_published_checklist_cannot_be_loaded_with_other_content(tx):
    from app.checklists import importing

    (row,) = [row for row in loading._read(CITY / "checklists.json") if row["code"] == "gc"]
    row["items"][0]["weight"] = "13"
    with pytest.raises(Invalid) as error:
        importing.load_checklists(tx, [row])
    assert error.value.faults[0].code == "field.differs"


def test_a_file_with_an_unknown_reference_says_where(tx):
    from app.organisation import importing

    rows = [{"area": "410800", "line": "nonsense", "unit": "JZ-CGJ"}]
    with pytest.raises(Invalid) as error:
        importing.load_responsibilities(tx, rows)
    assert error.value.faults[0].pointer == "/responsibilities/0/line"


def test_a_broken_city_file_is_words_and_not_a_traceback(tx, tmp_path):
    (tmp_path / "city.json").write_text("{")
    with pytest.raises(Invalid) as error:
        loading.load_city(tx, tmp_path)
    assert error.value.faults[0].code == "field.json"
