"""September 2018 again: one set of answers, worked out twice, gives the whole bulletin."""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections import Counter
from fractions import Fraction

import pytest

from app.scoring.rules import read_rulebook
from app.scoring.rules_inputs import EntrantGiven, Inputs, LeagueGiven, LineMarks, SiteMarks
from app.scoring.rules_official import official
from scripts.demo_steps.answers import write_visits
from scripts.demo_steps.city_files import CITY_FOLDER, read_city
from scripts.demo_steps.history import reference
from scripts.demo_steps.history.choosing import UnreachableError, choose
from scripts.demo_steps.history.comparing import compare, compare_reports
from scripts.demo_steps.history.ground import read_ground
from scripts.demo_steps.history.playing import PHOTOS_PER_VISIT, HistoricalRound, Published
from scripts.demo_steps.history.sites import kinds_by_street
from scripts.demo_steps.history.solving import solve
from scripts.demo_steps.losses import Loss
from scripts.demo_steps.marks import NOT_APPLICABLE, Item, mark
from scripts.demo_steps.plan import build_plan
from tests.demo.test_answers import needs_photos

SEEDS = (2018, 7)
RULES = json.loads((CITY_FOLDER / "history-rules.json").read_text(encoding="utf-8"))
CHECKLISTS = {
    each["code"]: {item["code"]: item for item in each["items"]}
    for each in json.loads((CITY_FOLDER / "checklists.json").read_text(encoding="utf-8"))
}


def played(seed):
    """The plan of a seed, its visits, and the values as the visits carry them."""
    plan = build_plan(seed, random.Random(seed), kinds=kinds_by_street(read_city()))
    visits = write_visits(plan, solve(plan, read_ground()), PHOTOS_PER_VISIT)
    values = {
        one.stop.place.code: {answer.item: answer.value for answer in one.answers} for one in visits
    }
    return plan, visits, values


