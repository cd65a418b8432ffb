"""Coverage and matrix: exact figures, reach, and feeds that change when they must."""

import pytest
import sqlalchemy as sa

from app.organisation.rules import Role
from tests import factories as make
from tests.api.test_rounds import get, post
from tests.support import StatementCounter, settle

STREETS = ("410802001", "410802002", "410802003", make.DONGFANGHONG)
NOTHING = dict.fromkeys(
    ("planned", "done", "waiting_for_photos", "not_accessible", "gone", "open", "missed"), 0
)


@pytest.fixture
def headquarters(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx)


@pytest.fixture
def round_(tx, inspector):
    sites = [make.site_row(f"S-{code}", unit=code) for code in STREETS]
    tasks = [make.task_row(site["code"], members=[inspector.login]) for site in sites]
    return make.make_round(tx, sites=sites, tasks=tasks)


@pytest.fixture
def visit(client, http, tx, runtime, inspector, round_):
    """A visit to a street's site; its photos are stored unless they are to stay away."""

    def visit(street, values=None, *, photos=True, **changes):
        plan = make.plan_visit(tx, round_.id, f"S-{street}", values=values, **changes)
        make.submit(client, inspector, plan.body).raise_for_status()
        for photo_id in plan.photos if photos else ():
            make.upload_photo(client, http, inspector, id=photo_id)
        settle(runtime)

    return visit


def outcome(tx, street, kind):
    """What the visit says it found, as the visits' own part would store it."""
    tx.exec(sa.text("ALTER TABLE visit_revision DISABLE TRIGGER visit_revision_immutable"))
    tx.exec(
        sa.text(
            "UPDATE visit_revision SET outcome = :kind FROM visit v JOIN site s ON s.id = v.site_id"
            " WHERE v.current_revision_id = visit_revision.id AND s.code = :code"
        ),
        params={"kind": kind, "code": f"S-{street}"},
    )
    tx.exec(sa.text("ALTER TABLE visit_revision ENABLE TRIGGER visit_revision_immutable"))
    tx.commit()


def coverage(client, who, round_, **query):
    return get(client, who, f"/rounds/{round_.id}/coverage", **query)


def matrix(client, who, round_, **query):
    return get(client, who, f"/rounds/{round_.id}/matrix", **query)


def units(page):
    return {row["unit"]["code"]: row["tasks"] for row in page["units"]}


def cells(page):
    return {
        (row["unit"]["code"], cell["line"]): cell for row in page["rows"] for cell in row["cells"]
    }


class TestCoverage:
    def test_every_task_has_one_fate_and_units_are_sums(
        self, client, tx, headquarters, round_, visit
    ):
        visit(STREETS[0])
        visit(STREETS[1], {"BJ-02": 1}, photos=False)
        visit(STREETS[2], photos=False)
        outcome(tx, STREETS[2], "gone")
        page = coverage(client, headquarters, round_)
        expected = NOTHING | {"planned": 4, "done": 1, "waiting_for_photos": 1, "gone": 1}
        assert page["tasks"] == expected | {"open": 1}
        found = units(page)
        assert found[make.CITY] == page["tasks"]
        assert found[make.JIEFANG] == expected | {"planned": 3}
        assert found[make.SHANYANG] == NOTHING | {"planned": 1, "open": 1}
        assert found[STREETS[1]] == NOTHING | {"planned": 1, "waiting_for_photos": 1}
        assert [one["category"] for one in page["categories"]] == ["背街小巷"]
        assert [one["team"] for one in page["teams"]] == [None]
        outcome(tx, STREETS[2], "not_accessible")
        post(client, headquarters, f"/rounds/{round_.id}/close")
        page = coverage(client, headquarters, round_)
        assert (page["provisional"], page["tasks"]["missed"], page["tasks"]["open"]) == (
            False,
            1,
            0,
        )
        assert page["tasks"]["not_accessible"] == 1

    def test_a_late_visit_does_not_make_up_for_a_missed_task(
        self, client, tx, headquarters, round_, visit
    ):
        post(client, headquarters, f"/rounds/{round_.id}/close")
        visit(STREETS[0])
        assert coverage(client, headquarters, round_)["tasks"]["missed"] == 4

    def test_blind_doubles_and_cancelled_tasks_are_not_in_it(
        self, client, tx, headquarters, round_, inspector, visit
    ):
        other = make.signed_in(tx)
        make.make_team(tx, "T2", other)
        wish = {"site": f"S-{STREETS[0]}", "checklist": {"code": "bj", "version": 1}}
        wish |= {"team": "T2", "blind": True}
        task = post(client, headquarters, f"/rounds/{round_.id}/tasks", {"tasks": [wish]}, 201)
        body = make.plan_visit(tx, round_.id, wish["site"], task_id=task["ids"][0]).body
        answer = make.submit(client, other, body)
        assert (answer.status_code, answer.json()["counting"]) == (201, False)
        cancelled = tx.exec(
            sa.text("SELECT t.id FROM task t JOIN site s ON s.id = t.site_id WHERE s.code = :code"),
            params={"code": f"S-{make.DONGFANGHONG}"},
        ).one()[0]
        post(client, headquarters, f"/tasks/{cancelled}/cancel", {"reason": "封路"}, 204)
        page = coverage(client, headquarters, round_)
        assert page["tasks"] == NOTHING | {"planned": 3, "open": 3}
        assert make.SHANYANG not in units(page)

    def test_each_sees_his_own_areas_and_teams_are_for_who_runs_the_round(
        self, client, tx, headquarters, round_
    ):
        street = make.signed_in(
            tx, Role.UNIT_COORDINATOR, unit=make.MINSHENG, areas=[make.MINSHENG]
        )
        page = coverage(client, street, round_)
        assert units(page) == {make.MINSHENG: NOTHING | {"planned": 1, "open": 1}}
        assert (page["tasks"]["planned"], page["teams"]) == (1, [])
        districts = coverage(client, headquarters, round_, kind="district")
        assert set(units(districts)) == {make.JIEFANG, make.SHANYANG}
        first = coverage(client, headquarters, round_, limit=2)
        second = coverage(client, headquarters, round_, limit=500, cursor=first["next_cursor"])
        assert units(first) | units(second) == units(coverage(client, headquarters, round_))
        assert (len(first["units"]), second["next_cursor"]) == (2, None)


