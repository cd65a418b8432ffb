"""Checklists: a draft is its authors', a published version is everybody's and never changes."""

import copy
import json

import pytest
import sqlalchemy as sa
from jsonschema_rs import Draft202012Validator, meta
from sqlalchemy.exc import DBAPIError

from app.checklists import document as documents
from app.infra.events import Event
from app.organisation.rules import Role
from tests import factories as make
from tests.conftest import CITY

PATH = "/v1/checklists/test-bj/versions"


def item(code, **changes):
    row = {
        "code": code,
        "text_zh": "路面平整、无破损",
        "text_en": "The road is even and unbroken",
        "weight": "10",
        "answer_type": "pass_fail",
        "line": "sanitation",
        "problem_category": "E0110",
        "veto": False,
        "photo_rule": "on_fail",
    }
    return row | changes


def document(*items, **changes):
    row = {
        "code": "test-bj",
        "version": 1,
        "site_category": "背街小巷",
        "title_zh": "试行检查表",
        "title_en": "Trial checklist",
        "items": list(items) or [item("A"), item("B", applies_if={"item": "A"})],
    }
    return row | changes


@pytest.fixture
def author(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def reader(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def call(client):
    def call(method, path, who, body=None, status=200, **headers):
        answer = client.request(method, path, json=body, headers=who.headers | headers)
        assert answer.status_code == status, answer.text
        return answer

    return call


def codes(answer):
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


def test_a_draft_is_replaced_published_and_then_stays(call, tx, author, reader):
    whole = document(
        item("A", answer_type="count_deduct", params={"deduct_per": 0.5, "per_length_m": 100}),
        item(
            "B",
            answer_type="number_min",
            params={"min": 2, "unit_zh": "处"},
            na_allowed=False,
            photo_max=3,
            exemption_zh="划线车位内的车辆不计",
            exemption_en="Vehicles inside painted bays do not count",
            rectification_limit={"quantity": 2, "unit": "urgent_hour"},
            applies_if={"item": "A", "any_of": [0]},
        ),
        item("C", answer_type="grade_abc", veto=True, veto_class="fire", weight="2.5"),
    )
    first = call("POST", PATH, author, document(), 201).json()
    assert first["state"] == "draft"
    drafted = call("PUT", f"{PATH}/1", author, whole).json()
    assert drafted["digest"] != first["digest"]
    assert drafted["items"][1] == {
        "code": "B",
        "position": 2,
        "text": "路面平整、无破损",
        "weight": "10.000",
        "answer_type": "number_min",
        "params": {"min": 2, "unit_zh": "处"},
        "line": "sanitation",
        "problem_category": drafted["items"][0]["problem_category"],
        "veto": False,
        "veto_class": None,
        "photo_rule": "on_fail",
        "photo_min": 1,
        "photo_max": 3,
        "na_allowed": False,
        "applies_if": {"item": "A", "any_of": [0]},
        "exemption": "划线车位内的车辆不计",
        "rectification_limit": {"quantity": 2, "unit": "urgent_hour"},
    }
    for path in (f"{PATH}/1", f"{PATH}/1/document"):
        call("GET", path, reader, status=404)
        assert call("GET", path, author).headers["cache-control"] == "no-store"
    call("GET", PATH, reader, status=404)

    assert call("POST", f"{PATH}/1/publish", author).json()["state"] == "published"
    english = call("GET", f"{PATH}/1", reader, **{"Accept-Language": "en"}).json()
    assert english["items"][1]["exemption"] == "Vehicles inside painted bays do not count"
    kept = call("GET", f"{PATH}/1/document", reader)
    assert documents.digest_of(kept.json()) == english["digest"]
    assert kept.json() == documents.canonical(whole)
    for path, body in ((f"{PATH}/1", whole), (f"{PATH}/1/publish", None)):
        method = "PUT" if body else "POST"
        answer = call(method, path, author, body, 409)
        assert answer.json()["code"] == "checklist.published"
    call("POST", f"{PATH}/1/discard", author, status=409)
    with pytest.raises(DBAPIError, match="never changed"), tx.begin_nested():
        tx.exec(sa.text("UPDATE item SET photo_max = 9 WHERE code = 'B'"))
    kinds = tx.exec(
        sa.select(Event.kind, Event.data)
        .where(Event.data["code"].as_string() == "test-bj")
        .order_by(Event.id)
    ).all()
    assert [kind for kind, _ in kinds] == [
        "checklist.drafted",
        "checklist.drafted",
        "checklist.published",
    ]
    assert kinds[1][1]["before"] == {"digest": first["digest"]}


def test_a_published_version_may_be_kept_for_ever(call, reader):
    path = "/v1/checklists/bj/versions/1"
    first = call("GET", path, reader)
    assert "immutable" in first.headers["cache-control"]
    held = {"If-None-Match": first.headers["etag"]}
    assert call("GET", path, reader, status=304, **held).content == b""
    other = {"Accept-Language": "en"}
    assert call("GET", path, reader, **held, **other).headers["etag"] != first.headers["etag"]


def test_a_number_is_taken_once_and_a_discarded_draft_frees_it(call, author):
    call("POST", PATH, author, document(), 201)
    again = call("POST", PATH, author, document(), 409)
    assert again.json()["code"] == "checklist.version-exists"
    call("POST", f"{PATH}/1/discard", author, status=204)
    call("GET", f"{PATH}/1", author, status=404)
    # The checklist itself went with its only version, so another category is possible.
    call("POST", PATH, author, document(site_category="公厕"), 201)
    assert codes(call("POST", PATH, author, document(version=2), 422)) == [
        ("/site_category", "field.value")
    ]


def test_every_fault_of_a_document_is_named_and_nothing_is_kept(call, client, author):
    bad = document(
        item("A", line="no-line", problem_category="X0"),
        item("A", applies_if={"item": "C"}),
        item("C", photo_min=3, photo_max=2, veto_class="fire"),
    )
    assert codes(call("POST", PATH, author, bad, 422)) == [
        ("/items/1/code", "field.duplicate"),
        ("/items/1/applies_if/item", "item.not-earlier"),
        ("/items/2/photo_max", "field.too-small"),
        ("/items/2/veto_class", "field.value"),
        ("/items/0/line", "field.unknown-reference"),
        ("/items/0/problem_category", "field.unknown-reference"),
    ]
    assert codes(call("POST", PATH, author, document(code="other"), 422)) == [
        ("/code", "field.not-the-path")
    ]
    for params in ({"min": "\x00"}, {"min": [1]}, {"min": 1e400}):
        text = json.dumps(document(item("A", params=params)), allow_nan=True)
        headers = {"Content-Type": "application/json"} | author.headers
        answer = client.post(PATH, content=text, headers=headers)
        assert answer.status_code == 422, answer.text
    call("GET", f"{PATH}/1", author, status=404)


def test_the_difference_between_two_versions(call, author, reader):
    call("POST", PATH, author, document(item("A"), item("B"), item("C")), 201)
    call("POST", f"{PATH}/1/publish", author)
    second = document(
        item("C"), item("A", weight="12.5", na_allowed=False), item("D"), version=2, title_en=None
    )
    call("POST", PATH, author, second, 201)
    call("GET", f"{PATH}/2/diff?against=1", reader, status=404)
    diff = call("GET", f"{PATH}/2/diff?against=1", author).json()
    assert [one["field"] for one in diff["fields"]] == ["title_en", "version"]
    assert [(one["position"], one["item"]["code"]) for one in diff["added"]] == [(3, "D")]
    assert [(one["position"], one["item"]["code"]) for one in diff["removed"]] == [(2, "B")]
    assert diff["changed"] == [
        {
            "item": "A",
            "fields": [
                {"field": "na_allowed", "before": None, "after": False},
                {"field": "weight", "before": "10", "after": "12.5"},
            ],
        }
    ]
    assert len(diff["moved"]) == 1
    assert (diff["total_weight_before"], diff["total_weight_after"]) == ("30.000", "32.500")


def test_lists_show_drafts_to_their_authors_only(call, author, reader):
    call("POST", "/v1/checklists/bj/versions", author, document(code="bj", version=7), 201)
    for who, newest in ((author, 7), (reader, 1)):
        page = call("GET", "/v1/checklists?limit=500", who).json()
        found = {one["code"]: one["newest_version"] for one in page["items"]}
        assert found["bj"] == newest
        versions = call("GET", "/v1/checklists/bj/versions?limit=1", who).json()
        assert versions["items"][0]["version"] == newest
        assert (versions["next_cursor"] is None) is (newest == 1)
    cursor, seen = None, []
    while cursor is not None or not seen:
        query = f"&cursor={cursor}" if cursor else ""
        page = call("GET", f"/v1/checklists?limit=4{query}", reader).json()
        seen += [one["code"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(seen)
    assert len(seen) == len(json.loads((CITY / "checklists.json").read_text(encoding="utf-8")))


def test_the_schema_fits_every_published_document_and_refuses_others(call, reader):
    schema = call("GET", "/v1/checklists:schema", reader).json()
    meta.validate(schema)
    validator = Draft202012Validator(schema)
    for one in call("GET", "/v1/checklists?limit=500", reader).json()["items"]:
        path = f"/v1/checklists/{one['code']}/versions/{one['newest_version']}/document"
        found = call("GET", path, reader).json()
        assert list(validator.iter_errors(found)) == []
    wrong = copy.deepcopy(found)
    wrong["items"][0]["photo_rule"] = "sometimes"
    assert len(list(validator.iter_errors(wrong))) == 1


def test_only_headquarters_may_write(call, reader):
    for method, path, body in (
        ("POST", PATH, document()),
        ("PUT", f"{PATH}/1", document()),
        ("POST", f"{PATH}/1/publish", None),
        ("POST", f"{PATH}/1/discard", None),
    ):
        assert call(method, path, reader, body, 403).json()["code"] == "auth.forbidden"


def test_a_visit_answers_only_what_its_answers_ask_for(call, client, tx, author, reader):
    """The condition holds on the server, whatever the phone showed."""
    body = document(item("A"), item("B", applies_if={"item": "A", "any_of": ["fail"]}))
    call("POST", PATH, author, body, 201)
    call("POST", f"{PATH}/1/publish", author)
    round_ = make.make_round(tx, sites=[make.site_row("S-1")])
    plan = make.plan_visit(tx, round_.id, "S-1", checklist="test-bj")
    assert codes(make.submit(client, reader, plan.body)) == [("/answers/1/item", "item.not-asked")]
    plan.body["answers"] = plan.body["answers"][:1]
    answer = make.submit(client, reader, plan.body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["earned"], answer.json()["possible"]) == ("10.000", "10.000")
