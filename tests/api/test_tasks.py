"""Teams, planned and drawn tasks, hand-over and cancellation."""

import pytest
import sqlalchemy as sa

from app.kit.ids import new_id
from app.organisation.rules import Role
from app.rounds import drawing
from tests import factories as make
from tests.api.test_rounds import audit, faults, get, post

BJ = {"code": "bj", "version": 1}


pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def crew(ground):
    return [make.signed_in(ground.tx) for _ in range(3)]


@pytest.fixture(scope="module")
def teams(ground, crew):
    """Two in the first team, one in the second."""
    return [
        make.make_team(ground.tx, "T1", *crew[:2], lead=crew[0]),
        make.make_team(ground.tx, "T2", crew[2]),
    ]


@pytest.fixture(scope="module")
def round_(ground):
    sites = [make.site_row(f"S-{n}", unit=f"41080200{n}") for n in range(1, 7)]
    return make.make_round(ground.tx, sites=[*sites, make.site_row("GC-1", "公厕")])


def plan(client, who, round_, *tasks, status=201):
    return post(client, who, f"/rounds/{round_.id}/tasks", {"tasks": list(tasks)}, status)


def wish(site, team=None, **more):
    return {"site": site, "checklist": BJ, "team": team} | more


def mine(client, who):
    return {one["site"]["code"] for one in get(client, who, "/tasks")["items"]}


class TestTeams:
    def test_people_join_lead_and_leave(self, client, tx, headquarters, crew):
        body = {"code": "T9", "name": "督导九组", "unit": make.CITY}
        assert post(client, headquarters, "/teams", body, 201)["members"] == []
        person = {"person": crew[0].login, "since": "2018-09-01"}
        post(client, headquarters, "/teams/T9/join", person)
        found = post(client, headquarters, "/teams/T9/join", person | {"leads": True})
        assert [(one["leads"], one["valid_to"]) for one in found["members"]] == [(True, None)]
        found = post(
            client,
            headquarters,
            "/teams/T9/leave",
            {"person": crew[0].login, "until": "2018-09-30"},
        )
        assert [one["valid_to"] for one in found["members"]] == ["2018-09-30"]
        leave = {"person": crew[0].login}
        assert post(client, headquarters, "/teams/T9/leave", leave, 409)["code"] == (
            "team.not-a-member"
        )
        assert post(client, headquarters, "/teams/T9/end")["ended_at"] is not None
        answer = post(client, headquarters, "/teams/T9/join", person, 409)
        assert answer["code"] == "team.ended"
        assert post(client, headquarters, "/teams", body, 409)["code"] == "team.exists"

    def test_who_inspects_is_not_for_the_inspected(self, client, tx, headquarters, crew, teams):
        district = make.signed_in(
            tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG]
        )
        assert get(client, district, "/teams")["items"] == []
        assert get(client, district, "/teams/T1", 404)["code"] == "team.not-found"
        assert [one["code"] for one in get(client, crew[2], "/teams")["items"]] == ["T2"]
        assert {one["code"] for one in get(client, headquarters, "/teams")["items"]} == {"T1", "T2"}