class TestMatrix:
    def test_points_and_problems_per_unit_and_line(self, client, headquarters, round_, visit):
        visit(STREETS[0], {"BJ-02": 4, "BJ-03": 1})
        visit(STREETS[1])
        page = matrix(client, headquarters, round_)
        found = cells(page)
        rubbish = found[(STREETS[0], "sanitation")]
        assert (rubbish["points_lost"], rubbish["problems"]) == ("8.000", 4)
        assert rubbish["tasks"] == NOTHING | {"planned": 1, "done": 1}
        assert found[(STREETS[0], "signage")]["problems"] == 1
        assert found[(STREETS[1], "sanitation")]["points_lost"] == "0.000"
        untouched = found[(STREETS[2], "sanitation")]
        assert (untouched["answers"], untouched["possible"]) == (0, "0.000")
        assert untouched["tasks"] == NOTHING | {"planned": 1, "open": 1}
        assert [row["unit"]["code"] for row in page["rows"]] == sorted(STREETS)
        assert {line["code"] for line in page["lines"]} == {line for _, line in found}
        district = cells(matrix(client, headquarters, round_, kind="district"))
        assert district[(make.JIEFANG, "sanitation")]["problems"] == 4
        assert district[(make.JIEFANG, "sanitation")]["tasks"]["planned"] == 3

    def test_a_bureau_sees_its_lines_and_a_district_its_area(
        self, client, tx, headquarters, round_, visit
    ):
        visit(STREETS[0], {"BJ-03": 1})
        visit(make.DONGFANGHONG)
        bureau = make.signed_in(
            tx,
            Role.UNIT_COORDINATOR,
            unit=make.URBAN_MANAGEMENT,
            areas=[make.CITY],
            lines=["signage"],
        )
        lines = {line for _, line in cells(matrix(client, bureau, round_))}
        assert "signage" in lines
        assert "sanitation" not in lines
        district = make.signed_in(
            tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG]
        )
        assert {unit for unit, _ in cells(matrix(client, district, round_))} == set(STREETS[:3])


class TestFeeds:
    @pytest.mark.parametrize("feed", ["coverage", "matrix"])
    def test_unchanged_is_a_304_and_a_change_is_not(
        self, client, connection, tx, runtime, headquarters, round_, visit, feed
    ):
        path = f"/v1/rounds/{round_.id}/{feed}"
        tag = client.get(path, headers=headquarters.headers).headers["etag"]
        held = headquarters.headers | {"If-None-Match": tag}
        with StatementCounter(connection) as counter:
            assert client.get(path, headers=held).status_code == 304
        assert len(counter.statements) <= 5, counter.statements
        visit(STREETS[0])
        answer = client.get(path, headers=held)
        assert (answer.status_code, answer.headers["etag"] != tag) == (200, True)
        held = headquarters.headers | {"If-None-Match": answer.headers["etag"]}
        post(client, headquarters, f"/rounds/{round_.id}/close")
        assert client.get(path, headers=held).status_code == 200

    def test_what_is_planned_or_handed_over_changes_it(
        self, client, tx, runtime, headquarters, round_
    ):
        path = f"/v1/rounds/{round_.id}/coverage"
        task = make.task_at(tx, round_.id)
        tag = client.get(path, headers=headquarters.headers).headers["etag"]
        post(client, headquarters, f"/tasks/{task}/cancel", {"reason": "封路"}, 204)
        settle(runtime)
        held = headquarters.headers | {"If-None-Match": tag}
        assert client.get(path, headers=held).status_code == 200

    def test_more_tasks_cost_no_more_statements(self, client, connection, tx, headquarters):
        costs = []
        for many in (1, 12):
            sites = [make.site_row(f"M-{many}-{n}") for n in range(many)]
            tasks = [make.task_row(site["code"]) for site in sites]
            found = make.make_round(tx, sites=sites, tasks=tasks)
            for feed in ("coverage", "matrix", "tasks"):
                with StatementCounter(connection) as counter:
                    get(client, headquarters, f"/rounds/{found.id}/{feed}")
                costs.append(len(counter.statements))
        assert costs[:3] == costs[3:]
