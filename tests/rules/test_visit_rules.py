"""What a visit must be: every fault has its pointer; a repeat is told from other content."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checklists.rules import AnswerType, Condition, PhotoRule, Scale
from app.inspections.content import (
    AnswerContent,
    FindingContent,
    PlaceGiven,
    VisitContent,
    differences,
    parts_of,
)
from app.inspections.rules import (
    AnswerGiven,
    FindingGiven,
    ItemRule,
    assess,
    duplicate_faults,
    is_late,
)
from app.kit.geo import Crs
from app.rounds.rules import RoundState

LINE = UUID(int=99)


def rule(code, scale, photo_rule=PhotoRule.ON_FAIL, photo_min=1):
    return ItemRule(UUID(int=ord(code)), code, scale, LINE, None, False, photo_rule, photo_min)


ITEMS = {
    one.code: one
    for one in (
        rule("P", Scale(AnswerType.PASS_FAIL, 10_000)),
        rule("G", Scale(AnswerType.GRADE_ABC, 10_000), PhotoRule.NEVER),
        rule("C", Scale(AnswerType.COUNT_DEDUCT, 10_000, deduct_per=2_000), photo_min=2),
        rule("N", Scale(AnswerType.NUMBER_MIN, 10_000, minimum=2), PhotoRule.ALWAYS),
    )
}


def answer(item, value, photos=0, findings=(), reason=None):
    made = [
        FindingGiven(UUID(int=100 + n), [UUID(int=1000 + 10 * n + k) for k in range(count)])
        for n, count in enumerate(findings)
    ]
    return AnswerGiven(item, value, reason, [UUID(int=500 + n) for n in range(photos)], made)


GOOD = {
    "P": answer("P", "pass"),
    "G": answer("G", "A"),
    "C": answer("C", 0),
    "N": answer("N", 2, photos=1),
}


def faults_of(**changes):
    given = [changes.get(code, good) for code, good in GOOD.items() if changes.get(code, good)]
    return [(fault.pointer, fault.code) for fault in assess(ITEMS, given)[1]]


def test_a_faultless_visit_is_marked_whole():
    marked, faults = assess(ITEMS, list(GOOD.values()))
    assert faults == []
    assert [(one.position, one.item.code, one.mark.earned) for one in marked] == [
        (0, "P", 10_000), (1, "G", 10_000), (2, "C", 10_000), (3, "N", 10_000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"P": answer("X", "pass")},
            [("/answers/0/item", "item.unknown"), ("/answers", "item.unanswered")],
        ),
        ({"P": None}, [("/answers", "item.unanswered")]),
        ({"P": answer("P", "A")}, [("/answers/0/value", "item.bad-value")]),
        ({"P": answer("P", "fail", findings=[1])}, []),
        ({"P": answer("P", "fail", photos=1, findings=[0])}, []),
        ({"P": answer("P", "fail", findings=[0])}, [("/answers/0/photos", "item.photo-missing")]),
        ({"P": answer("P", "fail", photos=1)}, [("/answers/0/findings", "item.finding-missing")]),
        (
            {"P": answer("P", "fail")},
            [
                ("/answers/0/findings", "item.finding-missing"),
                ("/answers/0/photos", "item.photo-missing"),
            ],
        ),
        (
            {"P": answer("P", "pass", findings=[1])},
            [("/answers/0/findings", "item.unexpected-finding")],
        ),
        ({"P": answer("P", "na")}, [("/answers/0/na_reason", "item.reason-missing")]),
        ({"P": answer("P", "na", reason=" \n")}, [("/answers/0/na_reason", "item.reason-missing")]),
        ({"P": answer("P", "na", reason="无此设施")}, []),
        ({"G": answer("G", "C", findings=[0])}, []),
        ({"C": answer("C", 2, findings=[1, 1])}, []),
        (
            {"C": answer("C", 2, findings=[1])},
            [
                ("/answers/2/findings", "item.finding-count"),
                ("/answers/2/photos", "item.photo-missing"),
            ],
        ),
        ({"C": answer("C", 0, findings=[1])}, [("/answers/2/findings", "item.finding-count")]),
        ({"C": answer("C", 1, findings=[1])}, [("/answers/2/photos", "item.photo-missing")]),
        ({"C": answer("C", 1, photos=1, findings=[1])}, []),
        ({"N": answer("N", 2)}, [("/answers/3/photos", "item.photo-missing")]),
        ({"N": answer("N", 1, photos=1)}, [("/answers/3/findings", "item.finding-missing")]),
        ({"N": answer("N", "na", reason="无此设施")}, []),
    ],
)
def test_each_fault_has_its_pointer(changes, faults):
    assert faults_of(**changes) == faults


def test_the_same_photo_twice_is_one_photo():
    twice = AnswerGiven(
        "C", 2, None, [UUID(int=1)], [FindingGiven(UUID(int=n), [UUID(int=1)]) for n in (7, 8)]
    )
    assert faults_of(C=twice) == [("/answers/2/photos", "item.photo-missing")]


def test_an_item_that_is_answered_twice_is_pointed_at():
    given = [*GOOD.values(), GOOD["P"]]
    _, faults = assess(ITEMS, given)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/answers/4/item", "field.duplicate")
    ]


def test_ids_that_are_given_twice_are_pointed_at():
    one, two = UUID(int=1), UUID(int=2)
    answers = [
        AnswerGiven("P", "fail", None, [one, one], [FindingGiven(two, [one, two, one])]),
        AnswerGiven("G", "C", None, [one], [FindingGiven(two, [])]),
    ]
    found = [(fault.pointer, fault.code) for fault in duplicate_faults([two, two], answers)]
    assert found == [
        ("/photos/1", "field.duplicate"),
        ("/answers/0/photos/1", "field.duplicate"),
        ("/answers/0/findings/0/photos/2", "field.duplicate"),
        ("/answers/1/findings/0/id", "field.duplicate"),
    ]


@given(
    st.permutations(list(GOOD.values())),
    st.sampled_from(["pass", "fail", "na", "A", "B", "C", 0, 1, 2, -1, 10**30, "x"]),
)
def test_a_faultless_judgement_has_one_mark_per_item_in_any_order(answers, value):
    changed = [replace(one, value=value) if one.item == "P" else one for one in answers]
    marked, faults = assess(ITEMS, changed)
    if not faults:
        assert sorted(one.item.code for one in marked) == sorted(ITEMS)
    assert all(0 <= one.mark.earned <= one.mark.possible for one in marked)
    assert all(changed[one.position].item == one.item.code for one in marked)


@pytest.mark.parametrize(
    ("state", "late"),
    [
        (RoundState.PLANNED, False),
        (RoundState.OPEN, False),
        (RoundState.CLOSED, True),
        (RoundState.APPEAL, True),
        (RoundState.PUBLISHED, True),
    ],
)
def test_what_comes_after_the_close_is_late(state, late):
    assert is_late(state) is late


CONTENT = VisitContent(
    id=UUID(int=1),
    round_id=UUID(int=2),
    site="BJ-1",
    checklist="bj",
    version=1,
    task_id=None,
    started_at=datetime(2018, 9, 10, 1, tzinfo=UTC),
    ended_at=datetime(2018, 9, 10, 2, tzinfo=UTC),
    place=PlaceGiven(35.2, 113.2, Crs.GCJ02, None),
    note=None,
    photos=(UUID(int=3),),
    answers=(
        AnswerContent("BJ-01", "B", None, (), (FindingContent(UUID(int=4), "破损", None, ()),)),
        AnswerContent("BJ-02", 0, None, (UUID(int=5),), ()),
    ),
)


class TestRepeats:
    def test_the_same_content_has_no_differences(self):
        assert differences(parts_of(CONTENT), parts_of(replace(CONTENT))) == []

    def test_an_instant_is_the_same_in_every_zone(self):
        other = CONTENT.started_at.astimezone(timezone(timedelta(hours=8)))
        assert parts_of(replace(CONTENT, started_at=other)) == parts_of(CONTENT)

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"round_id": UUID(int=9)}, "/round_id"),
            ({"site": "BJ-2"}, "/site"),
            ({"checklist": "gc"}, "/checklist"),
            ({"version": 2}, "/checklist"),
            ({"task_id": UUID(int=9)}, "/task_id"),
            ({"ended_at": datetime(2018, 9, 10, 3, tzinfo=UTC)}, "/ended_at"),
            ({"place": None}, "/location"),
            ({"place": PlaceGiven(35.2, 113.2, Crs.WGS84, None)}, "/location"),
            ({"note": ""}, "/note"),
            ({"photos": ()}, "/photos"),
            ({"answers": CONTENT.answers[:1]}, "/answers[BJ-02]"),
            (
                {"answers": (replace(CONTENT.answers[0], value="C"), CONTENT.answers[1])},
                "/answers[BJ-01]",
            ),
            (
                {"answers": (replace(CONTENT.answers[0], findings=()), CONTENT.answers[1])},
                "/answers[BJ-01]",
            ),
            (
                {"answers": (CONTENT.answers[0], replace(CONTENT.answers[1], value="0"))},
                "/answers[BJ-02]",
            ),
        ],
    )
    def test_each_difference_is_named(self, change, pointer):
        assert differences(parts_of(CONTENT), parts_of(replace(CONTENT, **change))) == [pointer]

    def test_all_differences_are_named_in_order(self):
        other = replace(CONTENT, site="BJ-2", note="x", photos=())
        assert differences(parts_of(CONTENT), parts_of(other)) == ["/note", "/photos", "/site"]

    def test_parts_survive_the_database(self):
        parts = parts_of(CONTENT)
        assert json.loads(json.dumps(parts)) == parts

    def test_every_photo_is_found_wherever_it_is_named(self):
        deep = replace(
            CONTENT.answers[0], findings=(FindingContent(UUID(int=4), None, None, (UUID(int=6),)),)
        )
        found = replace(CONTENT, answers=(deep, CONTENT.answers[1])).all_photos()
        assert found == {UUID(int=3), UUID(int=5), UUID(int=6)}


def test_an_item_that_must_be_answered_takes_no_na():
    items = ITEMS | {"P": replace(ITEMS["P"], na_allowed=False)}
    given = [answer("P", "na", reason="无"), *(GOOD[code] for code in "GCN")]
    assert [(f.pointer, f.code) for f in assess(items, given)[1]] == [
        ("/answers/0/value", "item.na-not-allowed")
    ]


def test_more_photos_than_an_item_takes_are_refused():
    items = ITEMS | {"N": replace(ITEMS["N"], photo_max=2)}
    for photos, expected in ((2, []), (3, [("/answers/3/photos", "item.too-many-photos")])):
        given = [*(GOOD[code] for code in "PGC"), answer("N", 2, photos=photos)]
        assert [(f.pointer, f.code) for f in assess(items, given)[1]] == expected


@pytest.mark.parametrize(
    ("p", "with_g", "expected"),
    [
        ("fail", True, []),
        ("fail", False, [("/answers", "item.unanswered")]),
        ("pass", False, []),
        ("pass", True, [("/answers/1/item", "item.not-asked")]),
    ],
)
def test_a_conditional_item_is_asked_only_under_its_condition(p, with_g, expected):
    items = ITEMS | {"G": replace(ITEMS["G"], condition=Condition("P", ("fail",)))}
    first = answer("P", p, photos=1, findings=(1,)) if p == "fail" else GOOD["P"]
    given = [first, *([GOOD["G"]] if with_g else []), GOOD["C"], GOOD["N"]]
    marked, faults = assess(items, given)
    assert [(f.pointer, f.code) for f in faults] == expected
    assert ("G" in {one.item.code for one in marked}) is (p == "fail" and with_g)
