"""Sites: proposed in the field, decided on by their unit, found again by place and by history."""

import random
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.infra.events import Event
from app.kit.geo import Crs, Point, distance_m, to_wgs84, wgs84_to_gcj02
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.sites import importing
from tests import factories as make

PLACE = {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02"}


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR, unit=make.JIEFANG, areas=[make.JIEFANG])


@pytest.fixture
def coordinator(tx):
    """Of the street that the sites of these tests lie in."""
    return make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.MINSHENG, areas=[make.MINSHENG])


@pytest.fixture
def headquarters(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def call(client):
    def call(who, path, body=None, status=200, method="POST"):
        answer = client.request(method, path, json=body, headers=who.headers)
        assert answer.status_code == status, answer.text
        return answer

    return call


@pytest.fixture
def get(call):
    return lambda who, path, status=200: call(who, path, status=status, method="GET").json()


def new_site(**changes):
    row = {
        "id": str(new_id()),
        "name": "民生路公厕",
        "category": "公厕",
        "unit": make.MINSHENG,
        "lines": ["public-toilets", "sanitation"],
        "road_class": "side",
        "responsible": {"name": "王师傅", "unit": make.URBAN_MANAGEMENT},
        "location": PLACE,
    }
    return row | changes


def content(**changes):
    row = new_site(**changes)
    return {name: row[name] for name in row if name not in ("id", "location", "code")}


def load(tx, *rows):
    importing.load_sites(tx, rows)
    tx.commit()


def kinds_of(tx, site_id):
    rows = tx.exec(
        sa.select(Event.kind, Event.data).where(Event.subject_id == site_id).order_by(Event.id)
    ).all()
    return [tuple(row) for row in rows]


def test_a_site_made_in_the_field_waits_for_its_unit_and_may_be_inspected(
    call, client, tx, inspector, coordinator, get
):
    body = new_site()
    made = call(inspector, "/v1/sites", body, 201).json()
    assert made["state"] == "proposed"
    assert made["code"] == body["id"]
    assert [line["code"] for line in made["lines"]] == ["public-toilets", "sanitation"]
    assert made["responsible"]["unit"]["code"] == make.URBAN_MANAGEMENT
    assert made["road"]["road_class"] == "side"
    again = call(inspector, "/v1/sites", body, 201)
    assert again.headers["dudao-replayed"] == "true"
    assert again.json() == made
    other = call(inspector, "/v1/sites", body | {"name": "另一处"}, 409)
    assert other.json()["code"] == "site.id-reused"

    round_ = make.make_round(tx)
    plan = make.plan_visit(tx, round_.id, made["code"], checklist="gc")
    assert make.submit(client, inspector, plan.body).status_code == 201

    path = f"/v1/sites/{made['code']}"
    assert call(inspector, f"{path}/confirm", status=403).json()["code"] == "auth.forbidden"
    assert call(coordinator, f"{path}/confirm").json()["state"] == "active"
    refused = call(coordinator, f"{path}/confirm", status=409)
    assert refused.json()["code"] == "site.nothing-waits"
    found = kinds_of(tx, UUID(body["id"]))
    assert [kind for kind, _ in found] == ["site.proposed", "site.confirmed"]
    assert found[0][1]["after"]["location"] == PLACE
    assert found[1][1]["before"] == {"state": "proposed"}


def test_headquarters_makes_an_active_site_with_a_code_of_its_own(call, headquarters):
    made = call(headquarters, "/v1/sites", new_site(code="GC-1"), 201).json()
    assert (made["code"], made["state"]) == ("GC-1", "active")
    taken = call(headquarters, "/v1/sites", new_site(code="GC-1"), 409)
    assert taken.json()["code"] == "site.code-taken"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"unit": "nowhere"}, "/unit"),
        ({"unit": make.DONGFANGHONG}, "/unit"),  # out of the inspector's reach
        ({"unit": make.URBAN_MANAGEMENT}, "/unit"),  # a bureau is no area
        ({"lines": ["sanitation", "nothing"]}, "/lines/1"),
        ({"responsible": {"login": "nobody"}}, "/responsible/login"),
        ({"responsible": {"unit": "nowhere"}}, "/responsible/unit"),
    ],
)
def test_what_is_unknown_is_named(call, inspector, changes, pointer):
    answer = call(inspector, "/v1/sites", new_site(**changes), 422).json()
    assert [(one["pointer"], one["code"]) for one in answer["errors"]] == [
        (pointer, "field.unknown-reference")
    ]


