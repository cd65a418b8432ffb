"""The life of a case over HTTP: from the report to the close-out, by those whose part it is."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app import worker
from app.infra import business_time
from app.infra.events import Event
from app.kit.ids import new_id
from app.kit.workdays import Limit, LimitUnit
from app.ledger.case import Case, replay
from app.ledger.replaying import differing
from app.ledger.tables import Problem, ProblemAlarm, ProblemEvent
from app.organisation.rules import Role
from tests import factories as make
from tests.support import settle

ZONE = ZoneInfo("Asia/Shanghai")
ALLEY = {"scheme": "jiaozuo-checklist-2018", "code": "E0112", "version": "2026-11-22"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def same(text, instant):
    """The clock runs on during a test, so nothing here ends where an office closes."""
    return abs(datetime.fromisoformat(text) - at(instant)) < timedelta(minutes=1)


pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture
def clock_at(tx):
    def move(text):
        business_time.set_business_time(tx, instant=at(text))
        tx.commit()

    move("2018-09-10 08:00")
    return move


@pytest.fixture(scope="module")
def cast(ground):
    """Everybody who has a part; JF-HWC answers for toilets in the district."""
    tx = ground.tx
    unit = {"unit": "JF-HWC", "areas": []}
    return {
        "office": make.signed_in(tx, Role.HQ_ADMIN),
        "other office": make.signed_in(tx, Role.HQ_ADMIN),
        "inspector": make.signed_in(tx, Role.INSPECTOR),
        "checker": make.signed_in(tx, Role.INSPECTOR),
        "handler": make.signed_in(tx, Role.UNIT_HANDLER, **unit),
        "coordinator": make.signed_in(tx, Role.UNIT_COORDINATOR, **unit),
        "foreign": make.signed_in(tx, Role.UNIT_COORDINATOR, unit="SY-CGJ", areas=[]),
    }


@pytest.fixture
def people(cast, clock_at):
    """They begin in the morning of 10 September 2018."""
    return cast


@pytest.fixture
def report(client, people):
    def make_one(**changes):
        body = {
            "id": str(new_id()),
            "line": "public-toilets",
            "unit": make.FENGHUAYUAN,
            "note": "公厕地面积水",
            "found_at": "2018-09-10T07:30:00+08:00",
        }
        answer = client.post(
            "/v1/ledger/reports", json=body | changes, headers=people["inspector"].headers
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make_one


@pytest.fixture
def do(client, people):
    """A command on a case as it was last seen; returns the case after it."""

    def send(case, who, verb, status=200, **body):
        if "version" not in body and verb not in ("comment", "urge"):
            body["version"] = case["version"]
        answer = client.post(
            f"/v1/ledger/{case['number']}/{verb}", json=body, headers=people[who].headers
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    return send


@pytest.fixture
def dispatched(report, do):
    def make_one(**filing):
        case = do(report(), "office", "file", **filing)
        return do(case, "office", "dispatch")

    return make_one


@pytest.fixture
def signed(dispatched, do):
    return lambda **filing: do(dispatched(**filing), "handler", "sign")


@pytest.fixture
def after_photo(client, http, people):
    return lambda who="handler": make.upload_photo(client, http, people[who], role="after")


def get(client, who, number):
    answer = client.get(f"/v1/ledger/{number}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def replayed(tx, number):
    """The case as its row says, and as its history does."""
    problem = tx.exec(select(Problem).where(Problem.number == number)).one()
    tx.refresh(problem)
    rows = tx.exec(
        select(ProblemEvent).where(ProblemEvent.problem_id == problem.id).order_by(ProblemEvent.seq)
    ).all()
    assert [one.seq for one in rows] == list(range(1, problem.events + 1))
    return Case.of(problem), replay(one.changed for one in rows)


def test_a_case_from_its_report_to_its_close_out(
    client, tx, runtime, people, report, do, after_photo, clock_at
):
    case = report()
    assert (case["state"], case["version"], case["time"]) == ("reported", 1, None)
    case = do(case, "office", "verify", result="exists", reason="属实")
    case = do(case, "office", "file", category=ALLEY)
    assert case["time"]["limit"]["basis"] == "strictest"
    assert (case["time"]["limit"]["value"], case["time"]["limit"]["unit"]) == (2, "work_hour")
    case = do(case, "office", "dispatch")
    assert same(case["time"]["deadline_at"], "2018-09-10 10:00")
    clock_at("2018-09-10 09:00")
    case = do(case, "handler", "sign")
    assert [one["action"] for one in get(client, people["handler"], case["number"])["actions"]] == [
        "rectify", "comment",
    ]  # fmt: skip
    photo = after_photo()
    settle(runtime)
    case = do(
        case, "handler", "rectify", resolution="solved", photos=[photo], cost_fen=120_000,
        work=[
            {"kind": "清运垃圾", "quantity": "300.5", "unit": "立方米"},
            {"kind": "清运垃圾", "quantity": "10", "unit": "立方米"},
        ],
    )  # fmt: skip
    assert (case["state"], case["time"]["running"], case["time"]["late"]) == (
        "checking", False, False,
    )  # fmt: skip
    assert case["work"] == [{"kind": "清运垃圾", "quantity": "310.5", "unit": "立方米"}]
    assert ([one["id"] for one in case["after"]], case["before"]) == ([photo], [])
    assert case["after"][0]["thumb_url"]
    case = do(case, "checker", "check", result="pass")
    case = do(case, "other office", "close")
    assert (case["state"], case["state_label"], case["cost_fen"]) == ("closed", "结案", 120_000)
    assert [one["action"] for one in case["history"]] == [
        "open", "verify", "file", "dispatch", "sign", "rectify", "check-pass", "close",
    ]  # fmt: skip
    assert case["history"][5]["by"]["code"] == people["handler"].login
    seen = get(client, people["handler"], case["number"])
    assert {one["by"] for one in seen["history"]} == {None}
    assert seen["state_label"] == "已销号"
    row, history = replayed(tx, case["number"])
    assert row == history
    kinds = tx.exec(
        select(Event.data["action"].astext).where(Event.kind == "problem.moved").order_by(Event.id)
    ).all()
    assert kinds == ["verify", "file", "dispatch", "sign", "rectify", "check-pass", "close"]


def test_a_stale_command_gets_the_case_as_it_is_now(client, people, report, do):
    case = report()
    filed = do(case, "office", "file")
    refused = do(case, "other office", "refuse", status=409, reason="不属实")
    assert refused["code"] == "problem.stale"
    (fault,) = refused["errors"]
    assert (fault["pointer"], fault["params"]["present"]) == ("/version", filed["version"])
    assert fault["params"]["current"]["state"] == "filed"
    do(filed, "inspector", "comment", text="已通知社区")
    assert do(filed, "office", "dispatch")["state"] == "dispatched"


def test_who_may_not_is_refused_and_who_may_not_see_finds_nothing(client, people, signed, do):
    case = signed()
    assert do(case, "handler", "close", status=403)["code"] == "auth.forbidden"
    assert do(case, "handler", "extend", status=403, reason="x")["code"] == "auth.forbidden"
    assert do(case, "foreign", "return", status=404, reason="x")["code"] == "problem.not-found"
    assert do(case, "office", "transfer", status=409, reason="x", unit="JF-HWC")["code"] == (
        "problem.same-unit"
    )


def test_the_unit_itself_neither_checks_nor_closes(
    client, tx, runtime, people, signed, do, after_photo
):
    case, photo = signed(), after_photo()
    case = do(case, "handler", "rectify", resolution="solved", photos=[photo])
    missing = do(case, "checker", "check", status=409, result="pass")
    assert missing["code"] == "problem.photos-missing"
    settle(runtime)
    refused = do(case, "coordinator", "check", status=403, result="pass")
    assert refused["code"] == "problem.not-yours"
    assert do(case, "office", "close", status=409)["code"] == "problem.not-passed"
    assert do(case, "checker", "check", status=422, result="fail")["code"] == "request.invalid"
    again = do(case, "checker", "check", result="fail", reason="仍有积水")
    assert (again["state"], again["rework"], again["resolution"]) == ("rectifying", 1, None)
    row, history = replayed(tx, case["number"])
    assert row == history


def test_what_a_command_names_must_be_there(client, people, signed, report, do, after_photo):
    unknown = do(report(), "office", "file", status=422, condition="9", unit="nowhere")
    assert [one["pointer"] for one in unknown["errors"]] == ["/unit", "/condition"]
    case = signed()
    wrong = do(
        case, "handler", "rectify", status=422, resolution="staged",
        photos=[after_photo("inspector"), str(new_id())],
    )  # fmt: skip
    assert [(one["pointer"], one["code"]) for one in wrong["errors"]] == [
        ("/photos/0", "photo.not-yours"),
        ("/photos/1", "field.unknown-reference"),
        ("/plan", "field.missing"),
    ]
    planned = do(
        case, "handler", "rectify", resolution="staged", photos=[after_photo()],
        plan=[{"on": "2018-10-31", "text": "铺设管网"}],
    )  # fmt: skip
    assert (planned["resolution"], planned["history"][-1]["data"]["plan"]) == (
        "staged", [{"on": "2018-10-31", "text": "铺设管网"}],
    )  # fmt: skip


def test_extensions_suspension_and_transfer_move_the_deadline(
    client, tx, people, signed, do, clock_at
):
    clock_at("2018-09-28 15:00")
    case = signed(category=ALLEY | {"code": "X2113"})
    assert case["time"]["limit"]["basis"] == "default"
    assert same(case["time"]["deadline_at"], "2018-10-10 15:00")  # five working days
    case = do(case, "coordinator", "extend", reason="材料未到")
    assert case["time"]["extension_open"]
    case = do(case, "office", "approve-extension")
    assert same(case["time"]["deadline_at"], "2018-10-17 15:00")
    clock_at("2018-09-30 10:00")
    case = do(case, "office", "suspend", reason="国庆停工", until="2018-10-09T08:00:00+08:00")
    assert (case["state"], case["time"]["running"]) == ("suspended", False)
    clock_at("2018-10-08 08:30")
    case = do(case, "office", "resume")  # six and a half hours were lost, and the holiday
    assert same(case["time"]["deadline_at"], "2018-10-18 11:30")
    case = do(case, "coordinator", "transfer", reason="不属本单位", unit="JF-CGJ")
    assert (case["state"], case["transfers"], case["answerable_unit"]["code"]) == (
        "dispatched", 1, "JF-CGJ",
    )  # fmt: skip
    assert same(case["time"]["deadline_at"], "2018-10-15 08:30")
    client.get(f"/v1/ledger/{case['number']}", headers=people["coordinator"].headers)
    row, history = replayed(tx, case["number"])
    assert row == history


def test_two_cases_become_one_and_two_again(client, people, report, do):
    first, second = report(), report()
    merged = do(second, "office", "merge", reason="同一处积水", into=first["number"])
    assert (merged["state"], merged["merged_into"]) == ("cancelled", first["number"])
    wrong = do(first, "office", "merge", status=409, reason="x", into=second["number"])
    assert wrong["code"] == "problem.merge-cancelled"
    again = do(merged, "office", "unmerge", reason="两处积水")
    assert (again["state"], again["merged_into"]) == ("reported", None)


@pytest.fixture
def do_many(client, people):
    """A command on many cases as they were last seen; (done, code) of each."""

    def send(who, verb, items):
        answer = client.post(
            f"/v1/ledger:{verb}", json={"items": items}, headers=people[who].headers
        )
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        if verb == "dispatch":
            assert {one["done"]: one["deadline_at"] is not None for one in items} == {
                True: True, False: False,
            }  # fmt: skip
        return [(one["done"], one["code"]) for one in items]

    return send


def test_many_at_once_each_with_its_result(client, people, report, do_many):
    numbers = [report()["number"] for _ in range(3)]

    def seen(*versions, **more):
        return [
            {"number": number, "version": version} | more
            for number, version in zip(numbers, versions, strict=False)
        ]

    assert do_many("office", "file", [*seen(1, 1), *seen(1, 1, 1, condition="9")[2:]]) == [
        (True, None), (True, None), (False, "problem.invalid-command"),
    ]  # fmt: skip
    assert do_many("office", "file", seen(2, 2, 1)) == [
        (False, "problem.wrong-state"), (False, "problem.wrong-state"), (True, None),
    ]  # fmt: skip
    unknown = {"number": "2018-999999", "version": 1}
    assert do_many("office", "dispatch", [*seen(2, 3, 2), unknown]) == [
        (True, None), (False, "problem.stale"), (True, None), (False, "problem.not-found"),
    ]  # fmt: skip
    assert do_many("handler", "sign", seen(3, 2)) == [(True, None), (False, "problem.wrong-state")]
    assert do_many("checker", "check", seen(4, result="pass")) == [(False, "problem.wrong-state")]
    assert do_many("office", "close", seen(4)) == [(False, "problem.wrong-state")]
    states = [get(client, people["office"], number)["state"] for number in numbers]
    assert states == ["rectifying", "filed", "dispatched"]


def test_the_clock_warns_marks_and_reminds_once_each(
    client, tx, runtime, people, dispatched, do, clock_at
):
    case = dispatched(category=ALLEY)  # two working hours from eight on
    rung = []
    for now in ("2018-09-10 09:01", "2018-09-10 09:49", "2018-09-10 10:01", "2018-09-11 10:01"):
        clock_at(now)
        rung.append((worker.ring(runtime), worker.ring(runtime)))
    assert rung == [(1, 0)] * 4
    case = get(client, people["office"], case["number"])
    assert [one["action"] for one in case["history"]][3:] == [
        "warn-half", "warn-nine-tenths", "mark-overdue", "remind",
    ]  # fmt: skip
    assert (case["version"], case["time"]["late"]) == (3, True)
    case = do(case, "coordinator", "return", reason="不属本单位")
    waiting = tx.exec(select(ProblemAlarm).where(sa.and_(ProblemAlarm.done_at.is_(None)))).all()
    assert waiting == []
    row, history = replayed(tx, case["number"])
    assert row == history


def test_who_reports_late_before_the_clocks_turn_leaves_the_mark_all_the_same(
    client, tx, runtime, people, signed, do, after_photo, clock_at
):
    case, photo = signed(category=ALLEY), after_photo()  # two working hours from eight on
    clock_at("2018-09-10 10:01")
    case = do(case, "handler", "rectify", resolution="solved", photos=[photo])
    assert [one["action"] for one in case["history"]][-2:] == ["mark-overdue", "rectify"]
    assert case["history"][-2]["by"] is None
    told = tx.exec(select(Event.data).where(Event.kind == "problem.moved").order_by(Event.id))
    assert [one["action"] for one in told][-2:] == ["mark-overdue", "rectify"]
    case = do(case, "checker", "check", result="fail", reason="未清完")
    clock_at("2018-09-10 11:00")
    assert worker.ring(runtime) == 0
    row, history = replayed(tx, case["number"])
    assert row == history
    assert row.overdue_at == at("2018-09-10 10:00") or same(row.overdue_at, "2018-09-10 10:00")


def test_a_suspension_ends_by_itself_on_its_day(client, people, runtime, signed, do, clock_at):
    case = do(signed(), "office", "suspend", reason="施工", until="2018-09-12T08:00:00+08:00")
    clock_at("2018-09-20 08:00")
    worker.ring(runtime)
    case = get(client, people["office"], case["number"])
    assert (case["state"], case["history"][-1]["action"]) == ("rectifying", "end-suspension")
    assert same(case["time"]["deadline_at"], "2018-09-18 18:00")
    worker.ring(runtime)
    assert get(client, people["office"], case["number"])["time"]["late"]


def test_next_years_notice_moves_open_deadlines_and_says_which(
    client, tx, people, signed, do, clock_at
):
    clock_at("2026-12-31 15:00")
    tx.exec(sa.text("UPDATE access_token SET expires_at = '2100-01-01'"))
    tx.commit()
    case = signed()
    assert not case["time"]["calendar_complete"]
    assert same(case["time"]["deadline_at"], "2027-01-07 15:00")
    notice = {
        "years": [
            {
                "year": 2027,
                "notices": ["2027年部分节假日安排"],
                "days": [{"day": "2027-01-01", "kind": "holiday", "name_zh": "元旦"}],
            }
        ]
    }
    who = people["office"].headers
    loaded = client.post("/v1/calendar", json=notice, headers=who).json()
    assert (loaded["moved"], loaded["items"][0]["number"]) == (1, case["number"])
    assert same(loaded["items"][0]["after"], "2027-01-08 15:00")
    assert client.post("/v1/calendar", json=notice, headers=who).json()["moved"] == 0
    now = get(client, people["office"], case["number"])
    assert now["time"]["calendar_complete"]
    assert same(now["time"]["deadline_at"], "2027-01-08 15:00")
    shown = client.get("/v1/calendar", params={"year": 2027}, headers=who).json()
    assert (shown["known"], len(shown["days"]), shown["known_years"][-1]) == (True, 1, 2027)
    notice["years"][0]["days"] *= 2
    notice["working_hours"] = [{"valid_from": "2027-01-01", "spans": "14:00-08:00"}]
    wrong = client.post("/v1/calendar", json=notice, headers=who)
    assert [one["pointer"] for one in wrong.json()["errors"]] == [
        "/years/0/days/1/day", "/working_hours/0/spans",
    ]  # fmt: skip


def test_a_case_that_is_urged_supervised_and_appealed(
    client, tx, runtime, people, signed, do, after_photo, clock_at
):
    case = do(
        signed(), "office", "supervise", reason="群众反映强烈", due_at="2018-09-10T10:00:00+08:00"
    )
    case = do(case, "office", "urge", text="请尽快")
    assert (case["supervised"], case["urged"]) == (True, 1)
    photo = after_photo()
    settle(runtime)
    clock_at("2018-09-10 10:01")
    case = do(
        case, "handler", "rectify", resolution="explained", reason="需更换管道", photos=[photo]
    )
    case = do(case, "checker", "check", result="pass")
    case = do(case, "office", "close")
    assert (case["time"]["late"], case["resolution"]) == (True, "explained")
    case = do(case, "coordinator", "appeal", reason="当日停水")
    case = do(case, "office", "accept-appeal")
    assert (case["time"]["late"], case["time"]["late_exempt"]) == (True, True)
    case = do(case, "office", "reopen", reason="回头看又出现积水")
    assert (case["state"], case["reopened"], case["time"]["late"]) == ("rectifying", 1, False)
    row, history = replayed(tx, case["number"])
    assert row == history
    assert timedelta(0) < row.deadline_at - row.running_since


def test_the_history_of_a_case_is_never_changed(tx, report):
    report()
    for statement in ("UPDATE problem_event SET data = '{}'", "DELETE FROM problem_event"):
        with pytest.raises(sa.exc.DatabaseError), tx.begin_nested():
            tx.connection().execute(sa.text(statement))


def test_a_case_that_is_not_what_its_history_says_is_named(tx, settings, people):
    ids = make.dispatched_cases(tx, settings, 3, limit=Limit(1, LimitUnit.WORK_DAY))
    assert list(differing(tx)) == [None, None, None]
    changed = {ids[0]: {"rework": 1}, ids[1]: {"events": 4}}
    for problem_id, values in changed.items():
        tx.execute(sa.update(Problem).where(Problem.id == problem_id).values(values))
    found = [one for one in differing(tx) if one is not None]
    assert sorted(one.fields for one in found) == [("events",), ("rework",)]
    assert len({one.number for one in found}) == len(found)