class TestPlanning:
    def test_a_task_is_for_the_whole_team_or_for_the_named(
        self, client, tx, headquarters, round_, crew, teams
    ):
        named = wish("S-2", "T1", members=[crew[1].login])
        ids = plan(client, headquarters, round_, wish("S-1", "T1"), named)["ids"]
        assert len(ids) == 2
        assert mine(client, crew[0]) == {"S-1"}
        assert mine(client, crew[1]) == {"S-1", "S-2"}
        assert mine(client, crew[2]) == set()
        assert [one["tasks"] for one in audit(tx, "task.planned")] == [2]

    def test_every_fault_is_named_and_nothing_is_planned(
        self, client, tx, headquarters, round_, teams
    ):
        plan(client, headquarters, round_, wish("S-1", "T1"))
        make.make_round(tx, sites=[make.site_row("OUT", unit=make.CITY)])
        answer = plan(
            client,
            headquarters,
            round_,
            wish("S-1"),
            wish("nowhere"),
            wish("S-2", "T3"),
            wish("S-3", members=["nobody"]),
            wish("S-4") | {"checklist": {"code": "bj", "version": 7}},
            wish("GC-1"),
            wish("S-5"),
            wish("S-5"),
            wish("S-6", blind=True),
            status=422,
        )
        assert faults(answer) == {
            ("/tasks/0/site", "task.planned-already"),
            ("/tasks/1/site", "field.unknown-reference"),
            ("/tasks/2/team", "field.unknown-reference"),
            ("/tasks/3/members/0", "field.unknown-reference"),
            ("/tasks/4/checklist", "field.unknown-reference"),
            ("/tasks/5/checklist", "site.other-category"),
            ("/tasks/7/site", "task.planned-already"),
            ("/tasks/8/blind", "task.blind-needs-first"),
        }
        found = get(client, headquarters, f"/rounds/{round_.id}/tasks")["items"]
        assert [one["site"]["code"] for one in found] == ["S-1"]

    def test_a_district_plans_at_its_streets_and_nowhere_else(self, client, tx):
        boss = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG])
        sites = [
            make.site_row("IN", unit=make.MINSHENG),
            make.site_row("OWN", unit=make.JIEFANG),  # where only its bureaus are judged
            make.site_row("OUT", unit=make.DONGFANGHONG),
        ]
        round_ = make.make_round(tx, sites=sites, source="district", unit=make.JIEFANG)
        wishes = [wish(site["code"]) for site in sites]
        answer = plan(client, boss, round_, *wishes, status=422)
        assert faults(answer) == {("/tasks/2/site", "site.not-judged")}
        assert len(plan(client, boss, round_, *wishes[:2])["ids"]) == 2
        headed = make.make_round(tx)
        assert plan(client, boss, headed, wishes[0], status=404)["code"] == "round.not-found"

    def test_a_closed_round_takes_no_tasks(self, client, tx, headquarters):
        over = make.make_round(tx, state="closed", sites=[make.site_row("S-1")])
        answer = plan(client, headquarters, over, wish("S-1"), status=409)
        assert answer["code"] == "round.wrong-state"

    def test_a_blind_double_goes_to_a_second_team_once(
        self, client, tx, headquarters, round_, crew, teams
    ):
        double = wish("S-1", "T2", blind=True)
        plan(client, headquarters, round_, wish("S-1", "T1"), double)
        answer = plan(client, headquarters, round_, double, status=422)
        assert faults(answer) == {("/tasks/0/site", "task.planned-already")}
        path = f"/rounds/{round_.id}/tasks"
        assert [one["blind"] for one in get(client, headquarters, path)["items"]] == [False, True]
        lead = make.signed_in(tx, Role.TEAM_LEAD)
        make.make_team(tx, "T3", lead, lead=lead)
        plan(client, headquarters, round_, wish("S-2", "T3"))
        seen = get(client, lead, path)["items"]
        assert [(one["site"]["code"], one["blind"]) for one in seen] == [("S-2", None)]

    def test_a_draw_can_be_repeated_from_its_seed(
        self, client, tx, headquarters, round_, crew, teams
    ):
        body = {
            "areas": [make.JIEFANG],
            "checklists": [BJ],
            "teams": ["T1", "T2"],
            "most": 4,
            "blind": 1,
            "seed": "2018-09-14",
        }
        draw = post(client, headquarters, f"/rounds/{round_.id}/draw", body, 201)
        assert (draw["seed"], draw["tasks"]) == ("2018-09-14", 5)
        expected = drawing.deal(
            [f"S-{n}" for n in range(1, 7)], ["T1", "T2"], seed="2018-09-14", most=4, blind=1
        )
        found = get(client, headquarters, f"/rounds/{round_.id}/tasks")["items"]
        assert sorted((o["site"]["code"], o["team"]["code"], o["blind"]) for o in found) == sorted(
            (one.place, one.team, one.blind) for one in expected
        )
        again = post(client, headquarters, f"/rounds/{round_.id}/draw", body | {"blind": 0}, 201)
        assert again["tasks"] == 2
        answer = post(client, headquarters, f"/rounds/{round_.id}/draw", body, 422)
        assert faults(answer) == {("/areas", "task.nothing-to-draw")}

    def test_what_a_draw_names_must_be_there(self, client, headquarters, round_):
        body = {"areas": ["x"], "checklists": [{"code": "x", "version": 1}], "teams": ["T1"]}
        answer = post(client, headquarters, f"/rounds/{round_.id}/draw", body | {"blind": 1}, 422)
        assert faults(answer) == {
            ("/areas/0", "field.unknown-reference"),
            ("/checklists/0", "field.unknown-reference"),
            ("/blind", "task.blind-needs-teams"),
        }

    def test_the_tasks_of_a_round_are_narrowed(self, client, tx, headquarters, round_, teams):
        wishes = [wish("S-1", "T1"), wish("S-2", "T2"), wish("S-3")]
        ids = plan(client, headquarters, round_, *wishes)["ids"]
        post(client, headquarters, f"/tasks/{ids[2]}/cancel", {"reason": "已拆迁"}, 204)
        path = f"/rounds/{round_.id}/tasks"
        asks = [
            ({"team": "T1"}, ["S-1"]),
            ({"area": "410802002"}, ["S-2"]),
            ({"state": "open"}, ["S-1", "S-2"]),
            ({"state": "done"}, []),
            ({"cancelled": True}, ["S-3"]),
        ]
        for query, expected in asks:
            found = get(client, headquarters, path, **query)["items"]
            assert [one["site"]["code"] for one in found] == expected
        assert get(client, headquarters, path, area="x", status=404)["code"] == "unit.not-found"