def test_a_refused_site_is_closed_with_its_reason_and_may_be_reopened(
    call, tx, inspector, coordinator, get
):
    body = new_site()
    call(inspector, "/v1/sites", body, 201)
    path = f"/v1/sites/{body['id']}"
    closed = call(coordinator, f"{path}/refuse", {"reason": "与已有点位重复"}).json()
    assert (closed["state"], closed["valid_to"] is not None) == ("closed", True)
    assert call(inspector, f"{path}/move", _move(), 409).json()["code"] == "site.other-state"
    assert call(coordinator, f"{path}/close", {"reason": "停"}, 409).json()["code"] == (
        "site.other-state"
    )
    opened = call(coordinator, f"{path}/reopen", {"reason": "核实无误"}).json()
    assert (opened["state"], opened["valid_to"]) == ("active", None)
    assert call(coordinator, f"{path}/close", {"reason": "拆除"}).json()["state"] == "closed"
    found = kinds_of(tx, UUID(body["id"]))
    assert [kind for kind, _ in found][1:] == ["site.refused", "site.reopened", "site.closed"]
    assert found[1][1]["reason"] == "与已有点位重复"


def _move(lat=35.2400, **changes):
    place = {"lat": lat, "lon": 113.2420, "crs": "gcj02", "accuracy_m": 6.0}
    return {"id": str(new_id()), "location": place, "note": "实际在路北"} | changes


def test_a_move_waits_for_the_unit_and_a_later_one_supersedes_it(
    call, tx, inspector, coordinator, get
):
    load(tx, make.site_row("M-1"))
    first, second = _move(35.2400), _move(35.2410)
    for body in (first, second):
        waiting = call(inspector, "/v1/sites/M-1/move", body).json()
        assert waiting["location"]["lat"] == PLACE["lat"]
        assert waiting["waiting_move"]["id"] == body["id"]
    again = call(inspector, "/v1/sites/M-1/move", first)
    assert again.headers["dudao-replayed"] == "true"
    other = first | {"note": "不在"}
    assert call(inspector, "/v1/sites/M-1/move", other, 409).json()["code"] == "site.id-reused"
    moved = call(coordinator, "/v1/sites/M-1/confirm").json()
    assert moved["location"]["lat"] == second["location"]["lat"]
    assert moved["waiting_move"] is None

    third = call(inspector, "/v1/sites/M-1/move", _move(35.3)).json()
    stayed = call(coordinator, "/v1/sites/M-1/refuse", {"reason": "位置有误"}).json()
    assert (stayed["state"], stayed["location"]) == ("active", third["location"])
    # Who decides moves it at once.
    assert call(coordinator, "/v1/sites/M-1/move", _move(35.25)).json()["location"]["lat"] == 35.25
    found = kinds_of(tx, UUID(third["id"]))
    assert [kind for kind, _ in found] == [
        "site.move-proposed",
        "site.move-proposed",
        "site.moved",
        "site.move-proposed",
        "site.move-refused",
        "site.moved",
    ]
    assert found[2][1]["before"]["location"]["lat"] == PLACE["lat"]
    states = tx.exec(sa.text("SELECT state, count(*) FROM site_move GROUP BY 1")).all()
    assert dict(tuple(row) for row in states) == {"confirmed": 2, "refused": 1, "superseded": 1}


