"""Standings: figures, ties, who may see them, and feeds that change exactly when they must."""

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.infra import feeds
from app.kit.ids import new_id
from app.kit.paging import encode_cursor
from app.organisation.rules import Role
from app.rounds.tables import Campaign, Round
from app.scoring import importing as scoring
from tests import factories as make
from tests.support import settle

STREETS = ("410802001", "410802002", "410802003", "410802004", "410802006")


pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def round_(ground):
    sites = [make.site_row(f"S-{code}", unit=code) for code in STREETS]
    leagues = make.league_rows("districts", "central-streets", "city-bureaus")
    return make.make_round(ground.tx, sites=sites, leagues=leagues)


@pytest.fixture
def visited(client, tx, runtime, inspector, round_):
    """Visits whose lost points need no photo: reasons instead of findings are not enough for that,
    so the values below lose nothing or the photos they need are stored."""

    def visit(street, values=None, **changes):
        plan = make.plan_visit(tx, round_.id, f"S-{street}", values=values, **changes)
        make.submit(client, inspector, plan.body).raise_for_status()
        return plan

    return visit


@pytest.fixture
def with_photos(client, http, runtime, inspector):
    """Uploads the photos that a plan still lacks."""

    def bring(plan):
        for photo_id in plan.photos:
            make.upload_photo(client, http, inspector, id=photo_id)
        settle(runtime)

    return bring


