"""Problems that are reported without a task."""

import pytest
from sqlmodel import select

from app.evidence.tables import Grant
from app.kit.ids import new_id
from app.ledger.tables import Problem
from app.organisation.rules import Role
from tests import factories as make


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def site(tx):
    make.make_round(tx, sites=[make.site_row("XC-1", unit=make.FENGHUAYUAN)])
    return "XC-1"


def report_of(**changes):
    return {
        "id": str(new_id()),
        "line": "public-toilets",
        "note": "厕位无门",
        "found_at": "2018-09-11T10:00:00+08:00",
    } | changes


def send(client, who, report):
    return client.post("/v1/ledger/reports", json=report, headers=who.headers)


def test_a_report_at_a_site_opens_an_entry_for_who_answers_there(client, tx, inspector, site):
    photo = str(new_id())
    report = report_of(site=site, photos=[photo], unit=make.DONGFANGHONG)
    answer = send(client, inspector, report)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["source"], found["state"], found["site"]["code"]) == ("patrol", "reported", site)
    assert found["area"]["code"] == make.FENGHUAYUAN
    assert found["answerable_unit"]["code"] == "JF-HWC"
    handler = make.signed_in(tx, Role.UNIT_HANDLER, unit="JF-HWC", areas=[])
    seen = client.get(f"/v1/ledger/{found['number']}", headers=handler.headers)
    assert {name: seen.json()[name] for name in ("number", "version", "photos")} == {
        name: found[name] for name in ("number", "version", "photos")
    }
    assert len(tx.exec(select(Grant).where(Grant.photo_id == photo)).all()) == 1
    again = send(client, inspector, report)
    assert (again.json(), again.headers["dudao-replayed"]) == (found, "true")
    assert len(tx.exec(select(Problem)).all()) == 1


def test_another_content_or_person_under_the_same_id_is_refused(client, tx, inspector, site):
    report = report_of(site=site)
    send(client, inspector, report).raise_for_status()
    other = make.signed_in(tx, Role.TEAM_LEAD)
    for who, body in ((inspector, report | {"note": "另一处"}), (other, report)):
        answer = send(client, who, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "problem.id-reused")


def test_a_unit_says_where_it_is_as_well(client, inspector):
    found = send(client, inspector, report_of(unit=make.MINSHENG)).json()
    assert (found["area"]["code"], found["site"]) == (make.MINSHENG, None)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, {("/location", "place.unknown")}),
        (
            {"location": {"lat": 0.0, "lon": 0.0, "crs": "wgs84"}},
            {("/location", "place.unknown")},
        ),
        ({"site": "nowhere"}, {("/site", "field.unknown-reference")}),
        ({"unit": "nowhere"}, {("/unit", "field.unknown-reference")}),
        (
            {"unit": make.MINSHENG, "line": "x"},
            {("/line", "field.unknown-reference")},
        ),
        (
            {
                "unit": make.MINSHENG,
                "category": {"scheme": "x", "code": "x", "version": "x"},
                "photos": ["0190d5a2-0000-7000-8000-000000000001"] * 2,
            },
            {("/category", "field.unknown-reference"), ("/photos/1", "field.duplicate")},
        ),
    ],
)
def test_each_fault_has_its_pointer(client, tx, inspector, changes, faults):
    answer = send(client, inspector, report_of(**changes))
    assert answer.status_code == 422, answer.text
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == faults
    assert tx.exec(select(Problem)).all() == []


def test_a_place_out_of_reach_is_not_there(client, tx, site):
    who = make.signed_in(
        tx, Role.UNIT_COORDINATOR, unit=make.SHANYANG, areas=[make.SHANYANG], lines=[]
    )
    answer = send(client, who, report_of(site=site))
    assert answer.json()["errors"][0]["pointer"] == "/site"
    assert send(client, who, report_of(unit=make.DONGFANGHONG)).status_code == 201