def test_an_edit_shows_what_changed_and_stays_within_the_unit(call, tx, coordinator):
    load(tx, make.site_row("E-1", category="公厕"))
    first = call(coordinator, "/v1/sites/E-1/edit", content()).json()
    assert first["name"] == "民生路公厕"
    same = call(coordinator, "/v1/sites/E-1/edit", content()).json()
    assert same == first
    call(coordinator, "/v1/sites/E-1/edit", content(road_class="main", lines=["sanitation"]))
    out = call(coordinator, "/v1/sites/E-1/edit", content(unit=make.XINHUA), 422).json()
    assert out["errors"][0]["pointer"] == "/unit"
    found = kinds_of(tx, UUID(first["id"]))
    assert [kind for kind, _ in found] == ["site.edited", "site.edited"]
    assert found[1][1]["before"] == {
        "lines": ["public-toilets", "sanitation"],
        "road_class": "side",
    }
    assert found[1][1]["after"] == {"lines": ["sanitation"], "road_class": "main"}


def test_a_foreign_site_does_not_exist(call, tx, get, inspector, coordinator):
    load(tx, make.site_row("F-1", unit=make.DONGFANGHONG), make.site_row("F-2", unit=make.XINHUA))
    for path in ("/v1/sites/F-1", "/v1/sites/F-1/visits"):
        assert get(inspector, path, 404)["code"] == "site.not-found"
    call(inspector, "/v1/sites/F-1/move", _move(), 404)
    for verb, body in (
        ("confirm", None),
        ("refuse", {"reason": "x"}),
        ("close", {"reason": "x"}),
        ("reopen", {"reason": "x"}),
        ("edit", content()),
    ):
        call(coordinator, f"/v1/sites/F-2/{verb}", body, 404)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "1234"),
        (f"unit={make.MINSHENG}", "12"),
        (f"unit={make.JIEFANG}&category=公厕", "3"),
        ("line=sanitation", "2"),
        ("road_class=main", "1"),
        ("state=closed", ""),
        ("text=南通", "3"),
        ("text=%25", ""),
        ("text=l-1", "1"),
        ("bbox=35.2,113.2,35.3,113.3", "13"),
        ("bbox=35.2391,113.2417,35.2393,113.2419&crs=gcj02", "13"),
        ("bbox=35.2391,113.2417,35.2393,113.2419", ""),  # the same numbers are 580 m away
    ],
)
def test_sites_are_found_by_what_they_are(tx, get, headquarters, query, expected):
    load(
        tx,
        make.site_row("L-1", road_class="main"),
        make.site_row("L-2", lines=["sanitation"], location=None),
        make.site_row("L-3", category="公厕", unit=make.XINHUA, name="南通路公厕"),
        make.site_row("L-4", unit=make.DONGFANGHONG, location={**PLACE, "lat": 36.0}),
    )
    page = get(headquarters, f"/v1/sites?{query}")
    assert "".join(one["code"][-1] for one in page["items"]) == expected
    assert page["next_cursor"] is None


