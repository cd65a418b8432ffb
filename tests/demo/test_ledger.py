"""The plan of the demo's ledger: what happens to which case, and what the book makes of it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from app.kit.geo import Point, distance_m
from app.ledger.lifecycle import Action
from app.ledger.moves import BY_PEOPLE, MOVES
from scripts.demo_steps.city_files import read_city
from scripts.demo_steps.ledger import book
from scripts.demo_steps.ledger.book import Entry, Sums
from scripts.demo_steps.ledger.fates import (
    Act,
    Course,
    Facts,
    Fate,
    Scene,
    course_of,
    plan_courses,
)
from scripts.demo_steps.ledger.reports import CITIZEN, plan_repeats, plan_reports
from scripts.demo_steps.people import coordinator_of, handler_of, make_clerks
from tests.demo.conftest import Rounds

# What the demo calls a move, and which moves of the service that is.
_ACTIONS = {
    Act.FOUND_TRUE: Action.VERIFY,
    Act.SOLVE: Action.RECTIFY,
    Act.STAGE: Action.RECTIFY,
    Act.EXPLAIN: Action.RECTIFY,
    Act.PASS: Action.CHECK_PASS,
    Act.FAIL: Action.CHECK_FAIL,
    Act.UNCLEAR: Action.CHECK_UNCLEAR,
    Act.COME_BACK: Action.END_SUSPENSION,
}
END = datetime.fromisoformat("2018-10-09T17:20:00+08:00")


def point_of(location: dict[str, Any]) -> Point:
    return Point(location["lat"], location["lon"])


def one_case(*, is_quick: bool = False) -> Facts:
    return Facts("1", "d", "s", "c", "l", "n", None, is_quick=is_quick, long_condition="2")


@pytest.fixture(scope="module")
def cases(rounds: Rounds) -> list[Facts]:
    """What the visits of a round find, as far as courses depend on it."""
    city = read_city()
    found = []
    for visit in rounds[2018][1]:
        items = {item.code: item for item in visit.stop.checklist.items}
        for answer in visit.answers:
            category = city.categories[items[answer.item].category]
            found += [
                Facts(
                    number=f"2018-{len(found) + place:06}",
                    district=visit.stop.place.street.district,
                    site=visit.stop.place.code,
                    category=category.code,
                    line="sanitation",
                    note=finding.note,
                    at=point_of(finding.location or visit.stop.place.location),
                    is_quick=category.is_quick,
                    long_condition=category.long_condition,
                )
                for place, finding in enumerate(answer.findings)
            ]
    return found


@pytest.fixture(scope="module")
def courses(cases: list[Facts]) -> dict[str, Course]:
    return plan_courses(cases, 2018)


def entry_of(facts: Facts, course: Course) -> Entry:
    return Entry(
        number=facts.number,
        source="visit",
        district=facts.district,
        course=course,
        version=1,
        unit=None,
        area="",
        site=facts.site,
        category=facts.category,
        line=facts.line,
        note=facts.note,
    )


def lived(facts: Facts, course: Course, *, until: datetime | None = None) -> Entry:
    """A case after its whole course; its last deadline, if it has one, is ``until``."""
    entry = entry_of(facts, course)
    for _, act in course.steps:
        entry.write(act, version=entry.version + 1, deadline_at=until)
    return entry


def test_every_district_has_cases_of_every_fate(
    cases: list[Facts], courses: dict[str, Course]
) -> None:
    assert set(courses) == {one.number for one in cases}
    district = {one.number: one.district for one in cases}
    fates = Counter((district[number], one.fate) for number, one in courses.items())
    for each in sorted(set(district.values())):
        assert not [fate for fate in Fate if not fates[each, fate]]
        assert fates[each, Fate.USUAL] > 0.4 * sum(district[n] == each for n in courses)


def test_a_course_goes_forward_in_time(courses: dict[str, Course]) -> None:
    assert [scene.at for scene in Scene] == sorted(scene.at for scene in Scene)
    for course in courses.values():
        places = [scene.place for scene, _ in course.steps]
        assert places == sorted(places)


def test_what_is_merged_is_merged_into_a_case_of_its_sort_that_goes_on(
    cases: list[Facts], courses: dict[str, Course]
) -> None:
    facts = {one.number: one for one in cases}
    merged = {number: one for number, one in courses.items() if one.into is not None}
    assert {one.fate for one in merged.values()} == {Fate.MERGED, Fate.UNMERGED}
    for number, course in merged.items():
        one, into = facts[number], facts[course.into or ""]
        assert one.at
        assert into.at
        assert distance_m(one.at, into.at) < 50
        assert (into.site, into.category) == (one.site, one.category)
        assert courses[into.number].fate is Fate.USUAL


def test_what_is_suspended_over_the_holiday_has_a_limit_of_weeks(
    cases: list[Facts], courses: dict[str, Course]
) -> None:
    facts = {one.number: one for one in cases}
    for number, course in courses.items():
        is_long = course.fate in (Fate.SUSPENDED, Fate.RESUMED)
        assert course.condition == (facts[number].long_condition if is_long else None)
        assert not is_long or course.condition is not None


def test_a_seed_gives_the_same_courses_whatever_the_order_of_numbers(
    cases: list[Facts], courses: dict[str, Course]
) -> None:
    assert plan_courses(reversed(cases), 2018) == courses
    assert plan_courses(cases, 1) != courses


def test_the_courses_make_every_move_of_people_and_no_other(courses: dict[str, Course]) -> None:
    facts = one_case()
    doubted = course_of(facts, Fate.USUAL, doubt=True)
    made = {act for one in (*courses.values(), doubted) for _, act in one.steps}
    assert made == set(Act)
    actions = {_ACTIONS.get(act) or Action(act.value) for act in made}
    assert actions - {Action.END_SUSPENSION} == set(BY_PEOPLE)


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("is_quick", [True, False])
def test_the_table_of_moves_allows_each_course(fate: Fate, is_quick: bool) -> None:
    facts = one_case(is_quick=is_quick)
    entry = entry_of(facts, course_of(facts, fate, "2"))
    for _, act in entry.course.steps:
        action = _ACTIONS.get(act) or Action(act.value)
        assert entry.state in {state.value for state in MOVES[action].start}, (fate, act)
        entry.write(act, version=entry.version + 1, deadline_at=None)
        moves_to = MOVES[action].to
        assert moves_to is None or entry.state == moves_to.value


def test_the_book_adds_up_and_nothing_of_it_is_empty(
    cases: list[Facts], courses: dict[str, Course]
) -> None:
    entries = [lived(one, courses[one.number], until=END.replace(hour=1)) for one in cases]
    by_district = book.sums_by_district(entries, END)
    whole = book.total(by_district.values())
    assert book.faults_of_sums(whole, by_district) == []
    assert whole.problems == len(cases)
    assert set(whole.as_json()) == set(book.NAMES)
    assert whole.cancelled > whole.merged


def test_what_does_not_add_up_is_said() -> None:
    part = Sums(problems=3, closed=1, open=1, cancelled=1, solved=1)
    faults = book.faults_of_sums(part + Sums(problems=1), {"a": part})
    assert "the districts do not sum to all" in faults
    assert "all: 4 problems are not closed + open + cancelled" in faults
    assert "all: nothing was staged" in faults
    assert book.differences("x", {"a": part}, {"a": part}) == []
    assert book.differences("x", {}, {"a": part})[0] == "x, a, problems: 0 instead of 3"


@pytest.mark.parametrize(
    ("fate", "counted"),
    [
        (Fate.USUAL, {"closed", "solved"}),
        (Fate.REWORKED, {"closed", "solved", "rework"}),
        (Fate.SUSPENDED, {"closed", "solved", "suspended"}),
        (Fate.TRANSFERRED, {"closed", "solved", "transferred"}),
        (Fate.EXTENDED, {"closed", "solved", "extended"}),
        (Fate.DENIED, {"closed", "solved"}),
        (Fate.MERGED, {"cancelled", "merged"}),
        (Fate.UNMERGED, {"closed", "solved"}),
        (Fate.REFUSED, {"cancelled"}),
        (Fate.STAGED, {"closed", "staged"}),
        (Fate.UNSIGNED, {"open", "overdue"}),
        (Fate.WAITING, {"open"}),
    ],
)
def test_a_fate_counts_as_what_it_is(fate: Fate, counted: set[str]) -> None:
    facts = one_case()
    sums = lived(facts, course_of(facts, fate, "2"), until=END.replace(hour=1)).sums(END).as_json()
    assert {name for name, count in sums.items() if count} == counted | {"problems"}


def test_reports_come_from_every_side_and_some_repeat_a_visit(rounds: Rounds) -> None:
    plan, _ = rounds[2018]
    told = plan_reports(plan)
    sources = Counter(one.source for one in told)
    assert set(sources) == {CITIZEN, "monitor", "patrol", "self", "enterprise", "platform"}
    assert min(sources.values()) >= len(plan.city.districts)
    assert len({one.note for one in told}) == len(told)
    assert told == plan_reports(plan)
    place = plan.stops[0].place
    case = {
        "number": "1",
        "district": {"code": place.street.district},
        "category": {"code": "E0110"},
        "site": {"code": place.code},
        "line": {"code": "sanitation"},
        "note": "有暴露垃圾",
        "location": {"lat": 35.2, "lon": 113.2, "crs": "gcj02", "accuracy_m": 8.0},
    }
    (again,) = plan_repeats(plan, [case], {"1"})
    assert (again.location["lat"], again.location["crs"]) == (35.2, "gcj02")
    assert (again.again, again.place, again.fate) == ("1", place, Fate.MERGED)
    assert list(plan_repeats(plan, [case], set())) == []


def test_each_unit_that_answers_has_a_handler_and_a_coordinator(rounds: Rounds) -> None:
    plan, _ = rounds[2018]
    known = {user["login"] for user in plan.users}
    clerks = make_clerks(plan.city, random.Random(1), random.Random(1), known)
    logins = [clerk["login"] for clerk in clerks]
    assert len(set(logins)) == len(logins)
    assert not known & set(logins)
    for unit in plan.city.answering:
        assert handler_of(unit) in logins
        assert coordinator_of(plan.city, unit) in known | set(logins)
