"""Anyone ranked sees why, and how sure the order is; who inspected is for headquarters."""

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.organisation.rules import Role
from app.rounds.tables import Campaign
from app.scoring import importing as scoring
from app.scoring.tables_results import RankingRun
from tests import factories as make
from tests.support import settle

# Two sites in each of three streets.
LOST = {
    "410802001": ({}, {"BJ-02": 1}),
    "410802002": ({"BJ-02": 1}, {"BJ-02": 2}),
    "410802003": ({"BJ-02": 4, "BJ-03": 3}, {"BJ-02": 3}),
}
RULES = {
    "visible_to": {"published": ["*"]},
    "supported_required": True,
    "leagues": {
        "central-streets": {"award_fen": [10_000_000], "award_name": "街道创建先进奖"},
        "city-bureaus": {"score_shown": False},
        "outer-towns": {
            "aggregation": "rank_points", "components": ["central-streets"],
            "points": [90, 80, 70],
        },
    },
}  # fmt: skip


@pytest.fixture
def hq(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def street(tx):
    return make.signed_in(tx, Role.UNIT_HANDLER, unit=make.XINHUA, areas=(make.XINHUA,))


@pytest.fixture
def call(client):
    def call(who, path, body=None, status=200, **headers):
        given = {"headers": who.headers | headers}
        answer = (
            client.get(path, **given) if body is None else client.post(path, json=body, **given)
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    return call


@pytest.fixture
def published(tx, client, runtime, hq, call):
    campaign = tx.exec(select(Campaign).where(Campaign.code == make.CAMPAIGN)).one()
    scoring.load_rulebook(tx, campaign, RULES)
    tx.commit()
    sites = [make.site_row(f"S-{code}-{n}", unit=code) for code in LOST for n in range(2)]
    leagues = make.league_rows("districts", "central-streets", "city-bureaus")
    by_points = [{"unit": code, "label": "名次分", "lines": [], "areas": [code]} for code in LOST]
    leagues.append({"code": "outer-towns", "entrants": by_points})
    round_ = make.make_round(tx, sites=sites, leagues=leagues)
    inspector = make.signed_in(tx, Role.INSPECTOR)
    for code, values in LOST.items():
        for n, lost in enumerate(values):
            plan = make.plan_visit(tx, round_.id, f"S-{code}-{n}", values=lost)
            make.submit(client, inspector, plan.body).raise_for_status()
    tx.exec(sa.text("UPDATE visit SET completed_at = received_at"))
    tx.commit()
    call(hq, f"/v1/rounds/{round_.id}/close", {})
    settle(runtime)
    return round_, call(hq, f"/v1/rounds/{round_.id}/publish", {}, 201)["id"]


def test_why_a_street_stands_where_it_does_and_how_sure_that_is(call, tx, hq, street, published):
    round_, run = published
    base = f"/v1/rounds/{round_.id}/rankings/central-streets"
    entrants = {row["unit"]["code"]: row for row in call(street, base)["items"]}
    why = call(street, f"{base}/entries/{entrants['410802003']['entrant_id']}")
    assert (why["place"], why["ahead"]["unit"]["code"], why["ahead"]["place"]) == (
        3,
        "410802002",
        2,
    )
    assert sum(float(part["points"]) for part in why["parts"]) == pytest.approx(float(why["gap"]))
    assert float(why["gap"]) == pytest.approx(float(why["ahead"]["score"]) - float(why["score"]))
    assert why["answers_lost"] == len(why["answers"]) == 3
    assert why["answers"][0]["item"].endswith("/BJ-02")
    assert all(answer["photos"] for answer in why["answers"])
    assert [site["site"] for site in why["sites"]] == ["S-410802003-0", "S-410802003-1"]
    assert why["to_pass"]["smallest"] is True
    assert 0 < len(why["to_draw_level"]["answers"]) <= len(why["to_pass"]["answers"])
    assert why["hanging"]["sites"] == 2
    by_points = base.replace("central-streets", "outer-towns")
    last = next(r for r in call(street, by_points)["items"] if r["unit"]["code"] == "410802003")
    points = call(street, f"{by_points}/entries/{last['entrant_id']}")
    assert (points["score"], points["gap"]) == ("70.00", "10.0000")
    assert points["to_pass"] == why["to_pass"]
    first = call(street, f"{base}/entries/{entrants['410802001']['entrant_id']}")
    assert (first["ahead"], first["gap"], first["parts"]) == (None, None, [])
    unseen = call(street, f"{base}/entries/{entrants['410802006']['entrant_id']}")
    assert (unseen["status"], unseen["score"], unseen["answers"]) == ("unscored", None, [])
    call(street, f"{base}/entries/{run}", status=404)

    sure = call(street, f"/v1/ranking-runs/{run}/certainty", **{"accept-language": "en"})
    leagues = {one["code"]: one for one in sure["leagues"]}
    streets = {one["unit"]["code"]: one for one in leagues["central-streets"]["entries"]}
    assert streets["410802003"]["error"] is not None
    assert why["beside"]["error"] == streets["410802003"]["error"]
    assert streets["410802001"]["support"]["code"] in {"supported", "provisional", "not_supported"}
    assert (leagues["districts"]["ranked"], leagues["districts"]["sentence"]) == (1, None)
    stored = tx.exec(select(RankingRun)).one()
    labels = {(league, entrant): label for league, entrant, label in stored.inputs["labels"]}
    money = entrants["410802001"]["award_fen"]
    label = streets["410802001"]["support"]["code"]
    assert labels["central-streets", streets["410802001"]["entrant"]] == label
    assert money == (10_000_000 if label == "supported" else 0)

    seen = call(hq, f"/v1/ranking-runs/{run}/severities")
    assert seen["groups"] == 1
    assert [one["visits"] for one in seen["items"]] == [6]
    call(street, f"/v1/ranking-runs/{run}/severities", status=403)


def test_a_withheld_score_is_explained_to_its_own_unit_alone(call, hq, street, published):
    round_, _ = published
    base = f"/v1/rounds/{round_.id}/rankings/city-bureaus"
    scored = [row for row in call(hq, base)["items"] if row["rank"]]
    assert scored
    entrant = scored[-1]["entrant_id"]
    assert call(hq, f"{base}/entries/{entrant}")["score"] == scored[-1]["score"]
    assert call(street, f"{base}/entries/{entrant}", status=404)["code"] == "entrant.not-found"