class TestHandOver:
    @pytest.fixture
    def task(self, client, headquarters, round_, crew, teams):
        named = wish("S-1", "T1", members=[crew[0].login])
        return plan(client, headquarters, round_, named)["ids"][0]

    def body(self, to, **more):
        return {"id": str(new_id()), "to": to.login, "reason": "临时请假"} | more

    def test_a_colleague_of_the_team_takes_it(self, client, tx, crew, task):
        body = self.body(crew[1])
        first = post(client, crew[0], f"/tasks/{task}/hand-over", body)
        again = post(client, crew[0], f"/tasks/{task}/hand-over", body)
        assert first == again
        assert (mine(client, crew[0]), mine(client, crew[1])) == (set(), {"S-1"})
        assert [(one["before"], one["after"]) for one in audit(tx, "task.handed-over")] == [
            ({"member": crew[0].login}, {"member": crew[1].login})
        ]
        other = body | {"reason": "别的理由"}
        answer = post(client, crew[0], f"/tasks/{task}/hand-over", other, 409)
        assert (answer["code"], answer["errors"][0]["pointer"]) == (
            "task.hand-over-reused",
            "/reason",
        )

    def test_the_visit_of_the_former_member_is_not_lost(self, client, tx, round_, crew, task):
        """His phone was offline and did not know that the task had gone to somebody else."""
        plan_ = make.plan_visit(tx, round_.id, "S-1", task_id=task)
        post(client, crew[0], f"/tasks/{task}/hand-over", self.body(crew[1]))
        answer = make.submit(client, crew[0], plan_.body)
        assert (answer.status_code, answer.json()["counting"]) == (201, True)
        tasks = get(client, crew[1], "/tasks")["items"]
        assert [one["state"] for one in tasks] == ["done"]

    def test_a_hand_over_that_comes_late_says_so(self, client, crew, task):
        post(client, crew[0], f"/tasks/{task}/hand-over", self.body(crew[1]))
        answer = post(client, crew[0], f"/tasks/{task}/hand-over", self.body(crew[1]), 409)
        assert answer["code"] == "task.not-his"
        post(client, crew[1], f"/tasks/{task}/hand-over", self.body(crew[0]))
        assert mine(client, crew[0]) == {"S-1"}

    def test_only_to_a_colleague(self, client, tx, crew, task):
        nobody = make.Login(new_id(), "nobody", {})
        for other in (crew[2], nobody, crew[0]):
            answer = post(client, crew[0], f"/tasks/{task}/hand-over", self.body(other), 422)
            assert faults(answer) == {("/to", "task.no-colleague")}

    def test_without_a_team_to_somebody_of_the_same_unit(
        self, client, tx, headquarters, round_, crew
    ):
        named = wish("S-2", members=[crew[0].login])
        task = plan(client, headquarters, round_, named)["ids"][0]
        foreign = make.signed_in(tx, unit=make.JIEFANG)
        answer = post(client, crew[0], f"/tasks/{task}/hand-over", self.body(foreign), 422)
        assert faults(answer) == {("/to", "task.no-colleague")}
        post(client, crew[0], f"/tasks/{task}/hand-over", self.body(crew[2]))
        assert mine(client, crew[2]) == {"S-2"}

    def test_who_leads_or_runs_the_round_moves_anybodys(
        self, client, tx, headquarters, round_, crew, teams, task
    ):
        stranger = make.signed_in(tx)
        path = f"/tasks/{task}/hand-over"
        assert post(client, stranger, path, self.body(crew[1]), 404)["code"] == "task.not-found"
        give = {"from": crew[0].login}
        assert post(client, crew[1], path, self.body(crew[1], **give), 404)
        post(client, headquarters, path, self.body(crew[1], **give))
        assert mine(client, crew[1]) == {"S-1"}
        post(client, crew[0], path, self.body(crew[0], **{"from": crew[1].login}))
        assert mine(client, crew[0]) == {"S-1"}

    def test_not_after_the_close_and_not_when_cancelled(
        self, client, headquarters, round_, crew, task
    ):
        path = f"/tasks/{task}/hand-over"
        post(client, headquarters, f"/tasks/{task}/cancel", {"reason": "重复"}, 204)
        assert post(client, crew[0], path, self.body(crew[1]), 409)["code"] == "task.cancelled"
        post(client, headquarters, f"/rounds/{round_.id}/close")
        named = wish("S-2", "T1", members=[crew[0].login])
        assert plan(client, headquarters, round_, named, status=409)


