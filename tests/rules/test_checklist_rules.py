"""Which items apply, what a document must be, and what differs between two of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checklists import document as documents
from app.checklists.diffing import Difference, difference
from app.checklists.rules import Condition, applicable, read_condition, thousandths

_CITY = Path(__file__).resolve().parents[2] / "scripts" / "city" / "jiaozuo"
_VALUES = ["pass", "fail", "na"]


def item(code, **changes):
    row = {
        "code": code,
        "text_zh": "路面干净",
        "text_en": "The road is clean",
        "weight": "10",
        "answer_type": "pass_fail",
        "params": {},
        "line": "sanitation",
        "problem_category": "E0110",
        "veto": False,
        "veto_class": None,
        "photo_rule": "on_fail",
        "photo_min": 1,
    }
    return row | changes


def document(*items, **changes):
    row = {
        "code": "xx",
        "version": 1,
        "site_category": "背街小巷",
        "title_zh": "检查表",
        "title_en": None,
        "items": list(items),
    }
    return row | changes


def faults(*items):
    found = documents.faults_of(documents.canonical(document(*items)))
    return [(fault.pointer, fault.code) for fault in found]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "A"),
        ({"A": "pass"}, "A"),
        ({"A": "fail"}, "AB"),
        ({"A": "fail", "B": "na"}, "AB"),
        ({"A": "fail", "B": "pass"}, "ABC"),
        ({"A": "pass", "B": "pass"}, "A"),  # B is not asked, so nothing hangs on its answer
    ],
)
def test_an_item_applies_when_the_item_before_it_says_so(answers, expected):
    items = [("A", None), ("B", Condition("A", ("fail",))), ("C", Condition("B", None))]
    assert applicable(items, answers) == frozenset(expected)


_codes = st.lists(st.sampled_from("ABCDEFGH"), unique=True, min_size=1, max_size=8)


@st.composite
def _conditional(draw):
    """Items of which each may look at an earlier one."""
    codes = draw(_codes)
    items = []
    for index, code in enumerate(codes):
        values = st.none() | st.lists(st.sampled_from(_VALUES), min_size=1, max_size=2).map(tuple)
        conditions = [st.builds(Condition, st.sampled_from(codes[:index]), values)] if index else []
        items.append((code, draw(st.one_of(st.none(), *conditions))))
    return items


def _asks(items, answers, code):
    """The slow reference: follow the conditions down to an item that always applies."""
    condition = dict(items)[code]
    if condition is None:
        return True
    given = answers.get(condition.item)
    if given is None or not _asks(items, answers, condition.item):
        return False
    return given != "na" if condition.any_of is None else given in condition.any_of


@given(items=_conditional(), data=st.data())
def test_the_order_of_the_answers_never_matters(items, data):
    codes = [code for code, _ in items]
    answers = data.draw(st.dictionaries(st.sampled_from(codes), st.sampled_from(_VALUES)))
    found = applicable(items, answers)
    other = dict(data.draw(st.permutations(list(answers.items()))))
    assert applicable(items, other) == found
    assert found == {code for code in codes if _asks(items, answers, code)}
    # An answer to an item that is not asked changes nothing.
    assert applicable(items, {code: answers[code] for code in answers if code in found}) == found


def test_a_condition_is_read_from_its_written_form():
    assert read_condition(None) is None
    assert read_condition({"item": "A"}) == Condition("A", None)
    assert read_condition({"item": "A", "any_of": ["fail", 3]}) == Condition("A", ("fail", 3))


def test_the_first_edition_is_canonical_as_it_was_written():
    """The digests of versions that are published already must not change."""
    rows = json.loads((_CITY / "checklists.json").read_text(encoding="utf-8"))
    first = [row for row in rows if row["code"] in ("sq", "ly", "bj", "czc", "sx", "lx", "cs")]
    assert len(first) == 7
    assert [documents.canonical(row) for row in first] == first
    bj = next(row for row in first if row["code"] == "bj")
    assert documents.digest_of(bj) == (
        "b7b1856aa4320a656b96280cfcd0ff2be0e731b3fd4d5eb3a3db706f20feab13"
    )


def test_every_checklist_of_the_city_is_whole():
    for row in json.loads((_CITY / "checklists.json").read_text(encoding="utf-8")):
        assert list(documents.unknown_fields(row)) == []
        assert documents.faults_of(documents.canonical(row)) == []


def test_what_says_nothing_is_left_out_of_the_canonical_form():
    said = item("A") | {
        "na_allowed": True,
        "applies_if": None,
        "exemption_zh": None,
        "photo_max": None,
        "rectification_limit": None,
    }
    assert documents.canonical(document(said)) == documents.canonical(document(item("A")))
    assert documents.canonical(document(item("A", weight="10.000"))) == document(item("A"))
    assert documents.canonical(document(item("A", weight="2.50")))["items"][0]["weight"] == "2.5"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([item("A"), item("A")], [("/items/1/code", "field.duplicate")]),
        ([item("A", weight="0")], [("/items/0", "field.value")]),
        ([item("A", answer_type="count_deduct")], [("/items/0", "field.value")]),
        ([item("A", params={"observations": 0})], [("/items/0", "field.value")]),
        ([item("A", params={"per_length_m": 1.5})], [("/items/0", "field.value")]),
        ([item("A", params={"observations": 3, "per_length_m": 100})], []),
        (
            [item("A", applies_if={"item": "B"}), item("B")],
            [("/items/0/applies_if/item", "item.not-earlier")],
        ),
        (
            [item("A", applies_if={"item": "A"})],
            [("/items/0/applies_if/item", "item.not-earlier")],
        ),
        (
            [item("A"), item("B", applies_if={"item": "A", "any_of": ["fail", "C"]})],
            [("/items/1/applies_if/any_of/1", "item.bad-value")],
        ),
        (
            [item("A"), item("B", applies_if={"item": "A", "any_of": []})],
            [("/items/1/applies_if/any_of", "field.too-short")],
        ),
        ([item("A"), item("B", applies_if={"item": "A", "any_of": ["na"]})], []),
        ([item("A", photo_min=3, photo_max=2)], [("/items/0/photo_max", "field.too-small")]),
        ([item("A", photo_min=0)], [("/items/0/photo_min", "field.too-small")]),
        ([item("A", veto_class="fire")], [("/items/0/veto_class", "field.value")]),
        ([item("A", exemption_en="in bays")], [("/items/0/exemption_zh", "field.missing")]),
        (
            [item("A", rectification_limit={"quantity": 0, "unit": "work_day"})],
            [("/items/0/rectification_limit/quantity", "field.too-small")],
        ),
    ],
)
def test_a_document_that_contradicts_itself_is_named_place_by_place(items, expected):
    assert faults(*items) == expected


def test_misspelt_names_in_a_file_are_found():
    row = document(item("A", exemtion_zh="车位内不计"), note="x")
    assert {fault.pointer for fault in documents.unknown_fields(row)} == {
        "/note",
        "/items/0/exemtion_zh",
    }


@pytest.mark.parametrize("left_out", ["answer_type", "line", "veto", "photo_rule"])
def test_a_field_that_must_be_there_is_named(left_out):
    row = item("A")
    del row[left_out]
    with pytest.raises(KeyError, match=left_out):
        documents.canonical(document(row))


_item = st.builds(
    item,
    st.just("?"),
    text_zh=st.sampled_from(["路面干净", "路面整洁"]),
    weight=st.sampled_from(["5", "10", "2.5"]),
    na_allowed=st.booleans(),
    exemption_zh=st.sampled_from([None, "划线车位内的车辆不计"]),
    photo_max=st.sampled_from([None, 3]),
)


@st.composite
def _documents(draw):
    codes = draw(st.lists(st.sampled_from("ABCDEFGHIJ"), unique=True, max_size=10))
    items = [draw(_item) | {"code": code} for code in codes]
    title = draw(st.sampled_from(["检查表", "新检查表"]))
    return documents.canonical(document(*items, title_zh=title, version=draw(st.integers(1, 9))))


def applied(old, diff: Difference):
    """The old document after every step of the difference."""
    new = dict(old) | {change.field: change.after for change in diff.fields}
    changes = {change.item: change.fields for change in diff.changed}
    whole = {}
    for row in old["items"]:
        after = {change.field: change.after for change in changes.get(row["code"], ())}
        whole[row["code"]] = row | after
    placed = {one.position: one.item for one in diff.added}
    placed |= {move.after: whole[move.item] for move in diff.moved}
    gone = {one.item["code"] for one in diff.removed} | {move.item for move in diff.moved}
    rest = iter([row for code, row in whole.items() if code not in gone])
    size = len(whole) - len(gone) + len(placed)
    new["items"] = [placed.get(n) or next(rest) for n in range(1, size + 1)]
    return new


def _said(document):
    """Without fields that say nothing."""
    items = [{k: v for k, v in row.items() if v is not None} for row in document["items"]]
    return document | {"items": items}


@given(old=_documents(), new=_documents())
def test_the_difference_applied_to_the_one_gives_the_other(old, new):
    diff = difference(old, new)
    assert _said(applied(old, diff)) == _said(new)
    assert diff.weight_before == sum(thousandths(row["weight"]) for row in old["items"])
    back = difference(new, old)
    assert len(back.moved) == len(diff.moved)
    assert {one.item["code"] for one in back.added} == {one.item["code"] for one in diff.removed}


def test_nothing_differs_between_a_document_and_itself():
    same = documents.canonical(document(item("A"), item("B")))
    diff = difference(same, same)
    assert diff.weight_before == diff.weight_after == 20_000
    assert [diff.fields, diff.added, diff.removed, diff.changed, diff.moved] == [[]] * 5


def test_only_what_had_to_move_is_called_moved():
    old = documents.canonical(document(*(item(code) for code in "ABCDE")))
    new = documents.canonical(document(*(item(code) for code in "XABDEC")))
    diff = difference(old, new)
    assert [(move.item, move.before, move.after) for move in diff.moved] == [("C", 3, 6)]
    assert [(one.position, one.item["code"]) for one in diff.added] == [(1, "X")]