def standing(client, who, round_id, league="central-streets", status=200, **query):
    path = f"/v1/rounds/{round_id}/rankings/{league}"
    answer = client.get(path, params=query, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def by_unit(page):
    return {entry["unit"]["code"]: entry for entry in page["items"]}


def test_places_follow_scores_and_ties_share_a_place(
    client, tx, round_, headquarters, visited, with_photos
):
    """86.00, 98.00 twice, 100.00, and everybody else without a place."""
    given = {
        "410802001": {"BJ-01": "B", "BJ-02": 4},
        "410802002": {"BJ-02": 1},
        "410802003": {"BJ-06": 1},
        "410802004": {},
    }
    for street, values in given.items():
        with_photos(visited(street, values))
    page = standing(client, headquarters, round_.id)
    assert [
        (entry["rank"], entry["unit"]["name"], entry["score"], entry["sites"])
        for entry in page["items"][:4]
    ] == [
        (1, "焦西街道", "100.00", 1),
        (2, "民主街道", "98.00", 1),
        (2, "新华街道", "98.00", 1),
        (4, "民生街道", "86.00", 1),
    ]
    assert len(page["items"]) == 25
    rest = page["items"][4:]
    assert {(entry["rank"], entry["score"], entry["sites"]) for entry in rest} == {(None, None, 0)}
    assert (page["provisional"], page["league"]["name"]) == (True, "中心城区街道")
    district = standing(client, headquarters, round_.id, "districts")["items"][0]
    assert (district["unit"]["code"], district["score"], district["sites"]) == (
        "410802",
        "95.50",
        4,
    )


def test_one_answer_counts_for_the_area_and_for_the_line(
    client, round_, headquarters, visited, with_photos
):
    with_photos(visited("410802001", {"BJ-03": 3}))
    bureaus = standing(client, headquarters, round_.id, "city-bureaus")["items"]
    signage = next(entry for entry in bureaus if entry["line"] == "广告招牌整治")
    assert (signage["unit"]["code"], signage["lines"]) == ("JZ-CGJ", ["signage"])
    assert (signage["rank"], signage["score"], signage["sites"]) == (6, "70.00", 1)
    toilets = next(entry for entry in bureaus if entry["line"] == "公厕整治")
    assert (toilets["rank"], toilets["score"], toilets["sites"]) == (None, None, 0)
    assert [entry["unit"]["code"] for entry in bureaus].count("JZ-CGJ") == 4


def test_a_visit_that_waits_for_photos_is_pending_and_does_not_count(
    client, round_, headquarters, visited, with_photos, runtime
):
    plan = visited("410802001", {"BJ-02": 4})
    settle(runtime)
    entry = by_unit(standing(client, headquarters, round_.id))["410802001"]
    assert (entry["rank"], entry["score"], entry["sites"], entry["pending_visits"]) == (
        None,
        None,
        0,
        1,
    )
    with_photos(plan)
    entry = by_unit(standing(client, headquarters, round_.id))["410802001"]
    assert (entry["rank"], entry["score"], entry["sites"], entry["pending_visits"]) == (
        1,
        "92.00",
        1,
        0,
    )


def test_a_second_visit_and_a_late_one_change_nothing(
    client, tx, round_, headquarters, visited, with_photos, runtime
):
    with_photos(visited("410802001", {"BJ-02": 4}))
    before = standing(client, headquarters, round_.id)["items"]
    visited("410802001")
    settle(runtime)
    assert standing(client, headquarters, round_.id)["items"] == before
    tx.exec(sa.update(Round).where(Round.id == round_.id).values(state="closed"))
    tx.commit()
    visited("410802002")
    settle(runtime)
    assert standing(client, headquarters, round_.id)["items"] == before


def test_a_site_where_nothing_applies_is_listed_without_a_place(
    client, tx, round_, headquarters, visited, runtime
):
    visited("410802001", {item.code: "na" for item in make.items_of(tx, "bj")})
    settle(runtime)
    entry = by_unit(standing(client, headquarters, round_.id))["410802001"]
    assert (entry["rank"], entry["score"], entry["sites"]) == (None, None, 0)


def test_all_leagues_come_in_one_reply_with_the_same_figures(
    client, round_, headquarters, visited, with_photos
):
    with_photos(visited("410802001", {"BJ-02": 1}))
    path = f"/v1/rounds/{round_.id}/rankings"
    whole = client.get(path, headers=headquarters.headers).json()
    codes = [league["code"] for league in whole["leagues"]]
    assert codes == ["districts", "central-streets", "city-bureaus"]
    for league in whole["leagues"]:
        assert (
            league["entries"] == standing(client, headquarters, round_.id, league["code"])["items"]
        )
    english = client.get(path, headers=headquarters.headers | {"Accept-Language": "en"}).json()
    assert english["leagues"][0]["entries"][0]["unit"]["name"] == "Jiefang District"


def test_pages_join_to_the_whole_without_gap_or_repeat(
    client, round_, headquarters, visited, with_photos
):
    with_photos(visited("410802003", {"BJ-02": 1}))
    whole = standing(client, headquarters, round_.id)["items"]
    joined, cursor = [], None
    while True:
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = standing(client, headquarters, round_.id, **query)
        joined += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert joined == whole
    path = f"/v1/rounds/{round_.id}/rankings"
    first = client.get(path, params={"limit": 2}, headers=headquarters.headers).json()
    rest = {"limit": 2, "cursor": first["next_cursor"]}
    second = client.get(path, params=rest, headers=headquarters.headers).json()
    assert [len(first["leagues"]), len(second["leagues"])] == [2, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", encode_cursor("a"), encode_cursor(1, 2), "W3RydWVd", "WzFlOTld", "W251bGxd"],
)
def test_a_hostile_cursor_is_refused(client, round_, headquarters, cursor):
    found = standing(client, headquarters, round_.id, status=422, cursor=cursor)
    assert found["errors"][0]["code"] == "field.bad-cursor"


@pytest.mark.parametrize("position", [-1, -(10**30), 10**30, 26])
def test_a_cursor_beyond_the_end_is_an_empty_page_or_the_first(
    client, round_, headquarters, position
):
    page = standing(client, headquarters, round_.id, cursor=encode_cursor(position))
    assert len(page["items"]) == (25 if position < 0 else 0)


class TestTheTag:
    def get(self, client, who, round_, tag=None, league="/central-streets", **headers):
        path = f"/v1/rounds/{round_.id}/rankings{league}"
        given = who.headers | headers | ({"If-None-Match": tag} if tag else {})
        return client.get(path, headers=given)

    @pytest.mark.parametrize("league", ["", "/central-streets"])
    def test_an_unchanged_feed_costs_a_304_and_a_change_ends_it(
        self, client, round_, headquarters, visited, with_photos, league
    ):
        tag = self.get(client, headquarters, round_, league=league).headers["etag"]
        assert tag.startswith('W/"')
        unchanged = self.get(client, headquarters, round_, tag, league)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
        with_photos(visited("410802001", {"BJ-02": 1}))
        changed = self.get(client, headquarters, round_, tag, league)
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        again = self.get(client, headquarters, round_, changed.headers["etag"], league)
        assert again.status_code == 304

    def test_a_pending_visit_changes_the_feed_too(
        self, client, round_, headquarters, visited, runtime
    ):
        tag = self.get(client, headquarters, round_).headers["etag"]
        visited("410802001", {"BJ-02": 1})
        settle(runtime)
        assert self.get(client, headquarters, round_, tag).status_code == 200

    def test_a_pending_visit_without_findings_changes_it_as_well(
        self, client, round_, headquarters, visited, runtime
    ):
        tag = self.get(client, headquarters, round_).headers["etag"]
        visited("410802001", photos=[str(new_id())])
        settle(runtime)
        assert self.get(client, headquarters, round_, tag).status_code == 200

    def test_many_changes_are_one_version(self, client, tx, round_, headquarters, visited, runtime):
        visited("410802001")
        visited("410802002")
        settle(runtime)
        scope = f"rankings:{round_.id}"
        first = feeds.version_of(tx, scope)
        from app import worker

        feeds.touch(tx, [scope])
        feeds.touch(tx, [scope])
        tx.commit()
        assert worker.bump_feeds(runtime) >= 1
        assert worker.bump_feeds(runtime) == 0
        assert feeds.version_of(tx, scope) == first + 1

    def test_the_state_of_the_round_is_part_of_it(self, client, tx, round_, headquarters):
        tag = self.get(client, headquarters, round_).headers["etag"]
        tx.exec(sa.update(Round).values(state="published"))
        tx.commit()
        assert self.get(client, headquarters, round_, tag).status_code == 200

    def test_it_is_another_for_another_reader_language_and_page(
        self, client, tx, round_, headquarters
    ):
        auditor = make.signed_in(tx, Role.AUDITOR)
        tags = {
            self.get(client, headquarters, round_).headers["etag"],
            self.get(client, auditor, round_).headers["etag"],
            self.get(client, headquarters, round_, **{"Accept-Language": "en"}).headers["etag"],
            client.get(
                f"/v1/rounds/{round_.id}/rankings/central-streets?limit=3",
                headers=headquarters.headers,
            ).headers["etag"],
        }
        assert len(tags) == 4


class TestWhoSees:
    @pytest.mark.parametrize("state", ["open", "closed", "appeal"])
    @pytest.mark.parametrize(
        ("role", "sees"),
        [
            (Role.HQ_ADMIN, True),
            (Role.HQ_EDITOR, True),
            (Role.AUDITOR, True),
            (Role.INSPECTOR, False),
            (Role.TEAM_LEAD, False),
            (Role.UNIT_COORDINATOR, False),
            (Role.UNIT_HANDLER, False),
            (Role.DASHBOARD, False),
        ],
    )
    def test_before_publication_it_is_for_headquarters(self, client, tx, state, role, sees):
        round_ = make.make_round(tx, state=state, leagues=make.league_rows("districts"))
        who = make.signed_in(tx, role)
        found = standing(client, who, round_.id, "districts", status=200 if sees else 404)
        if not sees:
            assert found["code"] == "round.not-found"

    @pytest.mark.parametrize(
        "role",
        [Role.HQ_ADMIN, Role.UNIT_COORDINATOR, Role.UNIT_HANDLER, Role.INSPECTOR, Role.DASHBOARD],
    )
    def test_afterwards_it_is_for_everybody(self, client, tx, role):
        round_ = make.make_round(tx, state="published", leagues=make.league_rows("districts"))
        assert standing(client, make.signed_in(tx, role), round_.id, "districts")["items"]

    def test_a_planned_round_shows_nothing_to_anybody(self, client, tx, headquarters):
        round_ = make.make_round(tx, state="planned", leagues=make.league_rows("districts"))
        standing(client, headquarters, round_.id, "districts", status=404)

    def test_the_platform_has_no_business_with_standings(self, client, tx, round_):
        platform = make.signed_in(tx, Role.PLATFORM)
        found = standing(client, platform, round_.id, status=403)
        assert found["code"] == "auth.forbidden"

    def test_what_is_not_there(self, client, round_, headquarters):
        assert standing(client, headquarters, new_id(), status=404)["code"] == "round.not-found"
        found = standing(client, headquarters, round_.id, "moon", status=404)
        assert found["code"] == "league.not-found"

    def test_self_inspection_never_ranks(self, client, tx, headquarters):
        rows = make.league_rows("districts")
        round_ = make.make_round(tx, source="self", state="published", leagues=rows)
        found = standing(client, headquarters, round_.id, "districts", status=404)
        assert found["code"] == "round.not-ranked"

    def test_an_unannounced_round_is_not_given_away_by_its_standing(self, client, tx, headquarters):
        """Even where the rulebook shows the standing of open rounds to everybody."""
        round_ = make.make_round(tx, leagues=make.league_rows("districts"))
        unit = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=STREETS[0], areas=[STREETS[0]])
        campaign = tx.get(Campaign, round_.campaign_id)
        rules = {"aggregation": "score_rate", "tie_basis": "published"}
        scoring.load_rulebook(tx, campaign, rules | {"visible_to": {"open": ["*"]}})
        tx.commit()
        standing(client, unit, round_.id, "districts")
        tx.execute(sa.update(Round).where(Round.id == round_.id).values(announced=False))
        tx.commit()
        assert standing(client, headquarters, round_.id, "districts")["items"]
        found = standing(client, unit, round_.id, "districts", status=404)
        assert found["code"] == "round.not-found"


class TestEntering:
    def test_an_entrant_keeps_its_identity_from_round_to_round(self, tx):
        from app.scoring.tables import Entrant, Membership

        rows = make.league_rows("districts")
        first, second = (make.make_round(tx, leagues=rows) for _ in range(2))
        entered = [
            set(tx.exec(select(Membership.entrant_id).where(Membership.round_id == one.id)).all())
            for one in (first, second)
        ]
        assert entered[0] == entered[1]
        assert len(entered[0]) == 5
        units = tx.exec(select(Entrant.unit_id).where(Entrant.id.in_(entered[0]))).all()
        assert len(set(units)) == 5

    def test_nobody_stands_twice_in_one_round(self, tx):
        rows = make.league_rows("districts")
        round_ = make.make_round(tx, leagues=rows)
        with pytest.raises(sa.exc.IntegrityError):
            scoring.enter_round(tx, round_, rows)