def test_pages_of_sites_hold_each_once(tx, get, headquarters):
    load(tx, *(make.site_row(f"P-{n}") for n in range(5)))
    seen, cursor = [], ""
    while True:
        page = get(headquarters, f"/v1/sites?limit=2{cursor}")
        seen += [one["code"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"P-{n}" for n in range(5)]


@pytest.mark.parametrize("bbox", ["1,2,3", "36,113,35,114", "91,0,92,1", "a,b,c,d"])
def test_a_box_that_is_none_is_refused(get, headquarters, bbox):
    assert get(headquarters, f"/v1/sites?bbox={bbox}", 422)["errors"][0]["pointer"] == "/bbox"


def test_near_is_what_a_measured_list_says(tx, get, inspector):
    draw = random.Random(7)
    rows = [
        make.site_row(
            f"N-{n:03d}",
            unit=draw.choice([make.MINSHENG, make.XINHUA, make.DONGFANGHONG]),
            location={
                "lat": 35.24 + draw.uniform(-0.03, 0.03),
                "lon": 113.24 + draw.uniform(-0.03, 0.03),
                "crs": draw.choice(["wgs84", "gcj02", "bd09", "cgcs2000"]),
            },
        )
        for n in range(300)
    ]
    load(tx, *rows, make.site_row("N-nowhere", location=None))
    tx.exec(sa.text("UPDATE site SET state = 'closed', valid_to = valid_from WHERE code = 'N-007'"))
    tx.commit()
    here = Point(35.241, 113.239)
    sent = wgs84_to_gcj02(here)
    for radius in (50, 800, 2000):
        expected = []
        for row in rows:
            place = row["location"]
            at = to_wgs84(Point(place["lat"], place["lon"]), Crs(place["crs"]))
            away = distance_m(here, at)
            if row["unit"] != make.DONGFANGHONG and row["code"] != "N-007" and away <= radius:
                expected.append((away, row["code"]))
        query = f"lat={sent.lat}&lon={sent.lon}&crs=gcj02&radius_m={radius}"
        found = get(inspector, f"/v1/sites:near?{query}&limit=200")
        assert found["complete"] is True
        assert [one["code"] for one in found["items"]] == [code for _, code in sorted(expected)]
        for one, (away, _) in zip(found["items"], sorted(expected), strict=True):
            assert abs(one["distance_m"] - away) < 0.2
    nearest = get(inspector, f"/v1/sites:near?{query}&limit=3")
    assert nearest["complete"] is False
    assert nearest["items"] == found["items"][:3]
    get(inspector, "/v1/sites:near?lat=35&lon=113&crs=wgs84&radius_m=2001", 422)
    get(inspector, "/v1/sites:near?lat=35&lon=113", 422)


def test_the_history_of_a_site_shows_visits_in_reach_the_newest_first(
    client, tx, get, runtime, inspector, headquarters
):
    sites = [make.site_row("H-1"), make.site_row("H-2")]
    made = []
    for _ in range(3):
        round_ = make.make_round(tx, sites=sites)
        for code in ("H-1", "H-2"):
            plan = make.plan_visit(tx, round_.id, code, values={"BJ-02": 1})
            assert make.submit(client, inspector, plan.body).status_code == 201
            made += [plan.body["id"]] if code == "H-1" else []
    first = get(headquarters, "/v1/sites/H-1/visits?limit=2")
    rest = get(headquarters, f"/v1/sites/H-1/visits?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert first["items"][0]["checklist"] == {"code": "bj", "version": 1}
    # A bureau sees the site, and of its history what has an answer on its lines.
    for lines, count in ((["sanitation"], 3), (["public-toilets"], 0)):
        bureau = make.signed_in(tx, Role.UNIT_COORDINATOR, unit="JZ-JYJ", lines=lines)
        assert len(get(bureau, "/v1/sites/H-1/visits")["items"]) == count
    get(headquarters, "/v1/sites/H-1/visits?cursor=WyJ4IiwieSJd", 422)


def test_loading_again_keeps_what_the_file_does_not_say(call, tx, get, coordinator, headquarters):
    load(tx, make.site_row("K-1", category="公厕"))
    call(coordinator, "/v1/sites/K-1/edit", content())
    call(coordinator, "/v1/sites/K-1/close", {"reason": "改造"})
    load(tx, make.site_row("K-1", category="公厕", name="新名"))
    kept = get(headquarters, "/v1/sites/K-1")
    assert (kept["name"], kept["state"], kept["road"]["road_class"]) == ("新名", "closed", "side")
    assert len(kept["lines"]) == 2
    assert kept["responsible"]["name"] == "王师傅"
    load(tx, make.site_row("K-1", category="公厕", lines=[], road_class=None, responsible=None))
    bare = get(headquarters, "/v1/sites/K-1")
    assert (bare["lines"], bare["road"], bare["responsible"]) == ([], None, None)


def test_a_road_says_to_what_standard_it_is_kept(tx, get, headquarters):
    load(tx, make.site_row("R-1", road_class="main"))
    road = get(headquarters, "/v1/sites/R-1")["road"]
    assert (road["road_class"], road["name"]) == ("main", "主干道严管")
    assert road["standard"]