class TestCancelling:
    def test_it_leaves_the_list_and_its_place(self, client, tx, headquarters, round_, crew, teams):
        task = plan(client, headquarters, round_, wish("S-1", "T1"))["ids"][0]
        path = f"/tasks/{task}/cancel"
        for _ in range(2):
            post(client, headquarters, path, {"reason": "已拆迁"}, 204)
        assert mine(client, crew[0]) == set()
        assert [one["reason"] for one in audit(tx, "task.cancelled")] == ["已拆迁"]
        plan(client, headquarters, round_, wish("S-1", "T2"))
        assert mine(client, crew[2]) == {"S-1"}

    def test_a_lead_cancels_his_teams_tasks_and_no_others(
        self, client, tx, headquarters, round_, teams
    ):
        lead = make.signed_in(tx, Role.TEAM_LEAD)
        make.make_team(tx, "T3", lead, lead=lead)
        wishes = [wish("S-1", "T3"), wish("S-2", "T1")]
        ids = plan(client, headquarters, round_, *wishes)["ids"]
        post(client, lead, f"/tasks/{ids[0]}/cancel", {"reason": "封路"}, 204)
        answer = post(client, lead, f"/tasks/{ids[1]}/cancel", {"reason": "封路"}, 404)
        assert answer["code"] == "task.not-found"

    def test_a_visit_that_comes_for_it_is_kept(self, client, tx, headquarters, round_, crew, teams):
        task = plan(client, headquarters, round_, wish("S-1", "T1"))["ids"][0]
        post(client, headquarters, f"/tasks/{task}/cancel", {"reason": "重复"}, 204)
        plan_ = make.plan_visit(tx, round_.id, "S-1", task_id=task)
        assert make.submit(client, crew[0], plan_.body).status_code == 201


def test_the_database_holds_one_task_and_one_double_per_place(tx, client, headquarters, round_):
    plan(client, headquarters, round_, wish("S-1"))
    copied = sa.text(
        "INSERT INTO task (id, round_id, site_id, checklist_version_id, blind, area_path)"
        " SELECT :id, round_id, site_id, checklist_version_id, blind, area_path FROM task"
    )
    with pytest.raises(sa.exc.IntegrityError, match="uq_task_place"):
        tx.exec(copied, params={"id": new_id()})
