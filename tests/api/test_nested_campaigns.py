"""A district ranks its streets and a street its shops, each in a campaign of its own."""

import json
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.organisation.rules import Role
from app.organisation.tables import Unit
from app.rounds.importing import load_judging
from app.rounds.tables import Campaign
from app.scoring import importing as scoring
from tests import factories as make
from tests.conftest import CITY as CITY_FILES
from tests.support import settle

RULES = {"visible_to": {"published": ["*"]}, "leagues": {"own": {"award_fen": [50_000_000]}}}
LEAGUE = {"code": "own", "name_zh": "本级排名", "flag_quota": {"red": 1, "blue": 1}}
SHOPS = ("SHOP-1", "SHOP-2")
STREETS = (make.MINSHENG, make.XINHUA)


@pytest.fixture
def call(client):
    def call(who, path, body=None, status=200, **query):
        given = {"headers": who.headers, "params": query}
        answer = (
            client.get(path, **given) if body is None else client.post(path, json=body, **given)
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return call


def coordinator(tx, unit):
    return make.signed_in(tx, Role.UNIT_COORDINATOR, unit=unit, areas=(unit,))


def entrants(*units):
    return [{"unit": unit, "label": None, "lines": [], "areas": [unit]} for unit in units]


@pytest.fixture
def levels(tx, client, call, runtime):
    """The same weeks: the city ranks two streets, their district too, and one of them its shops."""
    hq = make.signed_in(tx, Role.HQ_ADMIN)
    rows = json.loads((CITY_FILES / "judging.json").read_text(encoding="utf-8"))
    load_judging(tx, [*rows, {"source": "district", "judge": "street", "judged": "enterprise"}])
    for code in SHOPS:
        unit = {"code": code, "scheme": "local", "kind": "enterprise", "parent": make.XINHUA,
                "name_zh": code, "valid_from": "2018-01-01"}  # fmt: skip
        call(hq, "/v1/units", unit, 201)
    district, street = coordinator(tx, make.JIEFANG), coordinator(tx, make.XINHUA)
    found = {}
    for name, who, unit, ranked, source in (
        ("city", hq, make.CITY, STREETS, "city_team"),
        ("district", district, make.JIEFANG, STREETS, "district"),
        ("street", street, make.XINHUA, SHOPS, "district"),
    ):
        campaign = {"code": f"own-{name}", "name_zh": "本级", "unit": unit}
        call(who, "/v1/campaigns", campaign, 201)
        draft = call(who, "/v1/rulebooks", {"campaign": f"own-{name}", "rules": RULES}, 201)
        call(who, f"/v1/rulebooks/{draft['id']}/publish", {})
        row = tx.exec(select(Campaign).where(Campaign.code == f"own-{name}")).one()
        scoring.load_leagues(tx, row, [LEAGUE | {"entrants": []}])
        sites = [make.site_row(f"{name}-{code}", unit=code) for code in ranked]
        leagues = [LEAGUE | {"entrants": entrants(*ranked)}]
        round_ = make.make_round(
            tx, campaign=f"own-{name}", unit=unit, source=source, sites=sites, leagues=leagues
        )
        found[name] = SimpleNamespace(who=who, round=round_, ranked=ranked)
    inspectors = {
        name: make.signed_in(tx, Role.INSPECTOR, unit=unit, areas=(unit,))
        for name, unit in (("city", make.CITY), ("district", make.JIEFANG), ("street", make.XINHUA))
    }
    for name, level in found.items():
        for lost, code in enumerate(level.ranked):
            plan = make.plan_visit(
                tx, level.round.id, f"{name}-{code}", values={"BJ-02": lost} if lost else {}
            )
            make.submit(client, inspectors[name], plan.body).raise_for_status()
    tx.exec(sa.text("UPDATE visit SET completed_at = received_at"))
    tx.commit()
    for level in found.values():
        call(level.who, f"/v1/rounds/{level.round.id}/close", {})
    settle(runtime)
    return found


def test_campaigns_of_all_levels_stand_beside_each_other(tx, call, levels):
    district, street = levels["district"], levels["street"]
    strangers = coordinator(tx, make.SHANYANG), street.who
    for who in strangers:
        call(who, f"/v1/rounds/{district.round.id}/publish", {}, 404)
    for level in levels.values():
        run = call(level.who, f"/v1/rounds/{level.round.id}/publish", {}, 201)
        (league,) = call(level.who, f"/v1/ranking-runs/{run['id']}/rankings")["leagues"]
        rows = [
            (one["unit"]["code"], one["rank"], one["sites"], one["flag"], one["award_fen"])
            for one in league["entries"]
        ]
        first, second = level.ranked
        assert rows == [(first, 1, 1, "red", 50_000_000), (second, 2, 1, "blue", 0)]
    issuers = {
        one["issuer"]["code"]: one["unit"]["code"]
        for one in call(levels["city"].who, "/v1/awards")["items"]
    }
    assert issuers == {
        make.CITY: make.MINSHENG, make.JIEFANG: make.MINSHENG, make.XINHUA: SHOPS[0],
    }  # fmt: skip
    xinhua = tx.exec(select(Unit).where(Unit.code == make.XINHUA)).one()
    seen = call(street.who, "/v1/entrants", campaign="own-street")["items"]
    assert {one["unit"]["code"] for one in seen} == set(SHOPS)
    assert xinhua.path.startswith("/")


def test_a_district_pays_on_the_citys_result(tx, call, levels):
    city, district = levels["city"], levels["district"]
    run = call(city.who, f"/v1/rounds/{city.round.id}/publish", {}, 201)
    (league,) = call(district.who, f"/v1/ranking-runs/{run['id']}/rankings")["leagues"]
    basis = {"run_id": run["id"], "entrant_id": league["entries"][0]["entrant_id"]}
    award = {"issuer": make.JIEFANG, "fen": 10_000_000, "reason": "区级奖补"} | basis
    made = call(district.who, "/v1/awards", award, 201)
    assert (made["unit"]["code"], made["place"], made["ground"]) == (make.MINSHENG, 1, "basis")