@pytest.fixture(scope="module")
def rounds():
    return {seed: played(seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def report(rounds):
    plan, _, values = rounds[SEEDS[0]]
    return reference.published(read_ground(), reference.answered(plan, values))


def differences(report):
    return [each for each in compare(read_ground(), report) if not each.same]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answers_give_the_bulletin_field_by_field(rounds, seed):
    plan, _, values = rounds[seed]
    found = reference.published(read_ground(), reference.answered(plan, values))
    fields = compare(read_ground(), found)
    assert [each for each in fields if not each.same] == []
    assert len(fields) > 470
    assert list(found["leagues"]) == [one["code"] for one in read_ground().paper["leagues"]]
    flags = Counter(row["flag"] for rows in found["leagues"].values() for row in rows)
    assert (flags["red"], flags["blue"]) == (15, 14)
    assert sum(each["fen"] for each in found["awards"]) == 100_000_000


def test_districts_get_the_points_of_six_lists_that_were_not_published(report):
    wanted = {
        ("山阳区", "解放区", "马村区", "示范区", "中站区"): [
            (90, 90, 70, 75, 80), (90, 70, 90, 75, 80), (75, 80, 90, 85, 70),
            (80, 90, 85, 75, 70), (80, 85, 90, 75, 70), (75, 85, 90, 70, 80),
        ]
    }  # fmt: skip
    names, lists = next(iter(wanted.items()))
    points = (90, 85, 80, 75, 70)
    got = [
        tuple({row["unit"]: points[row["rank"] - 1] for row in rows}[name] for name in names)
        for rows in report["component_leagues"].values()
    ]
    assert sorted(got) == sorted(lists)
    flags = {row["flag"] for rows in report["component_leagues"].values() for row in rows}
    assert flags == {None}


def test_the_service_ranks_the_same_answers_likewise(rounds, report):
    """Its pure core and the demo's reference know nothing of each other."""
    ground = read_ground()
    plan, _, values = rounds[SEEDS[0]]
    paths = {code: f"/410800/{one.district}/{code}/" for code, one in plan.city.streets.items()}
    given = LeagueGivens(ground, paths)
    sites = []
    for stop in plan.stops:
        lines = {}
        for item in stop.checklist.items:
            marks = mark(item, values[stop.place.code][item.code])
            earned, possible = lines.get(item.line, (0, 0))
            lines[item.line] = (earned + marks.earned, possible + marks.possible)
        marks = tuple(LineMarks(line, *some) for line, some in sorted(lines.items()) if some[1])
        path = paths[stop.place.street.code]
        sites.append(SiteMarks(stop.place.code, stop.place.category, path, None, marks))
    result = official(
        Inputs(given.leagues, tuple(sites)), read_rulebook(RULES["rulebook"]), RULES["rulebook"]
    )
    got = {
        league["code"]: [
            (entry["place"], entry["score"], entry["flag"], given.names[entry["entrant"]])
            for entry in league["entries"]
        ]
        for league in result.data["leagues"]
    }
    for code, rows in (report["leagues"] | report["component_leagues"]).items():
        wanted = [
            (row["rank"], row["score"], row["flag"], (row["unit"], row["line"])) for row in rows
        ]
        assert sorted(got[code], key=str) == sorted(wanted, key=str), code
    assert result.data["award_fen"] == 100_000_000


def test_the_service_is_loaded_with_rules_and_lists_but_no_result(rounds, report, tmp_path):
    plan, visits, _ = rounds[SEEDS[0]]
    piece = HistoricalRound(plan, visits, read_ground(), report)
    folder = piece.city(tmp_path)
    loaded = {file.name for file in folder.iterdir()}
    assert {"campaign.json", "units.json", "checklists.json"} <= loaded
    named = json.loads((folder / "city.json").read_text(encoding="utf-8"))
    assert (folder / named["calendar"]).is_file()
    assert not {name for name in loaded if name.startswith(("history", "published"))}
    campaign = json.loads((folder / "campaign.json").read_text(encoding="utf-8"))
    assert campaign["rulebook"] == RULES["rulebook"]
    assert len({league["code"] for league in campaign["leagues"]}) == 18


def as_served(report):
    """The report as the service's lists of entries, flags and awards would have it."""
    lists = {
        code: [
            row
            | {
                "unit": {"name": row["unit"]},
                "district": row["district"] and {"name": row["district"]},
                "entrant_id": f"{code}/{number}",
            }
            for number, row in enumerate(rows)
        ]
        for code, rows in (report["leagues"] | report["component_leagues"]).items()
    }
    rows = [row for some in lists.values() for row in some]
    flags = [
        {"entrant_id": row["entrant_id"], "colour": row["flag"], "given_on": "2018-09-14"}
        for row in rows
        if row["flag"]
    ]
    holders = [("districts", 0), ("districts", 1), ("central-streets", 0), ("central-streets", 1)]
    awards = [
        {
            "entrant_id": f"{code}/{number}",
            "name": paper["kind"],
            "fen": paper["yuan"] * 100,
            "decided_on": "2018-09-14",
        }
        for (code, number), paper in zip(
            [*holders, ("outer-towns", 0)], read_ground().paper["awards"], strict=True
        )
    ]
    return Published(lists, flags, awards)


def test_what_is_served_becomes_the_report(report):
    served = as_served(report)
    assert served.report(read_ground()) == report
    assert all(each.same for each in served.compare_ledgers(read_ground()))


def test_ledgers_that_say_something_else_are_noticed(report):
    def different(served):
        return [each.name for each in served.compare_ledgers(read_ground()) if not each.same]

    served = as_served(report)
    served.flags.pop()
    served.awards[0]["name"] = "街道创建先进奖"
    served.awards[1]["decided_on"] = "2018-09-15"
    assert different(served) == ["flags of leagues", "kinds of awards", "decided on"]


class LeagueGivens:
    """The leagues as the service's core takes them, and the names behind its keys."""

    def __init__(self, ground, paths):
        self.names = {}
        self.leagues = tuple(
            LeagueGiven(one.code, one.red, one.blue, tuple(self._entrants(one, paths)))
            for one in (*ground.leagues.values(), *ground.components.values())
        )

    def _entrants(self, league, paths):
        for number, one in enumerate(league.entrants):
            key = f"{league.code}:{number:02d}"
            self.names[key] = (one.name, one.label)
            areas = tuple(sorted(paths[street] for street in one.streets))
            yield EntrantGiven(key, one.unit, one.label, areas, one.lines)


def test_a_seed_gives_the_same_bytes_again(rounds):
    def digest(part):
        text = json.dumps(part, ensure_ascii=False, sort_keys=True, default=vars)
        return hashlib.sha256(text.encode()).hexdigest()

    plan, visits, values = rounds[7]
    plan_again, visits_again, values_again = played(7)
    assert digest(values_again) == digest(values)
    assert visits_again == visits
    assert digest(plan_again.round_file) == digest(plan.round_file)
    assert digest(rounds[2018][2]) != digest(values)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_visit_obeys_its_checklist(rounds, seed):
    plan, visits, _ = rounds[seed]
    for visit in visits:
        raw = CHECKLISTS[visit.stop.checklist.code]
        given = {answer.item: answer for answer in visit.answers}
        for item in visit.stop.checklist.items:
            answer = given[item.code]
            photos = len(answer.photos) + sum(len(one.photos) for one in answer.findings)
            assert photos >= (item.photo_min if needs_photos(item, answer) else 0)
            assert (answer.na_reason is not None) is (answer.value == NOT_APPLICABLE)
            assert raw[item.code].get("na_allowed", True) or answer.value != NOT_APPLICABLE
            assert bool(answer.findings) is (mark(item, answer.value).lost > 0)
            condition = raw[item.code].get("applies_if")
            if condition:
                asking = given[condition["item"]].value
                assert asking in condition.get("any_of", [asking])
                assert asking != NOT_APPLICABLE
    assert len(visits) == len(plan.stops) == 420
    assert sum(len(visit.slots) for visit in visits) <= 1_300


WRONG = {
    "place": lambda r: r["leagues"]["city-bureaus"][3].update(rank=3),
    "order": lambda r: r["leagues"]["outer-towns"].reverse(),
    "name": lambda r: r["leagues"]["district-line-2"][0].update(unit="示范区工商局"),
    "label": lambda r: r["leagues"]["city-bureaus"][0].update(line="公厕"),
    "district": lambda r: r["leagues"]["district-line-8"][2].update(district=None),
    "score": lambda r: r["leagues"]["districts"][0].update(score="83.34"),
    "number for a text": lambda r: r["leagues"]["districts"][4].update(score=75.00),
    "lost flag": lambda r: r["leagues"]["district-line-3"][0].update(flag=None),
    "flag too many": lambda r: r["leagues"]["central-streets"][7].update(flag="blue"),
    "other colour": lambda r: r["leagues"]["district-line-5"][4].update(flag="red"),
    "league": lambda r: r["leagues"].pop("district-line-8"),
    "league too many": lambda r: r["leagues"].update(more=[]),
    "entrant": lambda r: r["leagues"]["district-line-8"].pop(),
    "award": lambda r: r["awards"].pop(),
    "fen": lambda r: r["awards"][1].update(fen=30_000_001),
    "award to another": lambda r: r["awards"][2].update(unit="解放区焦南街道"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_whatever_is_not_as_published_is_noticed(report, change):
    changed = copy.deepcopy(report)
    change(changed)
    assert differences(report) == []
    assert differences(changed)


def test_a_score_that_was_not_published_is_held_against_the_reference(report):
    changed = copy.deepcopy(report)
    changed["leagues"]["central-streets"][0]["score"] = "99.99"
    assert differences(changed) == []
    assert all(each.same for each in compare_reports(report, report))
    wrong = [each for each in compare_reports(report, changed) if not each.same]
    assert [(each.part, each.name) for each in wrong] == [
        ("central-streets", "解放区焦北街道 score")
    ]


def test_the_historical_rules_are_the_campaigns_and_more():
    book = read_rulebook(RULES["rulebook"])
    campaign = json.loads((CITY_FOLDER / "campaign.json").read_text(encoding="utf-8"))
    assert RULES["rulebook"]["visible_to"] == campaign["rulebook"]["visible_to"]
    components = book.terms("districts").components
    assert len(components) == len(set(components)) == 12
    known = {each["code"] for each in campaign["leagues"] + RULES["leagues"]}
    assert set(components) < known
    for league in RULES["leagues"]:
        assert not book.terms(league["code"]).published
        codes = [entrant["unit"] for entrant in league["entrants"]]
        assert codes == sorted(codes)
        assert set(read_ground().aims[league["code"]]) == set(codes)
    assert "places" not in json.dumps(RULES)


ITEM = Item(
    "A", "", 9_000, "count_deduct", 3_000, 1, "X", veto=False, photo_rule="never", photo_min=1
)
LOSSES = [
    Loss(f"{street}-{site}", ITEM, count, 3_000 * count)
    for street in ("a", "b")
    for site in (1, 2, 3, 4)
    for count in (1, 2, 3)
]


class TestChoosing:
    """Faults that lose an exact sum."""

    @pytest.mark.parametrize("points", [0, 3_000, 21_000, 39_000, 72_000])
    def test_the_sum_is_met_with_one_fault_per_question(self, points):
        chosen = choose(LOSSES, points, {"a": points, "b": 0}, random.Random(1))
        assert sum(each.lost for each in chosen) == points
        assert len({(each.site, each.item.code) for each in chosen}) == len(chosen)

    def test_what_is_wanted_guides(self):
        chosen = choose(LOSSES, 36_000, {"a": 36_000, "b": 0}, random.Random(1))
        mine = sum(each.lost for each in chosen if each.site.startswith("a"))
        assert Fraction(mine, 36_000) > Fraction(1, 2)

    @pytest.mark.parametrize("points", [1_000, 75_000])
    def test_what_cannot_be_met_is_said(self, points):
        with pytest.raises(UnreachableError):
            choose(LOSSES, points, {"a": points, "b": 0}, random.Random(1))
