"""The demo city's folder: everything named exists, and the published texts are met exactly."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from scripts.demo_steps.city_files import CITY_FOLDER, read_city


def load(name: str) -> Any:
    return json.loads((CITY_FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def units() -> dict[str, dict[str, Any]]:
    return {each["code"]: each for each in load("units.json")}


def test_the_city_has_its_districts_streets_and_communities(
    units: dict[str, dict[str, Any]],
) -> None:
    kinds = Counter(each["kind"] for each in units.values())
    assert (kinds["district"], kinds["street"], kinds["community"]) == (5, 41, 346)
    assert len(units) == len(load("units.json"))
    checklists = load("checklists.json")
    assert len(checklists) == 17
    assert sum(len(each["items"]) for each in checklists) == 178
    assert len(load("lines.json")) == 20
    assert len(load("categories.json")) == 48


def test_parents_stand_before_their_children(units: dict[str, dict[str, Any]]) -> None:
    seen: set[str | None] = {None}
    for code, unit in units.items():
        assert unit["parent"] in seen, code
        seen.add(code)
    assert load("city.json")["root"] == next(iter(units))


def test_every_answerable_unit_area_and_line_exists(units: dict[str, dict[str, Any]]) -> None:
    lines = {each["code"] for each in load("lines.json")}
    rows = load("responsibilities.json")
    for row in rows:
        assert row["area"] in units
        assert row["unit"] in units
        assert row["line"] in lines
    assert len({(row["area"], row["line"]) for row in rows}) == len(rows)


def test_somebody_answers_for_every_line_in_every_street(
    units: dict[str, dict[str, Any]],
) -> None:
    held = {(row["area"], row["line"]) for row in load("responsibilities.json")}
    for code, unit in units.items():
        if unit["kind"] != "street":
            continue
        above = {code, unit["parent"], units[unit["parent"]]["parent"]}
        for line in load("lines.json"):
            assert any((area, line["code"]) in held for area in above), (code, line["code"])


def test_checklist_items_are_whole() -> None:
    lines = {each["code"] for each in load("lines.json")}
    categories = {each["code"] for each in load("categories.json")}
    for checklist in load("checklists.json"):
        items = checklist["items"]
        assert sum(Decimal(item["weight"]) for item in items) == 100
        for item in items:
            assert item["line"] in lines
            assert item["problem_category"] in categories
            assert item["veto"] is (item["veto_class"] is not None)
            assert item["photo_rule"] in {"always", "on_fail", "never"}


def test_every_line_is_asked_about_by_some_checklist() -> None:
    """``frontage-duty`` and the like hang on single items; none is without any."""
    asked = {item["line"] for each in load("checklists.json") for item in each["items"]}
    assert asked == {each["code"] for each in load("lines.json")}


def entrants_by_name(
    league: dict[str, Any], units: dict[str, dict[str, Any]]
) -> set[tuple[str, str | None, str | None]]:
    names = set()
    for entrant in league["entrants"]:
        unit = units[entrant["unit"]]
        above = units[unit["parent"]]
        district = above["name_zh"] if above["kind"] == "district" else None
        names.add((unit["name_zh"], district, entrant["label"]))
    return names


def test_the_leagues_are_the_published_ones_to_the_letter(
    units: dict[str, dict[str, Any]],
) -> None:
    published = load("published-2018-09-14.json")["leagues"]
    leagues = load("campaign.json")["leagues"]
    assert [each["code"] for each in leagues] == [each["code"] for each in published]
    for league, paper in zip(leagues, published, strict=True):
        assert league["name_zh"] == paper["name_zh"]
        assert league["flag_quota"] == paper["flag_quota"]
        assert len(league["entrants"]) == len(paper["entrants"])
        assert entrants_by_name(league, units) == {
            (each["unit"], each.get("district"), each.get("line")) for each in paper["entrants"]
        }


def test_entrants_name_lines_and_areas_that_exist(units: dict[str, dict[str, Any]]) -> None:
    lines = {each["code"] for each in load("lines.json")}
    for league in load("campaign.json")["leagues"]:
        for entrant in league["entrants"]:
            assert set(entrant["lines"]) <= lines
            assert entrant["areas"]
            assert set(entrant["areas"]) <= set(units)


def test_the_files_do_not_give_the_published_order_away() -> None:
    for league in load("campaign.json")["leagues"]:
        codes = [entrant["unit"] for entrant in league["entrants"]]
        assert codes == sorted(codes)


def test_every_category_has_a_note_and_every_kind_of_site_a_name() -> None:
    city = read_city()
    assert set(city.phrases.notes) == {each["code"] for each in load("categories.json")}
    named = set(city.phrases.site_names) | {"社区", "城中村"}
    assert named == {each.category for each in city.checklists.values()}
    assert all(street.communities for street in city.streets.values())
